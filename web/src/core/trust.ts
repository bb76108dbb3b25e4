/**
 * How far a motion will go on: `Trust`, the weights of its velocity and its acceleration that would have foretold best so far.
 *
 * Theory of operation: the way to come is foretold as a weighted sum of the velocity's and the acceleration's share of it. Whenever it is
 * known how far it really was, the two weights are those of least squares over all that was compared, the newer the more (recursive least
 * squares with exponential forgetting: Haykin, "Adaptive Filter Theory", chapter 10). What is to be expected of any hand is worth as much
 * as a few comparisons, so weights begin there and stay there while nothing moves.
 */

import { dot, plus, scaled, type Vector } from './vector.ts';

/** What was compared counts 1/e of what it did after so long. */
const MEMORY_S = 2;
/** What the expected weights are worth: one comparison of a hand that moves by five and a half radii a second. */
const EXPECTED_POWER = 30;
/** No motion goes on faster than by half as much again, and no acceleration the other way. */
const MAX_WEIGHTS: Weights = { velocity: 1.5, acceleration: 1 };
/** In widths of the picture. A hand whose joints are all in one place has no radius. */
const LEAST_RADIUS = 1e-6;

/** How something moves at an answer: its change over the last two answers. */
export interface Motion {
  /** Per s. */
  readonly velocity: Vector;
  /** Per s². */
  readonly acceleration: Vector;
  /** The time between the last two answers: the velocity is half of it older than the last. */
  readonly spanS: number;
}

export const AT_REST: Motion = { velocity: { x: 0, y: 0 }, acceleration: { x: 0, y: 0 }, spanS: 0 };

/** The share of each that is believed. */
export interface Weights {
  readonly velocity: number;
  readonly acceleration: number;
}

/** In what a motion is compared with what came of it. */
export interface Comparison {
  /** How long it took. */
  readonly horizonS: number;
  /** Of the hand, so that small hands count as much as large ones. */
  readonly radius: number;
  /** How much it counts beside others at the same time. */
  readonly share: number;
}

/** What one kind of motion of one hand is worth. */
export class Trust {
  readonly #expected: Weights;
  /** Null where they are to be solved anew. */
  #weights: Weights | null = null;
  /** Sums of products, in (radii/s)²: of the velocity (v), the acceleration's part (a), and what was seen (s). */
  #vv = 0;
  #va = 0;
  #aa = 0;
  #vs = 0;
  #as = 0;

  constructor(expected: Weights) {
    this.#expected = expected;
  }

  /** Time has passed. */
  forget(elapsedS: number): void {
    const kept = Math.exp(-elapsedS / MEMORY_S);
    this.#vv *= kept;
    this.#va *= kept;
    this.#aa *= kept;
    this.#vs *= kept;
    this.#as *= kept;
    this.#weights = null;
  }

  /** What moved like that went so far. */
  learn({ velocity, acceleration, spanS }: Motion, seen: Vector, { horizonS, radius, share }: Comparison): void {
    const unit = share / Math.max(radius, LEAST_RADIUS) ** 2;
    const bendS = (spanS + horizonS) / 2;
    this.#vv += unit * dot(velocity, velocity);
    this.#va += unit * bendS * dot(velocity, acceleration);
    this.#aa += unit * bendS ** 2 * dot(acceleration, acceleration);
    this.#vs += (unit / horizonS) * dot(velocity, seen);
    this.#as += (unit / horizonS) * bendS * dot(acceleration, seen);
    this.#weights = null;
  }

  /** How far what moves like that will go. */
  shift({ velocity, acceleration, spanS }: Motion, horizonS: number): Vector {
    this.#weights ??= this.#solved();
    const along = scaled(velocity, this.#weights.velocity * horizonS);
    return plus(along, scaled(acceleration, (this.#weights.acceleration * horizonS * (spanS + horizonS)) / 2));
  }

  #solved(): Weights {
    const vv = this.#vv + EXPECTED_POWER;
    const aa = this.#aa + EXPECTED_POWER;
    const vs = this.#vs + EXPECTED_POWER * this.#expected.velocity;
    const as = this.#as + EXPECTED_POWER * this.#expected.acceleration;
    const free = (vs * aa - as * this.#va) / (vv * aa - this.#va ** 2);
    // Where the best is out of bounds, the other weight is best beside the bound, so each is found again beside the other.
    const acceleration = within((as - this.#va * within(free, MAX_WEIGHTS.velocity)) / aa, MAX_WEIGHTS.acceleration);
    return { velocity: within((vs - this.#va * acceleration) / vv, MAX_WEIGHTS.velocity), acceleration };
  }
}

function within(value: number, most: number): number {
  return Math.min(Math.max(value, 0), most);
}
