/** The page that `handstream bench --html` writes, opened as a colleague would: from a file, with no server anywhere. */

import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { expect, test } from '@playwright/test';
import { handstreamCommand } from './cameras.ts';

const ROOT = join(import.meta.dirname, '..', '..');
const KINDS = {
  latency: { heading: 'Where the time of a frame goes', figure: '1.33×', plots: 3 },
  capacity: { heading: 'How many sessions this machine holds', figure: '9sessions', plots: 1 },
  ablation: { heading: 'What each cure brings', figure: '5,600 → 11ms', plots: 0 },
  soak: { heading: 'Whether the server stays as it began', figure: '+18.0MB/h', plots: 2 },
} as const;

let folder: string;

test.beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'handstream-reports-'));
  const python = join(dirname(handstreamCommand()), 'python');
  execFileSync(python, ['-m', 'tests.bench.reports', folder], { cwd: ROOT });
});

test.afterAll(() => rmSync(folder, { recursive: true }));

for (const [kind, { heading, figure, plots }] of Object.entries(KINDS)) {
  for (const colorScheme of ['light', 'dark'] as const) {
    test(`the report of ${kind} shows its figures, ${colorScheme}, and asks for nothing`, async ({ browser }) => {
      const page = await browser.newPage({ colorScheme, viewport: { width: 1100, height: 900 } });
      const troubles: string[] = [];
      page.on('pageerror', (error) => troubles.push(error.message));
      page.on('console', (message) => troubles.push(message.text()));
      page.on('request', (request) => request.url().startsWith('file:') || troubles.push(request.url()));

      await page.goto(pathToFileURL(join(folder, `${kind}.html`)).href);

      await expect(page.getByRole('heading', { name: heading })).toBeVisible();
      await expect(page.locator('.tile strong').filter({ hasText: figure }).first()).toBeVisible();
      await expect(page.locator('canvas')).toHaveCount(plots);
      await expect(page.locator('dd').filter({ hasText: '<img src=' })).toHaveCount(1);
      await expect(page).toHaveTitle(`handstream bench ${kind}`);
      expect(await page.locator('img').count()).toBe(0);
      expect(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth)).toBe(true);
      expect(troubles).toEqual([]);
      await page.screenshot({ path: join(ROOT, 'artifacts', `report-${kind}-${colorScheme}.png`), fullPage: true });
      await page.close();
    });
  }
}

test('an interrupted measurement says so', async ({ page }) => {
  await page.goto(pathToFileURL(join(folder, 'soak.html')).href);
  await expect(page.getByText('It was interrupted')).toBeVisible();
});

test('a soak tells the capacity of which it took a share', async ({ page }) => {
  await page.goto(pathToFileURL(join(folder, 'soak.html')).href);
  await expect(page.locator('.tile').filter({ hasText: 'for 5.0 minutes' })).toContainText('the capacity that was found first is 5');
});

test('on a phone only tables are wider than the page, and scroll by themselves', async ({ browser }) => {
  const page = await browser.newPage({ viewport: { width: 390, height: 800 } });
  for (const kind of Object.keys(KINDS)) {
    await page.goto(pathToFileURL(join(folder, `${kind}.html`)).href);
    await expect(page.getByRole('heading', { level: 1 })).toBeVisible();
    expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(390);
  }
  await page.close();
});
