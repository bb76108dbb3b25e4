/** The page of `handstream bench ablation`: what each cure brings. */

import { type Cell, element, section, table, tile } from './elements.ts';
import { type AblationRow, range, text } from './figures.ts';

const BAR_MS = 33;
const LEAST_MS = 5;

export function ablation(rows: readonly AblationRow[]): readonly HTMLElement[] {
  const loads = [...new Set(rows.map(({ clients }) => clients))].sort((a, b) => a - b);
  return [
    element('div', 'tiles', ...loads.flatMap((clients) => tiles(rows.filter((row) => row.clients === clients)))),
    ...loads.map((clients) => ages(rows, clients)),
    ...loads.map((clients) => figures(rows, clients)),
  ];
}

function tiles(rows: readonly AblationRow[]): readonly HTMLElement[] {
  const [first, last] = [rows[0], rows.at(-1)];
  if (!first || !last || first === last) return [];
  const change = `${text(first.age_p95_ms.median, 0)} → ${text(last.age_p95_ms.median, 0)}`;
  return [tile(change, 'ms', `p95 of the age with ${count(first.clients)}, from the first step to the last`)];
}

function ages(rows: readonly AblationRow[], clients: number): HTMLElement {
  const most = Math.max(BAR_MS * 2, ...rows.map(({ age_p95_ms }) => age_p95_ms.high ?? 0));
  const place = (ms: number): string => `${(100 * Math.log(Math.max(ms, LEAST_MS) / LEAST_MS)) / Math.log(most / LEAST_MS)}%`;
  const lines = rows.filter((row) => row.clients === clients).map((row) => line(row, place));
  const sentence = `From the median to the p95 of each frame’s age; each mark to the right is ten times the one before. The line is at ${BAR_MS} ms, one frame of a camera.`;
  return section(`Age with ${count(clients)}`, sentence, element('div', 'ages', ...lines, scale(place, most)));
}

function line(row: AblationRow, place: (ms: number) => string): HTMLElement {
  const track = element('div', 'track', mark(place(BAR_MS), 'bar'));
  const { age_p50_ms, age_p95_ms } = row;
  if (age_p50_ms.median !== null && age_p95_ms.median !== null) {
    const reach = element('span', 'reach');
    reach.style.left = place(age_p50_ms.median);
    reach.style.right = `calc(100% - ${place(age_p95_ms.median)})`;
    track.append(reach, mark(place(age_p50_ms.median), 'dot'), mark(place(age_p95_ms.median), 'dot p95'));
  }
  const words = `${text(age_p50_ms.median, 0)} / ${text(age_p95_ms.median, 0)} ms`;
  return element('div', 'age', element('span', '', row.step), track, element('span', 'number', words));
}

function scale(place: (ms: number) => string, most: number): HTMLElement {
  const track = element('div', 'scale');
  for (let ms = 10; ms <= most; ms *= 10) {
    const label = element('span', '', `${ms.toLocaleString('en')} ms`);
    label.style.left = place(ms);
    track.append(label);
  }
  return element('div', 'age', element('span', ''), track, element('span', ''));
}

function mark(left: string, className: string): HTMLElement {
  const made = element('i', className);
  made.style.left = left;
  return made;
}

const HEADINGS = ['step', 'p50 ms', 'p95 ms', 'frames/s', 'dropped %', 'kB', 'CPU ms', 'lag p95 ms', 'MB'];

function figures(rows: readonly AblationRow[], clients: number): HTMLElement {
  const sentence =
    'kB and CPU are of one answer, lag is how long the smallest request waits for the event loop, MB is the server’s memory. Below each figure its least and greatest repeat.';
  const chosen = rows.filter((row) => row.clients === clients).map(cells);
  return section(`All figures with ${count(clients)}`, sentence, table(HEADINGS, chosen));
}

function cells(row: AblationRow): readonly Cell[] {
  const kilobytes = { median: kilo(row.down_bytes.median), low: kilo(row.down_bytes.low), high: kilo(row.down_bytes.high) };
  const spreads = [row.age_p50_ms, row.age_p95_ms, row.frames_per_second, row.drop_percent, kilobytes, row.cpu_ms, row.lag_p95_ms];
  return [
    row.step,
    ...spreads.map((spread) => [text(spread.median), range(spread)] as const),
    [text(row.memory_mb.median, 0), row.errors.join('; ')],
  ];
}

function kilo(bytes: number | null): number | null {
  return bytes === null ? null : bytes / 1e3;
}

function count(clients: number): string {
  return clients === 1 ? 'one client' : `${clients} clients`;
}
