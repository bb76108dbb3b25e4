/** The page of `handstream bench soak`: whether a server stays as it began. */

import { element, section, table, tile } from './elements.ts';
import { type CapacityResult, type SoakPoint, type SoakResult, text } from './figures.ts';
import { linePlot } from './line-plot.ts';

const HEADINGS = ['minute', 'p50 ms', 'p95 ms', 'dropped %', 'memory MB', 'files', 'threads'];

export function soak(results: readonly SoakResult[]): readonly HTMLElement[] {
  return results.flatMap((result) => [
    element('div', 'tiles', ...tiles(result)),
    section('Memory', 'The server’s resident memory after each segment.', plot(result, 'MB', [['memory', '--where-server', 'memory_mb']])),
    section(
      'Age',
      'Over all sessions of a segment.',
      plot(result, 'ms', [
        ['p50', '--where-network', 'age_p50_ms'],
        ['p95', '--where-track', 'age_p95_ms'],
      ]),
    ),
    section('All segments', 'In each, new sessions connect, send for a while and go.', table(HEADINGS, result.points.map(cells))),
  ]);
}

function tiles({ capacity, sessions, minutes, memory_mb_per_hour, first_p95_ms, last_p95_ms }: SoakResult): readonly HTMLElement[] {
  const sign = (memory_mb_per_hour ?? 0) > 0 ? '+' : '';
  return [
    tile(`${sign}${text(memory_mb_per_hour)}`, 'MB/h', 'trend of the memory after the warm-up'),
    tile(`${text(first_p95_ms)} → ${text(last_p95_ms)}`, 'ms', 'p95 of the age, first minute and last'),
    tile(String(sessions), sessions === 1 ? 'session' : 'sessions', `for ${text(minutes)} minutes; ${origin(capacity)}`),
  ];
}

/** Where the number of sessions comes from. */
function origin(capacity: CapacityResult | null): string {
  if (!capacity) return 'the number was given';
  return `the capacity that was found first is ${capacity.sessions}${capacity.is_limit ? ' or more' : ''}`;
}

type Series = readonly [name: string, colour: string, key: 'memory_mb' | 'age_p50_ms' | 'age_p95_ms'];

function plot({ points }: SoakResult, yUnit: string, series: readonly Series[]): HTMLElement {
  const lines = series.map(([name, colour, key]) => ({ name, colour, values: points.map((point) => point[key]) }));
  return linePlot({ x: points.map(({ time_s }) => time_s / 60), xUnit: 'min', yUnit, lines });
}

function cells(point: SoakPoint): readonly string[] {
  const numbers = [point.time_s / 60, point.age_p50_ms, point.age_p95_ms, point.drop_percent, point.memory_mb];
  return [...numbers.map((number) => text(number)), text(point.files, 0), text(point.threads, 0)];
}
