/**
 * Carries hands forward in time: from where they were in the last answers to where they are in the newest picture.
 *
 * Theory of operation: an answer is as old as its way was long, and a hand moves on meanwhile. Two motions are told apart. The hand as
 * a whole (the mean of its joints, in which the joints' noise cancels out) keeps its velocity and a part of its acceleration: an arm
 * that turns back brakes first. Each joint keeps its velocity around that mean: fingers are light, and their acceleration is mostly
 * noise. What tells motion from noise is its size, as in the One Euro filter (Casiez, Roussel, Vogel, CHI 2012): a change far below the
 * noise is taken away, one far above it is left as it is, so a still hand does not shake and a fast one is not held back.
 *
 * Sizes are in radii of the hand (root mean square of its joints' distances from their mean), because the network's noise grows with
 * the hand in the picture. It reads no clock: time is an argument, in ms of one clock on which both answers and pictures have their place.
 */

import { type Hand, LANDMARK_COUNT } from './wire.ts';

/*
 * Chosen on the demo clip's truth with 0.4 px of noise on each joint, twice of what the networks show on a still hand under camera noise.
 * At 100 ms the error on the moving chapters is 0.4 of that without prediction, over a wide range of each of them.
 */
const STILL_RADII = 0.012;
const NOISE_RADII_PER_S = 0.5;
const NOISE_RADII_PER_S2 = 7;
const ACCELERATION_SHARE = 0.6;

/** Beyond this nobody knows where a hand is: it is carried no further. */
const MAX_HORIZON_MS = 150;
/** Stamps nearer to each other than a camera of 120 frames/s makes them say more about the clock than about the hand. */
const MIN_GAP_MS = 8;
/** Answers farther apart than this say nothing about the velocity now. */
const MAX_GAP_MS = 250;
/** A hand of which nothing has been heard for longer is not shown. */
const MAX_AGE_MS = 500;

export class HandPredictor {
  readonly #tracks = new Map<number, Track>();
  #newestMs = Number.NEGATIVE_INFINITY;

