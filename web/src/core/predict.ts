/**
 * Carries hands forward in time: from where they were in the last answers to where they are in the newest picture.
 *
 * Theory of operation: an answer is as old as its way was long, and a hand moves on meanwhile. Two motions are told apart: that of the hand
 * as a whole (the mean of its joints, in which the joints' noise cancels out) and that of each joint around it. Either is carried on by its
 * velocity and its acceleration, as far as these have proved true: each answer shows what those before it were worth, so for each hand two
 * weights are kept that would have foretold its last two seconds best (least squares, forgetting exponentially). So an arm that sweeps is
 * carried on all the way, and brakes first where it turns back; fingers that do as they like, and a hand whose landmarks shake, stay where
 * they were found. A change far below the noise is taken away before, so a still hand does not shake.
 *
 * Sizes are in radii of the hand (root mean square of its joints' distances from their mean), because the network's noise grows with
 * the hand in the picture. It reads no clock: time is an argument, in ms of one clock on which both answers and pictures have their place.
 */

import { AT_REST, type Motion, Trust } from './trust.ts';
import { minus, plus, scaled, type Vector } from './vector.ts';
import { type Hand, LANDMARK_COUNT } from './wire.ts';

/*
 * Chosen on the landmarks that the tracker finds in the demo clip, against its truth, and in filmed clips, against those of the full model.
 * Over a wide range of each of them the error changes by a hundredth.
 */
const STILL_RADII = 0.02;

/** Beyond this nobody knows where a hand is: it is carried no further. */
const MAX_HORIZON_MS = 150;
/** Stamps nearer to each other than a camera of 120 frames/s makes them say more about the clock than about the hand. */
const MIN_GAP_MS = 8;
/** Answers farther apart than this say nothing about the velocity now. */
const MAX_GAP_MS = 250;
/** As many answers as a camera of 60 frames/s gives within the horizon. */
const MAX_OUTLOOKS = 9;
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

/** Where a hand was. */
interface Sample {
  readonly timeMs: number;
  readonly middle: Vector;
  /** The joints, seen from the middle. */
  readonly around: readonly Vector[];
  readonly radius: number;
}

/** What was known of a hand at an answer. */
interface Outlook {
  readonly sample: Sample;
  readonly whole: Motion;
  readonly around: readonly Motion[];
}

/** One hand: its newest answer, what the last ones let expect, and how far that proved true. */
class Track {
  #samples: readonly Sample[] = [];
  #outlooks: readonly Outlook[] = [];
  readonly #whole = new Trust({ velocity: 0.7, acceleration: 0.15 });
  readonly #around = new Trust({ velocity: 0.3, acceleration: 0 });
  #newest: { readonly hand: Hand; readonly landmarks: Float32Array; readonly aspect: number } | null = null;

