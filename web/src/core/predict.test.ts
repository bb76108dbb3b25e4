import fc from 'fast-check';
import { expect, test } from 'vitest';
import { percentile } from './figures.ts';
import { HandPredictor } from './predict.ts';
import { type ClipHand, readClipTruth } from './vectors.ts';
import type { Hand } from './wire.ts';

const ASPECT = 0.75;
const WIDTH_PX = 640;
const FRAME_MS = 1000 / 30;

type Place = (joint: number) => readonly [number, number];

function handAt(place: Place, handId = 1): Hand {
  const landmarks = Float32Array.from({ length: 63 }, (_, index) => place(Math.floor(index / 3))[index % 3] ?? 0);
  return { handId, handedness: 'Left', score: 0.9, landmarks, worldLandmarks: null };
}

/** A hand of 21 joints on a ring, moved so far. */
const ringAt = (x: number, y: number): Hand =>
  handAt((joint) => [0.3 + x + 0.1 * Math.cos(joint), 0.4 + y + (0.1 * Math.sin(joint)) / ASPECT]);

const firstJoint = ([hand]: readonly Hand[]) => [hand?.landmarks?.[0] ?? Number.NaN, hand?.landmarks?.[1] ?? Number.NaN] as const;

test('a hand that moves evenly is carried on along its way', () => {
  const predictor = new HandPredictor();
  for (let frame = 0; frame <= 6; frame += 1) predictor.add([ringAt(0.02 * frame, -0.01 * frame)], frame * FRAME_MS, ASPECT);
  const [x, y] = firstJoint(predictor.at(9 * FRAME_MS));
  expect(x).toBeCloseTo(0.4 + 0.18, 2);
  expect(y).toBeCloseTo(0.4 - 0.09, 2);
});

test('in its own picture a hand is where the answer has it, but for the steadying of a still one', () => {
  const predictor = new HandPredictor();
  predictor.add([ringAt(0, 0)], 0, ASPECT);
  expect(firstJoint(predictor.at(0))[0]).toBeCloseTo(0.4, 6);
  predictor.add([ringAt(0.1, 0)], FRAME_MS, ASPECT);
  expect(Math.abs(firstJoint(predictor.at(FRAME_MS))[0] - 0.5)).toBeLessThan(0.02 * 0.11);
  expect(firstJoint(predictor.at(0))[0], 'an older picture does not send it back').toBeCloseTo(0.5, 2);
});

test('it is carried no further than 150 ms, and shown no longer than 500', () => {
  const predictor = new HandPredictor();
  for (let frame = 0; frame <= 3; frame += 1) predictor.add([ringAt(0.02 * frame, 0)], frame * FRAME_MS, ASPECT);
  expect(predictor.at(100 + 150)).toEqual(predictor.at(100 + 499));
  expect(predictor.at(100 + 501)).toEqual([]);
});

test.each([
  ['a clip that starts again', 20],
  ['a pause', 1000],
])('%s begins afresh: nothing is carried over', (_, timeMs) => {
  const predictor = new HandPredictor();
  for (let frame = 0; frame <= 3; frame += 1) predictor.add([ringAt(0.02 * frame, 0)], frame * FRAME_MS, ASPECT);
  predictor.add([ringAt(0.3, 0)], timeMs, ASPECT);
  expect(firstJoint(predictor.at(timeMs + 100))[0]).toBeCloseTo(0.7, 6);
});

test('hands that are gone, or have no landmarks, are forgotten', () => {
  const predictor = new HandPredictor();
  predictor.add([ringAt(0, 0), { ...ringAt(0.2, 0), handId: 2 }], 0, ASPECT);
  expect(predictor.at(10).map(({ handId }) => handId)).toEqual([1, 2]);
  predictor.add([{ ...ringAt(0.2, 0), handId: 2 }], FRAME_MS, ASPECT);
  expect(predictor.at(40).map(({ handId }) => handId)).toEqual([2]);
  predictor.add([{ ...ringAt(0, 0), handId: 2, landmarks: null }], 2 * FRAME_MS, ASPECT);
  expect(predictor.at(70)).toEqual([]);
});

test('whatever comes, joints stay finite', () => {
  const steps = fc.array(
    fc.record({ x: fc.double({ min: -1, max: 1, noNaN: true }), afterMs: fc.double({ min: -50, max: 400, noNaN: true }) }),
    {
      minLength: 1,
      maxLength: 12,
    },
  );
  fc.assert(
    fc.property(steps, fc.double({ min: 0, max: 400, noNaN: true }), (moves, horizonMs) => {
      const predictor = new HandPredictor();
      let timeMs = 0;
      for (const { x, afterMs } of moves) {
        timeMs += afterMs;
        predictor.add([ringAt(x, 0)], timeMs, ASPECT);
      }
      const landmarks = predictor.at(timeMs + horizonMs)[0]?.landmarks ?? new Float32Array();
      expect(landmarks).toHaveLength(63);
      expect(landmarks.every((value) => Number.isFinite(value))).toBe(true);
    }),
  );
});

