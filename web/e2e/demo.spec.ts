import { expect, test } from './studio.ts';
import { ClipTruth, median } from './truth.ts';

const truth = new ClipTruth();

test('one click plays the demo clip, and what is drawn is the truth of the very frame that is shown', async ({ studio }) => {
  test.slow();
  await studio.open();
  await studio.keepScreenshot('first-view');
  await studio.page.getByRole('button', { name: 'Play the demo clip' }).click();
  await studio.expectLive();
  await studio.keepScreenshot('demo-landmarks');
  const drawn = await studio.drawnUntil((frames) => truth.isCoveredBy(frames));

  const placed = drawn.map((frame) => ({ frame, index: truth.frameAt(frame.mediaTimeS ?? Number.NaN) }));
  const errorsAt = (chapter: RegExp, shift: number): number[] =>
    placed.filter(({ index }) => chapter.test(truth.chapterOf(index))).flatMap(({ frame, index }) => truth.errors(frame, index + shift));

  const found = placed.filter(({ frame, index }) => frame.hands.length >= truth.handCount(index)).length;
  const error = median(errorsAt(/./, 0));
  const shifted = [-3, -2, -1, 0, 1, 2, 3].map((shift) => ({ shift, error: median(errorsAt(/sweep/, shift)) }));
  test.info().annotations.push({
    type: 'figures',
    description: `${drawn.length} frames drawn, hands found in ${found}, error / palm ${(100 * error).toFixed(1)} %; sweep by shift: ${JSON.stringify(shifted)}`,
  });
  expect(found / drawn.length).toBeGreaterThan(0.9);
  expect(error).toBeLessThan(0.1);
  // A hand that sweeps fast tells one frame from the next: no other frame's truth fits better than that of the frame shown.
  expect(shifted.toSorted((a, b) => a.error - b.error)[0]?.shift).toBe(0);
});
