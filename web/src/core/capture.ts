/**
 * Pictures on demand: what is captured is asked for, one at a time, so nothing can queue.
 *
 * A taker says how fresh the picture must be. If nothing that fresh is there, the next picture that arrives answers; pictures that
 * arrive while nobody asks replace each other in one place. Three ways, by what the browser has:
 *
 * 1. a camera's track read in a worker (`MediaStreamTrackProcessor`): pictures never touch the main thread;
 * 2. a video element's pictures (`requestVideoFrameCallback`) encoded in a worker (`OffscreenCanvas`);
 * 3. the same encoded on a canvas of the main thread.
 *
 * A camera whose track falls silent in the first way goes on in the second (`capture-camera.ts`).
 */

import { CameraCapture } from './capture-camera.ts';
import { ElementCapture } from './capture-element.ts';
import { openStreamCapture } from './capture-stream.ts';
import { openEncoder } from './encoder.ts';
import type { KeptPicture } from './kept-picture.ts';
import type { FrameSource } from './sources.ts';

/** How the next picture is to be taken. */
export interface TakeRequest {
  /** The picture must have arrived at the page at this time or later, in ms of the page's clock. */
  readonly notBeforeMs: number;
  /** The box that it is scaled down into. */
  readonly boxWidthPx: number;
  readonly boxHeightPx: number;
  /** The share of that size that is encoded, above 0 and at most 1. */
  readonly scale: number;
  /** JPEG quality, 1..100. */
  readonly quality: number;
  /** Whether the very picture that was encoded is wanted too, to draw it later: as large as the box, whatever the scale. */
  readonly keepPicture: boolean;
}

/** One captured and encoded picture. Times are in ms of the page's clock (`performance.now`). */
export interface Picture {
  readonly jpeg: ArrayBuffer;
  /** Size of the encoded picture. */
  readonly widthPx: number;
  readonly heightPx: number;
  /** The picture before it was encoded, if it was asked for. Whoever takes the picture closes it. */
  readonly kept: KeptPicture | null;
  readonly capturedMs: number;
  readonly arrivedMs: number;
  /** Position in the clip, in s; null for a camera. */
  readonly mediaTimeS: number | null;
  /** Pictures that were replaced by newer ones since the last take, because nobody asked or the encoder was busy. */
  readonly skipped: number;
}

export interface Capture {
  /** The way that it captures, for the curious. */
  readonly kind: 'stream' | 'element';
  /**
   * The next picture; one call at a time. It waits as long as the source is silent.
   *
   * @throws ClientError `capture_failed` if pictures cannot be read or encoded.
   */
  take(request: TakeRequest): Promise<Picture>;
  /** Frees worker, pictures and reader. A pending `take` never settles. */
  close(): void;
}

/** Starts capturing from that source in the best way that this browser has. */
export async function openCapture(source: FrameSource): Promise<Capture> {
  const streamCapture = source.track === null ? null : await openStreamCapture(source.track);
  if (streamCapture === null) return new ElementCapture(source.video, openEncoder(), source.kind === 'camera');
  source.video.pause(); // Nobody looks at it.
  return new CameraCapture(source, streamCapture);
}
