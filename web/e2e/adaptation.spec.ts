import { startRelay } from './server.ts';
import { expect, test } from './studio.ts';
import { median } from './truth.ts';

test('a slow path is named, and the picture gives way before its age does', async ({ studio }) => {
  test.slow();
  const relay = await startRelay(process.env['HANDSTREAM_URL'] ?? '', '3g');
  const { page } = studio;
  await studio.open({ sourceKind: 'demo' }, relay.url);
  await studio.start();
  await studio.expectLive();
  await expect(page.locator('.limit')).toHaveText(/^The network limits/);
  await page.waitForTimeout(8000);
  await studio.drawnFrames();
  await page.waitForTimeout(5000);
  const adapted = await studio.drawnFrames();
  const ageMs = median(adapted.map(({ drawnMs, capturedMs }) => drawnMs - capturedMs));
  await studio.keepScreenshot('limit-path');
  test.info().annotations.push({ type: 'figures', description: `3g: age p50 ${ageMs.toFixed(0)} ms, ${adapted.length / 5} frames/s` });
  expect(ageMs).toBeLessThan(450);
  await relay.stop();
});

test('after a stall of the path nothing stale is shown', async ({ studio }) => {
  test.slow();
  const relay = await startRelay(process.env['HANDSTREAM_URL'] ?? '', 'stall');
  await studio.open({ sourceKind: 'demo' }, relay.url);
  await studio.start();
  await studio.expectLive();
  await studio.drawnFrames();
  await studio.page.waitForTimeout(22_000);
  const drawn = await studio.drawnFrames();
  const gaps = drawn.slice(1).map((frame, index) => frame.drawnMs - (drawn[index]?.drawnMs ?? 0));
  const firstAfterStall = drawn.slice(1).filter((_, index) => (gaps[index] ?? 0) > 1000);
  const ages = firstAfterStall.map(({ drawnMs, capturedMs }) => drawnMs - capturedMs);
  test
    .info()
    .annotations.push({ type: 'figures', description: `age of the first picture after each stall: ${ages.map(Math.round).join(', ')} ms` });
  expect(ages.length, 'stalls').toBeGreaterThan(0);
  expect(Math.max(...ages)).toBeLessThan(500);
  await expect(studio.page.locator('.chip')).toHaveText(/Live/); // The connection was never given up.
  await relay.stop();
});
