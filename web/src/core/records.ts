/** Frame records as tests need them. For tests only. */

import type { DropStage } from './flow.ts';
import { type FrameRecord, settled } from './frame-log.ts';
import { Trace } from './trace.ts';

const MS = 1e6;
const DECISION = { frameIntervalMs: 33, jpegQuality: 70, answerQuality: 50, scale: 1, limit: 'none', reason: 'Nothing limits.' } as const;

export interface RecordOptions {
  readonly sequence?: number;
  readonly startMs?: number;
  readonly trackMs?: number;
  readonly droppedAt?: DropStage;
}

/** A frame that took 26 ms and the time that the server tracked, 7 ms if nothing else is said; or one that was dropped 20 ms after it was sent. */
export function recordOf({ sequence = 0, startMs = 0, trackMs = 7, droppedAt }: RecordOptions): FrameRecord {
  const trace = new Trace(startMs * MS);
  trace.end('capture', (startMs + 3) * MS);
  trace.end('hold', (startMs + 3) * MS);
  trace.end('pack', (startMs + 8) * MS);
  const frame = { sequence, frameId: sequence, trace, widthPx: 640, heightPx: 480, bytesUp: 20_000, decision: DECISION };
  if (droppedAt !== undefined) return { ...frame, outcome: 'dropped', droppedAt, settledNs: (startMs + 28) * MS, answer: null };
  trace.cross(
    1 * MS,
    { receive: 0.1 * MS, queue: 0.4 * MS, decode: 1.5 * MS, track: trackMs * MS, send: 1 * MS },
    (startMs + 14 + trackMs) * MS,
  );
  trace.end('unpack', (startMs + 15 + trackMs) * MS);
  trace.end('render', (startMs + 16 + trackMs) * MS);
  trace.end('present', (startMs + 26 + trackMs) * MS);
  return settled({ ...frame, bytesDown: 350, hands: 1, networkErrorNs: 0.5 * MS }, 'shown', trace.lastTimeNs);
}
