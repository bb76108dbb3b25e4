/**
 * Carries hands forward in time: from the picture in which they were found to the newest one, by what is seen in the pictures between.
 *
 * Theory of operation: an answer is as old as its way was long, and a hand moves on meanwhile. How it will move cannot be known from how it
 * moved: people turn back, and fingers do as they like. But the pictures of that time are here, small ones of the last half second. When an
 * answer comes, its hands are taken from the picture that it is about from each picture to the next (`hand-motion.ts`), and with each new
 * picture on from there. So errors add up over the time of the answer's way only, whatever the frame rate, and the next answer ends them.
 * An answer may be here before the video presents its picture; its hands then stay where they were found until it does.
 *
 * The landmarks of a still hand shake, so a change from one answer to the next that is far below the networks' noise is taken away before.
 * It reads no clock: time is an argument, in ms of one clock on which both answers and pictures have their place.
 */

import { moved, radiusOf } from './hand-motion.ts';
import type { Luma, Pyramid } from './luma.ts';
import { minus, plus, scaled, type Vector } from './vector.ts';
import { type Hand, LANDMARK_COUNT } from './wire.ts';

/**
 * In radii of the hand, as the noise grows with the hand in the picture. Chosen on what the tracker finds in the demo clip; a larger one
 * costs more in motion than it calms at rest.
 */
const STILL_RADII = 0.02;
/** A hand of which nothing has been heard for longer is not shown. */
const MAX_AGE_MS = 500;
/** As many as a camera of 120 frames/s gives in that time: 1.6 MB. */
const MAX_PICTURES = 61;
/** A picture is the answer's where it was taken this near to it: half of the time between two of 10 frames/s. */
const MAX_APART_MS = 50;

interface Picture {
  readonly timeMs: number;
  readonly pyramid: Pyramid;
}

/** A hand in the newest picture; its joints are in px of the pictures. */
interface Track {
  readonly hand: Hand;
  readonly landmarks: Float32Array;
  /** As the answer had them, steadied. */
  readonly found: readonly Vector[];
  readonly joints: readonly Vector[];
}

export class HandFollower {
  #pictures: Picture[] = [];
  #tracks: readonly Track[] = [];
  /** When the picture of the last answer was taken. */
  #answeredMs = Number.NEGATIVE_INFINITY;

  /** The newest picture, and when it was taken. One that is older than the last one, or of another size, begins afresh (a clip starts again). */
  see(pyramid: Pyramid, timeMs: number): void {
    const last = this.#pictures.at(-1);
    if (last !== undefined && (timeMs < last.timeMs || !areOfOneSize(last.pyramid, pyramid))) this.clear();
    else if (last !== undefined && !this.#isStillToCome(last.timeMs, timeMs)) {
      this.#tracks = this.#tracks.map((track) => movedOn(track, last.pyramid, pyramid));
    }
    const kept = this.#pictures.filter((picture) => timeMs - picture.timeMs <= MAX_AGE_MS);
    this.#pictures = [...kept.slice(1 - MAX_PICTURES), { timeMs, pyramid }];
  }