  /** Returns whether the hand could be used. */
  add(hand: Hand, timeMs: number, aspect: number): boolean {
    const { landmarks } = hand;
    if (landmarks === null) return false;
    const last = this.#samples.at(-1);
    const elapsedMs = last === undefined ? Number.POSITIVE_INFINITY : timeMs - last.timeMs;
    if (elapsedMs > MAX_GAP_MS) this.#samples = this.#outlooks = [];
    const sample = sampleOf(steadied(this.#samples.at(-1), jointsOf(landmarks, aspect)), timeMs);
    this.#learn(sample, elapsedMs / 1000);
    this.#samples = [...this.#samples.slice(-2), sample];
    const recent = this.#outlooks.filter((outlook) => timeMs - outlook.sample.timeMs < MAX_HORIZON_MS);
    this.#outlooks = [...recent.slice(1 - MAX_OUTLOOKS), outlookFrom(this.#samples, sample)];
    this.#newest = { hand, landmarks, aspect };
    return true;
  }

  at(timeMs: number): Hand | null {
    const outlook = this.#outlooks.at(-1);
    if (this.#newest === null || outlook === undefined) return null;
    const { hand, landmarks, aspect } = this.#newest;
    const horizonS = Math.min(Math.max(0, timeMs - outlook.sample.timeMs), MAX_HORIZON_MS) / 1000;
    const middle = plus(outlook.sample.middle, this.#whole.shift(outlook.whole, horizonS));
    const moved = Float32Array.from(landmarks);
    outlook.sample.around.forEach((joint, index) => {
      const motion = outlook.around[index] ?? AT_REST;
      const { x, y } = plus(middle, plus(joint, this.#around.shift(motion, horizonS)));
      moved[3 * index] = x;
      moved[3 * index + 1] = y / aspect;
    });
    return { ...hand, landmarks: moved };
  }

  /** Compares where the hand is with what the last answers let expect. */
  #learn(sample: Sample, elapsedS: number): void {
    this.#whole.forget(elapsedS);
    this.#around.forget(elapsedS);
    for (const { sample: before, whole, around } of this.#outlooks) {
      const horizonS = secondsBetween(before, sample);
      this.#whole.learn(whole, minus(sample.middle, before.middle), { horizonS, radius: sample.radius, share: 1 });
      const share = 1 / around.length;
      around.forEach((motion, index) => {
        const moved = minus(sample.around[index] ?? sample.middle, before.around[index] ?? before.middle);
        this.#around.learn(motion, moved, { horizonS, radius: sample.radius, share });
      });
    }
  }
}

/** The motions at the last of up to three samples. */
function outlookFrom(samples: readonly Sample[], sample: Sample): Outlook {
  const whole = motionOf(samples, ({ middle }) => middle);
  return { sample, whole, around: sample.around.map((_, index) => motionOf(samples, ({ around, middle }) => around[index] ?? middle)) };
}

function motionOf(samples: readonly Sample[], place: (sample: Sample) => Vector): Motion {
  const [last, previous, before] = samples.toReversed();
  if (last === undefined || previous === undefined) return AT_REST;
  const spanS = secondsBetween(previous, last);
  const velocity = scaled(minus(place(last), place(previous)), 1 / spanS);
  if (before === undefined) return { ...AT_REST, velocity, spanS };
  const earlier = scaled(minus(place(previous), place(before)), 1 / secondsBetween(before, previous));
  return { velocity, acceleration: scaled(minus(velocity, earlier), 2 / secondsBetween(before, last)), spanS };
}

/** The new place, nearer to the old one the less the hand has moved; it lags by less than `STILL_RADII`, however fast the hand is. */
function steadied(last: Sample | undefined, measured: readonly Vector[]): readonly Vector[] {
  if (last === undefined) return measured;
  const steps = measured.map((joint, index) => minus(joint, plus(last.middle, last.around[index] ?? joint)));
  const moved = steps.reduce((sum, { x, y }) => sum + Math.hypot(x, y), 0) / steps.length;
  if (moved === 0) return measured;
  const share = moved / (moved + STILL_RADII * last.radius);
  return measured.map((joint, index) => minus(joint, scaled(steps[index] ?? joint, 1 - share)));
}

function jointsOf(landmarks: Float32Array, aspect: number): Vector[] {
  return Array.from({ length: LANDMARK_COUNT }, (_, joint) => ({
    x: landmarks[3 * joint] ?? 0,
    y: (landmarks[3 * joint + 1] ?? 0) * aspect,
  }));
}

function sampleOf(joints: readonly Vector[], timeMs: number): Sample {
  const middle = scaled(joints.reduce(plus), 1 / joints.length);
  const around = joints.map((joint) => minus(joint, middle));
  return { timeMs, middle, around, radius: Math.sqrt(around.reduce((sum, { x, y }) => sum + x ** 2 + y ** 2, 0) / around.length) };
}

function secondsBetween(earlier: Sample, later: Sample): number {
  return Math.max(MIN_GAP_MS, later.timeMs - earlier.timeMs) / 1000;
}
