/** Captures a camera's track in a worker, where the browser has `MediaStreamTrackProcessor`: pictures never touch the main thread. */

import type { Capture, Picture, TakeRequest } from './capture.ts';
import type { FromWorker, ToWorker } from './capture-messages.ts';
import { startCaptureWorker } from './encoder.ts';
import { ClientError } from './errors.ts';
import { KeptPictures } from './kept-picture.ts';

type ProcessorConstructor = new (init: { track: MediaStreamTrack; maxBufferSize: number }) => { readable: ReadableStream<VideoFrame> };

/** A capture of that track, or null where this browser cannot read a track in a worker. */
export async function openStreamCapture(track: MediaStreamTrack): Promise<Capture | null> {
  if (typeof OffscreenCanvas !== 'function' || typeof VideoFrame !== 'function') return null;
  const worker = startCaptureWorker();
  if (readHere(worker, track) || (await readThere(worker, track.clone()))) return new StreamCapture(worker);
  worker.terminate();
  return null;
}

/** Chromium makes the processor on the page and hands its stream over; the pictures then go to the worker directly. */
function readHere(worker: Worker, track: MediaStreamTrack): boolean {
  const Processor = (globalThis as { MediaStreamTrackProcessor?: ProcessorConstructor }).MediaStreamTrackProcessor;
  if (Processor === undefined) return false;
  const { readable } = new Processor({ track, maxBufferSize: 1 });
  worker.postMessage({ type: 'read_stream', readable } satisfies ToWorker, [readable]);
  return true;
}

/** Others, as the standard says, have the processor in workers only. The worker takes the track over, so it is given a clone. */
function readThere(worker: Worker, track: MediaStreamTrack): Promise<boolean> {
  try {
    worker.postMessage({ type: 'read_track', track } satisfies ToWorker, [track as unknown as Transferable]);
  } catch {
    track.stop();
    return Promise.resolve(false); // This browser's tracks cannot be transferred.
  }
  return new Promise((resolve) => {
    worker.onmessage = ({ data }: MessageEvent<FromWorker>) => resolve(data.type === 'reading' && data.isReading);
    worker.onerror = () => resolve(false);
  });
}

class StreamCapture implements Capture {
  readonly kind = 'stream';
  readonly #worker: Worker;
  readonly #kept = new KeptPictures();

  constructor(worker: Worker) {
    this.#worker = worker;
  }

  take({ notBeforeMs, ...request }: TakeRequest): Promise<Picture> {
    return new Promise((resolve, reject) => {
      this.#worker.onmessage = ({ data }: MessageEvent<FromWorker>) => {
        if (data.type === 'taken') resolve({ ...pictureOf(data), kept: request.keepPicture ? this.#kept.expect() : null });
        else if (data.type === 'kept') this.#kept.arrive(data.bitmap);
        else if (data.type === 'failed') reject(new ClientError('capture_failed', data.message));
      };
      this.#worker.onerror = (event) => reject(new ClientError('capture_failed', event.message));
      const notBeforeEpochMs = performance.timeOrigin + notBeforeMs;
      this.#worker.postMessage({ type: 'take', notBeforeEpochMs, request } satisfies ToWorker);
    });
  }

  close(): void {
    this.#worker.terminate();
  }
}

function pictureOf(taken: Extract<FromWorker, { type: 'taken' }>): Omit<Picture, 'kept'> {
  return {
    ...taken.encoded,
    capturedMs: taken.capturedEpochMs - performance.timeOrigin,
    arrivedMs: taken.arrivedEpochMs - performance.timeOrigin,
    mediaTimeS: null,
    skipped: taken.skipped,
  };
}
