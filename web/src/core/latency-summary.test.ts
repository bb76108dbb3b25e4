import { expect, test } from 'vitest';
import { FrameLog, type FrameRecord } from './frame-log.ts';
import { LatencySummary, timelineOf } from './latency-summary.ts';
import { recordOf } from './records.ts';

function logOf(records: readonly FrameRecord[]): FrameLog {
  const log = new FrameLog();
  for (const record of records) log.add(record);
  return log;
}

test('stages and age are summed up over what was shown, once each', () => {
  const log = logOf(
    Array.from({ length: 100 }, (_, index) => recordOf({ sequence: index, startMs: 50 * index, trackMs: index < 90 ? 7 : 70 })),
  );
  const summary = new LatencySummary(log);
  summary.update(5_000);
  const { ageMs, stagesMs, networkErrorMs } = summary.update(5_000);
  expect(stagesMs.track.p50).toBeCloseTo(7, 0);
  expect(Math.abs((stagesMs.track.p95 ?? 0) - 70)).toBeLessThan(0.8);
  expect(Math.abs((ageMs.p50 ?? 0) - 33)).toBeLessThan(0.4);
  expect(networkErrorMs).toBeCloseTo(0.5, 1);
  expect(stagesMs.annotate.p50).toBeNull();
});

test('what was not shown counts as bytes and not as age', () => {
  const log = logOf([recordOf({ startMs: 4_200 }), recordOf({ startMs: 4_300, droppedAt: 'queue' })]);
  const { ageMs, upBytesPerSecond, downBytesPerSecond } = new LatencySummary(log).update(4_900);
  expect(upBytesPerSecond).toBe(40_000);
  expect(downBytesPerSecond).toBe(350);
  expect(Math.abs((ageMs.p99 ?? 0) - 33)).toBeLessThan(0.4);
  expect(new LatencySummary(logOf([])).update(0).ageMs.p50).toBeNull();
});

test('a timeline has a point for each shown frame, with the rate of the second before it', () => {
  const records = Array.from({ length: 60 }, (_, index) => recordOf({ sequence: index, startMs: index * (index < 30 ? 40 : 100) }));
  const { frames, timesS, agesMs, framesPerSecond } = timelineOf([...records, recordOf({ startMs: 9_000, droppedAt: 'send' })]);
  expect(frames).toHaveLength(60);
  expect(agesMs.every((age) => age === 33)).toBe(true);
  expect(timesS[1]).toBeCloseTo(0.073);
  expect(framesPerSecond[28]).toBe(25);
  expect(framesPerSecond.at(-1)).toBe(10);
});
