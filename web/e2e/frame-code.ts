/** Reads the number that a camera file's picture carries along its bottom edge (`handstream.vision.synthetic.framecode`). */

import { crc32 } from 'node:zlib';

const BITS = 32;
/** What is read of each cell: its edges suffer from scaling and compression. */
const CORE_SHARE = 0.6;
const MIN_CONTRAST = 32;

/**
 * The number, or null if there is no sound code.
 *
 * @param strip - brightness of each column of the strip, 0..255.
 */
export function readFrameCode(strip: readonly number[]): number | null {
  const cellPx = strip.length / (2 * BITS);
  const cells = Array.from({ length: 2 * BITS }, (_, cell) => meanAround(strip, (cell + 0.5) * cellPx, cellPx * CORE_SHARE));
  const contrasts = Array.from({ length: BITS }, (_, bit) => (cells[2 * bit] ?? 0) - (cells[2 * bit + 1] ?? 0));
  if (Math.min(...contrasts.map(Math.abs)) < MIN_CONTRAST) return null;
  const word = contrasts.reduce((value, contrast) => 2 * value + (contrast > 0 ? 1 : 0), 0);
  const [number, check] = [Math.floor(word / 2 ** 16), word % 2 ** 16];
  return (crc32(Buffer.from([number >> 8, number & 255])) & 0xffff) === check ? number : null;
}

function meanAround(values: readonly number[], centre: number, width: number): number {
  const first = Math.floor(centre - width / 2 + 0.5);
  const taken = values.slice(first, Math.max(first + 1, Math.floor(centre + width / 2 + 0.5)));
  return taken.reduce((sum, value) => sum + value, 0) / taken.length;
}
