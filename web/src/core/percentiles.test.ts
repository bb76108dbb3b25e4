import fc from 'fast-check';
import { expect, test } from 'vitest';
import { RELATIVE_ACCURACY, SlidingPercentiles, WINDOW_MS } from './percentiles.ts';

/** A value, and how long after the one before it is added. */
const additions = fc.array(
  fc.record({
    // Any span that a stage may take, and the powers of the bins' growth where a library's rounding would show.
    value: fc.oneof(fc.double({ min: 0, max: 1e5, noNaN: true }), fc.constantFrom(0, 0.001, 1, 1.02), fc.integer({ min: 0, max: 2000 })),
    afterMs: fc.oneof(fc.constant(33), fc.integer({ min: 0, max: 4000 })),
  }),
  { minLength: 1, maxLength: 60 },
);

function exact(values: readonly number[], share: number): number {
  return values.toSorted((a, b) => a - b)[Math.floor(share * (values.length - 1))] ?? Number.NaN;
}

test('every percentile of the window is within the stated accuracy of the exact one', () => {
  fc.assert(
    fc.property(additions, fc.constantFrom(0, 0.5, 0.95, 0.99, 1), (added, share) => {
      const percentiles = new SlidingPercentiles();
      const kept: { value: number; slot: number }[] = [];
      let nowMs = 12_345;
      for (const { value, afterMs } of added) {
        nowMs += afterMs;
        percentiles.add(value, nowMs);
        kept.push({ value, slot: Math.floor(nowMs / 1000) });
      }
      const oldest = Math.floor(nowMs / 1000) - WINDOW_MS / 1000 + 1;
      const values = kept.filter(({ slot }) => slot >= oldest).map(({ value }) => value);
      const truth = exact(values, share);
      const found = percentiles.percentile(share, nowMs) ?? Number.NaN;
      expect(percentiles.count(nowMs)).toBe(values.length);
      expect(Math.abs(found - truth)).toBeLessThanOrEqual(RELATIVE_ACCURACY * truth + 1e-9);
    }),
    { numRuns: 300 },
  );
});

test('nothing is left when the window has passed, and nothing was there before', () => {
  const percentiles = new SlidingPercentiles();
  expect(percentiles.percentile(0.5, 0)).toBeNull();
  percentiles.add(7, 500);
  expect(percentiles.percentile(0.5, 9_999)).toBeCloseTo(7, 0);
  expect(percentiles.percentile(0.5, 10_000)).toBeNull();
  percentiles.add(9, 1e7);
  expect(percentiles.percentile(0.5, 1e7)).toBeCloseTo(9, 0);
});

test('a clock that went back and values that are none change nothing', () => {
  const percentiles = new SlidingPercentiles();
  percentiles.add(5, 60_000);
  percentiles.add(5, 1000);
  for (const value of [-1, Number.NaN, Number.POSITIVE_INFINITY]) percentiles.add(value, 60_000);
  expect(percentiles.count(60_000)).toBe(2);
});
