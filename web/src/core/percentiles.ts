/**
 * Percentiles of what was added in the last few seconds, each within 1 % of the exact one: `SlidingPercentiles`.
 *
 * Theory of operation: DDSketch (Masson, Rim and Lee, "DDSketch: a fast and fully-mergeable quantile sketch with relative-error
 * guarantees", VLDB 2019) counts values in bins that grow by 2 % from one to the next, so its size follows the range of the values and not
 * their number. It cannot forget, so there is one for each second in which a window may begin: a value is added to all of them, the oldest
 * answers, and once a second it is given up for an empty one. That spends ten cheap additions a value to need no merge, which in
 * `sketches-js` 2.1.1 loses values when the greatest of a sketch lies in the bin of 1 (its key is 0, which is taken for none).
 *
 * It reads no clock: time is an argument, in ms of any one clock.
 */

import { LogCollapsingLowestDenseDDSketch as Sketch } from '@datadog/sketches-js';

/** A percentile differs from the exact one by at most this share of it. */
export const RELATIVE_ACCURACY = 0.01;

/** The window reaches back this far, less what has not passed yet of the newest slot. */
export const WINDOW_MS = 10_000;
const SLOT_MS = 1000;
const SLOTS = WINDOW_MS / SLOT_MS;

export class SlidingPercentiles {
  /** Oldest first: the first holds the whole window, the last what was added since the newest slot began. */
  #sketches = Array.from({ length: SLOTS }, newSketch);
  #slot: number | null = null;

  /** Adds a value of 0 or more; one that is none is passed over. */
  add(value: number, nowMs: number): void {
    if (!(value >= 0 && value < Number.POSITIVE_INFINITY)) return;
    this.#turnTo(nowMs);
    for (const sketch of this.#sketches) sketch.accept(value);
  }

  /** How many values are in the window. */
  count(nowMs: number): number {
    this.#turnTo(nowMs);
    return this.#window?.count ?? 0;
  }

  /**
   * The value at that share of the sorted values: of n values that at index `floor(share * (n - 1))`, or null for none.
   *
   * @param share - 0.95 for p95.
   */
  percentile(share: number, nowMs: number): number | null {
    return this.count(nowMs) === 0 ? null : (this.#window?.getValueAtQuantile(share) ?? null);
  }

  get #window(): Sketch | undefined {
    return this.#sketches[0];
  }

  /** Gives up the sketches whose time has passed. A clock that went back turns nothing back. */
  #turnTo(nowMs: number): void {
    const slot = Math.floor(nowMs / SLOT_MS);
    const passed = Math.min(SLOTS, slot - (this.#slot ?? slot));
    this.#slot = Math.max(slot, this.#slot ?? slot);
    if (passed > 0) this.#sketches = [...this.#sketches.slice(passed), ...Array.from({ length: passed }, newSketch)];
  }
}

function newSketch(): Sketch {
  return new Sketch({ relativeAccuracy: RELATIVE_ACCURACY });
}
