/** Captures a camera's track in a worker, where the browser has `MediaStreamTrackProcessor`: pictures never touch the main thread. */

import type { Capture, Picture, TakeRequest } from './capture.ts';
import type { FromWorker, ToWorker } from './capture-messages.ts';
import { WorkerLink } from './worker-link.ts';

type ProcessorConstructor = new (init: { track: MediaStreamTrack; maxBufferSize: number }) => { readable: ReadableStream<VideoFrame> };

/** A capture of that track, or null where this browser cannot read a track in a worker. */
export async function openStreamCapture(track: MediaStreamTrack): Promise<Capture | null> {
  if (typeof OffscreenCanvas !== 'function' || typeof VideoFrame !== 'function') return null;
  const link = new WorkerLink();
  let isReading = false;
  try {
    isReading = readHere(link, track) || (await readThere(link, track.clone()));
  } finally {
    if (!isReading) link.close();
  }
  return isReading ? new StreamCapture(link) : null;
}

/** Chromium makes the processor on the page and hands its stream over; the pictures then go to the worker directly. */
function readHere(link: WorkerLink, track: MediaStreamTrack): boolean {
  const Processor = (globalThis as { MediaStreamTrackProcessor?: ProcessorConstructor }).MediaStreamTrackProcessor;
  if (Processor === undefined) return false;
  const { readable } = new Processor({ track, maxBufferSize: 1 });
  link.tell({ type: 'read_stream', readable }, [readable]);
  return true;
}

/** Others, as the standard says, have the processor in workers only. The worker takes the track over, so it is given a clone. */
async function readThere(link: WorkerLink, track: MediaStreamTrack): Promise<boolean> {
  const isReading = (message: FromWorker): boolean | null => (message.type === 'reading' ? message.isReading : null);
  try {
    return await link.ask({ type: 'read_track', track }, [track as unknown as Transferable], isReading);
  } catch {
    track.stop();
    return false; // This browser's tracks cannot be transferred.
  }
}

class StreamCapture implements Capture {
  readonly kind = 'stream';
  readonly #link: WorkerLink;

  constructor(link: WorkerLink) {
    this.#link = link;
  }

  take({ notBeforeMs, ...request }: TakeRequest): Promise<Picture> {
    const question: ToWorker = { type: 'take', notBeforeEpochMs: performance.timeOrigin + notBeforeMs, request };
    return this.#link.ask(question, [], (message) => {
      if (message.type !== 'taken') return null;
      return { ...pictureOf(message), kept: request.keepPicture ? this.#link.kept.expect() : null };
    });
  }

  close(): void {
    this.#link.close();
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
