/** The page of `handstream bench capacity`: how many sessions each server holds. */

import { type Cell, element, section, table, tile } from './elements.ts';
import { type CapacityResult, text } from './figures.ts';
import { linePlot } from './line-plot.ts';

const MOST_MS = 33;
/** Ages beyond it are drawn at the upper edge: all that counts is that they don't hold. */
const SHOWN_MS = 100;
const COLOURS = ['--where-track', '--where-server', '--where-network', '--live'];

export function capacity(results: readonly CapacityResult[]): readonly HTMLElement[] {
  return [
    element('div', 'tiles', ...results.map(held)),
    section(
      'Age by sessions',
      `The p95 of the age in each try. A number of sessions holds if most of its tries stay at or below ${MOST_MS} ms with at most 1 % dropped. Above ${SHOWN_MS} ms a point stands at the upper edge.`,
      plot(results),
    ),
    section('All tries', 'In the order of their number of sessions.', table(HEADINGS, results.flatMap(tries))),
  ];
}

const HEADINGS = ['server', 'sessions', 'p50 ms', 'p95 ms', 'dropped %', 'cores', 'holds'];

function held({ name, sessions, per_core, is_limit, is_final }: CapacityResult): HTMLElement {
  const more = is_limit ? '+' : '';
  return tile(`${sessions}${more}`, 'sessions', `${name}: ${text(per_core, 2)} for each core${is_final ? '' : ', so far'}`);
}

function plot(results: readonly CapacityResult[]): HTMLElement {
  const points = results.flatMap(({ trials }, index) => trials.map((trial) => ({ trial, index })));
  points.sort((a, b) => a.trial.sessions - b.trial.sessions);
  const lines = results.map(({ name }, index) => ({
    name,
    colour: COLOURS[index % COLOURS.length] ?? '--ink',
    scattered: true,
    values: points.map((point) => (point.index === index ? Math.min(SHOWN_MS, point.trial.age_p95_ms ?? SHOWN_MS) : null)),
  }));
  const bar = { name: `${MOST_MS} ms`, colour: '--ink-soft', dashed: true, values: points.map(() => MOST_MS) };
  const x = points.map(({ trial }) => trial.sessions);
  return linePlot({ x, xUnit: '', yUnit: 'ms', lines: [...lines, bar], yRange: [0, SHOWN_MS * 1.05], xMarks: [...new Set(x)] });
}

function tries({ name, trials }: CapacityResult): readonly (readonly Cell[])[] {
  return [...trials]
    .sort((a, b) => a.sessions - b.sessions)
    .map((trial) => [
      name,
      String(trial.sessions),
      text(trial.age_p50_ms),
      text(trial.age_p95_ms),
      text(trial.drop_percent, 2),
      text(trial.cpu_cores, 2),
      [trial.holds ? 'yes' : 'no', trial.errors.join('; ')],
    ]);
}
