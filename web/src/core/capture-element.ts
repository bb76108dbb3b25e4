/** Captures what a playing video element presents, one picture for each that it presents at most. */

import type { Capture, Picture, TakeRequest } from './capture.ts';
import type { Encoder } from './encoder.ts';
import { watchPictures } from './video-pictures.ts';

interface Presented {
  readonly capturedMs: number;
  readonly arrivedMs: number;
  readonly mediaTimeS: number;
}

export class ElementCapture implements Capture {
  readonly kind = 'element';
  readonly #video: HTMLVideoElement;
  readonly #encoder: Encoder;
  readonly #isLive: boolean;
  readonly #stopWatching: () => void;
  #newest: Presented | null = null;
  #wanted: { request: TakeRequest; resolve: (picture: Promise<Picture>) => void } | null = null;
  #skipped = 0;
  #isClosed = false;

  /** @param isLive - whether the video is a camera's: its pictures have no place in a clip. */
  constructor(video: HTMLVideoElement, encoder: Encoder, isLive: boolean) {
    this.#video = video;
    this.#encoder = encoder;
    this.#isLive = isLive;
    this.#stopWatching = watchPictures(video, ({ capturedMs, mediaTimeS }) => {
      if (this.#newest !== null && this.#wanted === null) this.#skipped += 1;
      this.#newest = { capturedMs, arrivedMs: performance.now(), mediaTimeS };
      this.#takeIfReady();
    });
  }

  take(request: TakeRequest): Promise<Picture> {
    return new Promise((resolve) => {
      this.#wanted = { request, resolve };
      this.#takeIfReady();
    });
  }

  close(): void {
    this.#isClosed = true;
    this.#wanted = this.#newest = null;
    this.#stopWatching();
    this.#encoder.close();
  }

  #takeIfReady(): void {
    if (this.#wanted === null || this.#newest === null || this.#newest.arrivedMs < this.#wanted.request.notBeforeMs) return;
    const { request, resolve } = this.#wanted;
    const presented = this.#newest;
    this.#wanted = this.#newest = null;
    resolve(this.#encode(presented, request));
  }

  async #encode(presented: Presented, request: TakeRequest): Promise<Picture> {
    const skipped = this.#skipped;
    this.#skipped = 0;
    const encoded = await this.#encoder.encode(this.#video, request);
    if (this.#isClosed) encoded.kept?.close();
    // The video may have moved on since it presented the picture: what was encoded knows best.
    const mediaTimeS = this.#isLive ? null : (encoded.mediaTimeS ?? presented.mediaTimeS);
    return { ...presented, ...encoded, mediaTimeS, skipped };
  }
}
