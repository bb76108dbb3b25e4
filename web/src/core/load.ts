/**
 * Whether the server and the page keep up: `ServerLoad` and `PageLoad`, each with the frame rate that it bears.
 *
 * The twin of `src/handstream/protocol/load.py`, which holds the theory of operation and the reasons of the constants.
 */

import type { AnsweredFrame } from './rate.ts';
import { Regulator } from './regulator.ts';

/** So many frames of the present settings are seen before they are judged. */
export const SETTLE_FRAMES = 4;

const MEDIAN_FRAMES = 5;
const BEARABLE_LOAD = 0.9;
const WAITING_DECREASE = 0.85;
const BEARABLE_QUEUE_MS = 5;
const ADVISED_WITHIN_MS = 3_000;
const MAX_REPLACED_SHARE = 0.15;

/** An exponentially weighted average that begins with its first value. */
export class Average {
  readonly #gain: number;
  #value: number | null = null;

  constructor(gain: number) {
    this.#gain = gain;
  }

  get value(): number | null {
    return this.#value;
  }

  /** Another value; returns the average with it. */
  add(value: number): number {
    this.#value = this.#value === null ? value : this.#value + this.#gain * (value - this.#value);
    return this.#value;
  }
}

/** The median of the newest values, so that a few large ones say nothing. It begins with its first value. */
class Median {
  #values: number[] = [];

  /** Another value; returns the median with it, of an even number the lower one. */
  add(value: number): number {
    this.#values = [...this.#values, value].slice(-MEDIAN_FRAMES);
    const middle = Math.floor((this.#values.length - 1) / 2);
    return [...this.#values].sort((one, other) => one - other)[middle] ?? value;
  }
}

/** Whether the server keeps up with this stream. */
export class ServerLoad {
  /** The frame rate that it bears. */
  readonly regulator: Regulator;
  /** How long a frame waits for a thread, on average, and how long it is worked on, the median. */
  queueMs = 0;
  workMs = 0;
  #waitsSinceMs: number | null = null;
  #changedMs = Number.NEGATIVE_INFINITY;
  #frames = 0;
  #queue = new Average(1 / 8);
  #work = new Median();
  #replaced = idle();

  constructor(topFps: number) {
    this.regulator = new Regulator(topFps);
  }

  /** Whether it would keep up with that rate, by what is seen at the present one. */
  bears(fps: number): boolean {
    return this.queueMs < this.#bearableMs / 2 && (this.workMs * fps) / 1000 < BEARABLE_LOAD;
  }

  get #bearableMs(): number {
    return Math.max(BEARABLE_QUEUE_MS, this.workMs / 2);
  }

  /** A frame was answered. */
  answered(frame: AnsweredFrame, nowMs: number): void {
    if (frame.sentMs < this.#changedMs) return;
    this.queueMs = this.#queue.add(frame.queueMs);
    this.workMs = this.#work.add(frame.workMs);
    this.#steer(this.#replaced.add(0), nowMs);
  }

  /** A newer frame replaced one that waited. */
  replaced(nowMs: number): void {
    this.#steer(this.#replaced.add(1), nowMs);
  }

  #steer(replacedShare: number, nowMs: number): void {
    this.#frames += 1;
    if (this.#frames < SETTLE_FRAMES) return;
    const load = (this.workMs * this.regulator.fps) / 1000;
    // Where frames are replaced and those that are not hardly wait, the path brought several at once.
    const isBehind = replacedShare > MAX_REPLACED_SHARE && this.queueMs >= this.#bearableMs / 2;
    if (load > 1 || this.#waitsForLong(this.queueMs > this.#bearableMs || isBehind, nowMs)) {
      this.regulator.lower(Math.min(WAITING_DECREASE, BEARABLE_LOAD / Math.max(load, BEARABLE_LOAD)), nowMs);
      this.#restart(nowMs);
    } else if (this.bears(this.regulator.nextFps)) {
      this.regulator.raiseStep(nowMs);
    }
  }

  #waitsForLong(isWaiting: boolean, nowMs: number): boolean {
    this.#waitsSinceMs = isWaiting ? (this.#waitsSinceMs ?? nowMs) : null;
    return this.#waitsSinceMs !== null && nowMs - this.#waitsSinceMs >= ADVISED_WITHIN_MS;
  }

  #restart(nowMs: number): void {
    this.#changedMs = nowMs;
    this.#frames = 0;
    this.#queue = new Average(1 / 8);
    this.#work = new Median();
    this.#replaced = idle();
  }
}

/** The share of frames that are replaced, beginning with none. */
function idle(): Average {
  const average = new Average(1 / 16);
  average.add(0);
  return average;
}

/** Whether the page keeps up with this stream. */
export class PageLoad {
  /** The frame rate that it bears. */
  readonly regulator: Regulator;
  /** How long it is busy with a frame, the median. */
  busyMs = 0;
  #frames = 0;
  #pack = new Median();
  #show = new Median();

  constructor(topFps: number) {
    this.regulator = new Regulator(topFps);
  }

  /** Whether it would keep up with that rate. */
  bears(fps: number): boolean {
    return (this.busyMs * fps) / 1000 < BEARABLE_LOAD;
  }

  /** A frame is on the screen. */
  shown(packMs: number, showMs: number, nowMs: number): void {
    // Packing and showing run side by side, so the slower of them is the bottleneck.
    this.busyMs = Math.max(this.#pack.add(packMs), this.#show.add(showMs));
    this.#frames += 1;
    if (this.#frames < SETTLE_FRAMES) return;
    const load = (this.busyMs * this.regulator.fps) / 1000;
    if (load > 1) {
      this.regulator.lower(BEARABLE_LOAD / load, nowMs);
      this.#restart();
    } else if (this.bears(this.regulator.nextFps)) {
      this.regulator.raiseStep(nowMs);
    }
  }

  #restart(): void {
    this.#frames = 0;
    this.#pack = new Median();
    this.#show = new Median();
  }
}
