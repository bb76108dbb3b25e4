import { expect, test } from 'vitest';
import { pyramidOf } from './luma.ts';
import { painted } from './painted.ts';

test('each size is the mean of two by two pixels of the one before, without an odd row or column', () => {
  const picture = painted(5, 4, ({ x, y }) => 10 * x + y);
  const [largest, half, quarter] = pyramidOf(picture, 3);
  expect(largest).toBe(picture);
  expect(half).toMatchObject({ widthPx: 2, heightPx: 2 });
  expect([...(half?.pixels ?? [])]).toEqual([6, 26, 8, 28]); // 5.5, 25.5, 7.5 and 27.5, rounded.
  expect([...(quarter?.pixels ?? [])]).toEqual([17]);
});

test.each([
  [64, 64, 4],
  [3, 64, 2],
  [1, 1, 1],
])('a picture of %i x %i px has %i sizes of four', (widthPx, heightPx, sizes) => {
  expect(
    pyramidOf(
      painted(widthPx, heightPx, () => 7),
      4,
    ),
  ).toHaveLength(sizes);
});
