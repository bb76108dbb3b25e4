/**
 * How many frames may be unanswered: `FrameWindow`, and what became of each frame that was sent.
 *
 * The twin of `src/handstream/protocol/window.py`, which holds the theory of operation and the reasons of the constants. Golden vectors
 * (`tests/vectors/window.json`) prove that both decide alike. Time is an argument, in ms of any one clock (`performance.now`).
 */

import { WindowMinimum } from './minimum.ts';

/** What became of a frame: it was answered, refused with an error, or dropped at that stage. */
export type FrameOutcome = 'answered' | 'refused' | 'queue' | 'send' | 'network_up';

/** The most frames that may be unanswered on any path. */
export const MAX_FRAMES = 12;
/** Where more than one frame is on its way, one more may be, for answers that jitter holds up. */
const SPARE_FRAMES = 1;
/** The answers that may wait to be shown: one is unpacked, one waits for the screen. */
export const MAX_UNSHOWN = 2;
/** A frame is given up after no less than this and no more than that. */
export const MIN_TIMEOUT_MS = 500;
export const MAX_TIMEOUT_MS = 4_000;

const INITIAL_TIMEOUT_MS = 3_000;
const MAX_BACKOFF = 8;
const MIN_INTERVAL_MS = 16;
const FLOOR_WINDOW_MS = 10_000;
const ALONE_FRAMES = 3;
const DOUBT_FRAMES = 12;
const DOUBT_INTERVAL_MS = 3_000;
const LONGER_SHARE = 1.25;
const LONGER_MS = 8;

/** A frame that was handed to the socket. */
export interface FrameInFlight {
  readonly frameId: number;
  readonly sizeBytes: number;
  readonly sentMs: number;
  /** When it is given up if nothing is heard of it. */
  readonly deadlineMs: number;
  /** Whether no other frame was in flight. */
  readonly isAlone: boolean;
  /** Whether it was sent in a silence, to see whether the path is back. */
  readonly isTrial: boolean;
}

/** A frame of which something was heard. */
export interface Settlement {
  readonly frame: FrameInFlight;
  readonly roundTripMs: number;
  /** It had been given up before: its place is free and its account closed. */
  readonly isLate: boolean;
  /** It comes out of an outage. It may be newer than what is shown, and still is not to be shown: a fresh one is near. */
  readonly isStale: boolean;
}

/** The frames so far: those sent are in flight, answered, refused or dropped. */
export interface WindowStatistics {
  readonly sent: number;
  readonly inFlight: number;
  readonly answered: number;
  readonly refused: number;
  /** By stage; those at `network_up` were given up. */
  readonly dropped: Readonly<Record<'queue' | 'send' | 'network_up', number>>;
  /** Answers to frames that had been given up. */
  readonly late: number;
  /** Answers to frames that were never sent, or were settled before. */
  readonly unknown: number;
}

/** The frames that one connection has unanswered. */
export class FrameWindow {
  /** The frame interval, as the rate controller last decided it. */
  intervalMs: number;
  readonly #inFlight = new Map<number, FrameInFlight>();
  readonly #givenUp = new Map<number, FrameInFlight>();
  readonly #unshown = new Map<number, number>();
  readonly #floor = new WindowMinimum(FLOOR_WINDOW_MS);
  readonly #alone = new Longer(ALONE_FRAMES);
  readonly #doubtful = new Longer(DOUBT_FRAMES);
  readonly #counts: Record<FrameOutcome, number> = { answered: 0, refused: 0, queue: 0, send: 0, network_up: 0 };
  #isDraining = false;
  #drainedMs = Number.NEGATIVE_INFINITY;
  #smoothedMs: number | null = null;
  #variationMs = 0;
  #backoff = 1;
  #backedOffMs = Number.NEGATIVE_INFINITY;
  #sent = 0;
  #late = 0;
  #unknown = 0;

  /** Nothing was sent yet. One frame may be: how long the path is must be learned first. */
  constructor({ intervalMs }: { readonly intervalMs: number }) {
    this.intervalMs = intervalMs;
  }

  /** Whether a place is free for another frame. Call `expire` first. */
  get maySend(): boolean {
    return this.#inFlight.size < this.maxInFlight && this.#unshown.size < MAX_UNSHOWN;
  }

