import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { delayNs, type Exchange, RemoteClock } from './clock.ts';

const MS = 1_000_000;
const S = 1_000 * MS;

/** Four stamps, the verdict, and what is known then: offset, its error bound, round trip, variation, least round trip. */
type Step = readonly [number, number, number, number, string, number, number, number, number, number];

interface Sequence {
  readonly name: string;
  readonly resolution_ns: number;
  readonly steps: readonly Step[];
}

const sequences = JSON.parse(readFileSync(new URL('../../../tests/vectors/clock.json', import.meta.url), 'utf8')) as Sequence[];

/** A path and two clocks whose truth is known. */
class TruePath {
  offsetNs = 3 * S;
  nowNs = 2 ** 41;

  /** An exchange that begins so long after the last one ended. */
  exchange(upNs: number, downNs: number, afterNs: number): Exchange {
    const originNs = this.nowNs + afterNs;
    const receiveNs = originNs + upNs + this.offsetNs;
    const transmitNs = receiveNs + 5 * MS;
    this.nowNs = originNs + upNs + 5 * MS + downNs;
    return { originNs, receiveNs, transmitNs, destinationNs: this.nowNs };
  }
}

function known(clock: RemoteClock): (number | null)[] {
  return [clock.offsetNs, clock.offsetErrorBoundNs, clock.roundTripNs, clock.variationNs, clock.minRoundTripNs];
}

function errorNs(clock: RemoteClock, path: TruePath): number {
  return Math.abs((clock.offsetNs ?? Number.NaN) - path.offsetNs);
}

const wayNs = fc.integer({ min: 0, max: S });
const ways = fc.array(fc.tuple(wayNs, wayNs), { minLength: 1, maxLength: 30 });

describe('the golden sequences', () => {
  test.each(sequences)('$name', ({ resolution_ns: resolutionNs, steps }) => {
    const clock = new RemoteClock({ resolutionNs });
    for (const [originNs, receiveNs, transmitNs, destinationNs, verdict, ...expected] of steps) {
      expect(clock.update({ originNs, receiveNs, transmitNs, destinationNs })).toBe(verdict);
      expect(known(clock)).toEqual(expected);
    }
  });

  test('there are some', () => expect(sequences.length).toBeGreaterThan(3));
});

test('nothing is known before the first exchange', () => {
  const clock = new RemoteClock();
  expect(known(clock)).toEqual([null, null, null, null, null]);
  expect(clock.toLocal(5)).toBeNull();
});

test('one exchange gives what NTP gives', () => {
  const exchange = { originNs: 100, receiveNs: 1_130, transmitNs: 1_140, destinationNs: 160 };
  const clock = new RemoteClock({ resolutionNs: 0 });
  expect(clock.update(exchange)).toBe('accepted');
  expect(delayNs(exchange)).toBe(50);
  expect(known(clock)).toEqual([1_005, 25, 50, 25, 50]);
  expect(clock.toLocal(1_135)).toBe(130);
  expect(clock.statistics()).toEqual({ accepted: 1, impossible: 0, outlier: 0, resynced: 0 });
});

test.each([Number.NaN, Number.POSITIVE_INFINITY, -1, 0.5, 2 ** 65])('a stamp of %d is refused', (stamp) => {
  const good = { originNs: 100, receiveNs: 1_130, transmitNs: 1_140, destinationNs: 160 };
  const clock = new RemoteClock();
  for (const name of ['originNs', 'receiveNs', 'transmitNs', 'destinationNs']) {
    expect(clock.update({ ...good, [name]: stamp })).toBe('impossible');
  }
  expect(clock.offsetNs).toBeNull();
});

test.each([-1, 0.5, Number.NaN])('a resolution of %d is refused', (resolutionNs) => {
  expect(() => new RemoteClock({ resolutionNs })).toThrow(RangeError);
});

test('the error is at most half of the asymmetry of the fastest ways, and never beyond the bound', () => {
  fc.assert(
    fc.property(ways, (drawn) => {
      const path = new TruePath();
      const startNs = path.nowNs;
      const clock = new RemoteClock({ resolutionNs: 0 });
      for (const [upNs, downNs] of drawn) expect(clock.update(path.exchange(upNs, downNs, 2 * S))).toBe('accepted');
      const asymmetryNs = Math.abs(Math.min(...drawn.map(([upNs]) => upNs)) - Math.min(...drawn.map(([, downNs]) => downNs)));
      const driftNs = (path.nowNs - startNs) / 5_000 + drawn.length;
      expect(errorNs(clock, path)).toBeLessThanOrEqual(asymmetryNs / 2 + driftNs + 1);
      expect(errorNs(clock, path)).toBeLessThanOrEqual(clock.offsetErrorBoundNs ?? 0);
    }),
  );
});

test('a single exchange moves no offset, whether it is slow or from a clock that jumped', () => {
  fc.assert(
    fc.property(wayNs, wayNs, fc.integer({ min: 4 * S, max: 60 * S }), (upNs, downNs, jumpNs) => {
      const path = new TruePath();
      const clock = new RemoteClock({ resolutionNs: 0 });
      for (let index = 0; index < 5; index += 1) clock.update(path.exchange(MS, MS, 0));
      clock.update(path.exchange(upNs + 2 * MS, downNs + 2 * MS, 0));
      expect(errorNs(clock, path)).toBeLessThanOrEqual(1);
      const offsetNs = clock.offsetNs;
      path.offsetNs += jumpNs;
      expect(clock.update(path.exchange(MS, MS, 0))).toBe('outlier');
      expect(clock.offsetNs).toBe(offsetNs);
    }),
  );
});

test('later answers are mapped to later moments', () => {
  fc.assert(
    fc.property(fc.array(fc.tuple(wayNs, wayNs, wayNs), { maxLength: 30 }), (drawn) => {
      const path = new TruePath();
      const clock = new RemoteClock();
      let lastNs = Number.NEGATIVE_INFINITY;
      for (const [upNs, downNs, afterNs] of drawn) {
        const exchange = path.exchange(upNs, downNs, afterNs);
        clock.update(exchange);
        const localNs = clock.toLocal(exchange.transmitNs) ?? Number.NaN;
        expect(localNs).toBeGreaterThanOrEqual(lastNs);
        lastNs = localNs;
      }
    }),
  );
});
