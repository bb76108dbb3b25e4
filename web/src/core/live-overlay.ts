/** Shows each picture as soon as the video presents it, with the hands of the newest answers carried forward to its time. */

import { type Answer, NextScreen, type Overlay, type OverlayEvents } from './overlay.ts';
import { HandPredictor } from './predict.ts';
import type { FrameSource } from './sources.ts';
import { type VideoPicture, watchPictures } from './video-pictures.ts';

export class LiveOverlay implements Overlay {
  readonly #source: FrameSource;
  readonly #events: OverlayEvents;
  readonly #predictor = new HandPredictor();
  readonly #screen = new NextScreen();
  readonly #stopWatching: () => void;
  #newest: Answer | null = null;
  #awaitsScreen: { readonly answer: Answer; readonly unpackedMs: number } | null = null;

  constructor(source: FrameSource, events: OverlayEvents) {
    this.#source = source;
    this.#events = events;
    this.#stopWatching = watchPictures(source.video, (picture) => this.#draw(picture));
  }

  answered(answer: Answer): void {
    answer.picture.bitmap?.close(); // Kept for the other overlay, before the person chose this one.
    if (this.#newest !== null && answer.sequence <= this.#newest.sequence) return;
    const { hands, widthPx, heightPx } = answer.result;
    this.#newest = answer;
    this.#awaitsScreen = { answer, unpackedMs: performance.now() };
    this.#predictor.add(hands, placeMs(answer.picture), heightPx / widthPx);
  }

  forget(): void {
    this.#predictor.clear();
    this.#newest = null;
  }

  close(): void {
    this.#stopWatching();
  }

  #draw({ capturedMs, mediaTimeS: positionS }: VideoPicture): void {
    const { video, kind } = this.#source;
    const mediaTimeS = kind === 'camera' ? null : positionS;
    this.#events.onFrame({
      picture: video,
      widthPx: video.videoWidth,
      heightPx: video.videoHeight,
      hands: this.#predictor.at(placeMs({ capturedMs, mediaTimeS })),
      capturedMs,
      mediaTimeS,
      result: this.#newest?.result ?? null,
    });
    const awaits = this.#awaitsScreen;
    this.#awaitsScreen = null;
    if (awaits !== null) this.#screen.wait((shownMs) => this.#events.onShown(awaits.answer, awaits.unpackedMs, shownMs));
  }
}

/** When the hand was there: by the clip's own time, which the screen's refreshes do not shake, or by the camera's. */
function placeMs({ capturedMs, mediaTimeS }: { readonly capturedMs: number; readonly mediaTimeS: number | null }): number {
  return mediaTimeS === null ? capturedMs : mediaTimeS * 1000;
}
