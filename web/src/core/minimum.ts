/** The least of the newest values, in constant memory. The twin of `src/handstream/protocol/minimum.py`. */

/**
 * The least value of this half of a window and of the half before it, so of the last half to whole window. It holds two values.
 *
 * The window and the times may be in any unit, as long as it is the same.
 */
export class WindowMinimum {
  readonly #window: number;
  #previous: number | null = null;
  #current: number | null = null;
  #start = 0;

  constructor(window: number) {
    this.#window = window;
  }

  /** The least value; null before the first. */
  get value(): number | null {
    return this.#previous === null || this.#current === null ? this.#current : Math.min(this.#previous, this.#current);
  }

  /** A value was seen now. */
  add(value: number, now: number): void {
    const half = this.#window / 2;
    const elapsed = now - this.#start;
    if (this.#current === null || !(elapsed >= 0 && elapsed < this.#window)) {
      // After a silence, or if the clock went back, what was seen before says nothing about now.
      this.restart(value, now);
    } else if (elapsed < half) {
      this.#current = Math.min(this.#current, value);
    } else {
      this.#previous = this.#current;
      this.#current = value;
      this.#start += half;
    }
  }

  /** Forgets all values but this one. */
  restart(value: number, now: number): void {
    this.#previous = null;
    this.#current = value;
    this.#start = now;
  }
}
