/** What the newest frames' traces say together: `LatencySummary`, for a view that asks a few times a second. Reads no clock. */

import type { FrameLog, FrameRecord } from './frame-log.ts';
import { SlidingPercentiles } from './percentiles.ts';
import { STAGES, type Stage } from './stages.ts';

/** Rates are those of so long a time before. */
const RATE_WINDOW_MS = 1000;

/** Percentiles in ms; null where there is nothing to tell. */
export interface Percentiles {
  readonly p50: number | null;
  readonly p95: number | null;
  readonly p99: number | null;
}

export interface Latency {
  /** From capture to screen. */
  readonly ageMs: Percentiles;
  readonly stagesMs: Readonly<Record<Stage, Percentiles>>;
  /** By how much `network_up` may be wrong, and `network_down` the other way. */
  readonly networkErrorMs: number | null;
  readonly upBytesPerSecond: number;
  readonly downBytesPerSecond: number;
}

/** The shown frames in the order of time, each as one point. */
export interface Timeline {
  readonly frames: readonly FrameRecord[];
  /** When each was on the screen, in s of the page's clock. */
  readonly timesS: readonly number[];
  readonly agesMs: readonly number[];
  readonly framesPerSecond: readonly number[];
}

export class LatencySummary {
  readonly #log: FrameLog;
  readonly #age = new SlidingPercentiles();
  readonly #networkError = new SlidingPercentiles();
  readonly #stages = new Map(STAGES.map((stage) => [stage, new SlidingPercentiles()]));
  #seen = 0;

  /** Begins with what the log holds already. */
  constructor(log: FrameLog) {
    this.#log = log;
  }

  /** Takes in the frames that are new in the log since the last call, and sums up. */
  update(nowMs: number): Latency {
    for (const record of this.#log.newest(this.#log.added - this.#seen)) if (record.outcome === 'shown') this.#add(record);
    this.#seen = this.#log.added;
    const stages = [...this.#stages].map(([stage, percentiles]) => [stage, percentilesOf(percentiles, nowMs)]);
    return {
      ageMs: percentilesOf(this.#age, nowMs),
      stagesMs: Object.fromEntries(stages) as Latency['stagesMs'],
      networkErrorMs: this.#networkError.percentile(0.5, nowMs),
      ...bytesPerSecond(this.#log.newest(), nowMs),
    };
  }

  #add({ trace, settledNs, answer }: FrameRecord): void {
    const atMs = settledNs / 1e6;
    this.#age.add((settledNs - trace.startTimeNs) / 1e6, atMs);
    if (answer !== null) this.#networkError.add(answer.networkErrorNs / 1e6, atMs);
    for (const [stage, spanNs] of trace.spansNs) this.#stages.get(stage)?.add(spanNs / 1e6, atMs);
  }
}

/** The age of every shown frame, and how many were shown in the second before each. */
export function timelineOf(records: readonly FrameRecord[]): Timeline {
  const frames = records.filter(({ outcome }) => outcome === 'shown');
  const timesS = frames.map(({ settledNs }) => settledNs / 1e9);
  let oldest = 0;
  const framesPerSecond = timesS.map((timeS, index) => {
    while ((timesS[oldest] ?? timeS) <= timeS - RATE_WINDOW_MS / 1000) oldest += 1;
    return index - oldest + 1;
  });
  return { frames, timesS, agesMs: frames.map(({ settledNs, trace }) => (settledNs - trace.startTimeNs) / 1e6), framesPerSecond };
}

function percentilesOf(percentiles: SlidingPercentiles, nowMs: number): Percentiles {
  const at = (share: number): number | null => percentiles.percentile(share, nowMs);
  return { p50: at(0.5), p95: at(0.95), p99: at(0.99) };
}

function bytesPerSecond(records: readonly FrameRecord[], nowMs: number): Pick<Latency, 'upBytesPerSecond' | 'downBytesPerSecond'> {
  const recent = records.filter(({ settledNs }) => settledNs / 1e6 > nowMs - RATE_WINDOW_MS);
  const sum = (bytesOf: (record: FrameRecord) => number): number =>
    recent.reduce((total, record) => total + bytesOf(record), 0) / (RATE_WINDOW_MS / 1000);
  return { upBytesPerSecond: sum(({ bytesUp }) => bytesUp), downBytesPerSecond: sum(({ answer }) => answer?.bytesDown ?? 0) };
}
