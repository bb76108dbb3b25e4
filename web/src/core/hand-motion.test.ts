import { expect, test } from 'vitest';
import { moved, radiusOf } from './hand-motion.ts';
import { pyramidOf } from './luma.ts';
import { cloth, painted } from './painted.ts';
import { minus, plus, scaled, type Vector } from './vector.ts';

const [WIDTH_PX, HEIGHT_PX] = [160, 120];
const CENTRE: Vector = { x: 80, y: 60 };
const RADIUS_PX = 30;
const joints = Array.from({ length: 21 }, (_, joint) =>
  plus(CENTRE, scaled({ x: Math.cos(0.3 * joint), y: Math.sin(0.3 * joint) }, RADIUS_PX)),
);
const pictureOf = (brightness: (place: Vector) => number) => pyramidOf(painted(WIDTH_PX, HEIGHT_PX, brightness), 4);
const before = pictureOf(cloth);

const farthestPx = (places: readonly Vector[], expected: readonly Vector[]) =>
  Math.max(...places.map(({ x, y }, joint) => Math.hypot(x - (expected[joint]?.x ?? 0), y - (expected[joint]?.y ?? 0))));

test('the radius is that of a ring', () => {
  expect(
    radiusOf(
      Array.from({ length: 12 }, (_, joint) => ({ x: 9 + 4 * Math.cos((joint * Math.PI) / 6), y: 4 * Math.sin((joint * Math.PI) / 6) })),
    ),
  ).toBeCloseTo(4);
});

test('a hand that turns takes its joints with it', () => {
  const turned = (place: Vector, angle: number): Vector => {
    const { x, y } = minus(place, CENTRE);
    return plus(CENTRE, { x: x * Math.cos(angle) - y * Math.sin(angle), y: x * Math.sin(angle) + y * Math.cos(angle) });
  };
  const after = pictureOf((place) => cloth(turned(place, -0.1)));
  const expected = joints.map((joint) => turned(joint, 0.1));
  expect(farthestPx(moved(joints, before, after), expected)).toBeLessThan(0.5);
});

test('where nothing can be told of a joint, or something far away looks like it, it goes with the hand', () => {
  const shift: Vector = { x: 5, y: -3 };
  const isHidden = ({ x }: Vector) => x > 100;
  const after = pictureOf((place) => (isHidden(place) ? cloth(plus(place, { x: 9, y: 9 })) : cloth(minus(place, shift))));
  expect(
    farthestPx(
      moved(joints, before, after),
      joints.map((joint) => plus(joint, shift)),
    ),
  ).toBeLessThan(RADIUS_PX * 0.2 + 0.2);
});

test('where nothing can be seen the hand stays', () => {
  const dark = pictureOf(() => 0);
  expect(moved(joints, dark, dark)).toEqual(joints);
});
