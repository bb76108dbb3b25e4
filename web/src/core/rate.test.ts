import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type AnsweredFrame, DEFAULT_BOUNDS, type RateBounds, RateController, type RateDecision } from './rate.ts';

type Bounds = [number, number, number, number, number, number, [number, ...number[]], boolean, number];
type Frame = [number, number, number | null, number, number, number, number];
type Decision = [number, number, number, number, string, string];

type Call =
  | readonly ['answered', Frame, number]
  | readonly ['wants_probe', number, boolean]
  | readonly ['replaced', number]
  | readonly ['shown', number, number, number]
  | readonly ['advise', number | null]
  | readonly ['see_region', number | null, number]
  | readonly ['set_bounds', Bounds, number];

interface Sequence {
  readonly name: string;
  readonly bounds: Bounds;
  /** What the controller is told, and what it then decides: null where that is as before. */
  readonly steps: readonly (readonly [Call, Decision | null])[];
}

const sequences = JSON.parse(readFileSync(new URL('../../../tests/vectors/rate.json', import.meta.url), 'utf8')) as Sequence[];

function boundsOf([frameIntervalMs, maxFrameIntervalMs, jpegQuality, minJpegQuality, ...rest]: Bounds): RateBounds {
  const [answerQuality, minAnswerQuality, scales, hasPictureAnswers, captureLongSidePx] = rest;
  const intervals = { frameIntervalMs, maxFrameIntervalMs };
  return { ...intervals, jpegQuality, minJpegQuality, answerQuality, minAnswerQuality, scales, hasPictureAnswers, captureLongSidePx };
}

function frameOf([sentMs, networkMs, probeMs, queueMs, workMs, upBytes, downBytes]: Frame): AnsweredFrame {
  return { sentMs, networkMs, probeMs, queueMs, workMs, upBytes, downBytes };
}

function perform(rate: RateController, call: Call): void {
  switch (call[0]) {
    case 'answered':
      rate.answered(frameOf(call[1]), call[2]);
      break;
    case 'wants_probe':
      expect(rate.wantsProbe(call[1])).toBe(call[2]);
      break;
    case 'replaced':
      rate.replaced(call[1]);
      break;
    case 'shown':
      rate.shown(call[1], call[2], call[3]);
      break;
    case 'advise':
      rate.advise(call[1]);
      break;
    case 'see_region':
      rate.seeRegion(call[1], call[2]);
      break;
    case 'set_bounds':
      rate.setBounds(boundsOf(call[1]), call[2]);
      break;
  }
}

function expectDecision(decision: RateDecision, [frameIntervalMs, ...exactly]: Decision): void {
  expect(decision.frameIntervalMs).toBeCloseTo(frameIntervalMs, 9);
  expect([decision.jpegQuality, decision.answerQuality, decision.scale, decision.limit, decision.reason]).toEqual(exactly);
}

describe('the golden sequences', () => {
  test.each(sequences)('$name', ({ bounds, steps }) => {
    const rate = new RateController(boundsOf(bounds));
    let last = rate.decision;
    for (const [call, expected] of steps) {
      perform(rate, call);
      if (expected === null) expect(rate.decision).toBe(last);
      else expectDecision(rate.decision, expected);
      last = rate.decision;
    }
  });

  test('there are some', () => expect(sequences.length).toBeGreaterThan(3));
});

test.each<Partial<RateBounds>>([
  { frameIntervalMs: -1 },
  { frameIntervalMs: 2_000 },
  { jpegQuality: 0 },
  { minAnswerQuality: 101 },
  { scales: [0.5, 0.75] },
  { scales: [Number.NaN] },
])('bounds out of range are refused: %o', (changes) => {
  expect(() => new RateController({ ...DEFAULT_BOUNDS, ...changes })).toThrow(RangeError);
});

test('whatever is seen, the decision is within the bounds', () => {
  const number = fc.double({ min: -1e6, max: 1e6, noNaN: true });
  const bytes = fc.nat(10 ** 7);
  const frames = fc.array(fc.tuple(number, fc.option(number), number, number, bytes, bytes, number, number, fc.boolean()), {
    maxLength: 80,
  });
  fc.assert(
    fc.property(frames, fc.boolean(), fc.double({ min: 0, max: 100, noNaN: true }), (drawn, hasPictureAnswers, frameIntervalMs) => {
      const bounds: RateBounds = { ...DEFAULT_BOUNDS, frameIntervalMs, maxFrameIntervalMs: 500, hasPictureAnswers };
      const rate = new RateController(bounds);
      for (const [index, [networkMs, probeMs, queueMs, workMs, upBytes, downBytes, packMs, showMs, isReplaced]] of drawn.entries()) {
        const sentMs = index * 40;
        rate.answered({ sentMs, networkMs, probeMs, queueMs, workMs, upBytes, downBytes }, sentMs);
        rate.shown(packMs, showMs, sentMs);
        if (isReplaced) rate.replaced(sentMs);
        const { frameIntervalMs: intervalMs, jpegQuality, answerQuality, scale } = rate.decision;
        expect(intervalMs >= frameIntervalMs && intervalMs <= 500).toBe(true);
        expect(jpegQuality >= bounds.minJpegQuality && jpegQuality <= bounds.jpegQuality).toBe(true);
        expect(answerQuality >= bounds.minAnswerQuality && answerQuality <= bounds.answerQuality).toBe(true);
        expect(bounds.scales).toContain(scale);
      }
    }),
  );
});
