import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import type { Picture } from './capture.ts';
import { CameraCapture, SILENCE_MS } from './capture-camera.ts';
import type { FrameSource } from './sources.ts';

const takeOfVideo = vi.hoisted(() => vi.fn());
vi.mock('./capture-element.ts', () => ({
  ElementCapture: class {
    readonly kind = 'element';
    readonly take = takeOfVideo;
  },
}));
vi.mock('./encoder.ts', () => ({ openEncoder: vi.fn() }));

const REQUEST = { notBeforeMs: 0, boxWidthPx: 640, boxHeightPx: 480, scale: 1, quality: 70, keepPicture: false };
const [ofTrack, ofVideo] = [{ skipped: 1 } as Picture, { skipped: 2 } as Picture];

/** A camera whose stream gives no picture unless it is told to. */
function openCamera() {
  const stream = { kind: 'stream' as const, take: vi.fn(() => new Promise<Picture>(() => undefined)), close: vi.fn() };
  const track = { muted: false };
  const video = { play: vi.fn(() => Promise.resolve()) };
  const source = { video, track } as unknown as FrameSource;
  return { capture: new CameraCapture(source, stream), stream, track, video };
}

beforeEach(() => {
  vi.useFakeTimers();
  vi.clearAllMocks();
  takeOfVideo.mockResolvedValue(ofVideo);
});
afterEach(() => void vi.useRealTimers());

test('a stream that gives pictures is read on', async () => {
  const { capture, stream } = openCamera();
  stream.take.mockResolvedValue(ofTrack);
  expect(await capture.take(REQUEST)).toBe(ofTrack);
  await vi.advanceTimersByTimeAsync(10 * SILENCE_MS);
  expect(await capture.take(REQUEST)).toBe(ofTrack);
  expect(stream.close).not.toHaveBeenCalled();
});

test('each take is watched by itself, and the video is captured once', async () => {
  const { capture, stream, video } = openCamera();
  stream.take.mockResolvedValueOnce(ofTrack).mockResolvedValueOnce(ofTrack);
  const takes = capture.take(REQUEST).then(() => capture.take(REQUEST).then(() => capture.take(REQUEST)));
  await vi.advanceTimersByTimeAsync(10 * SILENCE_MS);
  expect(await takes).toBe(ofVideo);
  expect(video.play).toHaveBeenCalledOnce();
});

test('from when the stream is silent, the video is captured', async () => {
  const { capture, stream, video } = openCamera();
  const taken = capture.take({ ...REQUEST, notBeforeMs: performance.now() + 500 });
  await vi.advanceTimersByTimeAsync(SILENCE_MS + 499);
  expect(capture.kind).toBe('stream');
  await vi.advanceTimersByTimeAsync(1);
  expect(await taken).toBe(ofVideo);
  expect(stream.close).toHaveBeenCalledOnce();
  expect(video.play).toHaveBeenCalledOnce();
  expect(capture.kind).toBe('element');
  expect(await capture.take(REQUEST)).toBe(ofVideo);
  expect(stream.take).toHaveBeenCalledOnce();
});

test('a camera that is muted is waited for', async () => {
  const { capture, track } = openCamera();
  track.muted = true;
  const taken = capture.take(REQUEST);
  await vi.advanceTimersByTimeAsync(5 * SILENCE_MS);
  expect(capture.kind).toBe('stream');
  track.muted = false;
  await vi.advanceTimersByTimeAsync(SILENCE_MS);
  expect(await taken).toBe(ofVideo);
});

test('nothing follows a close', async () => {
  const { capture } = openCamera();
  void capture.take(REQUEST);
  capture.close();
  await vi.advanceTimersByTimeAsync(5 * SILENCE_MS);
  expect(capture.kind).toBe('stream');
});
