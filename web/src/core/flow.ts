/**
 * How many frames may be unanswered, and what became of each.
 *
 * Theory of operation: what the page shows is as old as the longest queue on the way, and a send into a choked connection returns at
 * once, so only an answer says that a frame arrived. At most `maxInFlight` frames are therefore unanswered; a picture that comes when
 * all places are taken waits in one place at the capture, where a newer one replaces it. Each frame that was sent is settled exactly
 * once: answered, refused with an error, dropped (with the stage that dropped it), or given up after `frameTimeoutMs`, so that a lost
 * answer frees its place and nothing can dead-lock. An answer to a frame that was settled before counts as late and changes nothing.
 *
 * It reads no clock: time is an argument, in ms of any one clock.
 */

import { Throttle } from './throttle.ts';

/** Where a sent frame was dropped: by the server, or lost on the way without a word. */
export type DropStage = 'queue' | 'send' | 'network';

export interface FlowOptions {
  /** The most frames unanswered at a time, at least 1. */
  readonly maxInFlight: number;
  /** The least time between two frames on average, in ms. */
  readonly throttleMs: number;
  /** How long an answer may take before its frame is given up, in ms. */
  readonly frameTimeoutMs: number;
}

export const FLOW_DEFAULTS: FlowOptions = { maxInFlight: 2, throttleMs: 33, frameTimeoutMs: 3000 };

export interface SentFrame {
  readonly frameId: number;
  readonly sentMs: number;
  readonly bytes: number;
}

export type Outcome = 'answered' | 'refused' | DropStage;

export interface FlowStatistics {
  readonly sent: number;
  readonly inFlight: number;
  readonly answered: number;
  readonly refused: number;
  /** Answers to frames that had been given up. */
  readonly late: number;
  readonly dropped: Readonly<Record<DropStage, number>>;
}

export class Flow {
  #options: FlowOptions;
  readonly #throttle: Throttle;
  readonly #inFlight = new Map<number, SentFrame>();
  readonly #dropped: Record<DropStage, number> = { queue: 0, send: 0, network: 0 };
  #sent = 0;
  #answered = 0;
  #refused = 0;
  #late = 0;

  constructor(options: Partial<FlowOptions> = {}) {
    this.#options = { ...FLOW_DEFAULTS, ...options };
    this.#throttle = new Throttle(this.#options.throttleMs);
  }

  update(options: Partial<FlowOptions>): void {
    this.#options = { ...this.#options, ...options };
    this.#throttle.intervalMs = this.#options.throttleMs;
  }

  /** Whether a place is free for another frame. */
  get mayTake(): boolean {
    return this.#inFlight.size < this.#options.maxInFlight;
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
    this.#inFlight.set(frameId, { frameId, sentMs: nowMs, bytes });
    this.#sent += 1;
  }

  /** Settles a frame. Returns null if there was nothing to settle: the frame is unknown or was given up before. */
  settle(frameId: number, outcome: Outcome): SentFrame | null {
    const frame = this.#inFlight.get(frameId);
    if (frame === undefined) {
      this.#late += 1;
      return null;
    }
    this.#inFlight.delete(frameId);
    this.#count(outcome);
    return frame;
  }

  /** Gives up the frames whose answer is overdue, and returns them. */
  expire(nowMs: number): SentFrame[] {
    const oldestMs = nowMs - this.#options.frameTimeoutMs;
    return this.#giveUp([...this.#inFlight.values()].filter((frame) => frame.sentMs <= oldestMs));
  }

  /** Gives up all frames, because the connection is gone, and returns them. */
  abandon(): SentFrame[] {
    return this.#giveUp([...this.#inFlight.values()]);
  }

  statistics(): FlowStatistics {
    return {
      sent: this.#sent,
      inFlight: this.#inFlight.size,
      answered: this.#answered,
      refused: this.#refused,
      late: this.#late,
      dropped: { ...this.#dropped },
    };
  }

  #giveUp(frames: SentFrame[]): SentFrame[] {
    for (const frame of frames) this.settle(frame.frameId, 'network');
    return frames;
  }

  #count(outcome: Outcome): void {
    if (outcome === 'answered') this.#answered += 1;
    else if (outcome === 'refused') this.#refused += 1;
    else this.#dropped[outcome] += 1;
  }
}
