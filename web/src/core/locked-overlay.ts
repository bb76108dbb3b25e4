/** Shows each answer with the very picture that it was computed from, and never goes back. */

import { type Answer, NextScreen, type Overlay, type OverlayEvents } from './overlay.ts';
import { stampNs } from './trace.ts';
import { unpackPicture } from './unpack.ts';

export class LockedOverlay implements Overlay {
  readonly #events: OverlayEvents;
  readonly #screen: NextScreen;
  #lastSequence = -1;
  #isClosed = false;

  constructor(events: OverlayEvents) {
    this.#events = events;
    this.#screen = new NextScreen(events);
  }

  answered(answer: Answer): void {
    void this.#show(answer);
  }

  forget(): void {
    // Nothing is carried over from answer to answer.
  }

  close(): void {
    this.#isClosed = true;
  }

  async #show(answer: Answer): Promise<void> {
    const { result, frame } = answer;
    const { kept, capturedMs, mediaTimeS } = answer.picture;
    const picture = await unpackPicture(result, kept);
    frame.trace.end('unpack', stampNs());
    if (picture !== null && frame.sequence > this.#lastSequence && !this.#isClosed) {
      this.#lastSequence = frame.sequence;
      const { width: widthPx, height: heightPx } = picture;
      this.#events.onFrame({ picture, widthPx, heightPx, hands: result.hands, capturedMs, mediaTimeS, result });
      this.#screen.drew(answer);
    } else {
      this.#events.onPassedOver(answer);
    }
    picture?.close();
  }
}
