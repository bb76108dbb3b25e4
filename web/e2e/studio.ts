/** The page as a test handles it. */

import { readFileSync } from 'node:fs';
import { test as base, expect, type Page } from '@playwright/test';
import { ARTIFACTS } from './cameras.ts';
import type { DrawnFrame } from './drawn-frames.ts';
import { watchDrawing } from './drawn-frames.ts';
import { type Server, startRelay, startServer } from './server.ts';

export class Studio {
  readonly page: Page;
  readonly #servers: Server[] = [];

  constructor(page: Page) {
    this.page = page;
  }

  /** Opens the page, with what a person had chosen before, and notes what it draws. */
  async open(preferences: object = {}, url?: string): Promise<void> {
    await this.page.addInitScript(watchDrawing);
    await this.openUnwatched(preferences, url);
  }

  /** The same, and what is drawn is not read back, which takes time from the page. */
  async openUnwatched(preferences: object = {}, url: string = process.env['HANDSTREAM_URL'] ?? ''): Promise<void> {
    const stored = JSON.stringify(preferences);
    await this.page.addInitScript((text) => {
      if (localStorage.getItem('handstream.preferences') === null) localStorage.setItem('handstream.preferences', text);
    }, stored);
    await this.page.goto(url);
    await expect(this.page.getByRole('heading', { name: 'handstream' })).toBeVisible(); // The page's script has run,
    await this.page.evaluate(() => new Promise((resolve) => requestIdleCallback(resolve))); // and it listens to keys and drops.
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

  /**
   * The frames that the page draws from now on, oldest first, once they are enough. So a slow machine takes longer to show what a test
   * looks at, and does not show less.
   */
  async drawnUntil(areEnough: (drawn: readonly DrawnFrame[]) => boolean): Promise<DrawnFrame[]> {
    await this.drawnFrames();
    const drawn: DrawnFrame[] = [];
    const look = async (): Promise<boolean> => {
      drawn.push(...(await this.drawnFrames()));
      return areEnough(drawn);
    };
    await expect.poll(look, { message: 'enough frames are drawn', timeout: 120_000 }).toBe(true);
    return drawn;
  }

  /** Waits until that element has such a text, which may be there for a moment only: it is looked for in every frame that is rendered. */
  async expectBriefly(selector: string, text: RegExp): Promise<void> {
    const watch = ({ where, pattern, untilMs }: { where: string; pattern: string; untilMs: number }): Promise<string> =>
      new Promise((resolve) => {
        const look = (): void => {
          const found = document.querySelector(where)?.textContent ?? '';
          if (new RegExp(pattern).test(found) || performance.now() > untilMs) resolve(found);
          else requestAnimationFrame(look);
        };
        look();
      });
    const untilMs = (await this.page.evaluate(() => performance.now())) + 60_000;
    expect(await this.page.evaluate(watch, { where: selector, pattern: text.source, untilMs })).toMatch(text);
  }

  /** A server of the test's own on that port, or on 0 on any that is free; it ends with the test. */
  async startServer(port: number, ...options: string[]): Promise<Server> {
    return this.#keep(await startServer(port, ...options));
  }

  /** The network of that profile before the server under test; it ends with the test. */
  async startRelay(profile: string): Promise<Server> {
    return this.#keep(await startRelay(process.env['HANDSTREAM_URL'] ?? '', profile));
  }

  async stopServers(): Promise<void> {
    await Promise.all(this.#servers.map((server) => server.stop()));
  }

  #keep(server: Server): Server {
    this.#servers.push(server);
    return server;
  }

  async openPanel(): Promise<void> {
    await this.page.getByRole('button', { name: 'Open the latency panel' }).click();
    await expect(this.page.getByRole('button', { name: 'Pause' })).toBeVisible();
  }

  async closePanel(): Promise<void> {
    await this.page.getByRole('button', { name: 'Close the latency panel' }).click();
  }

  /** The file that a click on that button of the panel saves, parsed. */
  async saved<Content>(button: string): Promise<Content> {
    const { page } = this;
    const [download] = await Promise.all([page.waitForEvent('download'), page.getByRole('button', { name: button }).click()]);
    return JSON.parse(readFileSync(await download.path(), 'utf-8')) as Content;
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
    const studio = new Studio(page);
    await use(studio);
    await studio.stopServers();
    expect(errors).toEqual([]);
  },
});

export { expect };
