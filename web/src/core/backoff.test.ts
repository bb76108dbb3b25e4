import fc from 'fast-check';
import { expect, test } from 'vitest';
import { backoffMs } from './backoff.ts';

test.each([
  [0, 0, 0],
  [0, 1, 250],
  [1, 0.5, 250],
  [3, 1, 2000],
  [5000, 1, 8000],
])('after %d failures, at random %d: %d ms', (failures, random, expected) => expect(backoffMs(failures, random)).toBe(expected));

test('the bound never shrinks, and the pause stays below it', () => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 2000 }), fc.double({ min: 0, max: 0.999, noNaN: true }), (failures, random) => {
      expect(backoffMs(failures, random)).toBeLessThanOrEqual(backoffMs(failures, 1));
      expect(backoffMs(failures + 1, 1)).toBeGreaterThanOrEqual(backoffMs(failures, 1));
    }),
  );
});
