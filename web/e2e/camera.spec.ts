import { readFrameCode } from './frame-code.ts';
import { expect, test } from './studio.ts';
import { ClipTruth, median } from './truth.ts';

const truth = new ClipTruth();

test.beforeEach(() => {
  const { project } = test.info();
  if (project.metadata['isFilmed'] !== true || project.metadata['clip'] !== null) return;
  if (process.env['HANDSTREAM_REQUIRE_DATA']) throw new Error('HANDSTREAM_REQUIRE_DATA is set and there is no film of a hand');
  test.skip(true, 'needs the film of a hand, which is not part of the project');
});

for (const output of ['landmarks', 'annotated'] as const) {
  test(`the camera's hand is tracked, output ${output}`, async ({ studio }, { project }) => {
    // In its whole size, so that the code can be read from whatever picture comes back.
    await studio.open({ settings: { output, minScale: 1 }, mirrorsCamera: false });
    await studio.start();
    await studio.expectLive();
    await expect(studio.page.locator('p[role=status]')).toHaveText(/(One hand|Two hands) in view/);
    await studio.keepScreenshot(`${project.name.replace(' ', '-')}-${output}`);
    const drawn = await studio.drawnUntil(
      (frames) => frames.filter(({ hands }) => output === 'annotated' || hands.length > 0).length >= 60,
    );

    const times = drawn.map((frame) => frame.capturedMs);
    expect(
      times.every((time, index) => index === 0 || time > (times[index - 1] ?? 0)),
      'frames never go backwards',
    ).toBe(true);
    if (project.metadata['isFilmed'] === true) return;

    const numbers = drawn.map((frame) => readFrameCode(frame.strip));
    const known = numbers.filter((number) => number !== null);
    expect(known.length / drawn.length, 'pictures whose code can be read').toBeGreaterThan(0.9);
    if (output === 'annotated') return;
    const errors = drawn.flatMap((frame, index) => truth.errors(frame, numbers[index] ?? -1));
    test
      .info()
      .annotations.push({ type: 'figures', description: `${drawn.length} frames, error / palm ${(100 * median(errors)).toFixed(1)} %` });
    expect(median(errors)).toBeLessThan(0.12);
  });
}
