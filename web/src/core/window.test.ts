import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type FrameOutcome, FrameWindow, MAX_FRAMES, MAX_TIMEOUT_MS, MAX_UNSHOWN, MIN_TIMEOUT_MS } from './window.ts';

type Call =
  | readonly ['interval', number]
  | readonly ['sent', number, number, number]
  | readonly ['settle', number, FrameOutcome, number, number]
  | readonly ['showing', number, number]
  | readonly ['shown', number]
  | readonly ['expire', number]
  | readonly ['abandon'];

interface Sequence {
  readonly name: string;
  readonly interval_ms: number;
  readonly steps: readonly (readonly [Call, readonly unknown[]])[];
}

const sequences = JSON.parse(readFileSync(new URL('../../../tests/vectors/window.json', import.meta.url), 'utf8')) as Sequence[];

function perform(window: FrameWindow, call: Call): void {
  switch (call[0]) {
    case 'interval':
      window.intervalMs = call[1];
      break;
    case 'sent':
      window.sent(call[1], call[2], call[3]);
      break;
    case 'settle':
      window.settle(call[1], call[2], call[3], call[4]);
      break;
    case 'showing':
      window.showing(call[1], call[2]);
      break;
    case 'shown':
      window.shown(call[1]);
      break;
    case 'expire':
      window.expire(call[1]);
      break;
    case 'abandon':
      window.abandon();
      break;
  }
}

function known(window: FrameWindow): unknown[] {
  const { sent, inFlight, answered, refused, dropped, late, unknown } = window.statistics();
  const state = [window.maxInFlight, window.maySend, window.floorMs, window.timeoutMs, window.isSilent, window.deadlineMs];
  return [...state, sent, inFlight, answered, refused, dropped.queue, dropped.send, dropped.network_up, late, unknown];
}

describe('the golden sequences', () => {
  test.each(sequences)('$name', ({ interval_ms: intervalMs, steps }) => {
    const window = new FrameWindow({ intervalMs });
    for (const [call, expected] of steps) {
      perform(window, call);
      for (const [index, value] of known(window).entries()) {
        if (typeof value === 'number') expect(value).toBeCloseTo(expected[index] as number, 9);
        else expect(value).toBe(expected[index]);
      }
    }
  });

  test('there are some', () => expect(sequences.length).toBeGreaterThan(3));
});

test('a frame number that is in flight is refused', () => {
  const window = new FrameWindow({ intervalMs: 33 });
  window.sent(3, 10_000, 0);
  expect(() => window.sent(3, 10_000, 1)).toThrow(RangeError);
});

test('an answer out of an outage is stale', () => {
  const window = new FrameWindow({ intervalMs: 33 });
  window.sent(0, 10_000, 0);
  expect(window.settle(0, 'answered', 20)).toMatchObject({ isLate: false, isStale: false, roundTripMs: 20 });
  window.sent(1, 10_000, 100);
  expect(window.expire(100 + MIN_TIMEOUT_MS).map((frame) => frame.frameId)).toEqual([1]);
  window.sent(2, 10_000, 700);
  expect(window.maySend).toBe(false);
  expect(window.settle(1, 'answered', 1_000)).toMatchObject({ isLate: true, isStale: true });
  expect(window.settle(2, 'answered', 1_001)).toMatchObject({ isLate: false, isStale: true });
  expect(window.settle(2, 'answered', 1_002)).toBeNull();
});

test('on another connection the silence of the last is over', () => {
  const window = new FrameWindow({ intervalMs: 33 });
  window.sent(0, 10_000, 0);
  window.expire(window.deadlineMs ?? Number.NaN);
  expect(window.isSilent).toBe(true);
  window.abandon();
  expect(window.isSilent).toBe(false);
});

test('answers that are not shown hold frames back, for a bounded time', () => {
  const window = new FrameWindow({ intervalMs: 33 });
  for (let frameId = 0; frameId < MAX_UNSHOWN; frameId += 1) window.showing(frameId, 0);
  expect(window.maySend).toBe(false);
  window.expire(window.deadlineMs ?? Number.NaN);
  expect(window.maySend).toBe(true);
});

/** A driver that asks before it sends, and a server and a page that do what they like. */
class AnyPeer {
  readonly window = new FrameWindow({ intervalMs: 33 });
  readonly open = new Set<number>();
  nowMs = 0;
  nextId = 0;

  wait(spanMs: number): void {
    this.nowMs += spanMs;
    for (const frame of this.window.expire(this.nowMs)) expect(this.open.delete(frame.frameId)).toBe(true);
  }

  send(): void {
    if (!this.window.maySend) return;
    expect(this.open.size).toBeLessThan(this.window.maxInFlight);
    this.window.sent(this.nextId, 1_000, this.nowMs);
    this.open.add(this.nextId);
    this.nextId += 1;
  }

  settle(back: number, outcome: FrameOutcome): void {
    const frameId = this.nextId - 1 - back;
    const settlement = this.window.settle(frameId, outcome, this.nowMs);
    expect(settlement !== null && !settlement.isLate).toBe(this.open.delete(frameId));
  }

  lose(): void {
    for (const frame of this.window.abandon()) expect(this.open.delete(frame.frameId)).toBe(true);
  }

  check(): void {
    const { sent, inFlight, answered, refused, dropped } = this.window.statistics();
    expect(inFlight).toBe(this.open.size);
    expect(inFlight).toBeLessThanOrEqual(MAX_FRAMES);
    expect(sent).toBe(inFlight + answered + refused + dropped.queue + dropped.send + dropped.network_up);
    expect(this.window.maySend || (this.window.deadlineMs ?? Number.POSITIVE_INFINITY) <= this.nowMs + MAX_TIMEOUT_MS).toBe(true);
  }
}

type Move = (peer: AnyPeer) => void;

const outcome = fc.constantFrom<FrameOutcome>('answered', 'refused', 'queue', 'send');
const move: fc.Arbitrary<Move> = fc.oneof(
  fc.double({ min: 0, max: 700, noNaN: true }).map(
    (spanMs): Move =>
      (peer) =>
        peer.wait(spanMs),
  ),
  fc.constant<Move>((peer) => peer.send()),
  fc.tuple(fc.integer({ min: -3, max: 40 }), outcome).map(
    ([back, what]): Move =>
      (peer) =>
        peer.settle(back, what),
  ),
  fc.nat(5).map(
    (frameId): Move =>
      (peer) =>
        peer.window.showing(frameId, peer.nowMs),
  ),
  fc.nat(5).map(
    (frameId): Move =>
      (peer) =>
        peer.window.shown(frameId),
  ),
  fc.constant<Move>((peer) => peer.lose()),
);

test('whatever happens, each frame is settled once, and a frame may be sent after a bounded silence', () => {
  fc.assert(
    fc.property(fc.array(move, { maxLength: 120 }), (moves) => {
      const peer = new AnyPeer();
      for (const make of moves) {
        make(peer);
        peer.check();
      }
      peer.wait(MAX_TIMEOUT_MS);
      expect(peer.window.maySend).toBe(true);
    }),
  );
});
