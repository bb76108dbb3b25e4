/**
 * What the page drew on its canvas, frame by frame: the joints that it drew and the picture under them.
 *
 * The joints are read where they reach the canvas (its `arc` calls), not from what the page meant to draw. The picture is known again
 * by the code that the camera file carries along its bottom edge, of which the strip's brightness is kept.
 */

import type { ShownFrame } from '../src/core/overlay.ts';
import type { VideoStreamingClient } from '../src/core/streaming-client.ts';

export interface DrawnFrame {
  /** For each hand its 21 joints, normalised to the picture. */
  readonly hands: readonly (readonly (readonly [number, number])[])[];
  /** The same as the newest answer has them, wherever they were drawn. */
  readonly answeredHands: DrawnFrame['hands'];
  /** Position of the picture in its clip in s, or null for a camera. */
  readonly mediaTimeS: number | null;
  /** On the page's clock. */
  readonly capturedMs: number;
  readonly drawnMs: number;
  /** Mean brightness of each column of the strip along the bottom edge, 0..255. */
  readonly strip: readonly number[];
}

declare global {
  var handstream: VideoStreamingClient;
  var takeDrawnFrames: () => DrawnFrame[];
}

/** Runs in the page, before its own scripts. */
export function watchDrawing(): void {
  const { arc, drawImage } = CanvasRenderingContext2D.prototype;
  let joints: [number, number][] = [];
  let frames: DrawnFrame[] = [];

  CanvasRenderingContext2D.prototype.drawImage = function (this: CanvasRenderingContext2D, ...args: unknown[]) {
    joints = [];
    (drawImage as (...all: unknown[]) => void).apply(this, args);
  };
  CanvasRenderingContext2D.prototype.arc = function (x, y, ...rest) {
    const { a: scale } = this.getTransform();
    joints.push([(x * scale) / this.canvas.width, (y * scale) / this.canvas.height]);
    arc.call(this, x, y, ...rest);
  };

  const stripOf = (canvas: HTMLCanvasElement): number[] => {
    const heightPx = Math.max(2, Math.round(canvas.height / 30));
    const inset = Math.floor(heightPx * 0.25);
    const rows = Math.max(1, heightPx - 2 * inset);
    const pixels = canvas.getContext('2d')?.getImageData(0, canvas.height - heightPx + inset, canvas.width, rows).data ?? [];
    return Array.from({ length: canvas.width }, (_, column) => {
      let sum = 0;
      for (let row = 0; row < rows; row += 1) sum += pixels[4 * (row * canvas.width + column) + 1] ?? 0;
      return sum / rows;
    });
  };

  globalThis.takeDrawnFrames = () => {
    const taken = frames;
    frames = [];
    return taken;
  };

  const keep = ({ mediaTimeS, capturedMs, result }: ShownFrame): void => {
    const canvas = document.querySelector('canvas');
    if (canvas === null) return;
    const hands = Array.from({ length: Math.floor(joints.length / 21) }, (_, hand) => joints.slice(21 * hand, 21 * hand + 21));
    const drawnMs = performance.now();
    const answeredHands = (result?.hands ?? []).map(({ landmarks }) =>
      Array.from({ length: 21 }, (_, joint): [number, number] => [landmarks?.[3 * joint] ?? 0, landmarks?.[3 * joint + 1] ?? 0]),
    );
    frames.push({ hands, answeredHands, mediaTimeS, capturedMs, drawnMs, strip: stripOf(canvas) });
  };
  addEventListener('load', () => {
    // The page's own listener may come before or after this one; in the microtask both have run, and what is read is this frame's.
    globalThis.handstream.onFrame((frame) => queueMicrotask(() => keep(frame)));
  });
}
