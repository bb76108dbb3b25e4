/** How answers and pictures come together on the screen: what the two overlays (`locked-overlay.ts`, `live-overlay.ts`) have in common. */

import type { Picture } from './capture.ts';
import type { AnsweredFrame } from './frame-log.ts';
import type { Drawable } from './renderer.ts';
import { stampNs } from './trace.ts';
import type { Result } from './wire.ts';

/** An answer, and what the page kept of its frame. Whoever has it closes the picture that was kept. */
export interface Answer {
  readonly result: Result;
  readonly picture: Picture;
  /** Whoever ends a stage stamps it in the frame's trace. */
  readonly frame: AnsweredFrame;
}

/** What is drawn. The picture is only there until the last listener has returned. */
export interface ShownFrame extends Drawable {
  readonly capturedMs: number;
  /** Position of the picture in its clip, in s; null for a camera. */
  readonly mediaTimeS: number | null;
  /** The newest answer: that of this very picture where the overlay is locked. Null where there is none yet. */
  readonly result: Result | null;
}

export interface OverlayEvents {
  /** To be drawn now. */
  onFrame(frame: ShownFrame): void;
  /** The answer has reached the screen, and all its stages have ended. */
  onShown(answer: Answer): void;
  /** The answer will not reach the screen: a newer one overtook it, or it could not be drawn. */
  onPassedOver(answer: Answer): void;
}

export interface Overlay {
  /** Takes an answer over, with its picture. */
  answered(answer: Answer): void;
  /** The connection is gone: what was answered says nothing about what will come. */
  forget(): void;
  close(): void;
}

/** Says when what was drawn goes to the screen, or that something newer was drawn before it could. */
export class NextScreen {
  readonly #events: Pick<OverlayEvents, 'onShown' | 'onPassedOver'>;
  #drawn: Answer | null = null;

  constructor(events: Pick<OverlayEvents, 'onShown' | 'onPassedOver'>) {
    this.#events = events;
  }

  /** The answer has just been drawn. */
  drew(answer: Answer): void {
    answer.frame.trace.end('render', stampNs());
    const overtaken = this.#drawn;
    this.#drawn = answer;
    if (overtaken === null) requestAnimationFrame(() => this.#show());
    else this.#events.onPassedOver(overtaken);
  }

  #show(): void {
    const answer = this.#drawn;
    this.#drawn = null;
    if (answer === null) return;
    answer.frame.trace.end('present', stampNs());
    this.#events.onShown(answer);
  }
}
