/**
 * Captures a camera by its track, and by its video from when the track's stream has fallen silent.
 *
 * Chromium (156) lets a page have two of a camera's pictures at a time in streams of its track, and on a busy machine it now and then
 * forgets one that was closed. After two such pictures nothing comes any more until the page's garbage is collected, which may be never:
 * the track is live and not muted, and its video plays on.
 */

import type { Capture, Picture, TakeRequest } from './capture.ts';
import { ElementCapture } from './capture-element.ts';
import { openEncoder } from './encoder.ts';
import type { FrameSource } from './sources.ts';

/** A stream that gives nothing for so long has fallen silent: the slowest cameras give five pictures a second. */
export const SILENCE_MS = 1000;

export class CameraCapture implements Capture {
  readonly #source: FrameSource;
  #capture: Capture;
  /** Looks after the take that waits. */
  #watch: ReturnType<typeof setInterval> | undefined;

  /** @param stream - the capture of the source's track. */
  constructor(source: FrameSource, stream: Capture) {
    this.#source = source;
    this.#capture = stream;
  }

  get kind(): Capture['kind'] {
    return this.#capture.kind;
  }

  take(request: TakeRequest): Promise<Picture> {
    const taken = this.#capture.take(request);
    if (this.kind === 'element') return taken;
    return new Promise((resolve, reject) => {
      const look = (): void => {
        if (this.#source.track?.muted) return; // Its video shows nothing either.
        clearInterval(watch);
        resolve(this.#fallBack().take(request));
      };
      const watch = setInterval(look, Math.max(0, request.notBeforeMs - performance.now()) + SILENCE_MS);
      this.#watch = watch;
      taken.finally(() => clearInterval(watch)).then(resolve, reject);
    });
  }

  close(): void {
    clearInterval(this.#watch);
    this.#capture.close();
  }

  #fallBack(): Capture {
    const { video } = this.#source;
    this.#capture.close();
    this.#capture = new ElementCapture(video, openEncoder(), true);
    video.play().catch(() => undefined); // A camera that was stopped meanwhile plays no more.
    return this.#capture;
  }
}
