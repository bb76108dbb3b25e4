import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { DEFAULT_SETTINGS, fitWithin, sessionSettings } from './settings.ts';

const size = (widthPx: number, heightPx: number) => ({ widthPx, heightPx });

describe('fitWithin', () => {
  test.each([
    ['scales down', size(1280, 960), size(640, 480), size(640, 480)],
    ['keeps the shape', size(1920, 1080), size(640, 480), size(640, 360)],
    ['never enlarges', size(320, 240), size(1280, 720), size(320, 240)],
    ['turns the box for an upright picture', size(1080, 1920), size(640, 480), size(360, 640)],
    ['leaves at least a pixel', size(10_000, 1), size(640, 480), size(640, 1)],
  ])('%s', (_, picture, box, expected) => expect(fitWithin(picture, box)).toEqual(expected));

  test('always fits, and keeps the shape within a pixel', () => {
    const side = fc.integer({ min: 1, max: 8000 });
    fc.assert(
      fc.property(side, side, (widthPx, heightPx) => {
        const fitted = fitWithin({ widthPx, heightPx }, size(640, 480));
        expect(Math.max(fitted.widthPx, fitted.heightPx)).toBeLessThanOrEqual(640);
        expect(Math.min(fitted.widthPx, fitted.heightPx)).toBeLessThanOrEqual(480);
        const scale = Math.min(1, fitted.widthPx / widthPx);
        expect(Math.abs(fitted.heightPx - heightPx * scale)).toBeLessThanOrEqual(1 + heightPx / widthPx);
      }),
    );
  });
});

test('asks the server for no more hands than it finds, and for no number before that is known', () => {
  expect(sessionSettings({ ...DEFAULT_SETTINGS, maxHands: 4 }, 2)).toEqual({ output: 'landmarks', jpeg_quality: 50, max_hands: 2 });
  expect(sessionSettings(DEFAULT_SETTINGS, null)).toEqual({ output: 'landmarks', jpeg_quality: 50 });
});