// --- on the demo clip, whose joints are known

const CLIP = readClipTruth();

/** Noise as the networks have it, about twice as much: 0.4 px on each axis of each joint. */
function noise(seed: number): () => number {
  let state = seed;
  const uniform = (): number => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return (state + 1) / 2 ** 32;
  };
  return () => (0.4 / WIDTH_PX) * Math.sqrt(-2 * Math.log(uniform())) * Math.cos(2 * Math.PI * uniform());
}

const toHand = (clipHand: ClipHand, shake: () => number): Hand =>
  handAt(
    (joint) => [(clipHand.xy[2 * joint] ?? 0) / WIDTH_PX + shake(), (clipHand.xy[2 * joint + 1] ?? 0) / 480 + shake() / ASPECT],
    clipHand.id,
  );

/** Mean distance of a hand's joints from the truth, in px. */
function errorPx({ landmarks }: Hand, { xy }: ClipHand): number {
  const distances = Array.from({ length: 21 }, (_, joint) =>
    Math.hypot(
      (landmarks?.[3 * joint] ?? 0) * WIDTH_PX - (xy[2 * joint] ?? 0),
      (landmarks?.[3 * joint + 1] ?? 0) * 480 - (xy[2 * joint + 1] ?? 0),
    ),
  );
  return distances.reduce((sum, distance) => sum + distance, 0) / 21;
}

/** Mean distance of joints, as a share of the picture's width. */
function distance(one: Float32Array | null | undefined, other: Float32Array): number {
  const distances = Array.from({ length: 21 }, (_, joint) =>
    Math.hypot(
      (one?.[3 * joint] ?? Number.NaN) - (other[3 * joint] ?? 0),
      (one?.[3 * joint + 1] ?? Number.NaN) - (other[3 * joint + 1] ?? 0),
    ),
  );
  return distances.reduce((sum, value) => sum + value, 0) / 21;
}

/** Plays the clip with answers that come so many frames late; `see` gets each hand as drawn, as last answered and as it is. */
function play(delayFrames: number, see: (frame: number, drawn: Hand, answered: Hand, truth: ClipHand) => void): void {
  const predictor = new HandPredictor();
  const shake = noise(7);
  CLIP.frames.forEach((truths, frame) => {
    const answered = (CLIP.frames[frame - delayFrames] ?? []).map((hand) => toHand(hand, shake));
    if (frame >= delayFrames) predictor.add(answered, (frame - delayFrames) * FRAME_MS, ASPECT);
    for (const drawn of predictor.at(frame * FRAME_MS)) {
      const truth = truths.find(({ id }) => id === drawn.handId);
      const last = answered.find(({ handId }) => handId === drawn.handId);
      if (truth !== undefined && last !== undefined) see(frame, drawn, last, truth);
    }
  });
}

test('fingers that move at random are left where they were found', () => {
  const shake = noise(3);
  const predictor = new HandPredictor();
  const places = Array.from({ length: 90 }, () => handAt(() => [0.4 + 40 * shake(), 0.5 + 40 * shake()]));
  let [carriedOn, left] = [0, 0];
  places.forEach((hand, frame) => {
    predictor.add([hand], frame * FRAME_MS, ASPECT);
    const next = places[frame + 3]?.landmarks;
    if (frame < 30 || next === null || next === undefined) return;
    carriedOn += distance(predictor.at((frame + 3) * FRAME_MS)[0]?.landmarks, next);
    left += distance(hand.landmarks, next);
  });
  expect(carriedOn / left).toBeLessThan(1.02);
});

test.each([
  { delayMs: 33, frames: 1, atMost: 0.4 },
  { delayMs: 66, frames: 2, atMost: 0.4 },
  { delayMs: 100, frames: 3, atMost: 0.45 },
])('at $delayMs ms the error on moving hands is at most $atMost of that without prediction', ({ frames, atMost }) => {
  const still = CLIP.chapters[1]?.[1] ?? 0;
  let [predictedPx, unpredictedPx] = [0, 0];
  play(frames, (frame, drawn, answered, truth) => {
    if (frame < still) return;
    predictedPx += errorPx(drawn, truth);
    unpredictedPx += errorPx(answered, truth);
  });
  expect(predictedPx / unpredictedPx).toBeLessThan(atMost);
});

test('at 100 ms a still hand shakes by less than 1 px, and less than its answers do', () => {
  const places: { x: number; raw: number }[] = [];
  play(3, (frame, drawn, answered) => {
    if (frame >= 10 && frame < 45)
      places.push({ x: (drawn.landmarks?.[24] ?? 0) * WIDTH_PX, raw: (answered.landmarks?.[24] ?? 0) * WIDTH_PX });
  });
  const steps = (key: 'x' | 'raw') => places.slice(1).map((place, index) => Math.abs(place[key] - (places[index]?.[key] ?? 0)));
  expect(percentile(steps('x'), 0.95) ?? 1).toBeLessThan(1);
  expect(percentile(steps('x'), 0.5) ?? 1).toBeLessThan(percentile(steps('raw'), 0.5) ?? 0);
});
