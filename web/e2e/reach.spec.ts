import { readFileSync } from 'node:fs';
import { violationsOf } from './accessibility.ts';
import { DEMO_FOLDER } from './cameras.ts';
import { expect, test } from './studio.ts';

test('the space bar starts and stops, unless a control has the focus', async ({ studio }) => {
  const { page } = studio;
  await studio.open({ sourceKind: 'demo' });
  await page.keyboard.press('Space');
  await studio.expectLive();
  await page.keyboard.press('Shift+Space'); // It scrolls.
  await expect(page.locator('.chip')).toHaveText(/Live/);
  await page.keyboard.press('Space');
  await expect(page.locator('.chip')).toHaveText('Ready');
  await page.getByRole('switch', { name: 'Mirror the picture' }).focus();
  await page.keyboard.press('Space');
  await expect(page.getByRole('switch', { name: 'Mirror the picture' })).toBeChecked();
  await expect(page.locator('.chip')).toHaveText('Ready');
});

test('everything can be reached and changed by keyboard', async ({ studio }) => {
  const { page } = studio;
  await studio.open({ sourceKind: 'demo' });
  await page.keyboard.press('Tab');
  await expect(page.getByRole('button', { name: /Switch to the .* theme/ })).toBeFocused();
  await page.keyboard.press('Tab');
  await expect(page.getByRole('button', { name: 'Play the demo clip' })).toBeFocused();
  await page.getByRole('radio', { name: 'Landmarks' }).focus();
  await page.keyboard.press('ArrowRight');
  await expect(page.getByRole('radio', { name: 'Annotated picture' })).toBeChecked();
  await page.getByRole('slider', { name: 'JPEG quality, returned' }).focus();
  await page.keyboard.press('End');
  await expect(page.getByRole('slider', { name: 'JPEG quality, returned' })).toHaveAttribute('aria-valuetext', '95');
});

test('choices are remembered', async ({ studio }) => {
  const { page } = studio;
  await studio.open();
  await page.getByLabel('Capture resolution').selectOption('320x240');
  await page.getByRole('radio', { name: 'Demo clip' }).check({ force: true });
  await page.reload();
  await expect(page.getByLabel('Capture resolution')).toHaveValue('320x240');
  await expect(page.getByRole('radio', { name: 'Demo clip' })).toBeChecked();
});

test('settings take effect while it runs', async ({ studio }) => {
  const { page } = studio;
  await studio.open({ sourceKind: 'demo' });
  await studio.start();
  await studio.expectLive();
  await page.getByLabel('Capture resolution').selectOption('320x240');
  await page.getByRole('radio', { name: 'Annotated picture' }).check({ force: true });
  await page.getByLabel('Frame throttle').fill('200');
  await expect.poll(() => studio.framesPerSecond()).toBeLessThan(7);
  const nextFrame = () =>
    page.evaluate(
      () =>
        new Promise<{ widthPx: number | undefined; hasImage: boolean }>((resolve) => {
          globalThis.handstream.onFrame(({ result }) => resolve({ widthPx: result?.widthPx, hasImage: result?.image != null }));
        }),
    );
  await expect.poll(nextFrame).toEqual({ widthPx: 320, hasImage: true }); // One from before may still be on its way.
});

test('a video that is dropped on the page is played', async ({ studio }) => {
  const { page } = studio;
  await studio.open();
  const bytes = readFileSync(`${DEMO_FOLDER}/hands.webm`).toString('base64');
  const transfer = await page.evaluateHandle((encoded) => {
    const data = Uint8Array.from(atob(encoded), (character) => character.charCodeAt(0));
    const dropped = new DataTransfer();
    dropped.items.add(new File([data], 'my hands.webm', { type: 'video/webm' }));
    return dropped;
  }, bytes);
  await page.dispatchEvent('main', 'dragover', { dataTransfer: transfer });
  await expect(page.getByText('Drop the video to play it')).toBeVisible();
  await page.dispatchEvent('main', 'drop', { dataTransfer: transfer });
  await studio.expectLive();
  await expect(page.getByText('my hands.webm')).toBeVisible();
});

for (const theme of ['light', 'dark'] as const) {
  test(`axe finds nothing wrong, ${theme}`, async ({ studio }) => {
    await studio.page.emulateMedia({ colorScheme: theme, reducedMotion: 'reduce' });
    await studio.open({ sourceKind: 'demo', settings: { output: 'annotated' } });
    expect(await violationsOf(studio)).toEqual([]);
    await studio.start();
    await studio.expectLive();
    await studio.page.waitForTimeout(1000);
    await studio.keepScreenshot(`running-${theme}`);
    expect(await violationsOf(studio)).toEqual([]);
  });
}

test('axe finds nothing wrong where something is', async ({ studio }) => {
  await studio.page.addInitScript(() => {
    navigator.mediaDevices.getUserMedia = () => Promise.reject(new DOMException('', 'NotFoundError'));
  });
  await studio.open();
  await studio.start();
  await expect(studio.page.getByRole('heading', { name: 'No camera was found' })).toBeVisible();
  expect(await violationsOf(studio)).toEqual([]);
});

test.describe('on a phone', () => {
  test.use({ viewport: { width: 390, height: 844 }, hasTouch: true, isMobile: true });

  test('it fits, and a tap starts it', async ({ studio }) => {
    const { page } = studio;
    await studio.open({ sourceKind: 'demo' });
    await studio.keepScreenshot('phone-first-view');
    await page.getByRole('button', { name: 'Play the demo clip' }).tap();
    await studio.expectLive();
    await page.waitForTimeout(1500);
    await studio.keepScreenshot('phone-running');
    expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(390);
    expect(await violationsOf(studio)).toEqual([]);
  });
});

test('the theme can be switched, and stays', async ({ studio }) => {
  const { page } = studio;
  await page.emulateMedia({ colorScheme: 'light' });
  await studio.open();
  const paper = () => page.evaluate(() => getComputedStyle(document.documentElement).backgroundColor);
  const light = await paper();
  await page.getByRole('button', { name: 'Switch to the dark theme' }).click();
  await expect.poll(paper).not.toBe(light);
  const dark = await paper();
  await page.reload();
  await expect.poll(paper).toBe(dark);
});
