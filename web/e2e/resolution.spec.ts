import { expect, type Studio, test } from './studio.ts';
import { ClipTruth, median } from './truth.ts';

const truth = new ClipTruth();

interface Widths {
  readonly sentPx: number;
  readonly shownPx: number;
}

declare global {
  var widths: Widths[];
}

/** Plays the demo clip for some seconds; returns how wide each picture was sent and shown. */
async function play(studio: Studio, settings: object): Promise<readonly Widths[]> {
  await studio.open({ sourceKind: 'demo', settings });
  await studio.start();
  await studio.expectLive();
  await studio.page.evaluate(() => {
    globalThis.widths = [];
    globalThis.handstream.onFrame(({ widthPx: shownPx, result }) => globalThis.widths.push({ sentPx: result?.widthPx ?? 0, shownPx }));
  });
  await studio.drawnFrames();
  await studio.page.waitForTimeout(8000);
  return studio.page.evaluate(() => globalThis.widths);
}

test('of a hand that is near a smaller picture is sent, and the whole one is shown with the skeleton in its place', async ({ studio }) => {
  const widths = await play(studio, { output: 'landmarks' });
  const drawn = await studio.drawnFrames();
  await studio.keepScreenshot('resolution-by-need');
  const smaller = widths.filter(({ sentPx }) => sentPx < 640).length / widths.length;
  const errors = drawn.flatMap((frame) => truth.errors(frame, truth.frameAt(frame.mediaTimeS ?? Number.NaN)));
  const description = `${(100 * smaller).toFixed(0)} % sent smaller, error / palm ${(100 * median(errors)).toFixed(1)} %`;
  test.info().annotations.push({ type: 'figures', description });
  expect(smaller).toBeGreaterThan(0.2);
  expect(new Set(widths.map(({ shownPx }) => shownPx))).toEqual(new Set([640]));
  expect(median(errors)).toBeLessThan(0.1);
});

for (const settings of [{ output: 'landmarks', minScale: 1 }, { output: 'annotated' }]) {
  test(`the whole picture is sent where that is wanted, or shown: ${JSON.stringify(settings)}`, async ({ studio }) => {
    const widths = await play(studio, settings);
    expect(widths.length).toBeGreaterThan(20);
    expect(new Set(widths.map(({ sentPx }) => sentPx))).toEqual(new Set([640]));
  });
}
