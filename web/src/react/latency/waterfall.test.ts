// @vitest-environment happy-dom

import { expect, test } from 'vitest';
import { FrameLog } from '../../core/frame-log.ts';
import { LatencySummary } from '../../core/latency-summary.ts';
import { recordOf } from '../../core/records.ts';
import { STAGES } from '../../core/stages.ts';
import { Waterfall } from './waterfall.ts';

function tableOf(): HTMLTableElement {
  const table = document.createElement('table');
  const row = (name: string): string =>
    `<tr data-stage="${name}"><th>${name}<span class="error"></span></th><td class="bar"></td>${'<td class="number"></td>'.repeat(4)}</tr>`;
  table.innerHTML = [...STAGES, 'whole'].map(row).join('');
  return table;
}

function rowOf(table: HTMLTableElement, stage: string): { texts: (string | null)[]; isHidden: boolean; style: CSSStyleDeclaration } {
  const row = table.querySelector<HTMLTableRowElement>(`tr[data-stage="${stage}"]`);
  if (row === null) throw new Error(stage);
  return {
    texts: [...row.querySelectorAll('.number')].map(({ textContent }) => textContent),
    isHidden: Boolean(row.hidden),
    style: row.style,
  };
}

test('a summary has a row for each stage that ran, each beginning where the one before it ended', () => {
  const table = tableOf();
  const log = new FrameLog();
  for (let sequence = 0; sequence < 20; sequence += 1) log.add(recordOf({ sequence, startMs: 33 * sequence }));
  new Waterfall(table).showSummary(new LatencySummary(log).update(1000));
  expect(rowOf(table, 'track').texts).toEqual(['–', '7.0', '7.0', '7.0']);
  expect(rowOf(table, 'annotate').isHidden).toBe(true);
  expect(rowOf(table, 'network_up')).toMatchObject({ isHidden: false });
  expect(table.querySelector('[data-stage="network_up"] .error')?.textContent).toBe(' ± 0.5');
  const share = (stage: string, name: string): number => Number.parseFloat(rowOf(table, stage).style.getPropertyValue(name));
  expect(share('pack', '--start')).toBeCloseTo(share('capture', '--span') + share('hold', '--span'), 0);
  expect(share('present', '--start') + share('present', '--span')).toBeCloseTo(100, 0);
});

test('one frame stands beside the percentiles that were there', () => {
  const table = tableOf();
  const log = new FrameLog();
  log.add(recordOf({}));
  const waterfall = new Waterfall(table);
  waterfall.showSummary(new LatencySummary(log).update(100));
  waterfall.showFrame(recordOf({ trackMs: 21 }));
  expect(rowOf(table, 'track').texts).toEqual(['21.0', '7.0', '7.0', '7.0']);
  expect(rowOf(table, 'whole').texts[0]).toBe('47.0');
  expect(table.dataset['shows']).toBe('frame');
  waterfall.showFrame(recordOf({ trackMs: 1021 }));
  expect(rowOf(table, 'whole').texts[0], 'large ones without tenths').toBe('1047');
  waterfall.showFrame(recordOf({ droppedAt: 'queue' }));
  expect(rowOf(table, 'track').isHidden).toBe(true);
  expect(table.querySelector('[data-stage="network_up"] .error')?.textContent).toBe('');
});
