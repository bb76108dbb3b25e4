/** The least of the newest values, in constant memory. The twin of `src/handstream/protocol/minimum.py`. */

/** The least value of this half of a window and of the half before it, so of the last half to whole window. It holds two values. */
export class WindowMinimum {
  readonly #windowMs: number;
  #previous: number | null = null;
  #current: number | null = null;
  #startMs = 0;

  constructor(windowMs: number) {
    this.#windowMs = windowMs;
  }

  /** The least value; null before the first. */
  get value(): number | null {
    return this.#previous === null || this.#current === null ? this.#current : Math.min(this.#previous, this.#current);
  }

  /** A value was seen now. */
  add(value: number, nowMs: number): void {
    const halfMs = this.#windowMs / 2;
    const elapsedMs = nowMs - this.#startMs;
    if (this.#current === null || !(elapsedMs >= 0 && elapsedMs < this.#windowMs)) {
      // After a silence, or if the clock went back, what was seen before says nothing about now.
      this.restart(value, nowMs);
    } else if (elapsedMs < halfMs) {
      this.#current = Math.min(this.#current, value);
    } else {
      this.#previous = this.#current;
      this.#current = value;
      this.#startMs += halfMs;
    }
  }

  /** Forgets all values but this one. */
  restart(value: number, nowMs: number): void {
    this.#previous = null;
    this.#current = value;
    this.#startMs = nowMs;
  }
}
