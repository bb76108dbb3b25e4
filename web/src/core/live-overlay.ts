/** Shows each picture as soon as the video presents it, with the hands of the newest answers carried forward to it. */

import { HandFollower } from './hand-follower.ts';
import { LumaReader } from './luma-reader.ts';
import { type Answer, NextScreen, type Overlay, type OverlayEvents } from './overlay.ts';
import type { FrameSource } from './sources.ts';
import { stampNs } from './trace.ts';
import { type VideoPicture, watchPictures } from './video-pictures.ts';

export class LiveOverlay implements Overlay {
  readonly #source: FrameSource;
  readonly #events: OverlayEvents;
  readonly #follower = new HandFollower();
  readonly #reader = new LumaReader();
  readonly #screen: NextScreen;
  readonly #stopWatching: () => void;
  #newest: Answer | null = null;
  /** The newest answer, until it is drawn with the video's next picture. */
  #undrawn: Answer | null = null;

  constructor(source: FrameSource, events: OverlayEvents) {
    this.#source = source;
    this.#events = events;
    this.#screen = new NextScreen(events);
    this.#stopWatching = watchPictures(source.video, (picture) => this.#draw(picture));
  }

  answered(answer: Answer): void {
    answer.picture.kept?.close(); // Kept for the other overlay, before the person chose this one.
    answer.frame.trace.end('unpack', stampNs());
    if (this.#newest !== null && answer.frame.sequence <= this.#newest.frame.sequence) {
      this.#events.onPassedOver(answer);
      return;
    }
    if (this.#undrawn !== null) this.#events.onPassedOver(this.#undrawn);
    this.#newest = this.#undrawn = answer;
    this.#follower.add(answer.result.hands, placeMs(answer.picture));
  }

  forget(): void {
    this.#follower.clear();
    this.#newest = null;
  }

  close(): void {
    this.#stopWatching();
    if (this.#undrawn !== null) this.#events.onPassedOver(this.#undrawn);
    this.#undrawn = null;
  }

  #draw({ capturedMs, mediaTimeS: positionS }: VideoPicture): void {
    const { video, kind } = this.#source;
    const mediaTimeS = kind === 'camera' ? null : positionS;
    const pyramid = this.#reader.read(video);
    if (pyramid !== null) this.#follower.see(pyramid, placeMs({ capturedMs, mediaTimeS }));
    this.#events.onFrame({
      picture: video,
      widthPx: video.videoWidth,
      heightPx: video.videoHeight,
      hands: this.#follower.hands,
      capturedMs,
      mediaTimeS,
      result: this.#newest?.result ?? null,
    });
    const drawn = this.#undrawn;
    this.#undrawn = null;
    if (drawn !== null) this.#screen.drew(drawn);
  }
}

/** When the hand was there: by the clip's own time, which the screen's refreshes do not shake, or by the camera's. */
function placeMs({ capturedMs, mediaTimeS }: { readonly capturedMs: number; readonly mediaTimeS: number | null }): number {
  return mediaTimeS === null ? capturedMs : mediaTimeS * 1000;
}