  /**
   * The hands of one answer, whose picture was taken at that time. Those that have no landmarks, or are in this answer no more, are
   * forgotten; all are, where that picture is forgotten or was passed over.
   */
  add(hands: readonly Hand[], timeMs: number): void {
    const since = this.#picturesSince(timeMs);
    const [first] = since;
    const before = new Map(this.#tracks.map((track) => [track.hand.handId, track]));
    this.#answeredMs = timeMs;
    this.#tracks = [];
    const size = first?.pyramid[0];
    if (size === undefined) return;
    this.#tracks = hands.flatMap((hand) => {
      const { landmarks } = hand;
      if (landmarks === null) return [];
      const found = steadied(before.get(hand.handId)?.found, jointsOf(landmarks, size));
      return [{ hand, landmarks, found, joints: carried(found, since) }];
    });
  }

  /** The hands as they are in the newest picture; none where the last answer says too little about it. */
  get hands(): readonly Hand[] {
    const newest = this.#pictures.at(-1);
    const size = newest?.pyramid[0];
    if (newest === undefined || size === undefined) return [];
    const sinceMs = newest.timeMs - this.#answeredMs;
    if (sinceMs > MAX_AGE_MS || sinceMs < -MAX_APART_MS) return [];
    return this.#tracks.map(({ hand, landmarks, joints }) => ({ ...hand, landmarks: landmarksOf(joints, landmarks, size) }));
  }

  clear(): void {
    this.#pictures = [];
    this.#tracks = [];
    this.#answeredMs = Number.NEGATIVE_INFINITY;
  }

  /** Whether the answer's picture is a later one than the last: the next one, or one after it. */
  #isStillToCome(lastMs: number, nextMs: number): boolean {
    return this.#answeredMs > lastMs && Math.abs(nextMs - this.#answeredMs) <= this.#answeredMs - lastMs;
  }

  /** The picture nearest to that time, and all later ones; the newest alone where that of the time is not here yet. */
  #picturesSince(timeMs: number): readonly Picture[] {
    const newest = this.#pictures.at(-1);
    if (newest !== undefined && newest.timeMs < timeMs) return [newest];
    const apartMs = this.#pictures.map((picture) => Math.abs(picture.timeMs - timeMs));
    const leastMs = Math.min(...apartMs);
    return leastMs > MAX_APART_MS ? [] : this.#pictures.slice(apartMs.indexOf(leastMs));
  }
}

function movedOn(track: Track, from: Pyramid, to: Pyramid): Track {
  return { ...track, joints: moved(track.joints, from, to) };
}

/** From the first of the pictures to the last. */
function carried(found: readonly Vector[], pictures: readonly Picture[]): readonly Vector[] {
  let joints = found;
  for (const [index, { pyramid }] of pictures.entries()) {
    const next = pictures[index + 1];
    if (next !== undefined) joints = moved(joints, pyramid, next.pyramid);
  }
  return joints;
}

/** The new places, nearer to the old ones the less the hand has moved; they lag by less than `STILL_RADII`, however fast the hand is. */
function steadied(before: readonly Vector[] | undefined, found: readonly Vector[]): readonly Vector[] {
  if (before === undefined) return found;
  const steps = found.map((joint, index) => minus(joint, before[index] ?? joint));
  const length = steps.reduce((sum, { x, y }) => sum + Math.hypot(x, y), 0) / steps.length;
  if (length === 0) return found;
  const share = length / (length + STILL_RADII * radiusOf(found));
  return found.map((joint, index) => minus(joint, scaled(steps[index] ?? joint, 1 - share)));
}

/** A pixel's place is that of its middle. */
const MIDDLE: Vector = { x: 0.5, y: 0.5 };

function jointsOf(landmarks: Float32Array, { widthPx, heightPx }: Luma): Vector[] {
  return Array.from({ length: LANDMARK_COUNT }, (_, joint) =>
    minus({ x: (landmarks[3 * joint] ?? 0) * widthPx, y: (landmarks[3 * joint + 1] ?? 0) * heightPx }, MIDDLE),
  );
}

/** The landmarks with their x and y replaced. */
function landmarksOf(joints: readonly Vector[], landmarks: Float32Array, { widthPx, heightPx }: Luma): Float32Array {
  const places = Float32Array.from(landmarks);
  joints.forEach((joint, index) => {
    const { x, y } = plus(joint, MIDDLE);
    places[3 * index] = x / widthPx;
    places[3 * index + 1] = y / heightPx;
  });
  return places;
}

function areOfOneSize(one: Pyramid, other: Pyramid): boolean {
  return one[0]?.widthPx === other[0]?.widthPx && one[0]?.heightPx === other[0]?.heightPx;
}
