import fc from 'fast-check';
import { expect, test } from 'vitest';
import { backoffMs } from './backoff.ts';

test.each([
  [1, 0, 250],
  [1, 1, 500],
  [2, 0, 500],
  [3, 1, 2000],
  [50, 1, 10_000],
])('after %d failures, at random %d: %d ms', (failures, random, expected) => expect(backoffMs(failures, random)).toBe(expected));

test('pauses never shrink below half of the longest, nor grow beyond it', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 2000 }), fc.double({ min: 0, max: 0.999, noNaN: true }), (failures, random) => {
      const ceilingMs = backoffMs(failures, 1);
      expect(backoffMs(failures, random)).toBeGreaterThanOrEqual(ceilingMs / 2);
      expect(backoffMs(failures, random)).toBeLessThanOrEqual(ceilingMs);
      expect(backoffMs(failures + 1, random)).toBeGreaterThanOrEqual(backoffMs(failures, random));
    }),
  );
});
