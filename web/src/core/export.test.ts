import { describe, expect, test } from 'vitest';
import { chromeTrace, framesJson, type TraceEvent } from './export.ts';
import { recordOf } from './records.ts';
import { STAGES } from './stages.ts';

const records = [
  recordOf({ sequence: 0, startMs: 1000 }),
  recordOf({ sequence: 1, startMs: 1010, droppedAt: 'queue' }), // On its way together with the first.
  recordOf({ sequence: 2, startMs: 1033 }),
];

describe('as a trace', () => {
  const { traceEvents } = JSON.parse(chromeTrace(records)) as { traceEvents: TraceEvent[] };
  const of = (ph: TraceEvent['ph']) => traceEvents.filter((event) => event.ph === ph);

  test('every event has what the format asks of it', () => {
    for (const { ph, name, ts, dur, pid, tid } of traceEvents) {
      expect(['X', 'M', 'C', 'i']).toContain(ph);
      expect(name).not.toBe('');
      for (const value of [ts, pid, tid]) expect(Number.isFinite(value)).toBe(true);
      if (ph === 'X') expect(dur).toBeGreaterThanOrEqual(0);
    }
  });

  test('page, network and server are named processes, and every thread has a name', () => {
    const processes = of('M').filter(({ name }) => name === 'process_name');
    expect(processes.map(({ pid, args }) => [pid, args?.['name']])).toEqual([
      [1, 'page'],
      [2, 'network'],
      [3, 'server'],
    ]);
    const named = new Set(of('M').map(({ pid, tid }) => `${pid} ${tid}`));
    for (const { pid, tid } of of('X')) expect(named).toContain(`${pid} ${tid}`);
  });

  test('the stages of a frame follow each other without a gap, in the process where they pass, in µs', () => {
    const stages = of('X').filter(({ cat, args }) => cat === 'stage' && args?.['frame_id'] === 0);
    expect(stages[0]).toMatchObject({ name: 'capture', ts: 1_000_000, dur: 3000, pid: 1 });
    expect(stages.find(({ name }) => name === 'track')).toMatchObject({ dur: 7000, pid: 3 });
    for (const [index, { ts }] of stages.slice(1).entries())
      expect(ts).toBeCloseTo((stages[index]?.ts ?? 0) + (stages[index]?.dur ?? 0), 3);
    expect((stages.at(-1)?.ts ?? 0) + (stages.at(-1)?.dur ?? 0)).toBeCloseTo(1_033_000, 3);
  });

  test('events of one thread lie beside or within each other', () => {
    const complete = of('X');
    for (const one of complete) {
      for (const other of complete.filter(({ pid, tid }) => pid === one.pid && tid === one.tid)) {
        const [oneEnd, otherEnd] = [one.ts + (one.dur ?? 0), other.ts + (other.dur ?? 0)];
        const isBeside = oneEnd <= other.ts + 1e-6 || otherEnd <= one.ts + 1e-6;
        const isWithin = (one.ts >= other.ts && oneEnd <= otherEnd + 1e-6) || (other.ts >= one.ts && otherEnd <= oneEnd + 1e-6);
        expect(isBeside || isWithin).toBe(true);
      }
    }
  });

  test('the age is a counter, and a drop an instant that names its stage', () => {
    expect(of('C').map(({ args }) => args)).toEqual([{ ms: 33 }, { ms: 33 }]);
    expect(of('i')).toMatchObject([{ name: 'dropped at queue', s: 't' }]);
  });
});

test('as JSON, each frame has its stages, its outcome and the controller', () => {
  const { format, stages, frames } = JSON.parse(framesJson(records));
  expect([format, stages]).toEqual(['handstream.frames/1', STAGES]);
  expect(frames[0]).toMatchObject({
    frame_id: 0,
    outcome: 'shown',
    captured_ms: 1000,
    settled_ms: 1033,
    bytes_up: 20_000,
    hands: 1,
    network_error_ms: 0.5,
  });
  expect(Object.values<number>(frames[0].stages_ms).reduce((sum, ms) => sum + ms, 0)).toBeCloseTo(33);
  expect(frames[1]).toMatchObject({ outcome: 'dropped', dropped_at: 'queue', bytes_down: null, controller: { limit: 'none', scale: 1 } });
});
