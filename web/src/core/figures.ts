/** The live figures: rates, round trips, sizes and drops of the last few seconds. Reads no clock: time is an argument, in ms. */

import type { DropStage } from './flow.ts';
import { STAGES, type Stage } from './stages.ts';
import type { Trace } from './trace.ts';

/** Where a picture or frame was dropped: `capture` on the page, where a newer picture replaced it before it was sent; then as the flow says. */
export type DropPlace = 'capture' | DropStage;

/** One answered frame. */
export interface AnsweredSample {
  /** When its answer was there, in ms; the samples come in this order. */
  readonly atMs: number;
  /** From handing it to the socket to having its answer, in ms. */
  readonly roundTripMs: number;
  readonly bytesUp: number;
  readonly bytesDown: number;
}

/** One frame that reached the screen. */
export interface ShownSample {
  readonly atMs: number;
  /** How old its picture was when it was shown, in ms. */
  readonly ageMs: number;
  readonly trace: Pick<Trace, 'spansNs'>;
}

export interface Figures {
  /** Answered frames a second; null while nothing runs. */
  readonly framesPerSecond: number | null;
  readonly roundTripP50Ms: number | null;
  readonly roundTripP95Ms: number | null;
  /** Mean size of a frame and of its answer. */
  readonly bytesUp: number | null;
  readonly bytesDown: number | null;
  /** Age of the pictures when they were shown, from their capture. */
  readonly ageP50Ms: number | null;
  /** The median of each stage in ms, null before anything was shown. */
  readonly stagesMs: Readonly<Record<Stage, number>> | null;
  /** Since the start, by the place where they were dropped. */
  readonly dropped: Readonly<Record<DropPlace, number>>;
  readonly droppedTotal: number;
  /** Frames that the server could not use, since the start. */
  readonly refused: number;
}

const NO_DROPS: Readonly<Record<DropPlace, number>> = { capture: 0, queue: 0, send: 0, network_up: 0, network_down: 0 };

/** What there is to say while nothing runs. */
export const NO_FIGURES: Figures = {
  framesPerSecond: null,
  roundTripP50Ms: null,
  roundTripP95Ms: null,
  bytesUp: null,
  bytesDown: null,
  ageP50Ms: null,
  stagesMs: null,
  dropped: NO_DROPS,
  droppedTotal: 0,
  refused: 0,
};

/** What is left to say when the stream has ended: what was counted since its start. */
export function countsOf({ dropped, droppedTotal, refused }: Figures): Figures {
  return { ...NO_FIGURES, dropped, droppedTotal, refused };
}

/** Collects the samples of a sliding window; what leaves the window is forgotten, so it holds a bounded number of them. */
export class FiguresWindow {
  readonly #windowMs: number;
  readonly #answered: AnsweredSample[] = [];
  readonly #shown: ShownSample[] = [];
  readonly #dropped: Record<DropPlace, number> = { ...NO_DROPS };
  #refused = 0;

  constructor(windowMs = 3000) {
    this.#windowMs = windowMs;
  }

  addAnswered(sample: AnsweredSample): void {
    this.#answered.push(sample);
    forgetBefore(this.#answered, sample.atMs - this.#windowMs);
  }

  addShown(sample: ShownSample): void {
    this.#shown.push(sample);
    forgetBefore(this.#shown, sample.atMs - this.#windowMs);
  }

  addDropped(place: DropPlace, count = 1): void {
    this.#dropped[place] += count;
  }

  addRefused(): void {
    this.#refused += 1;
  }

  summary(nowMs: number): Figures {
    forgetBefore(this.#answered, nowMs - this.#windowMs);
    forgetBefore(this.#shown, nowMs - this.#windowMs);
    const roundTrips = this.#answered.map((sample) => sample.roundTripMs);
    return {
      framesPerSecond: ratePerSecond(this.#answered, nowMs),
      roundTripP50Ms: percentile(roundTrips, 0.5),
      roundTripP95Ms: percentile(roundTrips, 0.95),
      bytesUp: mean(this.#answered.map((sample) => sample.bytesUp)),
      bytesDown: mean(this.#answered.map((sample) => sample.bytesDown)),
      ageP50Ms: percentile(
        this.#shown.map((sample) => sample.ageMs),
        0.5,
      ),
      stagesMs: medianStages(this.#shown),
      dropped: { ...this.#dropped },
      droppedTotal: Object.values(this.#dropped).reduce((sum, count) => sum + count, 0),
      refused: this.#refused,
    };
  }
}

/** The value that a share of the values does not exceed (nearest rank), or null for none. */
export function percentile(values: readonly number[], share: number): number | null {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)] ?? null;
}

function mean(values: readonly number[]): number | null {
  return values.length === 0 ? null : values.reduce((sum, value) => sum + value, 0) / values.length;
}

/** Gaps a second between the first sample and now, so that it falls as soon as answers stay away. */
function ratePerSecond(samples: readonly AnsweredSample[], nowMs: number): number {
  const [first] = samples;
  const last = samples.at(-1);
  if (first === undefined || last === undefined || first === last) return 0;
  const meanGapMs = (last.atMs - first.atMs) / (samples.length - 1);
  const spanMs = Math.max(last.atMs, nowMs - meanGapMs) - first.atMs;
  return spanMs > 0 ? (1000 * (samples.length - 1)) / spanMs : 0;
}

function medianStages(samples: readonly ShownSample[]): Record<Stage, number> | null {
  if (samples.length === 0) return null;
  const medians = STAGES.map((stage) => {
    const spansNs = samples.map(({ trace }) => trace.spansNs.get(stage) ?? 0);
    return [stage, (percentile(spansNs, 0.5) ?? 0) / 1e6];
  });
  return Object.fromEntries(medians) as Record<Stage, number>;
}

function forgetBefore(samples: { readonly atMs: number }[], oldestMs: number): void {
  const kept = samples.findIndex((sample) => sample.atMs >= oldestMs);
  samples.splice(0, kept === -1 ? samples.length : kept);
}
