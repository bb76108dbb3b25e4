/**
 * How long to wait before the next attempt to connect: exponential, with full jitter (M. Brooker, "Exponential Backoff And Jitter", AWS
 * Architecture Blog, 2015), so that the pages of a server that restarts come back evenly spread, whatever their number.
 */

/** The bound of the first wait: a cut of the network is often over at once. */
const FIRST_BOUND_MS = 250;
/** The bound grows no further: a server that is back is found within this. */
const LONGEST_BOUND_MS = 8000;

/**
 * The pause before an attempt, in ms.
 *
 * @param failures - attempts that have failed since the connection was lost, from 0.
 * @param random - a number from [0, 1).
 */
export function backoffMs(failures: number, random: number): number {
  return random * Math.min(FIRST_BOUND_MS * 2 ** failures, LONGEST_BOUND_MS);
}
