/**
 * Whether the path keeps up, and what it bears: `PathLoad`, a frame rate and a level of detail.
 *
 * The twin of `src/handstream/protocol/path_load.py`, which says where the constants are from; the theory is that of
 * `src/handstream/protocol/rate.py`.
 */

import { type Level, ladder, qualityAt, relativeBytes } from './detail.ts';
import { Average, SETTLE_FRAMES } from './load.ts';
import { FAST_PATH_MS, PathEstimate } from './path.ts';
import { type AnsweredFrame, type RateBounds, topFps } from './rate.ts';
import { PATIENCE_MS, Regulator } from './regulator.ts';

const BUDGET_SHARE = 0.12;
const BUDGET_MARGIN = 0.2;
const QUEUE_SHARE = 0.25;
const FULL_LOAD = 0.9;
const GOOD_LOAD = 0.75;
const SUSPECT_LOAD = 0.4;
const QUEUE_DECREASE = 0.8;
const ROUNDS_OF_DOUBT = 2;
const MAX_PATIENCE_MS = 10_000;
const PROBATION_MS = 10_000;

/** What a level of detail is for the camera and the server. */
export interface DetailSettings {
  readonly jpegQuality: number;
  readonly answerQuality: number;
  readonly scale: number;
}

/** What the path bears of this stream. */
export class PathLoad {
  /** What is known of the path. */
  readonly path = new PathEstimate();
  /** The frame rate that it bears. */
  readonly regulator: Regulator;
  #bounds: RateBounds;
  #levels: Level[];
  #level = 0;
  #scaleCap: number;
  #transmissionMs = 0;
  #raiseMs = Number.NEGATIVE_INFINITY;
  #raisedMs = Number.NEGATIVE_INFINITY;
  #patienceMs = PATIENCE_MS;
  #decreases = 0;
  #queueBeforeMs = 0;
  #fpsBefore: number;
  #changedMs = Number.NEGATIVE_INFINITY;
  #frames = 0;
  #up = new Average(1 / 4);
  #down = new Average(1 / 4);

  constructor(bounds: RateBounds) {
    this.regulator = new Regulator(topFps(bounds));
    this.#bounds = bounds;
    this.#levels = ladder(bounds.scales);
    this.#scaleCap = bounds.scales[0];
    this.#fpsBefore = topFps(bounds);
  }

  /** What the bytes of a frame and its answer take. */
  get transmissionMs(): number {
    return this.#transmissionMs;
  }

  /** The largest scale that is of use. */
  get scaleCap(): number {
    return this.#scaleCap;
  }

  /** Whether the detail is less than is wanted. */
  get isCoarse(): boolean {
    return this.#level > 0;
  }

  /** Quality and scale as they are now. */
  get detail(): DetailSettings {
    return this.#settingsAt(this.#level);
  }

  /** Whether to send a probe ahead of the next frame. */
  wantsProbe(nowMs: number): boolean {
    return this.path.wantsProbe(nowMs, !(this.isCoarse || this.regulator.isLimiting));
  }

  /** The user wants something else. */
  setBounds(bounds: RateBounds, nowMs: number): void {
    this.#bounds = bounds;
    this.#levels = ladder(bounds.scales);
    this.#level = Math.min(this.#level, this.#lastLevel);
    this.#scaleCap = bounds.scales[0];
    this.regulator.setTop(topFps(bounds));
    this.#restart(nowMs);
  }

