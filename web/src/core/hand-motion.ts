/**
 * Where a hand's joints are in the next picture: `moved`.
 *
 * Theory of operation: what is seen at each joint is looked for in the next picture (`optical-flow.ts`). Some joints find nothing, and
 * some something else: the background that a finger has just left, or another finger. So the hand as a whole goes by the median of its
 * joints' ways, and a joint goes its own way only where that is near: fingers bend by little from one picture to the next.
 */

import type { Pyramid } from './luma.ts';
import { shiftOf } from './optical-flow.ts';
import { dot, minus, plus, scaled, type Vector } from './vector.ts';

/** With fewer joints that were found nobody knows where the hand went, and it stays. */
const LEAST_FOUND = 5;
/** How far a joint goes from the hand's way at most, in radii of the hand. */
const MAX_OWN_WAY_RADII = 0.2;

/** The joints, in px of the pictures' largest size. */
export function moved(joints: readonly Vector[], from: Pyramid, to: Pyramid): readonly Vector[] {
  const shifts = joints.map((joint) => shiftOf(from, to, joint));
  const found = shifts.filter((shift) => shift !== null);
  if (found.length < LEAST_FOUND) return joints;
  const whole = { x: median(found.map(({ x }) => x)), y: median(found.map(({ y }) => y)) };
  const farthest = MAX_OWN_WAY_RADII * radiusOf(joints);
  return joints.map((joint, index) => {
    const own = shifts[index] ?? whole;
    const apart = minus(own, whole);
    return plus(joint, dot(apart, apart) < farthest ** 2 ? own : whole);
  });
}

/** Root mean square of the joints' distances from their mean. */
export function radiusOf(joints: readonly Vector[]): number {
  const middle = scaled(joints.reduce(plus), 1 / joints.length);
  return Math.sqrt(joints.reduce((sum, joint) => sum + dot(minus(joint, middle), minus(joint, middle)), 0) / joints.length);
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[values.length >> 1] ?? 0;
}
