import fc from 'fast-check';
import { expect, test } from 'vitest';
import { Flow, type FlowStatistics, type Outcome } from './flow.ts';

const options = { maxInFlight: 2, throttleMs: 0, frameTimeoutMs: 3000 };

function settledOf({ answered, refused, dropped }: FlowStatistics): number {
  return answered + refused + dropped.queue + dropped.send + dropped.network;
}

test('a full flow takes no more until a frame is settled', () => {
  const flow = new Flow(options);
  flow.sent(0, 100, 0, 0);
  expect(flow.mayTake).toBe(true);
  flow.sent(1, 100, 10, 10);
  expect(flow.mayTake).toBe(false);
  expect(flow.settle(0, 'answered')).toEqual({ frameId: 0, bytes: 100, sentMs: 0 });
  expect(flow.mayTake).toBe(true);
});

test('a lost answer frees its place when it is overdue, and counts as late when it comes after all', () => {
  const flow = new Flow(options);
  flow.sent(0, 100, 0, 0);
  flow.sent(1, 100, 10, 10);
  expect(flow.expire(2999)).toEqual([]);
  expect(flow.expire(3000).map((frame) => frame.frameId)).toEqual([0]);
  expect(flow.mayTake).toBe(true);
  expect(flow.settle(0, 'answered')).toBeNull();
  expect(flow.statistics()).toMatchObject({ sent: 2, inFlight: 1, answered: 0, late: 1, dropped: { network: 1 } });
});

test('an answer to a frame that was never sent changes nothing but the count of late ones', () => {
  const flow = new Flow(options);
  flow.sent(0, 100, 0, 0);
  expect(flow.settle(7, 'queue')).toBeNull();
  expect(flow.statistics()).toMatchObject({ inFlight: 1, late: 1, dropped: { queue: 0 } });
});

test('the throttle asks for a picture that is not too early', () => {
  const flow = new Flow({ ...options, throttleMs: 40 });
  flow.sent(0, 100, 1000, 1005);
  expect(flow.notBeforeMs).toBe(1016);
  flow.update({ throttleMs: 20 });
  expect(flow.notBeforeMs).toBe(1028);
});

type Step = { kind: 'send' } | { kind: 'settle'; which: number; outcome: Outcome } | { kind: 'wait'; ms: number } | { kind: 'abandon' };

const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 4, arbitrary: fc.constant<Step>({ kind: 'send' }) },
  {
    weight: 4,
    arbitrary: fc.record({
      kind: fc.constant('settle' as const),
      which: fc.integer({ min: 0, max: 60 }),
      outcome: fc.constantFrom<Outcome>('answered', 'refused', 'queue', 'send'),
    }),
  },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('wait' as const), ms: fc.integer({ min: 0, max: 4000 }) }) },
  { weight: 1, arbitrary: fc.constant<Step>({ kind: 'abandon' }) },
);

test('whatever happens: the bound holds, every frame is settled once, and silence never dead-locks', () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 120 }), fc.integer({ min: 1, max: 5 }), (steps, maxInFlight) => {
      const flow = new Flow({ ...options, maxInFlight });
      const released = new Set<number>();
      let [nowMs, nextId] = [0, 0];
      const release = (frame: { frameId: number } | null): void => {
        if (frame === null) return;
        expect(released.has(frame.frameId)).toBe(false);
        released.add(frame.frameId);
      };
      for (const taken of steps) {
        if (taken.kind === 'send' && flow.mayTake) flow.sent(nextId++, 1, nowMs, nowMs);
        if (taken.kind === 'settle') release(flow.settle(taken.which, taken.outcome));
        if (taken.kind === 'wait') nowMs += taken.ms;
        if (taken.kind === 'abandon') flow.abandon().forEach(release);
        flow.expire(nowMs).forEach(release);
        const statistics = flow.statistics();
        expect(statistics.inFlight).toBeLessThanOrEqual(maxInFlight);
        expect(statistics.sent).toBe(nextId);
        expect(settledOf(statistics)).toBe(released.size);
        expect(settledOf(statistics) + statistics.inFlight).toBe(nextId);
      }
      flow.expire(nowMs + 3000);
      expect(flow.mayTake).toBe(true);
    }),
  );
});
