import type { TraceEvent } from '../src/core/export.ts';
import { violationsOf } from './accessibility.ts';
import { timedTwice, watchDisplay } from './display-times.ts';
import { panelRounds } from './main-thread.ts';
import { expect, type Studio, test } from './studio.ts';
import { median } from './truth.ts';

async function openPanel(studio: Studio, url?: string): Promise<void> {
  await studio.open({}, url);
  await studio.page.getByRole('button', { name: 'Play the demo clip' }).click();
  await studio.expectLive();
  await studio.openPanel();
}

/** A frame as it is saved as JSON, as far as it is looked at here. */
interface SavedFrame {
  readonly frame_id: number;
  readonly outcome: string;
  readonly stages_ms: Readonly<Record<string, number>>;
}

test('the panel tells the stages, and one frame of those that went by', async ({ studio }) => {
  const { page } = studio;
  await openPanel(studio);
  const table = page.getByRole('table', { name: 'Stages from capture to screen, in ms' });
  for (const stage of ['capture', 'pack', 'network_up', 'track', 'network_down', 'present']) {
    await expect(table.getByRole('row', { name: new RegExp(`^${stage} [\\d±]`) })).toBeVisible();
  }
  await expect(table.getByRole('row', { name: /^annotate/ })).toBeHidden(); // It did not run.
  await expect(page.locator('.facts')).toContainText('Dropped');
  await expect
    .poll(async () =>
      Number(
        await table
          .getByRole('row', { name: /^track/ })
          .locator('td')
          .nth(2)
          .textContent(),
      ),
    )
    .toBeGreaterThan(0);

  await page.getByRole('button', { name: 'Pause' }).click();
  await expect(page.locator('.facts')).toContainText('on the screen');
  const slider = page.getByRole('slider', { name: 'Frame', exact: true });
  const before = await slider.getAttribute('aria-valuetext');
  await slider.focus();
  await page.keyboard.press('ArrowLeft');
  await expect(slider).not.toHaveAttribute('aria-valuetext', before ?? '');
  const facts = await page.locator('.facts').innerText();
  await page.waitForTimeout(600);
  expect(await page.locator('.facts').innerText(), 'what is inspected stays').toBe(facts);
  await page.locator('.u-over').click({ position: { x: 20, y: 40 } });
  await expect(page.locator('.facts')).not.toHaveText(facts);
  await studio.keepScreenshot('latency-paused');
  await page.getByRole('button', { name: 'Resume' }).click();
  await expect(page.locator('.facts')).toContainText('Dropped');
});

test('of a stream that was stopped its last seconds stay, and nothing is told as if it ran', async ({ studio }) => {
  const { page } = studio;
  await openPanel(studio);
  await studio.drawnUntil(({ length }) => length > 10);
  await page.getByRole('button', { name: 'Stop' }).click();
  await expect(page.locator('.latency-head')).toContainText('Where the time went: the last 10 s of the stream');
  await expect(page.locator('.limit')).toBeHidden();
  for (const label of ['Frames', 'Round trip p50', 'Frame up']) {
    await expect(page.locator('.figure', { hasText: label }).locator('dd')).toHaveText(/^–/);
  }
  const track = page.getByRole('row', { name: /^track/ });
  await page.waitForTimeout(600); // The panel is drawn once more.
  const numbers = await track.innerText();
  await page.evaluate(() => {
    const now = performance.now.bind(performance);
    performance.now = () => now() + 60_000;
  });
  await page.waitForTimeout(600);
  expect(await track.innerText()).toBe(numbers);
  await page.getByRole('button', { name: 'Pause' }).click();
  await expect(page.locator('.facts')).toContainText('on the screen');
  expect((await studio.saved<{ frames: SavedFrame[] }>('Save as JSON')).frames.length).toBeGreaterThan(5);
  await page.getByRole('button', { name: 'Close the latency panel' }).click();
  await expect(page.locator('.latency-head')).toContainText('The stream has ended.');
});

