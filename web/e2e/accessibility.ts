/** What axe finds wrong on the page. */

import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import type { AxeResults } from 'axe-core';
import type { Studio } from './studio.ts';

const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf-8');

/** Each violation with its elements. Nothing moves meanwhile: half faded in, a text has half its contrast. */
export async function violationsOf(studio: Studio): Promise<string[]> {
  await studio.page.emulateMedia({ reducedMotion: 'reduce' });
  await studio.page.evaluate(axe);
  const results = await studio.page.evaluate<AxeResults>('axe.run()');
  return results.violations.map(({ id, nodes }) => `${id}: ${nodes.map((node) => node.html).join(', ')}`);
}
