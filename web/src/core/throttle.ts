/**
 * The least time between two frames, kept on average.
 *
 * Theory of operation: a camera at 30 frames/s delivers every 33.3 ms give or take a few. A throttle of 33 ms that compared each gap
 * by itself would skip every frame that comes a moment early and halve the rate. This one keeps a schedule instead (the generic cell
 * rate algorithm, ITU-T I.371 annex A): each frame moves the schedule on by the interval, and a frame may be early by a quarter of
 * the interval. So jitter costs nothing, and over time no more frames pass than the interval allows.
 */
export class Throttle {
  /** The least time between two frames on average, in ms (the original's `FRAME_THROTTLE_MS`); 0 lets every frame pass. */
  intervalMs: number;
  #scheduledMs = Number.NEGATIVE_INFINITY;

  constructor(intervalMs: number) {
    this.intervalMs = intervalMs;
  }

  /** The earliest time of the next frame, on the clock of `passed`. */
  get notBeforeMs(): number {
    return this.#scheduledMs - this.intervalMs / 4;
  }

  /** A frame that arrived at this time was taken. */
  passed(arrivalMs: number): void {
    this.#scheduledMs = Math.max(arrivalMs, this.#scheduledMs) + this.intervalMs;
  }
}
