/** How answers and pictures come together on the screen: what the two overlays (`locked-overlay.ts`, `live-overlay.ts`) have in common. */

import type { Picture } from './capture.ts';
import type { Drawable } from './renderer.ts';
import type { Result } from './wire.ts';

/** An answer, and what the page kept of its frame. Whoever has it closes the picture's bitmap. */
export interface Answer {
  readonly result: Result;
  readonly picture: Picture;
  /** Grows with every frame, over all connections. */
  readonly sequence: number;
  readonly sentMs: number;
  /** What it took to pack the frame, without the time that its picture had waited to be asked for. */
  readonly packMs: number;
  readonly receivedMs: number;
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
  /** The answer has reached the screen; it was ready to be drawn at `unpackedMs`. Not called where a newer one overtook it. */
  onShown(answer: Answer, unpackedMs: number, shownMs: number): void;
}

export interface Overlay {
  /** Takes an answer over, with its picture. */
  answered(answer: Answer): void;
  /** The connection is gone: what was answered says nothing about what will come. */
  forget(): void;
  close(): void;
}

/** Calls back when what was drawn goes to the screen; never, if something newer is drawn before. */
export class NextScreen {
  #callback: ((shownMs: number) => void) | null = null;

  wait(callback: (shownMs: number) => void): void {
    const isScheduled = this.#callback !== null;
    this.#callback = callback;
    if (isScheduled) return;
    requestAnimationFrame(() => {
      this.#callback?.(performance.now());
      this.#callback = null;
    });
  }
}
