/** The figures that `handstream bench` puts into the page, as `src/handstream/bench/report.py` writes them. */

/** A figure that was measured several times; null where there is none. */
export interface Spread {
  readonly median: number | null;
  readonly low: number | null;
  readonly high: number | null;
}

/** The percentiles of one span of time. */
export interface PercentileRow {
  readonly name: string;
  readonly p50_ms: Spread;
  readonly p95_ms: Spread;
  readonly p99_ms: Spread;
}

export interface LatencyResult {
  readonly sessions: number;
  readonly age: PercentileRow;
  readonly spans: readonly PercentileRow[];
  readonly server: PercentileRow;
  readonly kernels: readonly PercentileRow[];
  readonly drop_percent: Spread;
  readonly frames_per_second: Spread;
  readonly over_kernels_p50: Spread | null;
  readonly over_kernels_p99: Spread | null;
  readonly ages_ms: readonly number[];
  readonly timeline_s: readonly number[];
  readonly timeline_ms: readonly number[];
  readonly errors: readonly string[];
}

export interface CapacityTrial {
  readonly sessions: number;
  readonly holds: boolean;
  readonly age_p50_ms: number | null;
  readonly age_p95_ms: number | null;
  readonly drop_percent: number;
  readonly cpu_cores: number | null;
  readonly errors: readonly string[];
}

export interface CapacityResult {
  readonly name: string;
  readonly sessions: number;
  readonly per_core: number;
  readonly is_final: boolean;
  readonly is_limit: boolean;
  readonly trials: readonly CapacityTrial[];
}

export interface AblationRow {
  readonly step: string;
  readonly clients: number;
  readonly age_p50_ms: Spread;
  readonly age_p95_ms: Spread;
  readonly frames_per_second: Spread;
  readonly drop_percent: Spread;
  readonly down_bytes: Spread;
  readonly cpu_ms: Spread;
  readonly lag_p95_ms: Spread;
  readonly memory_mb: Spread;
  readonly errors: readonly string[];
}

export interface SoakPoint {
  readonly time_s: number;
  readonly age_p50_ms: number | null;
  readonly age_p95_ms: number | null;
  readonly drop_percent: number;
  readonly memory_mb: number | null;
  readonly files: number | null;
  readonly threads: number | null;
  readonly errors: readonly string[];
}

export interface SoakResult {
  readonly capacity: CapacityResult | null;
  readonly sessions: number;
  readonly minutes: number;
  readonly warm_up_s: number;
  readonly memory_mb_per_hour: number | null;
  readonly first_p95_ms: number | null;
  readonly last_p95_ms: number | null;
  readonly points: readonly SoakPoint[];
}

interface Common {
  readonly machine: Readonly<Record<string, string>>;
  readonly options: Readonly<Record<string, unknown>>;
  readonly is_complete: boolean;
  readonly began: string;
}

export type Report = Common &
  (
    | { readonly kind: 'latency'; readonly results: readonly LatencyResult[] }
    | { readonly kind: 'capacity'; readonly results: readonly CapacityResult[] }
    | { readonly kind: 'ablation'; readonly results: readonly AblationRow[] }
    | { readonly kind: 'soak'; readonly results: readonly SoakResult[] }
  );

/** A number for people, with a dash where there is none. */
export function text(value: number | null | undefined, digits = 1): string {
  if (value === null || value === undefined) return '–';
  return value.toLocaleString('en', { minimumFractionDigits: digits, maximumFractionDigits: digits });
}

/** From the least to the greatest, where they are not the same. */
export function range(spread: Spread, digits = 1): string {
  const [low, high] = [text(spread.low, digits), text(spread.high, digits)];
  return low === high ? '' : `${low} to ${high}`;
}
