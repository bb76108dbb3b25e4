/**
 * The other side's clock and the way to it: `RemoteClock` learns the round trip and the clock offset from exchanges of four stamps.
 *
 * The twin of `src/handstream/protocol/clock.py`, which holds the theory of operation. Golden vectors (`tests/vectors/clock.json`) prove
 * that both decide alike.
 *
 * Stamps and spans are whole numbers of ns, as JavaScript numbers. They are exact up to 2⁵³ ns, 104 days since a clock began. Later
 * stamps are rounded: after a year by 2 ns, and by 1 µs at the most that the wire can say, far below what a network leaves to know.
 * A page's clock gives ms: `Math.round(performance.now() * 1e6)`.
 */

import { WindowMinimum } from './minimum.ts';

/** Two clocks part by at most so much: two crystals of 100 ppm each. */
const MAX_DRIFT_PPM = 200;
/** So many outliers in a row that agree with each other are a clock that has jumped. */
const RESYNC_AFTER = 3;
/** A longer exchange says nothing about the path (RFC 6298, 2.5). */
const MAX_ROUND_TRIP_NS = 60_000_000_000;
/** How far back the least round trip reaches, as BBR's RTprop filter. */
const MIN_WINDOW_NS = 10_000_000_000;
const MAX_STAMP_NS = 2 ** 64;
const DRIFT_DIVISOR = 1_000_000 / MAX_DRIFT_PPM;

/** The four stamps of a message and its answer, in ns, named as in RFC 5905. Each pair is of one monotonic clock. */
export interface Exchange {
  /** When we sent the message, on our clock. */
  readonly originNs: number;
  /** When the other side received it, on its clock (`receiveTimeNs` of a result). */
  readonly receiveNs: number;
  /** When it sent the answer, on its clock (`sendTimeNs` of a result). */
  readonly transmitNs: number;
  /** When we received the answer, on our clock. */
  readonly destinationNs: number;
}

/**
 * What became of an exchange: it agrees with what was known; no two clocks give such stamps; it contradicts what was known; or it was the
 * last of several outliers that agree, which proves that a clock has jumped, and they are now what is known.
 */
export type Verdict = 'accepted' | 'impossible' | 'outlier' | 'resynced';

/** How many exchanges got which verdict. */
export type ClockStatistics = Readonly<Record<Verdict, number>>;

/** The time that message and answer spent on the network together; below 0 only by the clocks' rounding. */
export function delayNs(exchange: Exchange): number {
  return exchange.destinationNs - exchange.originNs - (exchange.transmitNs - exchange.receiveNs);
}

/** What is known of one peer's clock and of the path to it; one for each connection. */
export class RemoteClock {
  readonly #resolutionNs: number;
  readonly #counts: Record<Verdict, number> = { accepted: 0, impossible: 0, outlier: 0, resynced: 0 };
  #bounds: Bounds | null = null;
  #rival: Bounds | null = null;
  #rivals = 0;
  readonly #minimum = new WindowMinimum(MIN_WINDOW_NS);
  #roundTrip: { smoothedNs: number; variationNs: number } | null = null;

  /**
   * @param options.resolutionNs - the step of the coarser of the two clocks. The default suits every browser: `performance.now()` moves in
   *   steps of 1 ms in Firefox and Safari and of 0.1 ms in Chromium.
   */
  constructor({ resolutionNs = 1_000_000 }: { readonly resolutionNs?: number } = {}) {
    if (!(Number.isInteger(resolutionNs) && resolutionNs >= 0)) {
      throw new RangeError(`resolutionNs must be a whole number of ns, 0 or more, not ${resolutionNs}`);
    }
    this.#resolutionNs = resolutionNs;
  }

  /** Learns from one exchange. Its stamps need not be trusted: whatever they are, nothing is thrown and nothing grows. */
  update(exchange: Exchange): Verdict {
    const verdict = this.#judge(exchange);
    this.#counts[verdict] += 1;
    if (verdict === 'accepted' || verdict === 'resynced') {
      this.#measure(Math.max(0, delayNs(exchange)), exchange.destinationNs);
    }
    return verdict;
  }

  /** The other clock's lead over ours, as of the newest accepted exchange; null before the first. */
  get offsetNs(): number | null {
    return this.#bounds === null ? null : middleNs(this.#bounds);
  }

  /** The most that `offsetNs` can be wrong, as of the newest accepted exchange; null before the first. */
  get offsetErrorBoundNs(): number | null {
    return this.#bounds === null ? null : this.#bounds.upperNs - middleNs(this.#bounds);
  }

