/**
 * Whether to connect again, and how long to wait before the next attempt: exponential, with full jitter (M. Brooker, "Exponential Backoff
 * And Jitter", AWS Architecture Blog, 2015), so that the pages of a server that restarts come back evenly spread, whatever their number.
 *
 * The twin of `src/handstream/protocol/backoff.py`; `tests/vectors/backoff.json` proves that both decide alike.
 */

/** The bound of the first wait: a cut of the network is often over at once. */
const FIRST_BOUND_MS = 250;
/** The bound grows no further: a server that is back is found within this. */
const LONGEST_BOUND_MS = 8000;

/** Close codes (RFC 6455, 7.4.1, and `docs/protocol.md`) after which the same client would only be refused again, or is done. */
const FINAL_CODES: ReadonlySet<number> = new Set([1000, 1002, 1003, 1007, 1008, 1009, 1010, 4000, 4004]);

/** Whether another connection may fare better than one that was closed with that code. */
export function comesAgain(closeCode: number): boolean {
  return !FINAL_CODES.has(closeCode);
}

/**
 * The pause before an attempt, in ms.
 *
 * @param failures - connections that were lost, or could not be made, since a frame was answered, from 0.
 * @param random - a number from [0, 1).
 */
export function backoffMs(failures: number, random: number): number {
  return random * Math.min(FIRST_BOUND_MS * 2 ** failures, LONGEST_BOUND_MS);
}
