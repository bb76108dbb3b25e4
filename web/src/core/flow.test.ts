import { expect, test } from 'vitest';
import { Flow } from './flow.ts';

test('one frame may be unanswered until the path is known, then as many as it needs', () => {
  const flow = new Flow({ throttleMs: 33 });
  flow.sent(0, 100, 0, 0);
  expect(flow.mayTake).toBe(false);
  expect(flow.settle(0, 'answered', 90)).toMatchObject({ roundTripMs: 90, isStale: false });
  flow.sent(1, 100, 95, 95);
  expect(flow.mayTake).toBe(true);
  flow.sent(2, 100, 128, 128);
  expect(flow.mayTake).toBe(false);
});

test('a lost answer frees its place when it is overdue, and settles nothing when it comes after all', () => {
  const flow = new Flow({ throttleMs: 33 });
  flow.sent(0, 100, 0, 0);
  expect(flow.expire(2999)).toEqual([]);
  expect(flow.expire(3000).map((frame) => frame.frameId)).toEqual([0]);
  expect(flow.mayTake).toBe(true);
  expect(flow.settle(0, 'answered', 3001)).toBeNull();
  expect(flow.statistics()).toMatchObject({ sent: 1, inFlight: 0, answered: 0, late: 1, dropped: { network_up: 1 } });
});

test('what answers the trial of an outage is settled, and too old to be shown', () => {
  const flow = new Flow({ throttleMs: 33 });
  flow.sent(0, 100, 0, 0);
  flow.expire(3000);
  flow.sent(1, 100, 3000, 3000);
  expect(flow.settle(1, 'answered', 3900)).toMatchObject({ isStale: true });
});

test('answers that wait for the screen hold further frames back', () => {
  const flow = new Flow({ throttleMs: 33 });
  for (const frameId of [0, 1]) {
    flow.sent(frameId, 100, 0, 40 * frameId);
    flow.settle(frameId, 'answered', 40 * frameId + 10);
    flow.showing(frameId, 40 * frameId + 10);
  }
  expect(flow.mayTake).toBe(false);
  flow.shown(1);
  expect(flow.mayTake).toBe(true);
});

test('the throttle asks for a picture that is not too early', () => {
  const flow = new Flow({ throttleMs: 40 });
  flow.sent(0, 100, 1000, 1005);
  expect(flow.notBeforeMs).toBe(1016);
  flow.update({ throttleMs: 20 });
  expect(flow.notBeforeMs).toBe(1028);
});