test('what was measured can be taken along, as JSON and as a trace', async ({ studio }) => {
  await openPanel(studio);
  await studio.drawnUntil(({ length }) => length > 10);
  const { frames } = await studio.saved<{ frames: SavedFrame[] }>('Save as JSON');
  const shown = frames.filter(({ outcome }) => outcome === 'shown');
  expect(shown.length).toBeGreaterThan(5);
  expect(shown.filter(({ stages_ms }) => 'track' in stages_ms)).toEqual(shown);
  const { traceEvents } = await studio.saved<{ traceEvents: TraceEvent[] }>('Save as a trace');
  const traced = new Set(traceEvents.filter(({ ph, name }) => ph === 'X' && name === 'track').map(({ args }) => args?.['frame_id']));
  expect(shown.filter(({ frame_id }) => !traced.has(frame_id))).toEqual([]);
});

test('a path on which nothing comes back is named', async ({ studio }) => {
  test.slow();
  await openPanel(studio, (await studio.startRelay('stall')).url);
  await studio.expectBriefly('.limit', /^The network limits: nothing has come back/);
  await studio.keepScreenshot('latency-stall');
});

for (const [theme, width] of [
  ['light', 1280],
  ['dark', 320], // WCAG 2.2, 1.4.10
] as const) {
  test(`axe finds nothing wrong with the panel, ${theme}, ${width} px wide`, async ({ studio }) => {
    const { page } = studio;
    await page.emulateMedia({ colorScheme: theme });
    await openPanel(studio);
    await page.setViewportSize({ width, height: 1500 }); // As a window is made narrower, or a phone is turned.
    await page.waitForTimeout(600);
    expect(await violationsOf(studio)).toEqual([]);
    await page.getByRole('button', { name: 'Pause' }).click();
    expect(await violationsOf(studio)).toEqual([]);
    expect(await page.evaluate(() => document.documentElement.scrollWidth - innerWidth), 'nothing is cut off').toBeLessThanOrEqual(0);
    await studio.keepScreenshot(`latency-${theme}-${width}`);
  });
}

test('the panel costs the page little beside the picture', async ({ studio }) => {
  test.slow();
  await openPanel(studio);
  // The panel is drawn so often in a second, however many frames there are: so it is held against those of a second at the full rate.
  const shares = (await panelRounds(studio, 3, 45)).map(({ open, closed }) => {
    const frameMs = closed.busyMs / closed.frames;
    return (open.busyMs - open.frames * frameMs) / open.seconds / (30 * frameMs);
  });
  const description = `main thread, the panel as a share of 30 frames: ${shares.map((share) => share.toFixed(2)).join(', ')}`;
  test.info().annotations.push({ type: 'figures', description });
  expect(median(shares), 'what the panel takes of the main thread, against the picture').toBeLessThan(1);
});

test('the stages add up to the time from capture to display that is measured beside the page', async ({ studio }) => {
  const { page } = studio;
  await page.addInitScript(watchDisplay);
  await studio.open({ mirrorsCamera: false });
  await studio.start();
  await studio.expectLive();
  await studio.drawnUntil(({ length }) => length >= 120);
  const known = await timedTwice(page);
  const differencesMs = known.map(({ wholeMs, sumMs }) => Math.abs(wholeMs - sumMs)).toSorted((a, b) => a - b);
  const share = median(differencesMs) / median(known.map(({ wholeMs }) => wholeMs));
  const p95 = differencesMs[Math.floor(0.95 * differencesMs.length)] ?? Number.NaN;
  test.info().annotations.push({
    type: 'figures',
    description:
      `${known.length} frames known to both; ` +
      `difference p50 ${median(differencesMs).toFixed(3)} ms, ${(100 * share).toFixed(2)} % of the whole, p95 ${p95.toFixed(2)} ms`,
  });
  expect(known.length, 'frames known to both').toBeGreaterThan(30);
  expect(share, 'what both measurements differ by, of the whole').toBeLessThan(0.05);
});
