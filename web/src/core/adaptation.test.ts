import { expect, test } from 'vitest';
import { Adaptation } from './adaptation.ts';
import { DEFAULT_SETTINGS } from './settings.ts';
import type { Result } from './wire.ts';

const RESULT = { stagesUs: {}, receiveTimeNs: 0n, sendTimeNs: 0n, messageBytes: 10_000, regionShare: null } as Partial<Result> as Result;

/** Answers on a thin path, to pictures that were asked for as told: the decision after 40 of them. */
function afterThinPath(askedMs: (sentMs: number) => number) {
  const adaptation = new Adaptation({ ...DEFAULT_SETTINGS, output: 'annotated', frameThrottleMs: 33 });
  for (let frameId = 0; frameId < 40; frameId += 1) {
    const sentMs = 33 * frameId;
    if (adaptation.probes(frameId, sentMs)) adaptation.echoed(frameId, sentMs + 200);
    adaptation.answered({
      result: { ...RESULT, frameId },
      askedMs: askedMs(sentMs),
      sentMs,
      receivedMs: sentMs + 416,
      bytesUp: 17_000,
    });
  }
  return adaptation.decision;
}

test('a picture that was asked for before a change tells nothing of it', () => {
  const { jpegQuality, frameIntervalMs } = afterThinPath(() => 0);
  expect(jpegQuality).toBeLessThan(DEFAULT_SETTINGS.captureJpegQuality);
  expect(frameIntervalMs).toBe(33);
});

test('one that was asked for after it, and is as large, lowers the rate too', () => {
  expect(afterThinPath((sentMs) => sentMs).frameIntervalMs).toBeGreaterThan(33);
});

test('a picture every two seconds can be wanted', () => {
  const adaptation = new Adaptation({ ...DEFAULT_SETTINGS, frameThrottleMs: 2000 });
  expect(adaptation.decision.frameIntervalMs).toBe(2000);
});
