import fc from 'fast-check';
import { expect, test } from 'vitest';
import { percentile } from './figures.ts';
import { HandFollower } from './hand-follower.ts';
import { type Pyramid, pyramidOf } from './luma.ts';
import { cloth, painted } from './painted.ts';
import { minus, type Vector } from './vector.ts';
import { type ClipHand, readClipTruth } from './vectors.ts';
import type { Hand } from './wire.ts';

const [WIDTH_PX, HEIGHT_PX] = [160, 120];
const FRAME_MS = 1000 / 30;

type Place = (joint: number) => readonly [number, number];

function handAt(place: Place, handId = 1): Hand {
  const landmarks = Float32Array.from({ length: 63 }, (_, index) => place(Math.floor(index / 3))[index % 3] ?? 0);
  return { handId, handedness: 'Left', score: 0.9, landmarks, worldLandmarks: null };
}

/** A hand of 21 joints on a ring, moved by so many px of the pictures. */
const ringAt = ({ x, y }: Vector): Hand =>
  handAt((joint) => [(60 + x + 15 * Math.cos(joint)) / WIDTH_PX, (50 + y + 15 * Math.sin(joint)) / HEIGHT_PX]);

/** All that is to be seen, moved by so much. */
const pictureAt = (shift: Vector): Pyramid =>
  pyramidOf(
    painted(WIDTH_PX, HEIGHT_PX, (place) => cloth(minus(place, shift))),
    4,
  );

const firstJoint = ([hand]: readonly Hand[]): Vector => ({
  x: (hand?.landmarks?.[0] ?? Number.NaN) * WIDTH_PX,
  y: (hand?.landmarks?.[1] ?? Number.NaN) * HEIGHT_PX,
});

/** A hand that turns back and back again. */
const wayAt = (frame: number): Vector => ({ x: 25 * Math.sin(frame / 4), y: 10 * Math.cos(frame / 3) });

/** Sees that many pictures of it. */
function sawUntil(frame: number): HandFollower {
  const follower = new HandFollower();
  for (let index = 0; index <= frame; index += 1) follower.see(pictureAt(wayAt(index)), index * FRAME_MS);
  return follower;
}

const expectAt = (hands: readonly Hand[], { x, y }: Vector) => {
  const joint = firstJoint(hands);
  expect(Math.hypot(joint.x - (60 + 15 + x), joint.y - (50 + y))).toBeLessThan(0.5);
};

test('hands of an old picture are carried to the newest one, and on with each that follows, wherever they turn', () => {
  const follower = sawUntil(7);
  follower.add([ringAt(wayAt(3))], 3 * FRAME_MS);
  expectAt(follower.hands, wayAt(7));
  for (const frame of [8, 9, 10]) {
    follower.see(pictureAt(wayAt(frame)), frame * FRAME_MS);
    expectAt(follower.hands, wayAt(frame));
  }
});

test('hands of a picture that is not here yet are carried on from that one', () => {
  const follower = sawUntil(5);
  follower.add([ringAt(wayAt(7))], 7 * FRAME_MS);
  expect(follower.hands, 'two pictures before its own').toEqual([]);
  follower.see(pictureAt(wayAt(6)), 6 * FRAME_MS);
  expectAt(follower.hands, wayAt(7));
  for (const frame of [7, 8, 9]) {
    follower.see(pictureAt(wayAt(frame)), frame * FRAME_MS);
    expectAt(follower.hands, wayAt(frame));
  }
});

test('a hand of the newest picture is where the answer has it, with all that the answer says', () => {
  const follower = sawUntil(3);
  const hand = ringAt(wayAt(3));
  follower.add([hand], 3 * FRAME_MS + 4);
  expect(follower.hands).toHaveLength(1);
  expect({ ...follower.hands[0], landmarks: null }).toEqual({ ...hand, landmarks: null });
  follower.hands[0]?.landmarks?.forEach((value, index) => void expect(value).toBeCloseTo(hand.landmarks?.[index] ?? Number.NaN, 6));
});

test('it is shown for half a second after its picture', () => {
  const follower = sawUntil(0);
  follower.add([ringAt(wayAt(0))], 0);
  follower.see(pictureAt(wayAt(0)), 499);
  expect(follower.hands).toHaveLength(1);
  follower.see(pictureAt(wayAt(0)), 501);
  expect(follower.hands).toEqual([]);
});

