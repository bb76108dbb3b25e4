/** The demo clip's truth, and how far drawn hands are from it. */

import { readFileSync } from 'node:fs';
import { DEMO_FOLDER } from './cameras.ts';
import type { DrawnFrame } from './drawn-frames.ts';

const MIN_CHAPTER_FRAMES = 15;

interface TruthFile {
  readonly frames_per_second: number;
  readonly resolution_wh: readonly [number, number];
  readonly chapters: readonly (readonly [string, number])[];
  readonly frames: readonly (readonly { readonly side: string; readonly xy: readonly number[] }[])[];
}

type Joints = readonly (readonly [number, number])[];

export class ClipTruth {
  readonly #file = JSON.parse(readFileSync(`${DEMO_FOLDER}/hands.truth.json`, 'utf-8')) as TruthFile;

  get frameCount(): number {
    return this.#file.frames.length;
  }

  /** The clip's frame that is shown at that time, in s. */
  frameAt(mediaTimeS: number): number {
    return Math.round(mediaTimeS * this.#file.frames_per_second) % this.frameCount;
  }

  /** Whether enough frames of each chapter are among those that were drawn from the clip. */
  isCoveredBy(drawn: readonly DrawnFrame[]): boolean {
    const seen = drawn.map(({ mediaTimeS }) => this.chapterOf(this.frameAt(mediaTimeS ?? Number.NaN)));
    return this.#file.chapters.every(([chapter]) => seen.filter((name) => name === chapter).length >= MIN_CHAPTER_FRAMES);
  }

  chapterOf(frame: number): string {
    return this.#file.chapters.findLast(([, first]) => first <= frame)?.[0] ?? '';
  }

  /** How many hands are wholly within the picture. */
  handCount(frame: number): number {
    return this.#hands(frame).length;
  }

  /**
   * For each drawn hand the mean distance of its joints from the nearest true hand of that frame, as a share of that hand's palm
   * (wrist to root of the middle finger).
   */
  errors(drawn: DrawnFrame, frame: number): number[] {
    const truths = this.#hands(frame);
    return drawn.hands.flatMap((hand) => (truths.length === 0 ? [] : [Math.min(...truths.map((truth) => this.#error(hand, truth)))]));
  }

  #hands(frame: number): Joints[] {
    const [width, height] = this.#file.resolution_wh;
    const joints = (this.#file.frames[frame] ?? []).map(({ xy }) =>
      Array.from({ length: 21 }, (_, joint): [number, number] => [(xy[2 * joint] ?? 0) / width, (xy[2 * joint + 1] ?? 0) / height]),
    );
    return joints.filter((hand) => hand.every(([x, y]) => x >= 0 && x <= 1 && y >= 0 && y <= 1));
  }

  #error(drawn: Joints, truth: Joints): number {
    const [width, height] = this.#file.resolution_wh;
    const distance = (a: Joints[number] | undefined, b: Joints[number] | undefined): number =>
      Math.hypot(((a?.[0] ?? 0) - (b?.[0] ?? 0)) * width, ((a?.[1] ?? 0) - (b?.[1] ?? 0)) * height);
    const palm = distance(truth[0], truth[9]);
    return truth.reduce((sum, joint, index) => sum + distance(drawn[index], joint), 0) / truth.length / palm;
  }
}

export function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;
}
