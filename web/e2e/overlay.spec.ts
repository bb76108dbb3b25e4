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

interface Errors {
  /** As drawn, and as the newest answer had them: shares of the palm. */
  readonly error: number;
  readonly unmoved: number;
}

interface Figures {
  /** Of the fast hand: a slow one is found no better than it moves. */
  readonly fast: Errors;
  /** Of all hands that move. */
  readonly moving: Errors;
  /** Of the pictures. */
  readonly ageMs: number;
  readonly framesPerSecond: number;
}

function figuresOf(drawn: readonly DrawnFrame[]): Figures {
  const spanMs = (drawn.at(-1)?.drawnMs ?? 0) - (drawn[0]?.drawnMs ?? 0);
  return {
    fast: errorsOf(drawn, (chapter) => chapter === 'sweep'),
    moving: errorsOf(drawn, (chapter) => chapter !== 'still'),
    ageMs: median(drawn.map(({ drawnMs, capturedMs }) => drawnMs - capturedMs)),
    framesPerSecond: (1000 * (drawn.length - 1)) / spanMs,
  };
}

/** Over the frames in which there are as many hands as were answered and drawn: one that has left meanwhile would be compared with another. */
function errorsOf(drawn: readonly DrawnFrame[], isCounted: (chapter: string) => boolean): Errors {
  const frames = drawn
    .map((frame) => ({ frame, index: truth.frameAt(frame.mediaTimeS ?? Number.NaN) }))
    .filter(({ index }) => isCounted(truth.chapterOf(index)))
    .filter(({ frame, index }) => [frame.hands, frame.answeredHands].every(({ length }) => length === truth.handCount(index)));
  return {
    error: mean(frames.flatMap(({ frame, index }) => truth.errors(frame, index))),
    unmoved: mean(frames.flatMap(({ frame, index }) => truth.errors({ ...frame, hands: frame.answeredHands }, index))),
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
    expect(locked.fast.error, 'locked: as on a still picture').toBeLessThan(0.1);
    expect(live.ageMs).toBeLessThan(locked.ageMs / 2);
    // On loopback the answers are so young that slow hands are found no better than they move.
    const counted = path === 'loopback' ? live.fast : live.moving;
    expect(counted.error / counted.unmoved, 'live: against hands that are not carried forward').toBeLessThan(0.5);
  });
}
