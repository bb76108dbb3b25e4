import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { SERVER_STAGES, type Stage } from './stages.ts';
import { stampNs, Trace } from './trace.ts';
import { readVectors } from './vectors.ts';

type Reckoned = [Partial<Record<Stage, number>>, number];
type Step =
  | ['end' | 'add', Stage, number, ...Reckoned]
  | ['cross', number, Partial<Record<(typeof SERVER_STAGES)[number], number>>, number, ...Reckoned];

interface Sequence {
  readonly name: string;
  readonly start_time_ns: number;
  readonly steps: readonly Step[];
}

const sequences = readVectors<Sequence[]>('trace');

describe('the golden sequences', () => {
  test.each(sequences)('$name', ({ start_time_ns: startNs, steps }) => {
    const trace = new Trace(startNs);
    for (const step of steps) {
      if (step[0] === 'cross') trace.cross(step[1], step[2], step[3]);
      else trace[step[0]](step[1], step[2]);
      expect([Object.fromEntries(trace.spansNs), trace.lastTimeNs]).toEqual(step.slice(-2));
    }
  });

  test('there are some', () => expect(sequences.length).toBeGreaterThan(3));
});

const spanNs = fc.integer({ min: 0, max: 1e12 });

test('a crossing leaves no gap: the spans add up to the whole way', () => {
  const stages = fc.dictionary(fc.constantFrom(...SERVER_STAGES), spanNs);
  fc.assert(
    fc.property(fc.tuple(spanNs, spanNs, spanNs, spanNs), stages, ([packNs, upNs, downNs, unpackNs], stagesNs) => {
      const trace = new Trace(5);
      trace.end('pack', 5 + packNs);
      const arrivalNs = Object.values(stagesNs).reduce((sum, span) => sum + span, trace.lastTimeNs + upNs + downNs);
      trace.cross(upNs, stagesNs, arrivalNs);
      trace.end('unpack', arrivalNs + unpackNs);
      expect([...trace.spansNs.values()].reduce((sum, span) => sum + span, 0)).toBe(arrivalNs + unpackNs - 5);
      expect(trace.spansNs.get('network_down')).toBe(downNs);
    }),
  );
});

test('a stamp is a whole number of ns', () => expect(stampNs(1.2345678)).toBe(1_234_568));
