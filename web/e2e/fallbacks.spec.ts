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
