import fc from 'fast-check';
import { expect, test } from 'vitest';
import { Throttle } from './throttle.ts';

/** How many of the pictures at those times pass. */
function passedOf(throttle: Throttle, arrivalsMs: readonly number[]): number {
  return arrivalsMs.filter((arrivalMs) => {
    const passes = arrivalMs >= throttle.notBeforeMs;
    if (passes) throttle.passed(arrivalMs);
    return passes;
  }).length;
}

const camera = (intervalMs: number, count: number, jitterMs: (index: number) => number = () => 0): number[] =>
  Array.from({ length: count }, (_, index) => index * intervalMs + jitterMs(index));

test.each([
  { name: 'a camera of 30 frames/s passes whole', throttleMs: 33, arrivals: camera(33.3, 300), least: 300, most: 300 },
  {
    name: 'jitter of 7 ms costs nothing',
    throttleMs: 33,
    arrivals: camera(33.3, 300, (index) => (index % 2 ? 7 : 0)),
    least: 300,
    most: 300,
  },
  {
    name: 'a refresh of 60 Hz that presents after 50 and 17 ms costs nothing',
    throttleMs: 33,
    arrivals: camera(33.3, 300, (index) => (index % 5 === 0 ? 16.7 : 0)),
    least: 300,
    most: 300,
  },
  { name: 'a camera of 60 frames/s is halved', throttleMs: 33, arrivals: camera(16.67, 600), least: 298, most: 304 },
  { name: 'half a frame a second', throttleMs: 2000, arrivals: camera(33.3, 300), least: 5, most: 6 },
  { name: 'none at all', throttleMs: 0, arrivals: camera(1, 100), least: 100, most: 100 },
])('$name', ({ throttleMs, arrivals, least, most }) => {
  const passed = passedOf(new Throttle(throttleMs), arrivals);
  expect(passed).toBeGreaterThanOrEqual(least);
  expect(passed).toBeLessThanOrEqual(most);
});

test('over time never more frames pass than the interval allows', () => {
  const gaps = fc.array(fc.double({ min: 0, max: 200, noNaN: true }), { minLength: 1, maxLength: 200 });
  fc.assert(
    fc.property(gaps, fc.integer({ min: 1, max: 100 }), (gapsMs, throttleMs) => {
      let nowMs = 0;
      const arrivals = gapsMs.map((gapMs) => {
        nowMs += gapMs;
        return nowMs;
      });
      const spanMs = nowMs - (arrivals[0] ?? 0);
      expect(passedOf(new Throttle(throttleMs), arrivals)).toBeLessThanOrEqual(spanMs / throttleMs + 1 + 0.6 + 1e-9);
    }),
  );
});

test('who is told when to begin keeps that phase', () => {
  const throttle = new Throttle(100);
  throttle.passed(0);
  throttle.begin(70);
  const passedMs = camera(33.3, 300).filter((arrivalMs) => {
    const passes = arrivalMs >= throttle.notBeforeMs;
    if (passes) throttle.passed(arrivalMs);
    return passes;
  });
  expect(passedMs[0]).toBeGreaterThanOrEqual(70);
  for (const arrivalMs of passedMs) expect((arrivalMs - 70) % 100).toBeLessThan(33.3);
});
