/** What the page's main thread does: `workDuring` some frames, with the latency panel open and closed in turns. */

import type { CDPSession } from '@playwright/test';
import { expect, type Studio } from './studio.ts';

export interface Work {
  readonly seconds: number;
  /** How long the page's main thread was busy. */
  readonly busyMs: number;
  /** Frames of which it became known what became of them. */
  readonly frames: number;
}

/** The work with the latency panel open and closed, one after the other. */
export interface PanelRound {
  readonly open: Work;
  readonly closed: Work;
}

/** So many rounds of so many frames each way. The panel is open before and after. */
export async function panelRounds(studio: Studio, rounds: number, frames: number): Promise<PanelRound[]> {
  const session = await studio.page.context().newCDPSession(studio.page);
  await session.send('Performance.enable');
  const found: PanelRound[] = [];
  for (let round = 0; round < rounds; round += 1) {
    const open = await workDuring(studio, session, frames);
    await studio.closePanel();
    const closed = await workDuring(studio, session, frames);
    await studio.openPanel();
    found.push({ open, closed });
  }
  return found;
}

/** What the page does until so many frames have come and gone. */
async function workDuring({ page }: Studio, session: CDPSession, frames: number): Promise<Work> {
  const look = async (): Promise<Work> => {
    const { metrics } = await session.send('Performance.getMetrics');
    const valueS = (wanted: string): number => metrics.find(({ name }) => name === wanted)?.value ?? Number.NaN;
    const added = await page.evaluate(() => globalThis.handstream.frameLog.added);
    return { seconds: valueS('Timestamp'), busyMs: 1000 * valueS('TaskDuration'), frames: added };
  };
  const before = await look();
  await expect.poll(async () => (await look()).frames).toBeGreaterThanOrEqual(before.frames + frames);
  const after = await look();
  return { seconds: after.seconds - before.seconds, busyMs: after.busyMs - before.busyMs, frames: after.frames - before.frames };
}
