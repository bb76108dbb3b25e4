/**
 * The trials of `python -m benchmarks.page`, each on a fresh page: what was measured is a file for each, and the arithmetic is in Python.
 *
 * Run by the benchmark, which has written the plan, with `playwright.bench.config.ts`.
 */

import { readFileSync, writeFileSync } from 'node:fs';
import { LOG_FRAMES } from '../src/core/frame-log.ts';
import { ARTIFACTS } from './cameras.ts';
import { timedTwice, watchDisplay } from './display-times.ts';
import { panelRounds } from './main-thread.ts';
import { expect, type Studio, test } from './studio.ts';

interface StreamTrial {
  readonly kind: 'stream';
  /** A profile of the relay, or `loopback`. */
  readonly path: string;
  readonly output: string;
  /** Between each of these and the next one lies a part that is measured; in s, from the capture of the first picture that was sent. */
  readonly marks_s: readonly number[];
}

interface DisplayTrial {
  readonly kind: 'display';
  readonly frames: number;
}

interface PanelTrial {
  readonly kind: 'panel';
  readonly rounds: number;
  readonly frames: number;
}

type Trial = StreamTrial | DisplayTrial | PanelTrial;

const FOLDER = `${ARTIFACTS}/page`;

const plan = JSON.parse(readFileSync(`${FOLDER}/plan.json`, 'utf-8')) as readonly Trial[];

plan.forEach((trial, number) => {
  test(`trial ${number}: ${trial.kind}`, async ({ studio, browser }) => {
    const measured = { chromium: browser.version(), ...(await measure(studio, trial)) };
    writeFileSync(`${FOLDER}/${number}.json`, JSON.stringify(measured));
  });
});

function measure(studio: Studio, trial: Trial): Promise<object> {
  switch (trial.kind) {
    case 'stream':
      return measureStream(studio, trial);
    case 'display':
      return measureDisplay(studio, trial);
    case 'panel':
      return measurePanel(studio, trial);
  }
}

/** What became of the frames, as the panel saves it, and how many pictures the page itself had left out at each mark. */
async function measureStream(studio: Studio, { path, output, marks_s }: StreamTrial): Promise<object> {
  const { page } = studio;
  await studio.openUnwatched({ settings: { output } }, path === 'loopback' ? undefined : (await studio.startRelay(path)).url);
  await studio.start();
  await page.waitForFunction(() => globalThis.handstream.frameLog.added > 0);
  const began_ms = await page.evaluate(() => (globalThis.handstream.frameLog.newest()[0]?.trace.startTimeNs ?? Number.NaN) / 1e6);
  const skipped: number[] = [];
  for (const markS of marks_s) skipped.push(markS === 0 ? 0 : await skippedAt(studio, began_ms + 1000 * markS));
  await studio.openPanel();
  const { frames } = await studio.saved<{ frames: object[] }>('Save as JSON');
  expect(frames.length, 'frames; the log would have lost the first ones').toBeLessThan(LOG_FRAMES);
  return { began_ms, skipped, frames };
}

/** Waits until that moment of the page's clock; how many pictures have given way on the page to newer ones by then. */
function skippedAt({ page }: Studio, untilMs: number): Promise<number> {
  return page.evaluate(async (ms) => {
    await new Promise((resolve) => setTimeout(resolve, ms - performance.now()));
    return globalThis.handstream.getState().figures.dropped.capture;
  }, untilMs);
}

async function measureDisplay(studio: Studio, { frames }: DisplayTrial): Promise<object> {
  await studio.page.addInitScript(watchDisplay);
  await studio.openUnwatched({ mirrorsCamera: false }); // The code is read from what is drawn.
  await studio.start();
  await studio.page.waitForFunction((enough) => globalThis.displayed.length >= enough, frames, { polling: 500, timeout: 120_000 });
  return { frames: await timedTwice(studio.page) };
}

async function measurePanel(studio: Studio, { rounds, frames }: PanelTrial): Promise<object> {
  await studio.openUnwatched();
  await studio.start();
  await studio.expectLive();
  await studio.openPanel();
  return { rounds: await panelRounds(studio, rounds, frames) };
}
