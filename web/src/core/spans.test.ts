import { expect, test } from 'vitest';
import { spansOf } from './spans.ts';

const stamps = { capturedMs: 100, arrivedMs: 103, sentMs: 108, receivedMs: 128, unpackedMs: 131, shownMs: 140 };

test('the spans add up to the whole way, though the clocks of page and server differ', () => {
  const result = {
    stagesUs: { receive: 100, queue: 400, decode: 1500, track: 7000, send: 1000 },
    receiveTimeNs: 9_000_000_000_000n,
    sendTimeNs: 9_000_010_000_000n,
  };
  const spans = spansOf(stamps, result);
  expect(spans).toEqual({
    capture: 3,
    pack: 5,
    network: 10,
    receive: 0.1,
    queue: 0.4,
    decode: 1.5,
    track: 7,
    annotate: 0,
    encode: 0,
    send: 1,
    unpack: 3,
    render: 9,
  });
  expect(Object.values(spans).reduce((sum, span) => sum + span, 0)).toBeCloseTo(stamps.shownMs - stamps.capturedMs);
});

test('a server that claims more time than the round trip took leaves no negative span', () => {
  expect(spansOf(stamps, { stagesUs: {}, receiveTimeNs: 0n, sendTimeNs: 90_000_000n }).network).toBe(0);
});
