import { expect, test } from 'vitest';
import { CONNECTIONS, fingerOf, personsHand } from './hand-skeleton.ts';

test('joins all 21 landmarks with MediaPipe’s 21 connections', () => {
  const pairs = new Set(CONNECTIONS.map(({ from, to }) => [from, to].sort((a, b) => a - b).join('-')));
  expect(pairs.size).toBe(21);
  expect(new Set(CONNECTIONS.flatMap(({ from, to }) => [from, to])).size).toBe(21);
  for (const pair of ['0-1', '0-5', '9-13', '13-17', '5-9', '0-17', '3-4', '19-20']) expect(pairs).toContain(pair);
});

test.each([
  [0, 'palm'],
  [1, 'thumb'],
  [4, 'thumb'],
  [5, 'index'],
  [12, 'middle'],
  [13, 'ring'],
  [20, 'pinky'],
])('landmark %d belongs to the %s', (landmark, finger) => expect(fingerOf(landmark)).toBe(finger));

test('a hand that MediaPipe labels "Left" in a picture that is not mirrored is the person’s right one', () => {
  expect([personsHand('Left'), personsHand('Right')]).toEqual(['Right', 'Left']);
});
