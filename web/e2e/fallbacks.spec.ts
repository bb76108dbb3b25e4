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
      await studio.drawnFrames();
      await studio.page.waitForTimeout(2500);
      const drawn = await studio.drawnFrames();
      const errors = drawn.flatMap((frame) => {
        const number = frame.mediaTimeS === null ? readFrameCode(frame.strip) : truth.frameAt(frame.mediaTimeS);
        return number === null ? [] : truth.errors(frame, number);
      });
      expect(errors.length).toBeGreaterThan(15);
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

/** Leaves so many of the camera's pictures unclosed. Chromium lets a page have two in streams of its tracks. */
async function leaveUnclosed(count: number): Promise<void> {
  type Processor = new (init: { track: MediaStreamTrack }) => { readable: ReadableStream<VideoFrame> };
  const { MediaStreamTrackProcessor } = globalThis as unknown as { MediaStreamTrackProcessor: Processor };
  const reader = new MediaStreamTrackProcessor({ track: globalThis.cameraTrack.clone() }).readable.getReader();
  globalThis.unclosed = [];
  while (globalThis.unclosed.length < count) {
    const { value } = await reader.read();
    if (value !== undefined) globalThis.unclosed.push(value);
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
    await studio.drawnFrames();
    let drawn = 0;
    await expect
      .poll(async () => (drawn += (await studio.drawnFrames()).length), { message: 'frames that are drawn then' })
      .toBeGreaterThan(15);
  });
}
