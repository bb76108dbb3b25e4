/** The page as a test handles it. */

import { test as base, expect, type Page } from '@playwright/test';
import { ARTIFACTS } from './cameras.ts';
import type { DrawnFrame } from './drawn-frames.ts';
import { watchDrawing } from './drawn-frames.ts';

export class Studio {
  readonly page: Page;

  constructor(page: Page) {
    this.page = page;
  }

  /** Opens the page, with what a person had chosen before. */
  async open(preferences: object = {}, url: string = process.env['HANDSTREAM_URL'] ?? ''): Promise<void> {
    const stored = JSON.stringify(preferences);
    await this.page.addInitScript((text) => {
      if (localStorage.getItem('handstream.preferences') === null) localStorage.setItem('handstream.preferences', text);
    }, stored);
    await this.page.addInitScript(watchDrawing);
    await this.page.goto(url);
    await expect(this.page.getByRole('heading', { name: 'handstream' })).toBeVisible(); // The page's script has run.
  }

  async start(): Promise<void> {
    await this.page.getByRole('button', { name: 'Start' }).click();
  }

  async expectLive(): Promise<void> {
    await expect(this.page.locator('.chip')).toHaveText(/Live/);
    await expect.poll(() => this.framesPerSecond(), { message: 'frames are answered' }).toBeGreaterThan(1);
  }

  async framesPerSecond(): Promise<number> {
    const text = await this.page.locator('.figure', { hasText: 'Frames' }).locator('dd').textContent();
    return Number.parseFloat(text ?? '');
  }

  /** The frames that the page has drawn since the last call, oldest first. */
  drawnFrames(): Promise<DrawnFrame[]> {
    return this.page.evaluate(() => globalThis.takeDrawnFrames());
  }

  /** Keeps a picture of the page among the artefacts. */
  async keepScreenshot(name: string): Promise<void> {
    await this.page.screenshot({ path: `${ARTIFACTS}/screenshots/${name}.png`, animations: 'disabled' });
  }
}

export const test = base.extend<{ studio: Studio }>({
  /** A page whose uncaught errors fail the test, and whatever its Content-Security-Policy stops. */
  studio: async ({ page }, use) => {
    const errors: string[] = [];
    page.on('pageerror', (error) => errors.push(String(error)));
    page.on('console', (message) => {
      if (/Content[- ]Security[- ]Policy|Permissions[- ]Policy/i.test(message.text())) errors.push(message.text());
    });
    await use(new Studio(page));
    expect(errors).toEqual([]);
  },
});

export { expect };
