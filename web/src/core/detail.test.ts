import { describe, expect, test } from 'vitest';
import { ladder, qualityAt, relativeBytes, SCALES, scalesFrom, usefulScale } from './detail.ts';

test('the quality falls before the scale', () => {
  const levels = ladder([1, 0.5]);
  expect(levels.map((level) => [qualityAt(level, 70, 30), level.scale])).toEqual([
    [70, 1],
    [60, 1],
    [50, 1],
    [40, 1],
    [30, 1],
    [30, 0.5],
  ]);
  expect(qualityAt({ coarseness: 1, scale: 1 }, 20, 30)).toBe(20);
});

test('bytes follow what libjpeg does with quality and what pictures do with scale', () => {
  expect(relativeBytes(50, 1)).toBe(1);
  expect(relativeBytes(70, 1) / relativeBytes(30, 1)).toBeCloseTo(1.67, 1);
  expect(relativeBytes(100, 1)).toBeGreaterThan(relativeBytes(98, 1));
  expect(relativeBytes(50, 0.5)).toBeCloseTo(0.42, 2);
});

test('a person may want no scale below one', () => {
  expect(scalesFrom(0.25)).toEqual(SCALES);
  expect(scalesFrom(0.6)).toEqual([1, 0.75, 0.6]);
  expect(scalesFrom(1)).toEqual([1]);
  for (const least of [0, 1.1, Number.NaN]) expect(() => scalesFrom(least)).toThrow(RangeError);
});

describe('a near hand needs fewer pixels', () => {
  test.each([
    [200, 640, 1],
    [250, 640, 1],
    [350, 640, 0.75],
    [540, 1280, 0.5],
    [800, 1280, 0.375],
    [1000, 640, 0.375],
    [1200, 1920, 0.25],
  ])('a region of %d px in a picture %d px long: %d', (regionPx, longSidePx, scale) => {
    expect(usefulScale(regionPx / longSidePx, longSidePx, 1, SCALES)).toBe(scale);
  });

  test('a scale stays while it is useful', () => {
    expect(usefulScale(0.35, 1280, 0.5, SCALES)).toBe(0.5);
    expect(usefulScale(0.35, 1280, 1, SCALES)).toBe(0.75);
  });
});
