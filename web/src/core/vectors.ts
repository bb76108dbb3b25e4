/** Reads the golden messages of `tests/vectors/`, which Python is tested with too. For tests only. */

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
