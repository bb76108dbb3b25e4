/**
 * What a path costs: `PathEstimate` learns its propagation time, its time per byte, and the queue that stands before it.
 *
 * The twin of `src/handstream/protocol/path.py`, which holds the theory of operation and the reasons of the constants.
 */

import { WindowMinimum } from './minimum.ts';

/** A path on which whole frames take less than this has no costs worth knowing. */
export const FAST_PATH_MS = 8;

const FLOOR_WINDOW_MS = 10_000;
const PROBE_INTERVAL_MS = 100;
const PAIRS = 15;
const MIN_PAIRS = 3;
const QUEUE_FRAMES = 10;

interface Pair {
  readonly msPerByte: number;
  readonly bytes: number;
}

/** The path of one connection, as its exchanges show it. */
export class PathEstimate {
  readonly #floor = new WindowMinimum(FLOOR_WINDOW_MS);
  readonly #pairs: Pair[] = [];
  readonly #excessMs: number[] = [];
  readonly #recentMs: number[] = [];
  #probedMs: number | null = null;

  /**
   * A frame was answered.
   *
   * @param networkMs - the time that frame and answer spent on the network.
   * @param sizeBytes - the bytes of both.
   * @param probeMs - the round trip of the probe that was sent right ahead of the frame; null if there was none.
   * @param nowMs - when the answer had arrived.
   */
  add(networkMs: number, sizeBytes: number, probeMs: number | null, nowMs: number): void {
    this.#floor.add(networkMs, nowMs);
    remember(this.#recentMs, networkMs, QUEUE_FRAMES);
    if (probeMs === null) return;
    this.#floor.add(probeMs, nowMs);
    const bytes = Math.max(1, sizeBytes);
    remember(this.#pairs, { msPerByte: (networkMs - probeMs) / bytes, bytes }, PAIRS);
  }

  /** That frame was sent after the last `restartQueue`, so it may tell of the queue. */
  addExcess(networkMs: number, sizeBytes: number): void {
    remember(this.#excessMs, networkMs - this.transmissionMs(sizeBytes), QUEUE_FRAMES);
  }

  /** The propagation time, both ways; null before the first answer. */
  get floorMs(): number | null {
    return this.#floor.value;
  }

  /** What each byte adds; null while it is not known, also on a path so fast that it need not be. */
  get msPerByte(): number | null {
    return this.#isKnown ? Math.max(0, weightedMedian(this.#pairs)) : null;
  }

  /** What stands before the bottleneck; null until enough frames have been answered since `restartQueue`. */
  get standingQueueMs(): number | null {
    if (this.#floor.value === null || this.#excessMs.length < QUEUE_FRAMES) return null;
    return Math.max(0, Math.min(...this.#excessMs) - this.#floor.value);
  }

  /** What so many bytes add, as far as is known. */
  transmissionMs(sizeBytes: number): number {
    return sizeBytes * (this.msPerByte ?? 0);
  }

  /**
   * Whether a probe should go ahead of the frame that is about to be sent. If yes, it counts as sent.
   *
   * @param isWhole - whether frames are sent as often and as finely as is wanted, so that nothing can be gained on a fast path.
   */
  wantsProbe(nowMs: number, isWhole: boolean): boolean {
    const sinceMs = this.#probedMs === null ? Number.POSITIVE_INFINITY : nowMs - this.#probedMs;
    const isRecent = sinceMs >= 0 && sinceMs < PROBE_INTERVAL_MS;
    if ((this.#isFast && isWhole) || (this.#isKnown && isRecent)) return false;
    this.#probedMs = nowMs;
    return true;
  }

  /** The rate or the size of frames has changed: what was queued before says nothing about them. */
  restartQueue(): void {
    this.#excessMs.length = 0;
  }

  /** What looks like a queue does not shrink when less is sent: the path itself has become longer. */
  acceptQueue(nowMs: number): void {
    if (this.#recentMs.length === 0) return;
    this.#floor.restart(Math.min(...this.#recentMs), nowMs);
    this.restartQueue();
  }

  get #isKnown(): boolean {
    return this.#pairs.length >= MIN_PAIRS;
  }

  /** Whether most of the newest frames took less than is worth knowing. */
  get #isFast(): boolean {
    const slow = this.#recentMs.filter((networkMs) => networkMs >= FAST_PATH_MS).length;
    return this.#recentMs.length > 0 && 2 * slow < this.#recentMs.length;
  }
}

function remember<T>(values: T[], value: T, most: number): void {
  values.push(value);
  if (values.length > most) values.shift();
}

/** The value at which half of the weight is reached. */
function weightedMedian(pairs: readonly Pair[]): number {
  const ordered = [...pairs].sort((one, other) => one.msPerByte - other.msPerByte);
  const half = ordered.reduce((sum, { bytes }) => sum + bytes, 0) / 2;
  let reached = 0;
  for (const { msPerByte, bytes } of ordered) {
    reached += bytes;
    if (reached >= half) return msPerByte;
  }
  throw new RangeError('there are no pairs');
}
