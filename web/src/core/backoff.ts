/** How long to wait before the next attempt to connect: exponential, with jitter so that many pages don't return at one moment. */

const FIRST_MS = 500;
const LONGEST_MS = 10_000;

/**
 * The pause before an attempt, in ms: half of it grows with the failures, the other half is random.
 *
 * @param failures - attempts that have failed since the last connection, from 1.
 * @param random - a number from [0, 1).
 */
export function backoffMs(failures: number, random: number): number {
  const ceilingMs = Math.min(LONGEST_MS, FIRST_MS * 2 ** (failures - 1));
  return (ceilingMs / 2) * (1 + random);
}
