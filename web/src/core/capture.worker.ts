/** The capture worker: scales and encodes pictures away from the page's main thread, and reads a camera's track where it may. */

import type { Encoded, EncodeRequest, FromWorker, ToWorker } from './capture-messages.ts';
import { CaptureClock } from './capture-time.ts';
import { fitWithin, scaledBy } from './settings.ts';

const scope = self as unknown as DedicatedWorkerGlobalScope;

/** As the standard has it; TypeScript's own declaration lacks the track. */
type ProcessorConstructor = new (init: { track: object; maxBufferSize: number }) => { readable: ReadableStream<VideoFrame> };

interface Arrived {
  readonly frame: VideoFrame;
  readonly capturedEpochMs: number;
  readonly arrivedEpochMs: number;
}

/** A size in pixels. */
type Size = ReturnType<typeof fitWithin>;

/** Where pictures are drawn to be encoded, and in their whole size to be kept. */
const canvases: { sent: OffscreenCanvas | null; kept: OffscreenCanvas | null } = { sent: null, kept: null };
const captureClock = new CaptureClock();
let newest: Arrived | null = null;
let wanted: { readonly notBeforeEpochMs: number; readonly request: EncodeRequest } | null = null;
let skipped = 0;

scope.onmessage = ({ data }: MessageEvent<ToWorker>) => {
  switch (data.type) {
    case 'encode':
      void reportFailure(() => encode(data.image, data.request, (encoded) => post({ type: 'encoded', encoded })));
      break;
    case 'read_stream':
      void reportFailure(() => read(data.readable));
      break;
    case 'read_track':
      readTrack(data.track);
      break;
    case 'take':
      wanted = data;
      takeIfReady();
      break;
  }
};

function readTrack(track: object): void {
  const { MediaStreamTrackProcessor: Processor } = scope as unknown as { MediaStreamTrackProcessor?: ProcessorConstructor };
  post({ type: 'reading', isReading: Processor !== undefined });
  if (Processor !== undefined) void reportFailure(() => read(new Processor({ track, maxBufferSize: 1 }).readable));
}

async function read(readable: ReadableStream<VideoFrame>): Promise<void> {
  for await (const frame of readable) {
    arrive(frame);
    takeIfReady();
  }
}

/** Keeps the newest picture only. Skipped are those that nobody could take, not those that the taker's throttle passed over. */
function arrive(frame: VideoFrame): void {
  if (newest !== null) {
    newest.frame.close();
    if (wanted === null) skipped += 1;
  }
  const arrivedEpochMs = performance.timeOrigin + performance.now();
  newest = { frame, arrivedEpochMs, capturedEpochMs: captureTimeOf(frame, arrivedEpochMs) };
}

/**
 * Takes the newest picture if it is new enough, and else closes it: nobody will want it any more. Chromium lets a page have two of a
 * camera's pictures at a time, and where one of them lies anywhere else, one that is kept for nothing would be the last to arrive.
 */
function takeIfReady(): void {
  if (wanted === null || newest === null) return;
  const taken = newest;
  newest = null;
  if (taken.arrivedEpochMs < wanted.notBeforeEpochMs) {
    taken.frame.close();
    return;
  }
  const { request } = wanted;
  wanted = null;
  const { frame, capturedEpochMs, arrivedEpochMs } = taken;
  const send = (encoded: Encoded): void => {
    post({ type: 'taken', encoded, capturedEpochMs, arrivedEpochMs, skipped });
    skipped = 0;
  };
  void reportFailure(() => encode(frame, request, send));
}

/** The camera's own capture time where the browser gives one (`VideoFrame.metadata`, in ms of the worker's clock), else by the picture's stamp. */
function captureTimeOf(frame: VideoFrame, arrivedEpochMs: number): number {
  const metadata = 'metadata' in frame ? (frame.metadata as () => { captureTime?: number })() : {};
  const capturedEpochMs = performance.timeOrigin + (metadata.captureTime ?? Number.NaN);
  const isPlausible = capturedEpochMs <= arrivedEpochMs && capturedEpochMs > arrivedEpochMs - 1000;
  return isPlausible ? capturedEpochMs : captureClock.capturedMs(frame.timestamp / 1000, arrivedEpochMs);
}

/**
 * Scales and encodes a picture, and closes it as soon as it is drawn, so that the camera gets its buffer back.
 *
 * What is kept for the screen is drawn after the frame was sent, for which it would take some milliseconds too many.
 */
async function encode(image: VideoFrame | ImageBitmap, request: EncodeRequest, send: (encoded: Encoded) => void): Promise<void> {
  try {
    const whole = fitWithin(sizeOf(image), { widthPx: request.boxWidthPx, heightPx: request.boxHeightPx });
    const sent = scaledBy(whole, request.scale);
    const canvas = draw(image, 'sent', sent);
    if (!request.keepPicture) image.close();
    const blob = await canvas.convertToBlob({ type: 'image/jpeg', quality: request.quality / 100 });
    send({ jpeg: await blob.arrayBuffer(), ...sent });
    if (request.keepPicture) post({ type: 'kept', bitmap: keep(image, canvas, whole) });
  } finally {
    image.close();
  }
}

/** The picture in its whole size, which that canvas may already have. */
function keep(image: VideoFrame | ImageBitmap, sent: OffscreenCanvas, whole: Size): ImageBitmap | null {
  try {
    const isThere = sent.width === whole.widthPx && sent.height === whole.heightPx;
    return (isThere ? sent : draw(image, 'kept', whole)).transferToImageBitmap();
  } catch {
    return null; // The frame is on its way; without its picture it is passed over when it is answered.
  }
}

/** The image in that size, on a canvas that is only made anew when the size changes. */
function draw(image: CanvasImageSource, on: keyof typeof canvases, { widthPx, heightPx }: Size): OffscreenCanvas {
  const last = canvases[on];
  const canvas = last?.width === widthPx && last.height === heightPx ? last : new OffscreenCanvas(widthPx, heightPx);
  canvases[on] = canvas;
  // Kept in plain memory: the encoder reads it there, and a canvas on the graphics card would have to be fetched back first.
  const context = canvas.getContext('2d', { alpha: false, willReadFrequently: true });
  if (context === null) throw new Error('the worker has no 2d canvas');
  context.drawImage(image, 0, 0, widthPx, heightPx);
  return canvas;
}

function sizeOf(image: VideoFrame | ImageBitmap): Size {
  if ('displayWidth' in image) return { widthPx: image.displayWidth, heightPx: image.displayHeight };
  return { widthPx: image.width, heightPx: image.height };
}

function post(message: FromWorker): void {
  scope.postMessage(message, transferOf(message));
}

function transferOf(message: FromWorker): Transferable[] {
  if ('encoded' in message) return [message.encoded.jpeg];
  return message.type === 'kept' && message.bitmap !== null ? [message.bitmap] : [];
}

async function reportFailure(run: () => Promise<void>): Promise<void> {
  try {
    await run();
  } catch (error) {
    post({ type: 'failed', message: String(error) });
  }
}
