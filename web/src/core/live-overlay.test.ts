import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { KeptPicture } from './kept-picture.ts';
import { LiveOverlay } from './live-overlay.ts';
import { pyramidOf } from './luma.ts';
import type { Answer, OverlayEvents, ShownFrame } from './overlay.ts';
import { cloth, painted } from './painted.ts';
import type { FrameSource } from './sources.ts';
import { Trace } from './trace.ts';
import { bytesOf, readVectors } from './vectors.ts';
import { type VideoPicture, watchPictures } from './video-pictures.ts';
import { parseResult } from './wire.ts';

vi.mock('./video-pictures.ts', () => ({ watchPictures: vi.fn() }));
vi.mock('./luma-reader.ts', () => ({
  LumaReader: class {
    read = () =>
      pyramidOf(
        painted(160, 120, ({ x, y }) => cloth({ x: x - movedPx, y })),
        4,
      );
  },
}));

/** How far all that the video shows has moved to the right, of the 160 px that are read of it. */
let movedPx = 0;

const RESULT = parseResult(bytesOf(readVectors<{ hex: string }[]>('results')[0]?.hex ?? '').buffer);
const landmarks = (shift: number) =>
  Float32Array.from({ length: 63 }, (_, index) => (index % 3 === 0 ? shift : 0) + 0.3 + (index % 21) / 100);

function answerOf(sequence: number, capturedMs: number, shift: number): Answer & { readonly close: () => void } {
  const close = vi.fn();
  const kept = new KeptPicture();
  kept.arrive({ close } as unknown as ImageBitmap);
  const picture = { jpeg: new ArrayBuffer(0), widthPx: 4, heightPx: 3, kept, capturedMs, arrivedMs: 0, mediaTimeS: null, skipped: 0 };
  const hand = { handId: 1, handedness: 'Left' as const, score: 1, landmarks: landmarks(shift), worldLandmarks: null };
  const frame = { sequence, trace: new Trace(0) } as Answer['frame'];
  return { result: { ...RESULT, widthPx: 4, heightPx: 3, hands: [hand] }, picture, frame, close };
}

function opened() {
  let present: (picture: VideoPicture) => void = () => undefined;
  const stopWatching = vi.fn();
  vi.mocked(watchPictures).mockImplementation((_, listener) => {
    present = listener;
    return stopWatching;
  });
  const shown: ShownFrame[] = [];
  const onShown = vi.fn<OverlayEvents['onShown']>();
  const onPassedOver = vi.fn<OverlayEvents['onPassedOver']>();
  const source = { kind: 'camera', video: { videoWidth: 8, videoHeight: 6 } } as FrameSource;
  const overlay = new LiveOverlay(source, { onFrame: (frame) => void shown.push(frame), onShown, onPassedOver });
  return { overlay, present: (capturedMs: number) => present({ capturedMs, mediaTimeS: 99 }), shown, onShown, onPassedOver, stopWatching };
}

beforeEach(() => {
  movedPx = 0;
  vi.useFakeTimers();
  vi.stubGlobal('requestAnimationFrame', (callback: FrameRequestCallback) => setTimeout(callback, 16));
});
afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

test('each picture is shown at once, with the hands carried forward to it', () => {
  const { overlay, present, shown } = opened();
  present(0);
  expect(shown[0]).toMatchObject({ hands: [], widthPx: 8, heightPx: 6, capturedMs: 0, mediaTimeS: null, result: null });
  movedPx = 8;
  present(33);
  overlay.answered(answerOf(0, 0, 0));
  movedPx = 16;
  present(66);
  expect(shown[2]?.hands[0]?.landmarks?.[0], 'on from 0.3 by the tenth that all has moved by since').toBeCloseTo(0.4, 2);
  expect(shown[2]?.result).not.toBeNull();
});

test('an answer is told to have reached the screen once, with the next picture', () => {
  const { overlay, present, onShown } = opened();
  const answer = answerOf(0, 0, 0);
  overlay.answered(answer);
  present(30);
  present(60);
  vi.advanceTimersByTime(50);
  expect(onShown.mock.calls.map(([shownAnswer]) => shownAnswer)).toEqual([answer]);
});

test('an answer that a newer one overtakes is told to have been passed over, wherever it waits', () => {
  const { overlay, present, onShown, onPassedOver } = opened();
  const [late, undrawn, drawn, newest] = [answerOf(0, 0, 0), answerOf(1, 0, 0), answerOf(2, 0, 0), answerOf(3, 0, 0)];
  overlay.answered(undrawn);
  overlay.answered(late);
  overlay.answered(drawn);
  present(30);
  overlay.answered(newest);
  present(31);
  vi.advanceTimersByTime(50);
  expect(onPassedOver.mock.calls.map(([answer]) => answer)).toEqual([late, undrawn, drawn]);
  expect(onShown.mock.calls.map(([answer]) => answer)).toEqual([newest]);
  expect([...newest.frame.trace.spansNs.keys()]).toEqual(['unpack', 'render', 'present']);
});

test('an answer that waits for a picture when the overlay is closed is told to have been passed over', () => {
  const { overlay, present, onPassedOver } = opened();
  const [drawn, undrawn] = [answerOf(0, 0, 0), answerOf(1, 30, 0)];
  overlay.answered(drawn);
  present(30);
  overlay.answered(undrawn);
  overlay.close();
  expect(onPassedOver.mock.calls).toEqual([[undrawn]]);
});

test('it closes what was kept of a frame, ignores an answer that a newer one overtook, and forgets all with the connection', () => {
  const { overlay, present, shown, stopWatching } = opened();
  const [newer, older] = [answerOf(1, 30, 0.3), answerOf(0, 0, 0)];
  present(30);
  overlay.answered(newer);
  overlay.answered(older);
  expect(newer.close).toHaveBeenCalledOnce();
  expect(older.close).toHaveBeenCalledOnce();
  present(31);
  expect(shown.at(-1)?.hands[0]?.landmarks?.[0]).toBeCloseTo(0.6, 5);
  overlay.forget();
  present(40);
  expect(shown.at(-1)).toMatchObject({ hands: [], result: null });
  overlay.close();
  expect(stopWatching).toHaveBeenCalledOnce();
});