  /** A larger scale than this is of no use. */
  setCap(scale: number, nowMs: number): void {
    if (scale === this.#scaleCap) return;
    this.#scaleCap = scale;
    this.#restart(nowMs);
  }

  /** A frame was answered. */
  answered(frame: AnsweredFrame, nowMs: number): void {
    const sizeBytes = frame.upBytes + frame.downBytes;
    this.path.add(frame.networkMs, sizeBytes, frame.probeMs, nowMs);
    if (frame.sentMs < this.#changedMs) return;
    this.#up.add(frame.upBytes);
    this.#down.add(frame.downBytes);
    this.#frames += 1;
    this.path.addExcess(frame.networkMs, sizeBytes);
    this.#transmissionMs = this.#foretoldMs(this.#level);
    if (this.#frames >= SETTLE_FRAMES) this.#steer(nowMs);
  }

  #steer(nowMs: number): void {
    if (this.#transmissionMs > this.#budgetMs * (1 + BUDGET_MARGIN) && this.#level < this.#lastLevel) this.#coarsen(nowMs);
    else if (this.#level > 0 && this.#mayRefine(nowMs)) this.#refine(nowMs);
    else this.#steerRate(nowMs);
  }

  #mayRefine(nowMs: number): boolean {
    return nowMs >= this.#raiseMs && this.#foretoldMs(this.#level - 1) <= this.#budgetMs * (1 - BUDGET_MARGIN);
  }

  #refine(nowMs: number): void {
    // A step at a time near the budget; more at once where even twice the bytes would keep it.
    this.#level = this.#firstLevel(0, this.#level - 1, this.#budgetMs / 2);
    this.#raisedMs = nowMs;
    this.#raiseMs = nowMs + this.#patienceMs;
    this.#restart(nowMs);
  }

  #coarsen(nowMs: number): void {
    const failed = nowMs - this.#raisedMs < PROBATION_MS;
    this.#patienceMs = failed ? Math.min(2 * this.#patienceMs, MAX_PATIENCE_MS) : Math.max(this.#patienceMs / 2, PATIENCE_MS);
    this.#raiseMs = nowMs + this.#patienceMs;
    this.#level = this.#firstLevel(this.#level + 1, this.#lastLevel, this.#budgetMs);
    this.#restart(nowMs);
  }

  #steerRate(nowMs: number): void {
    const load = this.#loadAt(this.regulator.fps);
    const queueMs = this.path.standingQueueMs;
    const hasQueue = (queueMs ?? 0) > this.#tolerableQueueMs;
    const isSuspect = load >= SUSPECT_LOAD || this.path.msPerByte === null;
    if (hasQueue && load < GOOD_LOAD && this.#isFutile(queueMs ?? 0)) {
      this.path.acceptQueue(nowMs);
      this.regulator.restore(this.#fpsBefore);
      this.#decreases = 0;
    } else if ((hasQueue && isSuspect) || load > FULL_LOAD) {
      this.#lower(load, queueMs ?? 0, nowMs);
    } else if (queueMs !== null && this.#loadAt(this.regulator.nextFps) < GOOD_LOAD) {
      this.#decreases = 0;
      this.regulator.raiseStep(nowMs);
    }
  }

  #lower(load: number, queueMs: number, nowMs: number): void {
    if (this.#decreases === 0) this.#fpsBefore = this.regulator.fps;
    this.#decreases += 1;
    this.#queueBeforeMs = queueMs;
    this.regulator.lower(Math.min(QUEUE_DECREASE, GOOD_LOAD / Math.max(load, GOOD_LOAD)), nowMs);
    this.#restart(nowMs);
  }

  /** Whether the queue is as it was before the last decreases. */
  #isFutile(queueMs: number): boolean {
    return this.path.msPerByte !== null && this.#decreases >= ROUNDS_OF_DOUBT && queueMs > this.#queueBeforeMs * (1 - 1 / 4);
  }

  get #lastLevel(): number {
    return this.#levels.length - 1;
  }

  /** What the transmission of a frame and its answer may take. */
  get #budgetMs(): number {
    return Math.max(FAST_PATH_MS, BUDGET_SHARE * (this.path.floorMs ?? 0));
  }

  get #tolerableQueueMs(): number {
    return Math.max(FAST_PATH_MS, QUEUE_SHARE * (this.path.floorMs ?? 0));
  }

  /** The finest of these levels that takes no more than that, or else the last. */
  #firstLevel(from: number, last: number, mostMs: number): number {
    for (let level = from; level < last; level += 1) {
      if (this.#foretoldMs(level) <= mostMs) return level;
    }
    return last;
  }

  #settingsAt(level: number): DetailSettings {
    const at = this.#levels[level] ?? { coarseness: 1, scale: this.#scaleCap };
    const { jpegQuality, minJpegQuality, answerQuality, minAnswerQuality } = this.#bounds;
    return {
      jpegQuality: qualityAt(at, jpegQuality, minJpegQuality),
      answerQuality: qualityAt(at, answerQuality, minAnswerQuality),
      scale: Math.min(at.scale, this.#scaleCap),
    };
  }

  /** How full the fuller direction is, 0..1 and above. */
  #loadAt(fps: number): number {
    return (this.path.transmissionMs(Math.max(this.#up.value ?? 0, this.#down.value ?? 0)) * fps) / 1000;
  }

  /** What a frame and its answer would take at that level. */
  #foretoldMs(level: number): number {
    const now = this.detail;
    const then = this.#settingsAt(level);
    const up = (this.#up.value ?? 0) * (relativeBytes(then.jpegQuality, then.scale) / relativeBytes(now.jpegQuality, now.scale));
    const ratio = relativeBytes(then.answerQuality, then.scale) / relativeBytes(now.answerQuality, now.scale);
    const down = (this.#down.value ?? 0) * (this.#bounds.hasPictureAnswers ? ratio : 1);
    return this.path.transmissionMs(up + down);
  }

  /** The settings change: only frames that are sent from now on tell of them. */
  #restart(nowMs: number): void {
    this.#changedMs = nowMs;
    this.#frames = 0;
    this.#up = new Average(1 / 4);
    this.#down = new Average(1 / 4);
    this.path.restartQueue();
  }
}
