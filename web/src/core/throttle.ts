/**
 * The least time between two frames, kept on average.
 *
 * Theory of operation: a video of 30 frames/s comes every 33.3 ms on average, yet a screen of 60 Hz presents it after 50 and then
 * 17 ms now and then. A throttle of 33 ms that compared each gap by itself would skip every frame that comes early: measured on the
 * demo clip in Chromium, 26 of 30 frames/s were left. This one keeps a schedule instead (the generic cell rate algorithm, ITU-T I.371
 * annex A): each frame moves the schedule on by the interval, and a frame may be early by a part of the interval. So jitter costs
 * nothing, and over time no more frames pass than the interval allows.
 */

/** How early a frame may be, as a share of the interval: more than the half that two refreshes for one picture make of it. */
const EARLY_SHARE = 0.6;

export class Throttle {
  /** The least time between two frames on average, in ms (the original's `FRAME_THROTTLE_MS`); 0 lets every frame pass. */
  intervalMs: number;
  #scheduledMs = Number.NEGATIVE_INFINITY;

  constructor(intervalMs: number) {
    this.intervalMs = intervalMs;
  }

  /** The earliest time of the next frame, on the clock of `passed`. */
  get notBeforeMs(): number {
    return this.#scheduledMs - this.intervalMs * EARLY_SHARE;
  }

  /** The next frame is to arrive at that time at the earliest, and those that follow at the interval from there. */
  begin(notBeforeMs: number): void {
    this.#scheduledMs = notBeforeMs + this.intervalMs * EARLY_SHARE;
  }

  /** A frame that arrived at this time was taken. */
  passed(arrivalMs: number): void {
    this.#scheduledMs = Math.max(arrivalMs, this.#scheduledMs) + this.intervalMs;
  }
}
