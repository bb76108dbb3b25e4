import type { DrawnFrame } from './drawn-frames.ts';
import { expect, type Studio, test } from './studio.ts';
import { ClipTruth, median } from './truth.ts';

const truth = new ClipTruth();

/** Lets the demo clip play in that overlay until enough was drawn of all that moves in it, and returns what was drawn. */
async function watch(studio: Studio, overlay: string): Promise<readonly DrawnFrame[]> {
  await studio.page.getByRole('radio', { name: overlay, exact: true }).check({ force: true });
  await studio.page.waitForTimeout(500); // What was answered before is drawn.
  return studio.drawnUntil((drawn) => truth.isCoveredBy(drawn));
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

/** Medians over the frames in which there are as many hands as were answered and drawn: one that has left meanwhile would be compared with another. */
function errorsOf(drawn: readonly DrawnFrame[], isCounted: (chapter: string) => boolean): Errors {
  const frames = drawn
    .map((frame) => ({ frame, index: truth.frameAt(frame.mediaTimeS ?? Number.NaN) }))
    .filter(({ index }) => isCounted(truth.chapterOf(index)))
    .filter(({ frame, index }) => [frame.hands, frame.answeredHands].every(({ length }) => length === truth.handCount(index)));
  return {
    error: median(frames.flatMap(({ frame, index }) => truth.errors(frame, index))),
    unmoved: median(frames.flatMap(({ frame, index }) => truth.errors({ ...frame, hands: frame.answeredHands }, index))),
  };
}

for (const path of ['loopback', '4g'] as const) {
  test(`live shows the picture at once with the hands where they are now, locked the hands exactly but late: ${path}`, async ({
    studio,
  }) => {
    test.slow();
    const serverUrl = process.env['HANDSTREAM_URL'] ?? '';
    await studio.open({ sourceKind: 'demo' }, path === 'loopback' ? serverUrl : (await studio.startRelay(path)).url);
    await studio.start();
    await studio.expectLive();
    const live = figuresOf(await watch(studio, 'Live'));
    await studio.keepScreenshot(`overlay-live-${path}`);
    const locked = figuresOf(await watch(studio, 'Locked'));
    test.info().annotations.push({ type: 'figures', description: JSON.stringify({ live, locked }) });
    expect(locked.fast.error, 'locked: as on a still picture').toBeLessThan(0.1);
    expect(live.ageMs).toBeLessThan(locked.ageMs / 2);
    expect(live.fast.error / live.fast.unmoved, 'live: the fast hand, against one that is not carried forward').toBeLessThan(0.5);
    expect(live.moving.error / live.moving.unmoved, 'live: all hands, against those that are not carried forward').toBeLessThan(1);
  });
}
