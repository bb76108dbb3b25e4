import { DEFAULT_SETTINGS } from '../src/core/settings.ts';
import type { DrawnFrame } from './drawn-frames.ts';
import { expect, type Studio, test } from './studio.ts';
import { median } from './truth.ts';

interface SentFrame {
  /** Of its JPEG; only a slow path makes it less than what was wanted. */
  readonly quality: number;
  /** On the network, to the server and back. */
  readonly networkMs: number;
}

/** The frames so far that were shown. */
function shownFrames({ page }: Studio): Promise<SentFrame[]> {
  return page.evaluate(() =>
    globalThis.handstream.frameLog
      .newest()
      .filter(({ outcome }) => outcome === 'shown')
      .map(({ decision, trace: { spansNs } }) => {
        const networkNs = (spansNs.get('network_up') ?? 0) + (spansNs.get('network_down') ?? 0);
        return { quality: decision.jpegQuality, networkMs: networkNs / 1e6 };
      }),
  );
}

test('a slow path is named, and the picture gives way before its age does', async ({ studio }) => {
  test.slow();
  await studio.open({ sourceKind: 'demo' }, (await studio.startRelay('3g')).url);
  await studio.start();
  await studio.expectLive();
  await studio.expectBriefly('.limit', /^The network limits/);
  const quality = async (): Promise<number> => median((await shownFrames(studio)).slice(-30).map((frame) => frame.quality));
  await expect.poll(quality, { message: 'JPEG quality' }).toBeLessThan(DEFAULT_SETTINGS.captureJpegQuality);
  await studio.drawnUntil(({ length }) => length >= 60);
  const networkMs = (await shownFrames(studio)).map((frame) => frame.networkMs);
  const [p50, floor] = [median(networkMs.slice(-60)), Math.min(...networkMs)];
  await studio.keepScreenshot('limit-path');
  const description = `3g: JPEG quality ${await quality()}, on the network p50 ${p50.toFixed(0)} ms, at best ${floor.toFixed(0)} ms`;
  test.info().annotations.push({ type: 'figures', description });
  expect(p50 / floor, 'what frames take on the network, against an empty one').toBeLessThan(2);
});

test('after a stall of the path nothing stale is shown', async ({ studio }) => {
  test.slow();
  await studio.open({ sourceKind: 'demo' }, (await studio.startRelay('stall')).url);
  await studio.start();
  await studio.expectLive();
  // Nothing gets through for 2 s of every 10. The first picture after it is far younger than the stall was long.
  const stallsIn = (drawn: readonly DrawnFrame[]) =>
    drawn
      .slice(1)
      .map(({ drawnMs, capturedMs }, index) => ({ gapMs: drawnMs - (drawn[index]?.drawnMs ?? 0), ageMs: drawnMs - capturedMs }))
      .filter(({ gapMs }) => gapMs > 1500);
  const stalls = stallsIn(await studio.drawnUntil((drawn) => stallsIn(drawn).length >= 2));
  test
    .info()
    .annotations.push({ type: 'figures', description: `stalls, and the age of the first picture after each: ${JSON.stringify(stalls)}` });
  expect(Math.max(...stalls.map(({ gapMs, ageMs }) => ageMs / gapMs))).toBeLessThan(0.5);
  await expect(studio.page.locator('.chip')).toHaveText(/Live/); // The connection was never given up.
});
