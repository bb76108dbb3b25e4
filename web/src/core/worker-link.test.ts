import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import type { FromWorker, ToWorker } from './capture-messages.ts';
import { openStreamCapture } from './capture-stream.ts';
import { openEncoder } from './encoder.ts';
import { WorkerLink } from './worker-link.ts';

/** A worker that says what a test lets it say. */
class FakeWorker {
  static newest: FakeWorker;
  onmessage: ((event: { data: FromWorker }) => void) | null = null;
  onerror: ((event: { message: string }) => void) | null = null;
  readonly postMessage = vi.fn<(message: ToWorker, transfer: Transferable[]) => void>();
  readonly terminate = vi.fn();

  constructor() {
    FakeWorker.newest = this;
  }
}

const ENCODED = { jpeg: new ArrayBuffer(3), widthPx: 640, heightPx: 480 };
const REQUEST = { boxWidthPx: 640, boxHeightPx: 480, scale: 1, quality: 70, keepPicture: true };
const TAKE: ToWorker = { type: 'take', notBeforeEpochMs: 0, request: REQUEST };
const encodedOf = (message: FromWorker) => (message.type === 'encoded' ? message.encoded : null);

beforeEach(() => {
  vi.stubGlobal('Worker', FakeWorker);
  vi.stubGlobal('VideoFrame', class {});
  vi.stubGlobal(
    'OffscreenCanvas',
    class {
      convertToBlob() {}
    },
  );
});
afterEach(() => void vi.unstubAllGlobals());

test('a question is answered by the message that it asks for', async () => {
  const link = new WorkerLink();
  const asked = link.ask(TAKE, [], encodedOf);
  FakeWorker.newest.onmessage?.({ data: { type: 'kept', bitmap: null } });
  FakeWorker.newest.onmessage?.({ data: { type: 'encoded', encoded: ENCODED } });
  expect(await asked).toBe(ENCODED);
});

test('a failure is that of the question, and the worker is asked again', async () => {
  const link = new WorkerLink();
  const asked = link.ask(TAKE, [], encodedOf);
  FakeWorker.newest.onmessage?.({ data: { type: 'failed', message: 'out of memory' } });
  await expect(asked).rejects.toMatchObject({ code: 'capture_failed', advice: expect.stringContaining('out of memory') });
  const again = link.ask(TAKE, [], encodedOf);
  FakeWorker.newest.onmessage?.({ data: { type: 'encoded', encoded: ENCODED } });
  expect(await again).toBe(ENCODED);
});

test('a worker that ended before it was asked fails who asks, who would wait for ever', async () => {
  const encoder = openEncoder();
  FakeWorker.newest.onerror?.({ message: 'no such script' });
  await expect(encoder.encode({} as HTMLVideoElement, REQUEST)).rejects.toMatchObject({ code: 'capture_failed' });
  expect(FakeWorker.newest.postMessage).not.toHaveBeenCalled();
});

test('a track that cannot be read leaves no worker behind', async () => {
  class EndedTrackProcessor {
    constructor() {
      throw new DOMException('the track has ended', 'InvalidStateError');
    }
  }
  vi.stubGlobal('MediaStreamTrackProcessor', EndedTrackProcessor);
  await expect(openStreamCapture({} as MediaStreamTrack)).rejects.toThrow('the track has ended');
  expect(FakeWorker.newest.terminate).toHaveBeenCalledOnce();
});

test('where only workers can read a track, the worker says whether it can', async () => {
  for (const isReading of [true, false]) {
    const opening = openStreamCapture({ clone: () => ({}) } as MediaStreamTrack);
    FakeWorker.newest.onmessage?.({ data: { type: 'reading', isReading } });
    expect((await opening) !== null).toBe(isReading);
    expect(FakeWorker.newest.terminate).toHaveBeenCalledTimes(isReading ? 0 : 1);
  }
});
