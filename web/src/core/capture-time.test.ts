import { expect, test } from 'vitest';
import { CaptureClock } from './capture-time.ts';

test('what a picture took longer than the quickest one is known, whatever the origin of its clock', () => {
  const clock = new CaptureClock();
  const found = [5, 1, 3, 0.5, 9].map((wayMs, index) => {
    const capturedMs = 33 * index;
    return clock.capturedMs(13_454_000 + capturedMs, capturedMs + wayMs) - capturedMs;
  });
  expect(found.map((error) => Math.round(10 * error) / 10)).toEqual([5, 1, 1, 0.5, 0.5]);
});

test('stamps that do not advance, or mean something else, leave the arrival', () => {
  const clock = new CaptureClock();
  for (const arrivedMs of [0, 33, 66, 5000]) expect(clock.capturedMs(0, arrivedMs)).toBe(arrivedMs);
  expect(clock.capturedMs(1, 9000)).toBe(9000);
});

test('a clock that runs apart is followed', () => {
  const clock = new CaptureClock();
  let found = 0;
  for (let capturedMs = 0; capturedMs < 60_000; capturedMs += 33)
    found = clock.capturedMs(capturedMs * 0.9998, capturedMs + 2) - capturedMs;
  expect(Math.abs(found - 2)).toBeLessThanOrEqual(2.1);
});
