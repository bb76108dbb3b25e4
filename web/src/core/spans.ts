/** How long each stage of one answered frame took, from stamps that are only ever subtracted within one clock. */

import { SERVER_STAGES, STAGES, type Stage } from './stages.ts';
import type { Result } from './wire.ts';

/**
 * What one frame's way is told in: the stages, with `network` for `network_up` and `network_down` together. Their sum is exact
 * without comparing clocks; how it divides is not known here.
 */
export type SpanName = Exclude<Stage, 'network_up' | 'network_down'> | 'network';

export const SPAN_NAMES: readonly SpanName[] = STAGES.flatMap((stage): SpanName[] => {
  if (stage === 'network_down') return [];
  return [stage === 'network_up' ? 'network' : stage];
});

/** When things happened to one frame on the page, all in ms of the page's clock (`performance.now`). */
export interface PageStamps {
  readonly capturedMs: number;
  /** The page had the picture. */
  readonly arrivedMs: number;
  /** The encoded frame was handed to the socket. */
  readonly sentMs: number;
  /** The answer's last byte was there. */
  readonly receivedMs: number;
  /** The answer was ready to be drawn. */
  readonly unpackedMs: number;
  /** It was on the screen. */
  readonly shownMs: number;
}

/** The spans of one frame in ms. They add up to `shownMs - capturedMs`, but for what the wire rounds. */
export function spansOf(stamps: PageStamps, result: Pick<Result, 'stagesUs' | 'receiveTimeNs' | 'sendTimeNs'>): Record<SpanName, number> {
  const serverMs = Number(result.sendTimeNs - result.receiveTimeNs) / 1e6;
  const spans: Partial<Record<SpanName, number>> = {
    capture: stamps.arrivedMs - stamps.capturedMs,
    pack: stamps.sentMs - stamps.arrivedMs,
    network: Math.max(0, stamps.receivedMs - stamps.sentMs - serverMs),
    unpack: stamps.unpackedMs - stamps.receivedMs,
    render: stamps.shownMs - stamps.unpackedMs,
  };
  for (const stage of SERVER_STAGES) spans[stage] = (result.stagesUs[stage] ?? 0) / 1e3;
  return spans as Record<SpanName, number>;
}
