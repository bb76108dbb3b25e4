/** Paints small grey pictures. For tests only. */

import type { Luma } from './luma.ts';
import type { Vector } from './vector.ts';

/** The picture that is so bright at each place in px, cut off at 0 and 255. */
export function painted(widthPx: number, heightPx: number, brightness: (place: Vector) => number): Luma {
  const pixels = new Uint8ClampedArray(widthPx * heightPx);
  for (let y = 0; y < heightPx; y += 1) for (let x = 0; x < widthPx; x += 1) pixels[y * widthPx + x] = brightness({ x, y });
  return { widthPx, heightPx, pixels: new Uint8Array(pixels.buffer) };
}

/** A cloth without an end, with folds from 6 to 60 px: no two places of it look alike. */
export function cloth({ x, y }: Vector): number {
  let sum = 128;
  for (let fold = 0; fold < 8; fold += 1) {
    const [angle, length] = [2.4 * fold, 6 * 1.39 ** fold];
    sum += 14 * Math.sin((2 * Math.PI * (x * Math.cos(angle) + y * Math.sin(angle))) / length + fold);
  }
  return sum;
}
