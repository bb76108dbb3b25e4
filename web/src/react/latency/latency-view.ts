/**
 * What the latency panel shows and when: drawn imperatively a few times a second from the frame log, never for each frame.
 *
 * While the stream runs it tells the percentiles of the last seconds, and when it has ended those of its last seconds. Paused, it keeps the
 * frames that the log held at that moment, and tells of one of them.
 */

import { isActive } from '../../core/client-state.ts';
import type { FrameRecord } from '../../core/frame-log.ts';
import { LatencySummary, type Timeline, timelineOf } from '../../core/latency-summary.ts';
import type { VideoStreamingClient } from '../../core/streaming-client.ts';
import { Facts } from './facts.ts';
import { TimelinePlot } from './timeline-plot.ts';
import { Waterfall } from './waterfall.ts';

const DRAW_INTERVAL_MS = 500;

/** The elements that the panel's markup provides. */
export interface LatencyElements {
  readonly waterfall: HTMLTableElement;
  readonly timeline: HTMLElement;
  readonly facts: HTMLElement;
  readonly slider: HTMLInputElement;
}

export class LatencyView {
  readonly #client: VideoStreamingClient;
  readonly #elements: LatencyElements;
  readonly #summary: LatencySummary;
  readonly #waterfall: Waterfall;
  readonly #facts: Facts;
  readonly #plot: TimelinePlot;
  readonly #ticker: ReturnType<typeof setInterval>;
  /** What is inspected while it is paused. */
  #paused: { readonly records: readonly FrameRecord[]; readonly timeline: Timeline } | null = null;

  /** @param onPick - a frame was picked in the timeline; its place among those shown. */
  constructor(client: VideoStreamingClient, elements: LatencyElements, onPick: (index: number) => void) {
    this.#client = client;
    this.#elements = elements;
    this.#summary = new LatencySummary(client.frameLog);
    this.#waterfall = new Waterfall(elements.waterfall);
    this.#facts = new Facts(elements.facts);
    this.#plot = new TimelinePlot(elements.timeline, onPick);
    this.#ticker = setInterval(() => this.#draw(), DRAW_INTERVAL_MS);
    this.#draw();
  }

  /** The frames that are inspected, or those that are in the log now. */
  get records(): readonly FrameRecord[] {
    return this.#paused?.records ?? this.#client.frameLog.newest();
  }

  /** Keeps the frames that there are; returns how many of them were shown. */
  pause(): number {
    const records = this.records;
    this.#paused = { records, timeline: timelineOf(records) };
    return this.#paused.timeline.frames.length;
  }

  /** Shows one of the frames that pausing has kept. */
  inspect(index: number): void {
    const record = this.#paused?.timeline.frames[index];
    if (this.#paused === null || record === undefined) return;
    this.#elements.slider.setAttribute('aria-valuetext', `frame ${record.frameId}`);
    this.#waterfall.showFrame(record);
    this.#facts.showFrame(record);
    this.#plot.draw(this.#paused.timeline, 'paused', index);
  }

  resume(): void {
    this.#paused = null;
    this.#draw();
  }

  close(): void {
    clearInterval(this.#ticker);
    this.#plot.close();
  }

  #draw(): void {
    const { phase, figures } = this.#client.getState();
    const records = this.#client.frameLog.newest();
    // Of a stream that has ended the last seconds stay, to be read.
    const runs = isActive(phase);
    const nowMs = runs ? performance.now() : (records.at(-1)?.settledNs ?? 0) / 1e6;
    const latency = this.#summary.update(nowMs); // While paused too, so that nothing is missed afterwards.
    if (this.#paused !== null || document.visibilityState === 'hidden') return;
    // The plot first, as it asks for styles: what is written before would have to be laid out for that.
    this.#plot.draw(timelineOf(records), runs ? 'now' : 'end');
    this.#waterfall.showSummary(latency);
    this.#facts.showSummary(latency, figures, records.at(-1)?.decision ?? null);
  }
}