  /**
   * The hands of one answer, whose picture was taken at that time. A time that is not later than the last one begins afresh (a clip
   * starts again). Hands without landmarks, and those that are in this answer no more, are forgotten.
   *
   * @param aspect - height of the picture, as a share of its width.
   */
  add(hands: readonly Hand[], timeMs: number, aspect: number): void {
    if (timeMs <= this.#newestMs) this.clear();
    this.#newestMs = timeMs;
    const ids = new Set(hands.map((hand) => hand.handId));
    for (const id of this.#tracks.keys()) if (!ids.has(id)) this.#tracks.delete(id);
    for (const hand of hands) {
      const track = this.#tracks.get(hand.handId) ?? new Track();
      if (track.add(hand, timeMs, aspect)) this.#tracks.set(hand.handId, track);
      else this.#tracks.delete(hand.handId);
    }
  }

  /** The hands as they are in a picture of that time; none where the last answer says too little about it. */
  at(timeMs: number): Hand[] {
    const ageMs = timeMs - this.#newestMs;
    if (Math.abs(ageMs) > MAX_AGE_MS) return [];
    return [...this.#tracks.values()].flatMap((track) => track.at(timeMs) ?? []);
  }

  clear(): void {
    this.#tracks.clear();
    this.#newestMs = Number.NEGATIVE_INFINITY;
  }
}

/** A place or a motion, both axes in units of the picture's width. */
interface Vector {
  readonly x: number;
  readonly y: number;
}

interface Sample {
  readonly timeMs: number;
  readonly joints: readonly Vector[];
  readonly middle: Vector;
}

/** One hand: its newest answer, and the last three places of its joints. */
class Track {
  readonly #samples: Sample[] = [];
  #newest: { readonly hand: Hand; readonly landmarks: Float32Array; readonly aspect: number } | null = null;

  /** Returns whether the hand could be used. */
  add(hand: Hand, timeMs: number, aspect: number): boolean {
    const { landmarks } = hand;
    if (landmarks === null) return false;
    const last = this.#samples.at(-1);
    if (last !== undefined && timeMs - last.timeMs > MAX_GAP_MS) this.#samples.length = 0;
    const measured = jointsOf(landmarks, aspect);
    const joints = this.#samples.length === 0 || last === undefined ? measured : steadied(last, measured);
    this.#samples.push({ timeMs, joints, middle: middleOf(joints) });
    if (this.#samples.length > 3) this.#samples.shift();
    this.#newest = { hand, landmarks, aspect };
    return true;
  }

  at(timeMs: number): Hand | null {
    const last = this.#samples.at(-1);
    if (this.#newest === null || last === undefined) return null;
    const { hand, landmarks, aspect } = this.#newest;
    const horizonS = Math.min(Math.max(0, timeMs - last.timeMs), MAX_HORIZON_MS) / 1000;
    const moved = Float32Array.from(landmarks);
    this.#joints(last, horizonS).forEach(({ x, y }, joint) => {
      moved[3 * joint] = x;
      moved[3 * joint + 1] = y / aspect;
    });
    return { ...hand, landmarks: moved };
  }

  #joints(last: Sample, horizonS: number): readonly Vector[] {
    const previous = this.#samples.at(-2);
    if (previous === undefined) return last.joints;
    const radius = radiusOf(last);
    const shift = shiftOf(this.#samples.at(-3), previous, last, horizonS, radius);
    const spanS = secondsBetween(previous, last);
    return last.joints.map((joint, index) => {
      const before = previous.joints[index] ?? joint;
      const around = minus(minus(joint, last.middle), minus(before, previous.middle));
      return plus(plus(joint, shift), scaled(audible(scaled(around, 1 / spanS), NOISE_RADII_PER_S * radius), horizonS));
    });
  }
}

/** How far the whole hand goes within the horizon. */
function shiftOf(before: Sample | undefined, previous: Sample, last: Sample, horizonS: number, radius: number): Vector {
  const spanS = secondsBetween(previous, last);
  const velocity = scaled(minus(last.middle, previous.middle), 1 / spanS);
  let acceleration: Vector = { x: 0, y: 0 };
  if (before !== undefined) {
    const earlier = scaled(minus(previous.middle, before.middle), 1 / secondsBetween(before, previous));
    const change = scaled(minus(velocity, earlier), 2 / secondsBetween(before, last));
    acceleration = scaled(audible(change, NOISE_RADII_PER_S2 * radius), ACCELERATION_SHARE);
  }
  // The velocity is that of the middle between two answers, so half a span older than the last.
  const shift = plus(scaled(velocity, horizonS), scaled(acceleration, (horizonS * (spanS + horizonS)) / 2));
  return audible(shift, NOISE_RADII_PER_S * radius * horizonS);
}

/** Takes what is far below the noise away and leaves what is far above it: the gain of a Wiener filter. */
function audible(signal: Vector, noise: number): Vector {
  const power = signal.x ** 2 + signal.y ** 2;
  return power === 0 ? signal : scaled(signal, power / (power + noise ** 2));
}

/** The new place, nearer to the old one the less the hand has moved; it lags by less than `STILL_RADII`, however fast the hand is. */
function steadied(last: Sample, measured: readonly Vector[]): readonly Vector[] {
  const steps = measured.map((joint, index) => minus(joint, last.joints[index] ?? joint));
  const moved = steps.reduce((sum, { x, y }) => sum + Math.hypot(x, y), 0) / steps.length;
  if (moved === 0) return measured;
  const share = moved / (moved + STILL_RADII * radiusOf(last));
  return measured.map((joint, index) => minus(joint, scaled(steps[index] ?? joint, 1 - share)));
}

function jointsOf(landmarks: Float32Array, aspect: number): Vector[] {
  return Array.from({ length: LANDMARK_COUNT }, (_, joint) => ({
    x: landmarks[3 * joint] ?? 0,
    y: (landmarks[3 * joint + 1] ?? 0) * aspect,
  }));
}

function middleOf(joints: readonly Vector[]): Vector {
  return scaled(joints.reduce(plus), 1 / joints.length);
}

function radiusOf({ joints, middle }: Sample): number {
  return Math.sqrt(joints.reduce((sum, { x, y }) => sum + (x - middle.x) ** 2 + (y - middle.y) ** 2, 0) / joints.length);
}

function secondsBetween(earlier: Sample, later: Sample): number {
  return Math.max(MIN_GAP_MS, later.timeMs - earlier.timeMs) / 1000;
}

function plus(a: Vector, b: Vector): Vector {
  return { x: a.x + b.x, y: a.y + b.y };
}

function minus(a: Vector, b: Vector): Vector {
  return { x: a.x - b.x, y: a.y - b.y };
}

function scaled({ x, y }: Vector, factor: number): Vector {
  return { x: x * factor, y: y * factor };
}
