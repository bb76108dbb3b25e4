/** Draws the report that `handstream bench --html` has put into this page. */

import '../app/styles/tokens.css';
import './report.css';
import { ablation } from './ablation.ts';
import { capacity } from './capacity.ts';
import { element, section } from './elements.ts';
import type { Report } from './figures.ts';
import { latency } from './latency.ts';
import { soak } from './soak.ts';

const TITLES = {
  latency: 'Where the time of a frame goes',
  capacity: 'How many sessions this machine holds',
  ablation: 'What each cure brings',
  soak: 'Whether the server stays as it began',
} as const;

function content(report: Report): readonly HTMLElement[] {
  switch (report.kind) {
    case 'latency':
      return latency(report.results);
    case 'capacity':
      return capacity(report.results);
    case 'ablation':
      return ablation(report.results);
    case 'soak':
      return soak(report.results);
  }
}

function heading({ kind, began, machine, is_complete }: Report): HTMLElement {
  const made = element('header', '', element('p', 'wordmark', `handstream bench ${kind}`), element('h1', '', TITLES[kind]));
  const parts = [machine['processor'], `cores: ${machine['cores']}`, machine['system'], `${began.slice(0, 16).replace('T', ' ')} UTC`];
  made.append(element('p', 'soft', parts.join(' · ')));
  if (!is_complete) made.append(element('p', 'warning', 'It was interrupted: these are the measurements until then.'));
  return made;
}

function circumstances({ machine, options }: Report): HTMLElement {
  const told = Object.entries(options).map(([name, value]) => [name, value === null ? '–' : [value].flat().join(', ')] as const);
  const rows = [...Object.entries(machine), ...told];
  const terms = rows.flatMap(([name, value]) => [element('dt', '', name.replaceAll('_', ' ')), element('dd', '', String(value))]);
  return section(
    'Machine and options',
    'Clients and server share this machine; compare only what was measured in one run.',
    element('dl', '', ...terms),
  );
}

const report: Report = JSON.parse(document.getElementById('figures')?.textContent ?? '');
document.title = `handstream bench ${report.kind}`;
document.getElementById('report')?.append(heading(report), ...content(report), circumstances(report));
