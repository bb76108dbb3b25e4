import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type AnsweredSample, FiguresWindow, NO_FIGURES, percentile } from './figures.ts';
import { STAGES, type Stage } from './stages.ts';

const sample = (atMs: number, roundTripMs = 10): AnsweredSample => ({ atMs, roundTripMs, bytesUp: 20_000, bytesDown: 350 });
const stages = (ms: number) => Object.fromEntries(STAGES.map((stage) => [stage, ms])) as Record<Stage, number>;
const trace = (ms: number) => ({ spansNs: new Map(STAGES.map((stage) => [stage, 1e6 * ms])) });

test('says nothing before the first frame', () => {
  expect(new FiguresWindow().summary(0)).toEqual({ ...NO_FIGURES, framesPerSecond: 0 });
});

test('30 frames a second are 30 frames a second', () => {
  const figures = new FiguresWindow();
  for (let index = 0; index < 300; index += 1) figures.addAnswered(sample((index * 1000) / 30, index % 20 === 0 ? 50 : 10));
  const summary = figures.summary(10_000);
  expect(summary.framesPerSecond).toBeCloseTo(30, 1);
  expect(summary).toMatchObject({ roundTripP50Ms: 10, roundTripP95Ms: 10, bytesUp: 20_000, bytesDown: 350 });
});

test('the rate falls when answers stay away, and nothing is left when the window has passed', () => {
  const figures = new FiguresWindow(3000);
  for (let atMs = 0; atMs <= 1000; atMs += 100) figures.addAnswered(sample(atMs));
  expect(figures.summary(1050).framesPerSecond).toBeCloseTo(10);
  expect(figures.summary(2100).framesPerSecond).toBeCloseTo(5);
  expect(figures.summary(4001)).toMatchObject({ framesPerSecond: 0, roundTripP50Ms: null, bytesUp: null });
});

test('drops are counted by place, from the start', () => {
  const figures = new FiguresWindow();
  figures.addDropped('capture', 3);
  figures.addDropped('queue');
  figures.addRefused();
  expect(figures.summary(1e6)).toMatchObject({
    dropped: { capture: 3, queue: 1, send: 0, network_up: 0, network_down: 0 },
    droppedTotal: 4,
    refused: 1,
  });
});

test('stages and age are medians of what was shown', () => {
  const figures = new FiguresWindow();
  for (const ms of [1, 2, 30]) figures.addShown({ atMs: ms, ageMs: 10 * ms, trace: trace(ms) });
  expect(figures.summary(40)).toMatchObject({ ageP50Ms: 20, stagesMs: stages(2) });
});

describe('percentile', () => {
  test.each([
    [[], 0.5, null],
    [[7], 0.95, 7],
    [[3, 1, 2], 0.5, 2],
    [[1, 2, 3, 4], 0.5, 2],
    [Array.from({ length: 100 }, (_, index) => index + 1), 0.95, 95],
    [[5, 1], 0, 1],
    [[5, 1], 1, 5],
  ])('%j at %d is %s', (values, share, expected) => expect(percentile(values, share)).toBe(expected));

  test('at least that share of the values is not greater', () => {
    fc.assert(
      fc.property(fc.array(fc.integer(), { minLength: 1 }), fc.double({ min: 0, max: 1, noNaN: true }), (values, share) => {
        const value = percentile(values, share) ?? Number.NaN;
        expect(values).toContain(value);
        expect(values.filter((other) => other <= value).length).toBeGreaterThanOrEqual(share * values.length - 1e-6);
      }),
    );
  });
});
