import { afterEach, expect, test, vi } from 'vitest';
import { LumaReader } from './luma-reader.ts';

afterEach(() => void vi.unstubAllGlobals());

/** A canvas on which every pixel of every video has that colour. */
function stubCanvas(rgb: readonly number[]) {
  const canvas = { width: 0, height: 0 };
  const context = {
    canvas,
    drawImage: vi.fn(),
    getImageData: (_x: number, _y: number, width: number, height: number) => ({
      width,
      height,
      data: Uint8ClampedArray.from({ length: 4 * width * height }, (_, index) => rgb[index % 4] ?? 255),
    }),
  };
  vi.stubGlobal('document', { createElement: () => ({ getContext: () => context }) });
  return { canvas, context };
}

const video = (videoWidth: number, videoHeight: number) => ({ videoWidth, videoHeight }) as HTMLVideoElement;

test.each([
  { name: 'a camera', of: [640, 480], is: [160, 120] },
  { name: 'a phone held upright', of: [1080, 1920], is: [104, 185] },
  { name: 'one that is small already', of: [32, 24], is: [32, 24] },
  { name: 'a line', of: [10_000, 1], is: [10_000, 1] },
])('$name is read as small as needed, in its shape', ({ of: [videoWidth = 0, videoHeight = 0], is: [widthPx, heightPx] }) => {
  const { canvas, context } = stubCanvas([0, 0, 0]);
  const shown = video(videoWidth, videoHeight);
  expect(new LumaReader().read(shown)?.[0]).toMatchObject({ widthPx, heightPx });
  expect(context.drawImage).toHaveBeenCalledExactlyOnceWith(shown, 0, 0, widthPx, heightPx);
  expect(canvas).toEqual({ width: widthPx, height: heightPx });
});

test.each([
  ['white', [255, 255, 255], 255],
  ['red', [255, 0, 0], 76],
  ['green', [0, 255, 0], 149],
  ['blue', [0, 0, 255], 28],
])('%s is as bright as it looks', (_, rgb, brightness) => {
  stubCanvas(rgb);
  const [largest, half] = new LumaReader().read(video(640, 480)) ?? [];
  expect(new Set(largest?.pixels)).toEqual(new Set([brightness]));
  expect(half).toMatchObject({ widthPx: 80, heightPx: 60 });
});

test('a video without a picture is not read', () => {
  const { context } = stubCanvas([0, 0, 0]);
  expect(new LumaReader().read(video(0, 0))).toBeNull();
  expect(context.drawImage).not.toHaveBeenCalled();
});

test('a browser without a 2d context is told', () => {
  vi.stubGlobal('document', { createElement: () => ({ getContext: () => null }) });
  expect(() => new LumaReader()).toThrow('2d context');
});
