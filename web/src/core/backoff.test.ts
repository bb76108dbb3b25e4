import fc from 'fast-check';
import { expect, test } from 'vitest';
import { backoffMs, comesAgain } from './backoff.ts';
import { readVectors } from './vectors.ts';

interface BackoffVectors {
  readonly waits_ms: readonly { readonly failures: number; readonly random: number; readonly wait_ms: number }[];
  readonly closed: readonly { readonly name: string; readonly code: number; readonly comes_again: boolean }[];
}

const vectors = readVectors<BackoffVectors>('backoff');

test.each(vectors.waits_ms)('after $failures failures, at random $random: $wait_ms ms', ({ failures, random, wait_ms }) =>
  expect(backoffMs(failures, random)).toBe(wait_ms),
);

test.each(vectors.closed)('after $code ($name) it comes again: $comes_again', ({ code, comes_again }) =>
  expect(comesAgain(code)).toBe(comes_again),
);

test('the bound never shrinks, and the pause stays below it', () => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 2000 }), fc.double({ min: 0, max: 0.999, noNaN: true }), (failures, random) => {
      expect(backoffMs(failures, random)).toBeLessThanOrEqual(backoffMs(failures, 1));
      expect(backoffMs(failures + 1, 1)).toBeGreaterThanOrEqual(backoffMs(failures, 1));
    }),
  );
});
