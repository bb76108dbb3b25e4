import type { DrawnFrame } from './drawn-frames.ts';
import { readFrameCode } from './frame-code.ts';
import { expect, test } from './studio.ts';
import { ClipTruth, median } from './truth.ts';

const truth = new ClipTruth();

/** Takes away what some browsers lack. */
function lack(names: readonly string[]): void {
  for (const name of names) {
    Reflect.deleteProperty(globalThis, name);
    Reflect.deleteProperty(HTMLVideoElement.prototype, name);
  }
}

for (const { browser, names } of [
  { browser: 'a browser that reads no tracks', names: ['MediaStreamTrackProcessor'] },
  { browser: 'a browser without WebCodecs', names: ['MediaStreamTrackProcessor', 'VideoFrame'] },
  { browser: 'a browser without video frame callbacks', names: ['MediaStreamTrackProcessor', 'VideoFrame', 'requestVideoFrameCallback'] },
  { browser: 'a browser without canvases in workers', names: ['MediaStreamTrackProcessor', 'VideoFrame', 'OffscreenCanvas'] },
]) {
  for (const sourceKind of ['camera', 'demo'] as const) {
    test(`${browser}: the hand is tracked, ${sourceKind}`, async ({ studio }) => {
      await studio.page.addInitScript(lack, names);
      await studio.open({ sourceKind, mirrorsCamera: false });
      const isLacking = (taken: string[]) => taken.every((name) => !(name in globalThis) && !(name in HTMLVideoElement.prototype));
      expect(await studio.page.evaluate(isLacking, names)).toBe(true);
      await studio.start();
      await studio.expectLive();
      const errorsOf = (drawn: readonly DrawnFrame[]): number[] =>
        drawn.flatMap((frame) => {
          const number = frame.mediaTimeS === null ? readFrameCode(frame.strip) : truth.frameAt(frame.mediaTimeS);
          return number === null ? [] : truth.errors(frame, number);
        });
      const errors = errorsOf(await studio.drawnUntil((drawn) => errorsOf(drawn).length >= 40));
      const description = `error / palm ${(100 * median(errors)).toFixed(1)} %`;
      test.info().annotations.push({ type: 'figures', description });
      expect(median(errors)).toBeLessThan(0.12);
    });
  }
}

declare global {
  var cameraTrack: MediaStreamTrack;
  var unclosed: VideoFrame[];
}

/** Runs in the page, before its own scripts. */
function watchCamera(): void {
  const getUserMedia = navigator.mediaDevices.getUserMedia.bind(navigator.mediaDevices);
  navigator.mediaDevices.getUserMedia = async (constraints) => {
    const stream = await getUserMedia(constraints);
    [globalThis.cameraTrack] = stream.getVideoTracks() as [MediaStreamTrack];
    return stream;
  };
}

/**
 * Leaves so many of the camera's pictures unclosed. Chromium lets a page have two in streams of its tracks; where none comes any more, as
 * many as it lets lie somewhere.
 */
async function leaveUnclosed(count: number): Promise<void> {
  type Processor = new (init: { track: MediaStreamTrack }) => { readable: ReadableStream<VideoFrame> };
  const { MediaStreamTrackProcessor } = globalThis as unknown as { MediaStreamTrackProcessor: Processor };
  const reader = new MediaStreamTrackProcessor({ track: globalThis.cameraTrack.clone() }).readable.getReader();
  globalThis.unclosed = [];
  const silence = () => new Promise<{ value: undefined }>((resolve) => setTimeout(() => resolve({ value: undefined }), 3000));
  while (globalThis.unclosed.length < count) {
    const { value } = await Promise.race([reader.read(), silence()]);
    if (value === undefined) break;
    globalThis.unclosed.push(value);
  }
  await reader.cancel();
}

for (const { name, count } of [
  { name: "the camera's stream goes on beside a picture that nobody closes", count: 1 },
  { name: 'a camera whose stream falls silent is captured by its video', count: 2 },
]) {
  test(name, async ({ studio }) => {
    const { page } = studio;
    await page.addInitScript(watchCamera);
    await studio.open({ settings: { output: 'annotated' }, mirrorsCamera: false });
    await studio.start();
    await studio.expectLive();
    await page.evaluate(leaveUnclosed, count);
    await page.waitForTimeout(2500);
    await studio.drawnUntil(({ length }) => length > 15);
  });
}