  /** The smoothed round trip on the network (RFC 6298's SRTT); null before the first exchange. */
  get roundTripNs(): number | null {
    return this.#roundTrip?.smoothedNs ?? null;
  }

  /** The round trip's mean deviation (RFC 6298's RTTVAR); null before the first exchange. */
  get variationNs(): number | null {
    return this.#roundTrip?.variationNs ?? null;
  }

  /** The least round trip of the last 5 to 10 s: the path without its queues. Null before the first exchange. */
  get minRoundTripNs(): number | null {
    return this.#minimum.value;
  }

  /** That moment of the other side's clock on ours; null before the first exchange. */
  toLocal(remoteNs: number): number | null {
    return this.#bounds === null ? null : remoteNs - middleNs(this.#bounds);
  }

  /**
   * How long the message and its answer were on the network, each by itself: the exchange's delay, divided where the clocks say. The sum
   * is exact; the division is wrong by at most `offsetErrorBoundNs`. Before the first exchange both ways count as equally long.
   */
  waysNs(exchange: Exchange): { readonly upNs: number; readonly downNs: number } {
    const delay = Math.max(0, delayNs(exchange));
    const arrivedNs = this.toLocal(exchange.receiveNs);
    const passedNs = arrivedNs === null ? Math.floor(delay / 2) : arrivedNs - exchange.originNs;
    const upNs = Math.min(Math.max(0, passedNs), delay);
    return { upNs, downNs: delay - upNs };
  }

  /** The verdicts so far. */
  statistics(): ClockStatistics {
    return { ...this.#counts };
  }

  #judge(exchange: Exchange): Verdict {
    if (!isInRange(exchange) || delayNs(exchange) < -2 * this.#resolutionNs) return 'impossible';
    const proven: Bounds = {
      lowerNs: exchange.transmitNs - exchange.destinationNs - this.#resolutionNs,
      upperNs: exchange.receiveNs - exchange.originNs + this.#resolutionNs,
      timeNs: exchange.destinationNs,
    };
    const joined = this.#bounds === null ? proven : join(this.#bounds, proven);
    if (joined === null) return this.#suspectJump(proven);
    this.#bounds = joined;
    this.#rival = null;
    return 'accepted';
  }

  #suspectJump(proven: Bounds): Verdict {
    const joined = this.#rival === null ? null : join(this.#rival, proven);
    this.#rivals = joined === null ? 1 : this.#rivals + 1;
    this.#rival = joined ?? proven;
    if (this.#rivals < RESYNC_AFTER) return 'outlier';
    this.#bounds = this.#rival;
    this.#rival = null;
    return 'resynced';
  }

  #measure(delay: number, nowNs: number): void {
    this.#minimum.add(delay, nowNs);
    const known = this.#roundTrip;
    if (known === null) {
      this.#roundTrip = { smoothedNs: delay, variationNs: Math.floor(delay / 2) };
      return;
    }
    // RFC 6298 (2.3): beta is 1/4, alpha 1/8, and the variation comes first.
    known.variationNs += Math.floor((Math.abs(known.smoothedNs - delay) - known.variationNs) / 4);
    known.smoothedNs += Math.floor((delay - known.smoothedNs) / 8);
  }
}

/** Whether the stamps are ones that clocks give, in an order that time allows. */
function isInRange({ originNs, receiveNs, transmitNs, destinationNs }: Exchange): boolean {
  return (
    [originNs, receiveNs, transmitNs, destinationNs].every((stamp) => Number.isInteger(stamp) && stamp >= 0 && stamp <= MAX_STAMP_NS) &&
    destinationNs >= originNs &&
    destinationNs - originNs <= MAX_ROUND_TRIP_NS &&
    transmitNs >= receiveNs
  );
}

/** The offset lies in `lowerNs..upperNs`, as far as is known at `timeNs` by our clock. */
interface Bounds {
  readonly lowerNs: number;
  readonly upperNs: number;
  readonly timeNs: number;
}

function middleNs(bounds: Bounds): number {
  return Math.floor((bounds.lowerNs + bounds.upperNs) / 2);
}

/** What both say together at the newer one's time; null if they contradict each other. */
function join(older: Bounds, newer: Bounds): Bounds | null {
  // Our clock may have jumped back, and nothing is known of a time before.
  const driftNs = Math.ceil(Math.max(0, newer.timeNs - older.timeNs) / DRIFT_DIVISOR);
  const lowerNs = Math.max(older.lowerNs - driftNs, newer.lowerNs);
  const upperNs = Math.min(older.upperNs + driftNs, newer.upperNs);
  return lowerNs <= upperNs ? { lowerNs, upperNs, timeNs: newer.timeNs } : null;
}