test.each([
  ['too old', 16, 0],
  ['never seen', 3, 3 * FRAME_MS + 51],
])('an answer whose picture is %s shows no hand', (_, frame, timeMs) => {
  const follower = sawUntil(frame);
  follower.add([ringAt(wayAt(0))], timeMs);
  expect(follower.hands).toEqual([]);
});

test.each([
  ['a clip that starts again', pictureAt(wayAt(0)), 0],
  ['a picture of another size', pyramidOf(painted(120, WIDTH_PX, cloth), 4), 5 * FRAME_MS],
])('%s begins afresh', (_, picture, timeMs) => {
  const follower = sawUntil(4);
  follower.add([ringAt(wayAt(4))], 4 * FRAME_MS);
  follower.see(picture, timeMs);
  expect(follower.hands).toEqual([]);
  follower.add([ringAt(wayAt(0))], timeMs);
  expect(follower.hands).toHaveLength(1);
});

test('the same picture once more changes nothing', () => {
  const follower = sawUntil(4);
  follower.add([ringAt(wayAt(3))], 3 * FRAME_MS);
  const hands = follower.hands;
  follower.see(pictureAt(wayAt(4)), 4 * FRAME_MS);
  expect(follower.hands).toEqual(hands);
});

test('hands that are gone, or have no landmarks, are forgotten', () => {
  const follower = sawUntil(2);
  follower.add([ringAt(wayAt(0)), { ...ringAt(wayAt(0)), handId: 2 }], 0);
  expect(follower.hands.map(({ handId }) => handId)).toEqual([1, 2]);
  follower.add([{ ...ringAt(wayAt(1)), handId: 2 }], FRAME_MS);
  expect(follower.hands.map(({ handId }) => handId)).toEqual([2]);
  follower.add([{ ...ringAt(wayAt(2)), handId: 2, landmarks: null }], 2 * FRAME_MS);
  expect(follower.hands).toEqual([]);
  follower.add([ringAt(wayAt(2))], 2 * FRAME_MS);
  follower.clear();
  expect(follower.hands).toEqual([]);
});

test('whatever comes, joints stay finite', () => {
  const pictures = [
    pictureAt(wayAt(0)),
    pictureAt(wayAt(1)),
    pyramidOf(
      painted(WIDTH_PX, HEIGHT_PX, () => 0),
      4,
    ),
    pyramidOf(painted(1, 1, cloth), 4),
  ];
  const step = fc.record({
    picture: fc.constantFrom(...pictures),
    afterMs: fc.double({ min: -50, max: 400, noNaN: true }),
    lateMs: fc.double({ min: 0, max: 700, noNaN: true }),
    place: fc.double({ min: -1000, max: 1000, noNaN: true }),
  });
  fc.assert(
    fc.property(fc.array(step, { minLength: 1, maxLength: 10 }), (steps) => {
      const follower = new HandFollower();
      let timeMs = 0;
      for (const { picture, afterMs, lateMs, place } of steps) {
        timeMs += afterMs;
        follower.see(picture, timeMs);
        follower.add([ringAt({ x: place, y: -place })], timeMs - lateMs);
        for (const { landmarks } of follower.hands) expect(landmarks?.every((value) => Number.isFinite(value))).toBe(true);
      }
    }),
  );
});

// --- on the hands of the demo clip, whose joints are known: painted, each joint a dot of its own brightness on a cloth that stays

const CLIP = readClipTruth();
const CLIP_WIDTH_PX = 640;
const DOT_PX = 2;

const background = painted(WIDTH_PX, HEIGHT_PX, (place) => 100 + (cloth(place) - 128) / 4);

function pictureOf(hands: readonly ClipHand[]): Pyramid {
  const pixels = background.pixels.slice();
  for (const { xy } of hands) {
    for (let joint = 0; joint < 21; joint += 1) {
      const dot = { x: (xy[2 * joint] ?? 0) / 4 - 0.5, y: (xy[2 * joint + 1] ?? 0) / 4 - 0.5 };
      paintDot(pixels, dot, joint % 2 === 0 ? 120 : -80);
    }
  }
  return pyramidOf({ ...background, pixels }, 4);
}

