/** Draws the stages as a waterfall in the rows of a table: where each begins, how long it takes at the median, and at the 95th percentile. */

import type { FrameRecord } from '../../core/frame-log.ts';
import type { Latency } from '../../core/latency-summary.ts';
import { STAGES, type Stage } from '../../core/stages.ts';

/** From here on numbers are whole ones: tenths say nothing, and would not fit on a phone. */
const LEAST_WHOLE_MS = 100;

/** One row's share of the way, in ms. */
interface Span {
  readonly stage: Stage;
  readonly ms: number;
  /** How far the bar's thin end reaches: p95, or the same as `ms` for one frame. */
  readonly longMs: number;
  /** What its cells tell, from the first column on. */
  readonly numbers: readonly (number | null)[];
}

export class Waterfall {
  readonly #table: HTMLTableElement;
  readonly #rows: ReadonlyMap<Stage, HTMLTableRowElement>;
  readonly #total: HTMLTableRowElement;

  /** @param table - has a row with `data-stage` for each stage, and one for the whole. */
  constructor(table: HTMLTableElement) {
    this.#table = table;
    const rowOf = (name: string): HTMLTableRowElement => {
      const row = table.querySelector<HTMLTableRowElement>(`tr[data-stage="${name}"]`);
      if (row === null) throw new Error(`The table has no row for ${name}.`);
      return row;
    };
    this.#rows = new Map(STAGES.map((stage) => [stage, rowOf(stage)]));
    this.#total = rowOf('whole');
  }

  /** The percentiles of the last seconds. A stage that did not run is left out. */
  showSummary({ stagesMs, ageMs, networkErrorMs }: Latency): void {
    const spans = STAGES.flatMap((stage): Span[] => {
      const { p50, p95, p99 } = stagesMs[stage];
      return p50 === null || p95 === null ? [] : [{ stage, ms: p50, longMs: p95, numbers: [null, p50, p95, p99] }];
    });
    this.#table.dataset['shows'] = 'summary';
    this.#showSpans(spans);
    this.#setNumbers(this.#total, [null, ageMs.p50, ageMs.p95, ageMs.p99]);
    this.#setError(networkErrorMs);
  }

  /** One frame, beside the percentiles that are there. */
  showFrame({ trace, answer, settledNs }: FrameRecord): void {
    const spans = [...trace.spansNs].map(([stage, spanNs]) => ({ stage, ms: spanNs / 1e6, longMs: spanNs / 1e6, numbers: [spanNs / 1e6] }));
    this.#table.dataset['shows'] = 'frame';
    this.#showSpans(spans);
    this.#setNumbers(this.#total, [(settledNs - trace.startTimeNs) / 1e6]);
    this.#setError(answer === null ? null : answer.networkErrorNs / 1e6);
  }

  #showSpans(spans: readonly Span[]): void {
    let startMs = 0;
    const placed = spans.map((span) => {
      startMs += span.ms;
      return { ...span, startMs: startMs - span.ms };
    });
    const wholeMs = Math.max(...placed.map((span) => span.startMs + span.longMs), Number.MIN_VALUE);
    const share = (ms: number): string => `${((100 * ms) / wholeMs).toFixed(1)}%`;
    const running = new Set(placed.map(({ stage }) => stage));
    for (const [stage, row] of this.#rows) row.hidden = !running.has(stage);
    for (const { stage, ...span } of placed) {
      const row = this.#rows.get(stage);
      this.#setNumbers(row, span.numbers);
      const style = row?.style;
      style?.setProperty('--start', share(span.startMs));
      style?.setProperty('--span', share(span.ms));
      style?.setProperty('--long', share(span.longMs));
    }
  }

  /** The numbers of a row, from its first column on. */
  #setNumbers(row: HTMLTableRowElement | undefined, values: readonly (number | null)[]): void {
    row?.querySelectorAll('td.number').forEach((cell, index) => {
      const value = values[index];
      const text = value === null ? '–' : value?.toFixed(value < LEAST_WHOLE_MS ? 1 : 0);
      // Writing what is there already would lay out the table anew all the same.
      if (text !== undefined && cell.textContent !== text) cell.textContent = text;
    });
  }

  /** How far the two ways through the network may be other than they are told. */
  #setError(errorMs: number | null): void {
    for (const stage of ['network_up', 'network_down'] as const) {
      const note = this.#rows.get(stage)?.querySelector('.error');
      const text = errorMs === null ? '' : ` ± ${errorMs.toFixed(1)}`;
      if (note && note.textContent !== text) note.textContent = text;
    }
  }
}
