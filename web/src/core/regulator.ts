/**
 * A frame rate that yields to congestion and comes back: `Regulator`, one for each thing that can limit a stream.
 *
 * The twin of `src/handstream/protocol/regulator.py`, which holds the theory of operation and the reasons of the constants.
 */

/** How long a decrease is left alone before the rate rises again, at first. */
export const PATIENCE_MS = 1_000;

const MAX_PATIENCE_MS = 16_000;
const MIN_FPS = 1;
const STEP_FPS = 1;
const STEP_INTERVAL_MS = 200;
const PROBATION_MS = 2_000;

/** The frame rate that one cause allows. */
export class Regulator {
  #fps: number;
  #topFps: number;
  #patienceMs = PATIENCE_MS;
  #raiseMs: number | null = null;
  #raisedMs: number | null = null;

  constructor(topFps: number) {
    this.#fps = topFps;
    this.#topFps = topFps;
  }

  /** Frames a second. */
  get fps(): number {
    return this.#fps;
  }

  /** Whether the rate is below what is wanted. */
  get isLimiting(): boolean {
    return this.#fps < this.#topFps;
  }

  /** What the rate would be after the next increase. */
  get nextFps(): number {
    return Math.min(this.#topFps, this.#fps + STEP_FPS);
  }

  /** The wanted rate has changed. A rate that was not limited is not limited afterwards. */
  setTop(topFps: number): void {
    this.#fps = this.isLimiting ? Math.min(this.#fps, topFps) : topFps;
    this.#topFps = topFps;
  }

  /** There is congestion: multiplies the rate by that factor. */
  lower(factor: number, nowMs: number): void {
    const failed = this.#raisedMs !== null && nowMs - this.#raisedMs < PROBATION_MS;
    this.#patienceMs = failed ? Math.min(2 * this.#patienceMs, MAX_PATIENCE_MS) : PATIENCE_MS;
    this.#fps = Math.max(Math.min(MIN_FPS, this.#topFps), this.#fps * factor);
    this.#raiseMs = nowMs + this.#patienceMs;
    this.#raisedMs = null;
  }

  /** The last decreases were for nothing. */
  restore(fps: number): void {
    this.#fps = Math.min(fps, this.#topFps);
  }

  /** There is no congestion: takes a step up if its time has come, and says whether it did. */
  raiseStep(nowMs: number): boolean {
    if (!this.isLimiting || (this.#raiseMs !== null && nowMs < this.#raiseMs)) return false;
    this.#fps = this.nextFps;
    this.#raisedMs = nowMs;
    this.#raiseMs = nowMs + STEP_INTERVAL_MS;
    return true;
  }
}
