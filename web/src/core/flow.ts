/**
 * When the next frame may be sent, and what became of each.
 *
 * Theory of operation: the window (`window.ts`) bounds how many frames are unanswered by the measured round trip, and the throttle
 * (`throttle.ts`) how often one is sent. A picture that comes when all places are taken waits in one place at the capture, where a newer
 * one replaces it. Each frame that was sent is settled exactly once: answered, refused with an error, dropped (with the stage that dropped
 * it), or given up when its answer is overdue. An answer to a frame that was settled before is late: it is learned from and changes
 * nothing else.
 *
 * It reads no clock: time is an argument, in ms of any one clock.
 */

import { Throttle } from './throttle.ts';
import { type FrameInFlight, FrameWindow, type Settlement, type WindowStatistics } from './window.ts';

/** Where the network lost a frame: before the server received it, as far as is known, or on the way back. */
export type LossStage = 'network_up' | 'network_down';

/** Where a sent frame was dropped: by the server, or lost on the way. */
export type DropStage = 'queue' | 'send' | LossStage;

export interface FlowOptions {
  /** The least time between two frames on average, in ms. */
  readonly throttleMs: number;
}

export const FLOW_DEFAULTS: FlowOptions = { throttleMs: 33 };

export class Flow {
  readonly #throttle: Throttle;
  readonly #window: FrameWindow;

  constructor({ throttleMs }: FlowOptions = FLOW_DEFAULTS) {
    this.#throttle = new Throttle(throttleMs);
    this.#window = new FrameWindow({ intervalMs: throttleMs });
  }

  update({ throttleMs }: FlowOptions): void {
    this.#throttle.intervalMs = this.#window.intervalMs = throttleMs;
  }

  /** The next picture is to arrive at that time at the earliest, and those that follow at the interval from there. */
  begin(notBeforeMs: number): void {
    this.#throttle.begin(notBeforeMs);
  }

  /** Whether a place is free for another frame. */
  get mayTake(): boolean {
    return this.#window.maySend;
  }

  /** The earliest arrival at the page of the picture to take next, in ms. */
  get notBeforeMs(): number {
    return this.#throttle.notBeforeMs;
  }

  /**
   * A frame was handed to the socket.
   *
   * @param arrivalMs - when its picture arrived at the page, which is what the throttle counts.
   */
  sent(frameId: number, bytes: number, arrivalMs: number, nowMs: number): void {
    this.#throttle.passed(arrivalMs);
    this.#window.sent(frameId, bytes, nowMs);
  }

  /**
   * Settles a frame. Returns null if there was nothing to settle: the frame is unknown or was given up before.
   *
   * @param queueMs - for an answered frame, how long it waited for a thread of the server.
   */
  settle(frameId: number, outcome: 'answered' | 'refused' | 'queue' | 'send', nowMs: number, queueMs = 0): Settlement | null {
    const settlement = this.#window.settle(frameId, outcome, nowMs, queueMs);
    return settlement?.isLate === true ? null : settlement;
  }

  /** That frame's answer is about to be shown. */
  showing(frameId: number, nowMs: number): void {
    this.#window.showing(frameId, nowMs);
  }

  /** That frame's answer is on the screen. */
  shown(frameId: number): void {
    this.#window.shown(frameId);
  }

  /** Gives up the frames whose answer is overdue, and returns them. */
  expire(nowMs: number): FrameInFlight[] {
    return this.#window.expire(nowMs);
  }

  /** Gives up all frames, because the connection is gone, and returns them. */
  abandon(): FrameInFlight[] {
    return this.#window.abandon();
  }

  statistics(): WindowStatistics {
    return this.#window.statistics();
  }
}
