/**
 * How often and how finely to send: `RateController` keeps the age of what is shown near its floor, within bounds that the user sets.
 *
 * The twin of `src/handstream/protocol/rate.py`, which holds the theory of operation. Golden vectors (`tests/vectors/rate.json`) prove that
 * both decide alike. Time is an argument, in ms of any one clock (`performance.now`).
 */

import { ladder, SCALES, usefulScale } from './detail.ts';
import { PageLoad, ServerLoad } from './load.ts';
import { PathLoad } from './path-load.ts';

/** A smaller frame interval counts as this one: no usual screen shows more than 60 frames/s. */
const MIN_INTERVAL_MS = 16;

/** What limits the stream. */
export type Limit = 'path' | 'server' | 'page' | 'none';

/** What the user wants, and how far the controller may depart from it. */
export interface RateBounds {
  /** `FRAME_THROTTLE_MS`, the least time between two frames, and the most. */
  readonly frameIntervalMs: number;
  readonly maxFrameIntervalMs: number;
  /** JPEG quality of the frames that are sent, 1..100, and the least; one above the quality counts as that. */
  readonly jpegQuality: number;
  readonly minJpegQuality: number;
  /** The same of the annotated pictures that come back. */
  readonly answerQuality: number;
  readonly minAnswerQuality: number;
  /** Of the captured picture's width and height, the largest first. */
  readonly scales: readonly [number, ...number[]];
  /** Whether annotated pictures come back. If not, resolution follows need too (`seeRegion`). */
  readonly hasPictureAnswers: boolean;
  /** The longer side of the captured picture. */
  readonly captureLongSidePx: number;
}

export const DEFAULT_BOUNDS: RateBounds = {
  frameIntervalMs: 33,
  maxFrameIntervalMs: 1000,
  jpegQuality: 70,
  minJpegQuality: 30,
  answerQuality: 50,
  minAnswerQuality: 30,
  scales: SCALES,
  hasPictureAnswers: false,
  captureLongSidePx: 640,
};

/** What one answered frame tells. */
export interface AnsweredFrame {
  /** When sending it began: changes after that do not concern it, though it had yet to be captured and packed, and to wait. */
  readonly sentMs: number;
  /** The time that frame and answer spent on the network: the round trip less the server's own time. */
  readonly networkMs: number;
  /** The round trip of the probe that was sent right ahead of it; null if there was none, or its answer has not come. */
  readonly probeMs: number | null;
  /** How long it waited for a thread of the server. */
  readonly queueMs: number;
  /** What the server did, from decode to encode. */
  readonly workMs: number;
  readonly upBytes: number;
  readonly downBytes: number;
}

/** How to send from now on. */
export interface RateDecision {
  /** The least time between two frames, on average. */
  readonly frameIntervalMs: number;
  readonly jpegQuality: number;
  /** To ask of the server for annotated pictures. */
  readonly answerQuality: number;
  /** Of the captured picture's width and height. */
  readonly scale: number;
  readonly limit: Limit;
  /** What limits, in a sentence for the user. */
  readonly reason: string;
}

/** The frame rate that the bounds allow. */
export function topFps(bounds: RateBounds): number {
  return 1000 / Math.max(bounds.frameIntervalMs, MIN_INTERVAL_MS);
}

/** Decides how often and how finely one stream is sent. */
export class RateController {
  #bounds: RateBounds;
  readonly #path: PathLoad;
  readonly #server: ServerLoad;
  readonly #page: PageLoad;
  #advisedFps = Number.POSITIVE_INFINITY;
  #decision: RateDecision;

  /** @throws RangeError if the bounds are out of range. */
  constructor(bounds: RateBounds = DEFAULT_BOUNDS) {
    checkBounds(bounds);
    this.#bounds = bounds;
    this.#path = new PathLoad(bounds);
    this.#server = new ServerLoad(topFps(bounds));
    this.#page = new PageLoad(topFps(bounds));
    this.#decision = this.#decide();
  }

  /** How to send from now on; the same object until it changes. */
  get decision(): RateDecision {
    return this.#decision;
  }

