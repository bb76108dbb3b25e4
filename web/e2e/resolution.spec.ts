import { DEFAULT_SETTINGS } from '../src/core/settings.ts';
import { expect, type Studio, test } from './studio.ts';
import { ClipTruth, median } from './truth.ts';

const truth = new ClipTruth();

declare global {
  var shownWidthsPx: number[];
}

async function play(studio: Studio, settings: object): Promise<void> {
  await studio.open({ sourceKind: 'demo', settings });
  await studio.start();
  await studio.expectLive();
  await studio.page.evaluate(() => {
    globalThis.shownWidthsPx = [];
    globalThis.handstream.onFrame(({ widthPx }) => globalThis.shownWidthsPx.push(widthPx));
  });
}

/** How wide the frames were sent that no slow path made coarser: that takes the JPEG's quality first. */
function sentWidthsPx({ page }: Studio): Promise<number[]> {
  return page.evaluate(
    (quality) =>
      globalThis.handstream.frameLog
        .newest()
        .filter(({ decision }) => decision.jpegQuality === quality)
        .map(({ widthPx }) => widthPx),
    DEFAULT_SETTINGS.captureJpegQuality,
  );
}

test('of a hand that is near a smaller picture is sent, and the whole one is shown with the skeleton in its place', async ({ studio }) => {
  await play(studio, { output: 'landmarks' });
  const smaller = async () => (await sentWidthsPx(studio)).filter((widthPx) => widthPx < 640).length;
  const drawn = await studio.drawnUntil(({ length }) => length >= 150);
  await expect.poll(smaller, { message: 'frames that were sent smaller' }).toBeGreaterThan(30);
  await studio.keepScreenshot('resolution-by-need');
  const errors = drawn.flatMap((frame) => truth.errors(frame, truth.frameAt(frame.mediaTimeS ?? Number.NaN)));
  const description = `${await smaller()} of ${(await sentWidthsPx(studio)).length} sent smaller, error / palm ${(100 * median(errors)).toFixed(1)} %`;
  test.info().annotations.push({ type: 'figures', description });
  expect(new Set(await studio.page.evaluate(() => globalThis.shownWidthsPx))).toEqual(new Set([640]));
  expect(median(errors)).toBeLessThan(0.1);
});

for (const settings of [{ output: 'landmarks', minScale: 1 }, { output: 'annotated' }]) {
  test(`the whole picture is sent where that is wanted, or shown: ${JSON.stringify(settings)}`, async ({ studio }) => {
    await play(studio, settings);
    await expect.poll(async () => (await sentWidthsPx(studio)).length, { message: 'frames of full quality' }).toBeGreaterThan(150);
    expect(new Set(await sentWidthsPx(studio))).toEqual(new Set([640]));
  });
}