function paintDot(pixels: Uint8Array, dot: Vector, contrast: number): void {
  for (let y = Math.max(0, Math.ceil(dot.y - 3 * DOT_PX)); y < Math.min(HEIGHT_PX, dot.y + 3 * DOT_PX); y += 1) {
    for (let x = Math.max(0, Math.ceil(dot.x - 3 * DOT_PX)); x < Math.min(WIDTH_PX, dot.x + 3 * DOT_PX); x += 1) {
      const share = Math.exp(-((x - dot.x) ** 2 + (y - dot.y) ** 2) / (2 * DOT_PX ** 2));
      const brightness = pixels[y * WIDTH_PX + x] ?? 0;
      pixels[y * WIDTH_PX + x] = Math.min(255, Math.max(0, Math.round(brightness + share * contrast)));
    }
  }
}

/** Noise as the networks have it, about twice as much: 0.4 px on each axis of each joint. */
function noise(seed: number): () => number {
  let state = seed;
  const uniform = (): number => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return (state + 1) / 2 ** 32;
  };
  return () => 0.4 * Math.sqrt(-2 * Math.log(uniform())) * Math.cos(2 * Math.PI * uniform());
}

const toHand = ({ xy, id }: ClipHand, shake: () => number): Hand =>
  handAt((joint) => [((xy[2 * joint] ?? 0) + shake()) / CLIP_WIDTH_PX, ((xy[2 * joint + 1] ?? 0) + shake()) / 480], id);

/** Mean distance of a hand's joints from the truth, in px of the clip. */
function errorPx({ landmarks }: Hand, { xy }: ClipHand): number {
  const distances = Array.from({ length: 21 }, (_, joint) =>
    Math.hypot(
      (landmarks?.[3 * joint] ?? 0) * CLIP_WIDTH_PX - (xy[2 * joint] ?? 0),
      (landmarks?.[3 * joint + 1] ?? 0) * 480 - (xy[2 * joint + 1] ?? 0),
    ),
  );
  return distances.reduce((sum, distance) => sum + distance, 0) / 21;
}

interface Seen {
  readonly frame: number;
  readonly drawn: Hand;
  readonly answered: Hand;
  readonly truth: ClipHand;
}

const isInView = ({ xy }: ClipHand): boolean => xy.every((value, index) => value >= 0 && value <= (index % 2 === 0 ? CLIP_WIDTH_PX : 480));

/** Plays the clip with answers that come so many frames late: each hand that is in view, as drawn, as last answered and as it is. */
function played(first: number, last: number, delayFrames: number): Seen[] {
  const follower = new HandFollower();
  const shake = noise(7);
  const answers = CLIP.frames.map((hands) => hands.map((hand) => toHand(hand, shake)));
  const seen: Seen[] = [];
  for (let frame = first; frame < last; frame += 1) {
    follower.see(pictureOf(CLIP.frames[frame] ?? []), frame * FRAME_MS);
    const answered = answers[frame - delayFrames] ?? [];
    if (frame >= first + delayFrames) follower.add(answered, (frame - delayFrames) * FRAME_MS);
    for (const drawn of follower.hands) {
      const truth = CLIP.frames[frame]?.find(({ id }) => id === drawn.handId);
      const before = answered.find(({ handId }) => handId === drawn.handId);
      if (truth !== undefined && isInView(truth) && before !== undefined) seen.push({ frame, drawn, answered: before, truth });
    }
  }
  return seen;
}

const CHAPTERS = CLIP.chapters.map(([name, first], index) => ({ name, first, last: CLIP.chapters[index + 1]?.[1] ?? CLIP.frames.length }));

test.each(CHAPTERS.slice(1))('at 100 ms the error in $name is at most half of that of hands that are not carried on', ({ first, last }) => {
  const seen = played(first, last, 3);
  const sum = (hand: 'drawn' | 'answered') => seen.reduce((all, each) => all + errorPx(each[hand], each.truth), 0);
  expect(sum('drawn') / sum('answered')).toBeLessThan(0.5);
});

test('at 100 ms a still hand shakes by less than 1 px, and less than its answers do', () => {
  const places = played(0, 45, 3)
    .filter(({ frame }) => frame >= 10)
    .map(({ drawn, answered }) => ({
      x: (drawn.landmarks?.[24] ?? 0) * CLIP_WIDTH_PX,
      raw: (answered.landmarks?.[24] ?? 0) * CLIP_WIDTH_PX,
    }));
  const steps = (key: 'x' | 'raw') => places.slice(1).map((place, index) => Math.abs(place[key] - (places[index]?.[key] ?? 0)));
  expect(percentile(steps('x'), 0.95) ?? 1).toBeLessThan(1);
  expect(percentile(steps('x'), 0.5) ?? 1).toBeLessThan(percentile(steps('raw'), 0.5) ?? 0);
});
