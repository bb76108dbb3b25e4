/** The page of `handstream bench latency`: where the time of a frame goes. */

import { type Cell, element, legend, section, table, tile } from './elements.ts';
import { type LatencyResult, type PercentileRow, range, text } from './figures.ts';
import { linePlot } from './line-plot.ts';

/** The colour of each span, grouped as on the live page: client, network, server, and the tracking itself. */
const COLOURS: Readonly<Record<string, string>> = {
  client: 'var(--where-page)',
  receive: 'color-mix(in oklab, var(--where-server) 55%, var(--paper))',
  queue: 'var(--warn)',
  decode: 'var(--where-server)',
  track: 'var(--where-track)',
  annotate: 'color-mix(in oklab, var(--where-server) 70%, var(--paper))',
  encode: 'color-mix(in oklab, var(--where-server) 85%, var(--ink))',
  send: 'color-mix(in oklab, var(--where-server) 45%, var(--paper))',
  network: 'var(--where-network)',
};
const LINES = ['--where-track', '--where-network', '--where-server', '--live'];

export function latency(results: readonly LatencyResult[]): readonly HTMLElement[] {
  return [
    element('div', 'tiles', ...results.flatMap(tiles)),
    section(
      'Where the time goes',
      'The median of each part of a frame’s age, from the moment at which it was due to the arrival of its answer.',
      ...results.map((result) => bar(result, Math.max(...results.map(({ age }) => age.p50_ms.median ?? 0)))),
      legend((results[0]?.spans ?? []).map(({ name }) => [name, COLOURS[name] ?? 'var(--ink-soft)'])),
    ),
    section('How ages are spread', 'How many frames were answered within how long, over all repeats.', distribution(results)),
    section('Over time', 'The age of each frame of one session, in the last repeat.', ...results.map(timeline)),
    ...results.map(figures),
  ];
}

function tiles({ sessions, age, over_kernels_p50 }: LatencyResult): readonly HTMLElement[] {
  const load = `with ${sessions === 1 ? 'one session' : `${sessions} sessions`}`;
  const made = [tile(text(age.p50_ms.median), 'ms', `median age ${load}`), tile(text(age.p95_ms.median), 'ms', `p95 ${load}`)];
  if (over_kernels_p50) made.push(tile(text(over_kernels_p50.median, 2), '×', `the bare kernels’ time in the server ${load}`));
  return made;
}

/** Its length is to the longest one's as its age is to that one's. */
function bar(result: LatencyResult, longestMs: number): HTMLElement {
  const parts = result.spans.map(({ name, p50_ms }) => {
    const part = element('span', '');
    part.style.flexGrow = String(p50_ms.median ?? 0);
    part.style.background = COLOURS[name] ?? 'var(--ink-soft)';
    part.title = `${name}: ${text(p50_ms.median, 2)} ms`;
    return part;
  });
  const name = `${result.sessions} ${result.sessions === 1 ? 'session' : 'sessions'}, ${text(result.age.p50_ms.median)} ms`;
  const stack = element('div', '', ...parts);
  stack.style.width = `${(100 * (result.age.p50_ms.median ?? 0)) / longestMs}%`;
  return element('figure', 'stacked', element('figcaption', '', name), stack);
}

function distribution(results: readonly LatencyResult[]): HTMLElement {
  const percents = Array.from({ length: 101 }, (_, percent) => percent);
  const lines = results.map(({ sessions, ages_ms }, index) => ({
    name: `${sessions} ${sessions === 1 ? 'session' : 'sessions'}`,
    colour: LINES[index % LINES.length] ?? '--ink',
    values: ages_ms,
  }));
  return linePlot({ x: percents, xUnit: '%', yUnit: 'ms', lines });
}

function timeline({ sessions, timeline_s, timeline_ms }: LatencyResult, index: number): HTMLElement {
  const name = sessions === 1 ? 'one session' : `one of ${sessions} sessions`;
  const colour = LINES[index % LINES.length] ?? '--ink';
  return linePlot({ x: timeline_s, xUnit: 's', yUnit: 'ms', lines: [{ name, colour, values: timeline_ms }] });
}

function figures(result: LatencyResult): HTMLElement {
  const kernels = result.kernels.map((row) => ({ ...row, name: row.name === 'sum' ? 'kernels together' : `kernel: ${row.name}` }));
  const rows = [...result.spans, result.age, result.server, ...kernels].map(cells);
  const rates = `${text(result.frames_per_second.median)} frames/s each, ${text(result.drop_percent.median)} % dropped.`;
  const dashes = result.age.p99_ms.median === null ? ' A dash stands where no frame of a repeat lies beyond the percentile.' : '';
  const sentence = `${rates} Below each figure its least and greatest repeat.${dashes}`;
  const heading = `All figures with ${result.sessions === 1 ? 'one session' : `${result.sessions} sessions`}`;
  return section(heading, sentence, table(['span', 'p50 ms', 'p95 ms', 'p99 ms'], rows));
}

function cells({ name, p50_ms, p95_ms, p99_ms }: PercentileRow): readonly Cell[] {
  return [name, ...[p50_ms, p95_ms, p99_ms].map((spread) => [text(spread.median, 2), range(spread, 2)] as const)];
}
