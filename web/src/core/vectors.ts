/** Reads the golden messages of `tests/vectors/`, which Python is tested with too, and the demo clip's truth. For tests only. */

import { readFileSync } from 'node:fs';

/** The vectors of that file. */
export function readVectors<Vector>(name: string): Vector {
  const path = new URL(`../../../tests/vectors/${name}.json`, import.meta.url);
  return JSON.parse(readFileSync(path, 'utf-8')) as Vector;
}

export function bytesOf(hex: string): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(hex.match(/../g) ?? [], (pair) => Number.parseInt(pair, 16));
}

export function hexOf(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
}

/** One hand of the demo clip: its joints (x, y, x, y ...) in px. */
export interface ClipHand {
  readonly id: number;
  readonly xy: readonly number[];
}

/** The truth of the demo clip: the hands of each frame, and where its chapters begin. */
export function readClipTruth(): {
  readonly chapters: readonly (readonly [string, number])[];
  readonly frames: readonly (readonly ClipHand[])[];
} {
  const path = new URL('../../../src/handstream/demo/hands.truth.json', import.meta.url);
  return JSON.parse(readFileSync(path, 'utf-8')) as ReturnType<typeof readClipTruth>;
}
