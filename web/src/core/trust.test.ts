import { expect, test } from 'vitest';
import { type Motion, Trust } from './trust.ts';

const FRAME_S = 1 / 30;
const HORIZON_S = 0.1;
const EXPECTED = { velocity: 0.7, acceleration: 0.15 };

const moving = (velocity: number, acceleration = 0): Motion => ({
  velocity: { x: velocity, y: 0 },
  acceleration: { x: acceleration, y: 0 },
  spanS: FRAME_S,
});

/** A trust that saw so many motions, and what came of each. */
function taught(motions: readonly Motion[], seenX: (motion: Motion) => number): Trust {
  const trust = new Trust(EXPECTED);
  for (const motion of motions) {
    trust.forget(FRAME_S);
    trust.learn(motion, { x: seenX(motion), y: 0 }, { horizonS: HORIZON_S, radius: 0.1, share: 1 });
  }
  return trust;
}

/** How much of a velocity, and of an acceleration, it carries on. */
function weightsOf(trust: Trust): readonly [number, number] {
  const bend = (HORIZON_S * (FRAME_S + HORIZON_S)) / 2;
  return [trust.shift(moving(1), HORIZON_S).x / HORIZON_S, trust.shift(moving(0, 1), HORIZON_S).x / bend];
}

const swings = Array.from({ length: 60 }, (_, frame) => moving(2 * Math.sin(frame / 3), 20 * Math.cos(frame / 3)));

test('it expects of a new hand what any hand does', () => {
  expect(weightsOf(new Trust(EXPECTED))).toEqual([expect.closeTo(0.7), expect.closeTo(0.15)]);
});

test.each([
  ['goes on as it moved', 1, 1],
  ['goes on and does not turn', 1, 0],
  ['goes half as far', 0.5, 0],
  ['turns back', -1, -1],
  ['runs away', 9, 9],
])('it learns that a hand %s, within what is possible', (_, velocity, acceleration) => {
  const bend = (HORIZON_S * (FRAME_S + HORIZON_S)) / 2;
  const trust = taught(swings, (motion) => velocity * motion.velocity.x * HORIZON_S + acceleration * motion.acceleration.x * bend);
  const [ofVelocity, ofAcceleration] = weightsOf(trust);
  expect(ofVelocity).toBeCloseTo(Math.min(Math.max(velocity, 0), 1.5), 1);
  expect(ofAcceleration).toBeCloseTo(Math.min(Math.max(acceleration, 0), 1), 1);
});

test('what trembles teaches nothing, and what was learned fades', () => {
  const trembling = taught(
    swings.map(() => moving(0.001)),
    () => -0.001,
  );
  expect(weightsOf(trembling)[0]).toBeCloseTo(0.7, 2);
  const trust = taught(swings, () => 0);
  const [before] = weightsOf(trust);
  trust.forget(20);
  expect(weightsOf(trust)[0]).toBeGreaterThan(before + 0.5);
});

test('a hand whose joints are all in one place has no size, and is foretold all the same', () => {
  const trust = new Trust(EXPECTED);
  trust.learn(moving(1), { x: 0.1, y: 0 }, { horizonS: HORIZON_S, radius: 0, share: 1 });
  expect(Number.isFinite(trust.shift(moving(1), HORIZON_S).x)).toBe(true);
});
