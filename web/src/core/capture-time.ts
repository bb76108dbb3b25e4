/**
 * When a camera's picture was captured, where the browser does not say so.
 *
 * Chromium stamps the pictures of a camera when they are captured, on a clock that nobody tells the page the origin of. No picture arrives
 * before it was captured, so the quickest one of the last seconds tells where that clock stands, but for the time that this one took: what
 * a later picture took longer is known.
 */

import { WindowMinimum } from './minimum.ts';

/** Two clocks of 200 ppm part by 2 ms in this time. */
const WINDOW_MS = 10_000;
/** A picture that is older than this when it arrives has a stamp that means something else. */
const LONGEST_WAY_MS = 1000;

export class CaptureClock {
  /** How much later than its stamp the quickest picture arrived. */
  readonly #quickest = new WindowMinimum(WINDOW_MS);
  #lastStampMs = Number.NEGATIVE_INFINITY;

  /**
   * When the picture was captured, in ms of the clock that tells its arrival; never after that.
   *
   * @param stampMs - the picture's `timestamp`. One that is not greater than the one before means nothing.
   */
  capturedMs(stampMs: number, arrivedMs: number): number {
    const isNext = stampMs > this.#lastStampMs;
    this.#lastStampMs = stampMs;
    const leadMs = arrivedMs - stampMs;
    if (isNext) this.#quickest.add(leadMs, arrivedMs);
    else this.#quickest.restart(leadMs, arrivedMs);
    const capturedMs = stampMs + (this.#quickest.value ?? leadMs);
    return capturedMs > arrivedMs - LONGEST_WAY_MS ? capturedMs : arrivedMs;
  }
}
