/**
 * Where a frame's time goes: `Trace` turns the stamps that are taken on its way into one span for each stage.
 *
 * The twin of `src/handstream/protocol/trace.py`, which holds the theory of operation. Golden vectors (`tests/vectors/trace.json`) prove
 * that both reckon alike. Stamps are whole ns of the page's clock, as `stampNs` gives them.
 */

import { SERVER_STAGES, type ServerStage, type Stage } from './stages.ts';

/** That moment of the page's clock (`performance.now`, in ms) as a stamp: now, if none is named. */
export function stampNs(timeMs: number = performance.now()): number {
  return Math.round(timeMs * 1e6);
}

/** The stamps of one frame on one clock. */
export class Trace {
  readonly startTimeNs: number;
  readonly #spansNs = new Map<Stage, number>();
  #lastTimeNs: number;

  constructor(startTimeNs: number) {
    this.startTimeNs = startTimeNs;
    this.#lastTimeNs = startTimeNs;
  }

  /** The newest stamp: the end of the last stage, or the start of the first. */
  get lastTimeNs(): number {
    return this.#lastTimeNs;
  }

  /** The span of each stage that has ended, in the order in which they did. */
  get spansNs(): ReadonlyMap<Stage, number> {
    return this.#spansNs;
  }

  /** That stage ends now, and the next one begins. What was added before may have been rounded up beyond now: then it took no time. */
  end(stage: Stage, nowNs: number): void {
    this.#spansNs.set(stage, Math.max(0, nowNs - this.#lastTimeNs));
    this.#lastTimeNs = nowNs;
  }

  /** That stage took so long by another clock, and the next one begins. */
  add(stage: Stage, spanNs: number): void {
    this.#spansNs.set(stage, spanNs);
    this.#lastTimeNs += spanNs;
  }

  /**
   * The frame was sent when the last stage ended, and its result is here now.
   *
   * @param upNs - how long it was on its way to the server (`RemoteClock.waysNs`).
   * @param stagesNs - the server's stages that ran, as the result carries them.
   * @param nowNs - when the result arrived.
   */
  cross(upNs: number, stagesNs: Partial<Readonly<Record<ServerStage, number>>>, nowNs: number): void {
    this.add('network_up', upNs);
    for (const stage of SERVER_STAGES) {
      const spanNs = stagesNs[stage];
      if (spanNs !== undefined) this.add(stage, spanNs);
    }
    this.end('network_down', nowNs);
  }
}
