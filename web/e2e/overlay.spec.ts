import type { DrawnFrame } from './drawn-frames.ts';
import { startRelay } from './server.ts';
import { expect, type Studio, test } from './studio.ts';
import { ClipTruth, median } from './truth.ts';

const truth = new ClipTruth();

/** Lets the demo clip play once in that overlay and returns what was drawn. */
async function watch(studio: Studio, overlay: string): Promise<readonly DrawnFrame[]> {
  await studio.page.getByRole('radio', { name: overlay, exact: true }).check({ force: true });
  await studio.page.waitForTimeout(500);
  await studio.drawnFrames();
  await studio.page.waitForTimeout((1000 * truth.frameCount) / 30);
  return studio.drawnFrames();
}

/** Errors of the fast hand (a slow one is found no better than it moves) as shares of the palm, as drawn and as the newest answer had them, and the age of the pictures. */
function figuresOf(drawn: readonly DrawnFrame[]): { error: number; unmoved: number; ageMs: number; framesPerSecond: number } {
  const errors: number[] = [];
  const unmoved: number[] = [];
  for (const frame of drawn) {
    const index = truth.frameAt(frame.mediaTimeS ?? Number.NaN);
    if (truth.chapterOf(index) !== 'sweep') continue;
    errors.push(...truth.errors(frame, index));
    unmoved.push(...truth.errors({ ...frame, hands: frame.answeredHands }, index));
  }
  const spanMs = (drawn.at(-1)?.drawnMs ?? 0) - (drawn[0]?.drawnMs ?? 0);
  return {
    error: mean(errors),
    unmoved: mean(unmoved),
    ageMs: median(drawn.map(({ drawnMs, capturedMs }) => drawnMs - capturedMs)),
    framesPerSecond: (1000 * (drawn.length - 1)) / spanMs,
  };
}

const mean = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length;

for (const path of ['loopback', '4g'] as const) {
  test(`live shows the picture at once with the hands where they are now, locked the hands exactly but late: ${path}`, async ({
    studio,
  }) => {
    test.setTimeout(120_000);
    const serverUrl = process.env['HANDSTREAM_URL'] ?? '';
    const relay = path === 'loopback' ? null : await startRelay(serverUrl, path);
    await studio.open({ sourceKind: 'demo' }, relay?.url ?? serverUrl);
    await studio.start();
    await studio.expectLive();
    const live = figuresOf(await watch(studio, 'Live'));
    await studio.keepScreenshot(`overlay-live-${path}`);
    const locked = figuresOf(await watch(studio, 'Locked'));
    await relay?.stop();
    test.info().annotations.push({ type: 'figures', description: JSON.stringify({ live, locked }) });
    expect(locked.error, 'locked: as on a still picture').toBeLessThan(0.1);
    expect(live.ageMs).toBeLessThan(locked.ageMs / 2);
    expect(live.error / live.unmoved, 'live: against hands that are not carried forward').toBeLessThan(path === 'loopback' ? 0.75 : 0.95);
  });
}