  /** How many frames may be unanswered now. */
  get maxInFlight(): number {
    const floorMs = this.#floor.value;
    if (floorMs === null || this.#backoff > 1 || this.#isDraining) return 1;
    const needed = Math.max(1, Math.ceil(floorMs / Math.max(this.intervalMs, MIN_INTERVAL_MS)));
    const spare = needed > 1 ? SPARE_FRAMES : 0;
    return Math.min(MAX_FRAMES, needed + spare, 1 + this.#counts.answered);
  }

  /** The least round trip of the last 5 to 10 s, the server's time included; null before the first answer. */
  get floorMs(): number | null {
    return this.#floor.value;
  }

  /** How long an answer to a frame that is sent now may take. */
  get timeoutMs(): number {
    if (this.#smoothedMs === null) return Math.min(INITIAL_TIMEOUT_MS * this.#backoff, MAX_TIMEOUT_MS);
    return Math.min(Math.max(this.#smoothedMs + 4 * this.#variationMs, MIN_TIMEOUT_MS) * this.#backoff, MAX_TIMEOUT_MS);
  }

  /** Whether a frame was given up and nothing has been heard since: the path, or the server, is away. */
  get isSilent(): boolean {
    return this.#backoff > 1;
  }

  /** When to call `expire` next at the latest; null while nothing is waited for. */
  get deadlineMs(): number | null {
    const deadlinesMs = [...[...this.#inFlight.values()].map((frame) => frame.deadlineMs), ...this.#unshown.values()];
    return deadlinesMs.length === 0 ? null : Math.min(...deadlinesMs);
  }

  /**
   * A frame was handed to the socket. Whether it might be was asked (`maySend`) before its picture was taken.
   *
   * @throws RangeError if a frame of this number is in flight already.
   */
  sent(frameId: number, sizeBytes: number, nowMs: number): FrameInFlight {
    if (this.#inFlight.has(frameId)) throw new RangeError(`frame ${frameId} is in flight already`);
    const deadlineMs = nowMs + this.timeoutMs;
    const isAlone = this.#inFlight.size === 0;
    const frame: FrameInFlight = { frameId, sizeBytes, sentMs: nowMs, deadlineMs, isAlone, isTrial: this.isSilent };
    this.#inFlight.set(frameId, frame);
    this.#givenUp.delete(frameId);
    this.#sent += 1;
    return frame;
  }

  /**
   * The server says what became of a frame.
   *
   * @param queueMs - for an answered frame, how long it waited for a thread of the server.
   * @returns the frame; null if there is no such frame, or it was settled before.
   */
  settle(frameId: number, outcome: FrameOutcome, nowMs: number, queueMs = 0): Settlement | null {
    const frame = this.#inFlight.get(frameId);
    if (frame === undefined) return this.#settleLate(frameId, nowMs);
    this.#inFlight.delete(frameId);
    this.#counts[outcome] += 1;
    this.#backoff = 1;
    const roundTripMs = Math.max(0, nowMs - frame.sentMs);
    if (outcome === 'answered') {
      this.#measure(roundTripMs);
      // What a trial took is the rest of the outage. After a long one nothing else would be remembered, and it would be the floor.
      if (!frame.isTrial) this.#learnFloor(Math.max(0, roundTripMs - queueMs), nowMs, frame.isAlone);
    }
    return { frame, roundTripMs, isLate: false, isStale: frame.isTrial };
  }

  /** That frame's answer is about to be unpacked and shown: `shown` will tell when it was. */
  showing(frameId: number, nowMs: number): void {
    this.#unshown.delete(frameId);
    this.#unshown.set(frameId, nowMs + this.timeoutMs);
  }

  /** That frame is on the screen, and so is settled whatever was to be shown before it. */
  shown(frameId: number): void {
    if (!this.#unshown.has(frameId)) return;
    for (const earlierId of [...this.#unshown.keys()]) {
      this.#unshown.delete(earlierId);
      if (earlierId === frameId) return;
    }
  }

  /** Time has passed: gives up the frames whose answer is overdue, and returns them. */
  expire(nowMs: number): FrameInFlight[] {
    for (const [frameId, deadlineMs] of [...this.#unshown]) {
      if (deadlineMs <= nowMs) this.#unshown.delete(frameId);
    }
    const overdue = [...this.#inFlight.values()].filter((frame) => frame.deadlineMs <= nowMs);
    // RFC 6298 (5.5): once for each round of silence, not for each frame that was on its way in it.
    if (overdue.some((frame) => frame.sentMs >= this.#backedOffMs)) {
      this.#backoff = Math.min(2 * this.#backoff, MAX_BACKOFF);
      this.#backedOffMs = nowMs;
    }
    return this.#giveUp(overdue);
  }

  /** The connection is gone: gives up all frames, and returns them. If it was silent, that ends with it: on another all is fresh. */
  abandon(): FrameInFlight[] {
    this.#unshown.clear();
    this.#backoff = 1;
    return this.#giveUp([...this.#inFlight.values()]);
  }

  /** The frames so far. */
  statistics(): WindowStatistics {
    const { answered, refused, queue, send, network_up } = this.#counts;
    const settled = { answered, refused, dropped: { queue, send, network_up }, late: this.#late, unknown: this.#unknown };
    return { sent: this.#sent, inFlight: this.#inFlight.size, ...settled };
  }

  #settleLate(frameId: number, nowMs: number): Settlement | null {
    const frame = this.#givenUp.get(frameId);
    if (frame === undefined) {
      this.#unknown += 1;
      return null;
    }
    this.#givenUp.delete(frameId);
    this.#late += 1;
    const roundTripMs = Math.max(0, nowMs - frame.sentMs);
    // It proves that the path lives. If the path has become slower than the timeout, the timeout must grow; if it was away for a
    // while, that should not be taken for its round trip. Twice the timeout serves both.
    this.#backoff = 1;
    this.#measure(Math.min(roundTripMs, 2 * this.timeoutMs));
    return { frame, roundTripMs, isLate: true, isStale: true };
  }

  #learnFloor(roundTripMs: number, nowMs: number, isAlone: boolean): void {
    this.#floor.add(roundTripMs, nowMs);
    const longerMs = (this.#floor.value ?? 0) * LONGER_SHARE + LONGER_MS;
    this.#doubtful.add(roundTripMs, longerMs);
    if (isAlone) {
      this.#alone.add(roundTripMs, longerMs);
      this.#isDraining = this.#isDraining && !(this.#alone.isFull || this.#alone.isRefuted);
    }
    if (this.#alone.isFull) {
      this.#floor.restart(this.#alone.least, nowMs);
      this.#alone.clear();
      this.#doubtful.clear();
    } else if (this.#doubtful.isFull && !isAlone && nowMs - this.#drainedMs >= DOUBT_INTERVAL_MS) {
      this.#isDraining = true;
      this.#drainedMs = nowMs;
      this.#alone.clear();
    }
  }

  #giveUp(frames: FrameInFlight[]): FrameInFlight[] {
    for (const frame of frames) {
      this.#inFlight.delete(frame.frameId);
      this.#counts.network_up += 1;
      this.#givenUp.set(frame.frameId, frame);
    }
    for (const frameId of this.#givenUp.keys()) {
      if (this.#givenUp.size <= 2 * MAX_FRAMES) break;
      this.#givenUp.delete(frameId);
    }
    return frames;
  }

  /** RFC 6298 (2.2, 2.3): alpha is 1/8, beta 1/4, and the variation comes first. */
  #measure(roundTripMs: number): void {
    if (this.#smoothedMs === null) {
      this.#smoothedMs = roundTripMs;
      this.#variationMs = roundTripMs / 2;
      return;
    }
    this.#variationMs += (Math.abs(this.#smoothedMs - roundTripMs) - this.#variationMs) / 4;
    this.#smoothedMs += (roundTripMs - this.#smoothedMs) / 8;
  }
}

/** How many values in a row were longer than they should be, and the least of those. */
class Longer {
  readonly #enough: number;
  #count = 0;
  least = Number.POSITIVE_INFINITY;
  /** Whether a value that was not longer has been seen since `clear`. */
  isRefuted = false;

  constructor(enough: number) {
    this.#enough = enough;
  }

  get isFull(): boolean {
    return this.#count >= this.#enough;
  }

  add(value: number, longer: number): void {
    if (value <= longer) {
      this.#count = 0;
      this.least = Number.POSITIVE_INFINITY;
      this.isRefuted = true;
      return;
    }
    this.#count += 1;
    this.least = Math.min(this.least, value);
  }

  clear(): void {
    this.#count = 0;
    this.least = Number.POSITIVE_INFINITY;
    this.isRefuted = false;
  }
}
