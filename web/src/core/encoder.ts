/** A picture to a JPEG: in a worker where the browser can, else on a canvas of the main thread. */

import type { Encoded, EncodeRequest } from './capture-messages.ts';
import { ClientError } from './errors.ts';
import { KeptPicture } from './kept-picture.ts';
import { fitWithin, scaledBy } from './settings.ts';
import { WorkerLink } from './worker-link.ts';

export interface EncodedVideo extends Encoded {
  /** Position in the media of the very picture that was encoded, in s; null where the browser does not say. */
  readonly mediaTimeS: number | null;
  /** The picture, if the request is to keep it. */
  readonly kept: KeptPicture | null;
}

export interface Encoder {
  /**
   * Scales and encodes what the video shows now; one call at a time.
   *
   * @throws ClientError `capture_failed`
   */
  encode(video: HTMLVideoElement, request: EncodeRequest): Promise<EncodedVideo>;
  close(): void;
}

/** The best encoder that this browser has. */
export function openEncoder(): Encoder {
  const hasWorkerCanvas = typeof OffscreenCanvas === 'function' && 'convertToBlob' in OffscreenCanvas.prototype;
  return hasWorkerCanvas ? new WorkerEncoder() : new CanvasEncoder();
}

class WorkerEncoder implements Encoder {
  readonly #link = new WorkerLink();

  async encode(video: HTMLVideoElement, request: EncodeRequest): Promise<EncodedVideo> {
    const image = await grab(video);
    const mediaTimeS = 'timestamp' in image ? image.timestamp / 1e6 : null;
    return this.#link.ask({ type: 'encode', image, request }, [image], (message) => {
      if (message.type !== 'encoded') return null;
      return { ...message.encoded, mediaTimeS, kept: request.keepPicture ? this.#link.kept.expect() : null };
    });
  }

  close(): void {
    this.#link.close();
  }
}

/** The video's picture as something that a worker can take: a VideoFrame shares the decoder's buffer, a bitmap is a copy. */
function grab(video: HTMLVideoElement): Promise<ImageBitmap> | VideoFrame {
  return typeof VideoFrame === 'function' ? new VideoFrame(video) : createImageBitmap(video);
}

class CanvasEncoder implements Encoder {
  readonly #canvas = document.createElement('canvas');

  async encode(video: HTMLVideoElement, request: EncodeRequest): Promise<EncodedVideo> {
    const box = { widthPx: request.boxWidthPx, heightPx: request.boxHeightPx };
    const whole = fitWithin({ widthPx: video.videoWidth, heightPx: video.videoHeight }, box);
    const { widthPx, heightPx } = scaledBy(whole, request.scale);
    const context = this.#resized(widthPx, heightPx);
    context.drawImage(video, 0, 0, widthPx, heightPx);
    const size = { resizeWidth: whole.widthPx, resizeHeight: whole.heightPx };
    const kept = request.keepPicture ? new KeptPicture() : null;
    if (kept !== null) {
      createImageBitmap(video, size).then(
        (bitmap) => kept.arrive(bitmap),
        () => kept.arrive(null),
      );
    }
    const blob = await this.#toBlob(request.quality / 100);
    return { jpeg: await blob.arrayBuffer(), widthPx, heightPx, kept, mediaTimeS: null };
  }

  close(): void {
    this.#canvas.width = 0;
  }

  #resized(widthPx: number, heightPx: number): CanvasRenderingContext2D {
    if (this.#canvas.width !== widthPx) this.#canvas.width = widthPx;
    if (this.#canvas.height !== heightPx) this.#canvas.height = heightPx;
    const context = this.#canvas.getContext('2d', { alpha: false, willReadFrequently: true });
    if (context === null) throw new ClientError('unsupported_browser', 'it has no 2d canvas');
    return context;
  }

  #toBlob(quality: number): Promise<Blob> {
    return new Promise((resolve, reject) => {
      const settle = (blob: Blob | null): void => {
        if (blob === null) reject(new ClientError('capture_failed', 'the canvas gave no JPEG'));
        else resolve(blob);
      };
      this.#canvas.toBlob(settle, 'image/jpeg', quality);
    });
  }
}
