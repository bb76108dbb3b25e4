/** The hand as a drawing sees it: which landmarks are joined, and which finger each belongs to. */

import type { Handedness } from './wire.ts';

export type Finger = 'palm' | 'thumb' | 'index' | 'middle' | 'ring' | 'pinky';

/** One colour a finger, from a palette that people with any colour vision tell apart (IBM Design, "Color blind safe"). */
export const FINGER_COLOURS: Readonly<Record<Finger, string>> = {
  palm: '#f4f1ea',
  thumb: '#ffb000',
  index: '#fe6100',
  middle: '#f0388a',
  ring: '#9d85ff',
  pinky: '#5ea0ff',
};

/** Pairs of landmarks that a line joins, as MediaPipe's `HAND_CONNECTIONS`, by the finger that gives the line its colour. */
export const CONNECTIONS: readonly { readonly finger: Finger; readonly from: number; readonly to: number }[] = [
  ...chain('palm', [0, 5, 9, 13, 17, 0]),
  ...chain('thumb', [0, 1, 2, 3, 4]),
  ...chain('index', [5, 6, 7, 8]),
  ...chain('middle', [9, 10, 11, 12]),
  ...chain('ring', [13, 14, 15, 16]),
  ...chain('pinky', [17, 18, 19, 20]),
];

const FINGER_ROOTS: readonly Finger[] = ['thumb', 'index', 'middle', 'ring', 'pinky'];

/** The finger that a landmark (0..20) belongs to. */
export function fingerOf(landmark: number): Finger {
  return FINGER_ROOTS[Math.floor((landmark - 1) / 4)] ?? 'palm';
}

/**
 * The hand that the person calls so. MediaPipe's label assumes a mirrored picture; ours is sent as the camera sees it, so the label
 * is the other hand's.
 */
export function personsHand(label: Handedness): Handedness {
  return label === 'Left' ? 'Right' : 'Left';
}

function chain(finger: Finger, landmarks: readonly number[]): { finger: Finger; from: number; to: number }[] {
  return landmarks.slice(1).map((to, index) => ({ finger, from: landmarks[index] ?? 0, to }));
}
