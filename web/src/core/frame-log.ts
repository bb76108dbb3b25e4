/** What became of the newest frames, and where the time of each went: `FrameLog`, a bounded ring that is always kept. */

import type { DropStage } from './flow.ts';
import type { RateDecision } from './rate.ts';
import type { Trace } from './trace.ts';

/** So many frames are kept: 20 s at 30 frames/s. */
export const LOG_FRAMES = 600;

/** A frame that was sent. */
export interface SentFrame {
  /** Grows with every frame, over all connections. */
  readonly sequence: number;
  /** Its number on the wire. */
  readonly frameId: number;
  readonly trace: Trace;
  readonly widthPx: number;
  readonly heightPx: number;
  readonly bytesUp: number;
  /** How the controller had decided to send it, and why. */
  readonly decision: RateDecision;
}

/** What an answer adds to it. */
export interface AnsweredFrame extends SentFrame {
  readonly bytesDown: number;
  readonly hands: number;
  /** `network_up` is wrong by at most this, and `network_down` by the same the other way. */
  readonly networkErrorNs: number;
}

/**
 * - `shown`: its answer was on the screen;
 * - `passed_over`: it was answered, but a newer answer was shown first;
 * - `refused`: the server could not use it;
 * - `dropped`: it was not answered, or its answer came out of an outage and was too old to be shown.
 */
export type Outcome = 'shown' | 'passed_over' | 'refused' | 'dropped';

/** A frame of which all is known. */
export interface FrameRecord extends SentFrame {
  readonly outcome: Outcome;
  /** Where it was dropped; null for one that was not. */
  readonly droppedAt: DropStage | null;
  /** When it was known what became of it, by the page's clock. */
  readonly settledNs: number;
  /** Null where there was no answer. */
  readonly answer: Pick<AnsweredFrame, 'bytesDown' | 'hands' | 'networkErrorNs'> | null;
}

export class FrameLog {
  #records: FrameRecord[] = [];
  #added = 0;

  /** How many frames were ever added: a reader who remembers it knows how many are new. */
  get added(): number {
    return this.#added;
  }

  add(record: FrameRecord): void {
    this.#added += 1;
    this.#records.push(record);
    // Twice the size is let grow before half is let go, so that adding costs the same every time but one in hundreds.
    if (this.#records.length >= 2 * LOG_FRAMES) this.#records = this.#records.slice(-LOG_FRAMES);
  }

  /** The newest frames, in the order in which it was known what became of them. */
  newest(count: number = LOG_FRAMES): readonly FrameRecord[] {
    return count <= 0 ? [] : this.#records.slice(-Math.min(count, LOG_FRAMES));
  }
}

/** An answered frame of which it is known whether it was shown; one that is dropped was held up on the way back. */
export function settled(frame: AnsweredFrame, outcome: 'shown' | 'passed_over' | 'dropped', settledNs: number): FrameRecord {
  const { bytesDown, hands, networkErrorNs, ...sent } = frame;
  return {
    ...sent,
    outcome,
    droppedAt: outcome === 'dropped' ? 'network_down' : null,
    settledNs,
    answer: { bytesDown, hands, networkErrorNs },
  };
}
