import fc from 'fast-check';
import { expect, test } from 'vitest';
import { pyramidOf } from './luma.ts';
import { shiftOf } from './optical-flow.ts';
import { cloth, painted } from './painted.ts';
import { minus, type Vector } from './vector.ts';

const [WIDTH_PX, HEIGHT_PX] = [160, 120];
const pictureAt = (shift: Vector) =>
  pyramidOf(
    painted(WIDTH_PX, HEIGHT_PX, (place) => cloth(minus(place, shift))),
    4,
  );
const before = pictureAt({ x: 0, y: 0 });

/** Spread over the middle of the picture. */
const places = Array.from({ length: 200 }, (_, index): Vector => ({ x: 40 + ((index * 37) % 80), y: 30 + ((index * 23) % 60) }));

test.each([
  { x: 0.3, y: -0.4 },
  { x: 3.5, y: 2.2 },
  { x: -7.1, y: 5.6 },
  { x: 9.8, y: -7.4 },
])('a move by $x, $y px is found to a fifth of a pixel, but for few places', (shift) => {
  const after = pictureAt(shift);
  const isRight = (place: Vector): boolean => {
    const found = shiftOf(before, after, place);
    return found !== null && Math.hypot(found.x - shift.x, found.y - shift.y) < 0.2;
  };
  expect(places.filter(isRight).length).toBeGreaterThan(0.97 * places.length);
});

test('what has not moved has not moved', () => {
  expect(shiftOf(before, before, { x: 50, y: 40 })).toEqual({ x: 0, y: 0 });
});

test.each([
  ['a wall that is nearly even', (place: Vector) => 90 + (cloth(place) - 128) / 30],
  ['an edge, which may have slid along itself', ({ x }: Vector) => (x < 80 ? 20 : 200)],
])('nothing is said of %s', (_, brightness) => {
  const picture = pyramidOf(painted(WIDTH_PX, HEIGHT_PX, brightness), 4);
  expect(shiftOf(picture, picture, { x: 80, y: 60 })).toBeNull();
});

test('at the edges and beyond them, and in tiny pictures, what is said is finite', () => {
  const tiny = pyramidOf(painted(2, 1, cloth), 4);
  const after = pictureAt({ x: 3, y: -2 });
  const anywhere = fc.double({ min: -400, max: 400, noNaN: true });
  fc.assert(
    fc.property(anywhere, anywhere, fc.boolean(), (x, y, isTiny) => {
      const shift = isTiny ? shiftOf(tiny, tiny, { x, y }) : shiftOf(before, after, { x, y });
      expect(shift === null || Number.isFinite(shift.x + shift.y)).toBe(true);
    }),
  );
});