  /**
   * The user wants something else.
   *
   * @throws RangeError if the bounds are out of range.
   */
  setBounds(bounds: RateBounds, nowMs: number): void {
    checkBounds(bounds);
    this.#bounds = bounds;
    this.#path.setBounds(bounds, nowMs);
    for (const regulator of [this.#server.regulator, this.#page.regulator]) regulator.setTop(topFps(bounds));
    this.#renew();
  }

  /** Whether to send a probe right ahead of the frame that is about to be sent. If yes, it counts as sent. */
  wantsProbe(nowMs: number): boolean {
    return this.#path.wantsProbe(nowMs);
  }

  /** A frame was answered in time. */
  answered(frame: AnsweredFrame, nowMs: number): void {
    this.#path.answered(frame, nowMs);
    this.#server.answered(frame, nowMs);
    this.#renew();
  }

  /** The server dropped a frame at `queue`: a newer one replaced it there. */
  replaced(nowMs: number): void {
    this.#server.replaced(nowMs);
    this.#renew();
  }

  /**
   * A frame is on the screen.
   *
   * @param packMs - what it took to pack it.
   * @param showMs - what it took to unpack and render its answer.
   */
  shown(packMs: number, showMs: number, nowMs: number): void {
    this.#page.shown(packMs, showMs, nowMs);
    this.#renew();
  }

  /** The server advises to send no more than so many frames a second, or no longer advises anything. */
  advise(maxFps: number | null): void {
    this.#advisedFps = maxFps === null ? Number.POSITIVE_INFINITY : Math.max(0, maxFps);
    this.#renew();
  }

  /**
   * An answer tells what the networks look at. Resolution follows it where no picture comes back.
   *
   * @param regionShare - the side of the (smallest) hand's region of interest as a share of the frame's longer side; null if there is no
   * hand. One that is still to be found may be a small one, so all pixels are of use then.
   */
  seeRegion(regionShare: number | null, nowMs: number): void {
    const { hasPictureAnswers, captureLongSidePx, scales } = this.#bounds;
    const follows = regionShare !== null && !hasPictureAnswers;
    const cap = follows ? usefulScale(regionShare, captureLongSidePx, this.#path.scaleCap, scales) : scales[0];
    this.#path.setCap(cap, nowMs);
    this.#renew();
  }

  #renew(): void {
    const decision = this.#decide();
    if (!isSame(decision, this.#decision)) this.#decision = decision;
  }

  #decide(): RateDecision {
    const { frameIntervalMs: leastMs, maxFrameIntervalMs: mostMs } = this.#bounds;
    const { fps, limit } = this.#slowest();
    const intervalMs = fps >= topFps(this.#bounds) ? leastMs : 1000 / Math.max(fps, 0.001);
    const frameIntervalMs = Math.min(Math.max(intervalMs, leastMs), mostMs);
    return { frameIntervalMs, ...this.#path.detail, limit, reason: this.#reason(limit) };
  }

  #slowest(): { fps: number; limit: Limit } {
    const rates: { fps: number; limit: Limit }[] = [
      { fps: this.#advisedFps === Number.POSITIVE_INFINITY ? this.#server.regulator.fps : this.#advisedFps, limit: 'server' },
      { fps: this.#page.regulator.fps, limit: 'page' },
    ];
    const path = { fps: this.#path.regulator.fps, limit: 'path' as Limit };
    const slowest = rates.reduce((least, rate) => (rate.fps < least.fps ? rate : least), path);
    if (slowest.fps < topFps(this.#bounds)) return slowest;
    return { fps: slowest.fps, limit: this.#path.isCoarse ? 'path' : 'none' };
  }

  #reason(limit: Limit): string {
    switch (limit) {
      case 'path': {
        const [floorMs, bytesMs] = [whole(this.#path.path.floorMs ?? 0), whole(this.#path.transmissionMs)];
        return `The network limits: its round trip is ${floorMs} ms, and a frame's bytes add ${bytesMs} ms.`;
      }
      case 'server':
        return this.#serverReason();
      case 'page': {
        const busyMs = whole(this.#page.busyMs);
        if (this.#page.bears(topFps(this.#bounds)))
          return `This page was slow: it needs ${busyMs} ms for a frame now, and the rate rises again.`;
        return `This page limits: it needs ${busyMs} ms for a frame.`;
      }
      case 'none':
        return 'Nothing limits: frames are sent as often and as finely as was asked for.';
    }
  }

  #serverReason(): string {
    if (this.#advisedFps < Number.POSITIVE_INFINITY) {
      return `The server limits: it has many sessions, and advises ${whole(this.#advisedFps)} frames/s to this one.`;
    }
    const [queueMs, workMs] = [whole(this.#server.queueMs), whole(this.#server.workMs)];
    if (this.#server.bears(topFps(this.#bounds))) {
      return `The server was busy: a frame waits ${queueMs} ms and is worked on for ${workMs} ms now, and the rate rises again.`;
    }
    return `The server limits: a frame waits ${queueMs} ms there and is worked on for ${workMs} ms.`;
  }
}

function checkBounds(bounds: RateBounds): void {
  const { frameIntervalMs, maxFrameIntervalMs } = bounds;
  if (!(frameIntervalMs >= 0 && frameIntervalMs <= maxFrameIntervalMs && maxFrameIntervalMs < Number.POSITIVE_INFINITY)) {
    throw new RangeError(`frameIntervalMs must lie in 0..${maxFrameIntervalMs}, not be ${frameIntervalMs}`);
  }
  for (const name of ['jpegQuality', 'minJpegQuality', 'answerQuality', 'minAnswerQuality'] as const) {
    if (!(bounds[name] >= 1 && bounds[name] <= 100)) throw new RangeError(`${name} must lie in 1..100, not be ${bounds[name]}`);
  }
  ladder(bounds.scales);
}

function isSame(one: RateDecision, other: RateDecision): boolean {
  return (
    one.frameIntervalMs === other.frameIntervalMs &&
    one.jpegQuality === other.jpegQuality &&
    one.answerQuality === other.answerQuality &&
    one.scale === other.scale &&
    one.reason === other.reason
  );
}

function whole(valueMs: number): number {
  return Math.floor(valueMs + 0.5);
}
