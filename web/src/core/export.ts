/**
 * The frame log as files: `framesJson` for programs, `chromeTrace` for a trace viewer such as Perfetto (ui.perfetto.dev).
 *
 * The second follows the "Trace Event Format" that Chromium's tracing made: complete events (`X`), counters (`C`), instants (`i`) and the
 * names of processes and threads (`M`), with times in µs.
 */

import type { FrameRecord } from './frame-log.ts';
import { type Place, placeOf, STAGES } from './stages.ts';

/** The log as JSON, each frame with its stages. Times are on the page's clock (`performance.now`), names those of the wire. */
export function framesJson(records: readonly FrameRecord[]): string {
  return JSON.stringify({ format: 'handstream.frames/1', stages: STAGES, frames: records.map(frameFields) });
}

function frameFields({ sequence, frameId, outcome, droppedAt, trace, settledNs, answer, decision, ...frame }: FrameRecord): object {
  return {
    sequence,
    frame_id: frameId,
    outcome,
    dropped_at: droppedAt,
    captured_ms: trace.startTimeNs / 1e6,
    settled_ms: settledNs / 1e6,
    stages_ms: Object.fromEntries([...trace.spansNs].map(([stage, spanNs]) => [stage, spanNs / 1e6])),
    network_error_ms: answer === null ? null : answer.networkErrorNs / 1e6,
    width_px: frame.widthPx,
    height_px: frame.heightPx,
    bytes_up: frame.bytesUp,
    bytes_down: answer?.bytesDown ?? null,
    hands: answer?.hands ?? null,
    controller: {
      limit: decision.limit,
      reason: decision.reason,
      frame_interval_ms: decision.frameIntervalMs,
      jpeg_quality: decision.jpegQuality,
      answer_quality: decision.answerQuality,
      scale: decision.scale,
    },
  };
}

/** One event of the format. */
export interface TraceEvent {
  readonly ph: 'X' | 'M' | 'C' | 'i';
  readonly name: string;
  readonly cat?: string;
  /** In µs. */
  readonly ts: number;
  readonly dur?: number;
  readonly pid: number;
  readonly tid: number;
  /** Of an instant: that it is drawn in its thread only. */
  readonly s?: 't';
  readonly args?: Readonly<Record<string, unknown>>;
}

const PIDS: Readonly<Record<Place, number>> = { page: 1, network: 2, server: 3 };

/** The log as a trace: page, network and server as processes, and in each a thread for every frame that was on its way at the same time. */
export function chromeTrace(records: readonly FrameRecord[]): string {
  const ordered = records.toSorted((one, other) => one.trace.startTimeNs - other.trace.startTimeNs);
  const lanes = new Lanes();
  const events = ordered.flatMap((record) => frameEvents(record, lanes.take(record.trace.startTimeNs, endNs(record))));
  return JSON.stringify({ displayTimeUnit: 'ms', traceEvents: [...names(lanes.count), ...events] });
}

/** Events of one thread must not overlap, so frames that do are told apart by a lane each: the first that is free. */
class Lanes {
  readonly #freeNs: number[] = [];

  get count(): number {
    return this.#freeNs.length;
  }

  take(fromNs: number, untilNs: number): number {
    const free = this.#freeNs.findIndex((freeNs) => freeNs <= fromNs);
    const lane = free === -1 ? this.#freeNs.length : free;
    this.#freeNs[lane] = untilNs;
    return lane;
  }
}

function names(lanes: number): TraceEvent[] {
  return Object.entries(PIDS).flatMap(([place, pid]) => [
    { ph: 'M', name: 'process_name', ts: 0, pid, tid: 0, args: { name: place } },
    ...Array.from({ length: lanes }, (_, lane): TraceEvent => {
      return { ph: 'M', name: 'thread_name', ts: 0, pid, tid: lane + 1, args: { name: `frames in flight, ${lane + 1}` } };
    }),
  ]);
}

function frameEvents(record: FrameRecord, lane: number): TraceEvent[] {
  const { trace, frameId, outcome, droppedAt, bytesUp, answer, decision } = record;
  const tid = lane + 1;
  const args = {
    frame_id: frameId,
    outcome,
    dropped_at: droppedAt,
    bytes_up: bytesUp,
    bytes_down: answer?.bytesDown,
    limit: decision.reason,
  };
  const whole = { name: `frame ${frameId}`, cat: 'frame', ts: trace.startTimeNs / 1e3, pid: PIDS.page, tid, args };
  const events: TraceEvent[] = [{ ph: 'X', dur: (endNs(record) - trace.startTimeNs) / 1e3, ...whole }];
  let startNs = trace.startTimeNs;
  for (const [stage, spanNs] of trace.spansNs) {
    events.push({
      ph: 'X',
      name: stage,
      cat: 'stage',
      ts: startNs / 1e3,
      dur: spanNs / 1e3,
      pid: PIDS[placeOf(stage)],
      tid,
      args: { frame_id: frameId },
    });
    startNs += spanNs;
  }
  return [...events, outcomeEvent(record, tid)];
}

/** The age of a frame that was shown, as a counter; of another one the moment when it was known that it would not be. */
function outcomeEvent({ trace, outcome, droppedAt, settledNs, frameId }: FrameRecord, tid: number): TraceEvent {
  const at = { ts: settledNs / 1e3, pid: PIDS.page };
  if (outcome === 'shown') return { ph: 'C', name: 'age on screen', ...at, tid: 0, args: { ms: (settledNs - trace.startTimeNs) / 1e6 } };
  const name = droppedAt === null ? outcome : `dropped at ${droppedAt}`;
  return { ph: 'i', name, cat: 'outcome', ...at, tid, s: 't', args: { frame_id: frameId } };
}

/** The end of all that is known of the frame. Where the server's stages were rounded up, they may end after that. */
function endNs({ trace, settledNs }: FrameRecord): number {
  const spansNs = [...trace.spansNs.values()].reduce((sum, spanNs) => sum + spanNs, 0);
  return Math.max(settledNs, trace.startTimeNs + spansNs);
}
