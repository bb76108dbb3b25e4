import { beforeAll, expect, test, vi } from 'vitest';
import type { ToWorker } from './capture-messages.ts';

const scope = { onmessage: (_: { data: ToWorker }): void => undefined, postMessage: vi.fn() };
const request = { boxWidthPx: 640, boxHeightPx: 480, scale: 1, quality: 70, keepPicture: false };
let camera: ReadableStreamDefaultController<VideoFrame>;

beforeAll(async () => {
  vi.stubGlobal('self', scope);
  await import('./capture.worker.ts');
  const readable = new ReadableStream<VideoFrame>({
    start(controller) {
      camera = controller;
    },
  });
  scope.onmessage({ data: { type: 'read_stream', readable } });
  return () => void vi.unstubAllGlobals();
});

/** A picture that the camera gives now; tells how often it was closed. */
async function givePicture(): Promise<() => void> {
  const close = vi.fn();
  camera.enqueue({ timestamp: 1, close } as unknown as VideoFrame);
  await new Promise((resolve) => setTimeout(resolve));
  return close;
}

test('no picture is kept that nobody will want', async () => {
  const early = await givePicture();
  expect(early, 'somebody may want it').not.toHaveBeenCalled();
  const newer = await givePicture();
  expect(early).toHaveBeenCalledOnce();
  scope.onmessage({ data: { type: 'take', notBeforeEpochMs: Number.POSITIVE_INFINITY, request } });
  expect(newer, 'it arrived too early for who waits').toHaveBeenCalledOnce();
  expect(await givePicture()).toHaveBeenCalledOnce();
  expect(scope.postMessage).not.toHaveBeenCalled();
});
