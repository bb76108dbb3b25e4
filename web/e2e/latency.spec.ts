import { readFileSync } from 'node:fs';
import type { CDPSession, Page } from '@playwright/test';
import type { TraceEvent } from '../src/core/export.ts';
import { violationsOf } from './accessibility.ts';
import { watchDisplay } from './display-times.ts';
import { readFrameCode } from './frame-code.ts';
import { startRelay } from './server.ts';
import { expect, type Studio, test } from './studio.ts';
import { median } from './truth.ts';

async function openPanel(studio: Studio, url?: string): Promise<void> {
  await studio.open({}, url);
  await studio.page.getByRole('button', { name: 'Play the demo clip' }).click();
  await studio.expectLive();
  await studio.page.getByRole('button', { name: 'Open the latency panel' }).click();
  await expect(studio.page.getByRole('button', { name: 'Pause' })).toBeVisible();
}

/** The file that a click on that button saves, parsed. */
async function saved<Content>(page: Page, button: string): Promise<Content> {
  const [download] = await Promise.all([page.waitForEvent('download'), page.getByRole('button', { name: button }).click()]);
  return JSON.parse(readFileSync(await download.path(), 'utf-8')) as Content;
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

test('what was measured can be taken along, as JSON and as a trace', async ({ studio }) => {
  await openPanel(studio);
  await studio.page.waitForTimeout(1000);
  const { frames } = await saved<{ frames: { outcome: string; stages_ms: Record<string, number> }[] }>(studio.page, 'Save as JSON');
  expect(frames.filter(({ outcome }) => outcome === 'shown').length).toBeGreaterThan(5);
  expect(Object.keys(frames.at(-1)?.stages_ms ?? {})).toContain('track');
  const { traceEvents } = await saved<{ traceEvents: TraceEvent[] }>(studio.page, 'Save as a trace');
  expect(traceEvents.filter(({ ph, name }) => ph === 'X' && name === 'track').length).toBeGreaterThanOrEqual(frames.length - 5);
});

test('a path on which nothing comes back is named', async ({ studio }) => {
  test.slow();
  const relay = await startRelay(process.env['HANDSTREAM_URL'] ?? '', 'stall');
  await openPanel(studio, relay.url);
  await expect(studio.page.locator('.limit')).toHaveText(/^The network limits/, { timeout: 30_000 });
  await studio.keepScreenshot('latency-stall');
  await relay.stop();
});

for (const [theme, width] of [
  ['light', 1280],
  ['dark', 390],
] as const) {
  test(`axe finds nothing wrong with the panel, ${theme}, ${width} px wide`, async ({ studio }) => {
    const { page } = studio;
    await page.emulateMedia({ colorScheme: theme });
    await page.setViewportSize({ width, height: 1500 });
    await openPanel(studio);
    await page.waitForTimeout(600);
    expect(await violationsOf(studio)).toEqual([]);
    await page.getByRole('button', { name: 'Pause' }).click();
    expect(await violationsOf(studio)).toEqual([]);
    expect(await page.evaluate(() => document.documentElement.scrollWidth - innerWidth), 'nothing is cut off').toBeLessThanOrEqual(0);
    await studio.keepScreenshot(`latency-${theme}-${width}`);
  });
}

/** How long the page's main thread is busy for each frame, in ms, over so long a time. */
async function busyMsPerFrame(page: Page, session: CDPSession, durationMs: number): Promise<number> {
  const look = async () => {
    const { metrics } = await session.send('Performance.getMetrics');
    const busyS = metrics.find(({ name }) => name === 'TaskDuration')?.value ?? Number.NaN;
    return { busyMs: 1000 * busyS, frames: await page.evaluate(() => globalThis.handstream.frameLog.added) };
  };
  const before = await look();
  await page.waitForTimeout(durationMs);
  const after = await look();
  return (after.busyMs - before.busyMs) / (after.frames - before.frames);
}

test('the panel costs the page little beside the picture', async ({ studio }) => {
  test.slow();
  const { page } = studio;
  await openPanel(studio);
  const session = await page.context().newCDPSession(page);
  await session.send('Performance.enable');
  const busyMs: Record<'open' | 'closed', number[]> = { open: [], closed: [] };
  for (let round = 0; round < 2; round += 1) {
    for (const state of ['open', 'closed'] as const) {
      await page.waitForTimeout(300);
      busyMs[state].push(await busyMsPerFrame(page, session, 2000));
      await page.getByRole('button', { name: state === 'open' ? 'Close the latency panel' : 'Open the latency panel' }).click();
    }
  }
  const [open, closed] = [median(busyMs.open), median(busyMs.closed)];
  const description = `main thread a frame: ${open.toFixed(2)} ms with the panel, ${closed.toFixed(2)} ms without; ${JSON.stringify(busyMs)}`;
  test.info().annotations.push({ type: 'figures', description });
  expect(open / closed, 'the page with its panel, against the page without').toBeLessThan(2);
});

test('the stages add up to the time from capture to display that is measured beside the page', async ({ studio }) => {
  const { page } = studio;
  await page.addInitScript(watchDisplay);
  await studio.open({ mirrorsCamera: false });
  await studio.start();
  await studio.expectLive();
  await page.waitForTimeout(6000);
  const { captured, displayed, sums } = await page.evaluate(() => ({
    captured: globalThis.captured,
    displayed: globalThis.displayed,
    sums: globalThis.handstream.frameLog
      .newest()
      .filter(({ outcome }) => outcome === 'shown')
      .map(({ frameId, trace }) => [frameId, [...trace.spansNs.values()].reduce((sum, spanNs) => sum + spanNs, 0) / 1e6] as const),
  }));
  const capturedMs = new Map(captured.map(({ strip, timeMs }) => [readFrameCode(strip), timeMs]));
  const sumOf = new Map(sums);
  const differencesMs = displayed.flatMap(({ strip, timeMs, frameId }) => {
    const startMs = capturedMs.get(readFrameCode(strip));
    const sumMs = sumOf.get(frameId);
    return startMs === undefined || sumMs === undefined ? [] : [Math.abs(timeMs - startMs - sumMs)];
  });
  const p95 = differencesMs.toSorted((a, b) => a - b)[Math.floor(0.95 * differencesMs.length)] ?? Number.NaN;
  test.info().annotations.push({
    type: 'figures',
    description: `${differencesMs.length} of ${displayed.length} frames known to both (${captured.length} captured); difference p95 ${p95.toFixed(2)} ms`,
  });
  expect(differencesMs.length, 'frames known to both').toBeGreaterThan(30);
  expect(p95, 'ms between both measurements').toBeLessThanOrEqual(1);
});
