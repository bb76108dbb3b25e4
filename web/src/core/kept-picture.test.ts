import { expect, test, vi } from 'vitest';
import { KeptPicture, KeptPictures } from './kept-picture.ts';

const bitmapOf = (close = vi.fn()) => ({ close }) as unknown as ImageBitmap;

test('pictures arrive in the order of their frames', async () => {
  const pictures = new KeptPictures();
  const [first, second] = [pictures.expect(), pictures.expect()];
  const [one, other] = [bitmapOf(), bitmapOf()];
  pictures.arrive(one);
  pictures.arrive(other);
  expect(await Promise.all([first.bitmap, second.bitmap])).toEqual([one, other]);
  expect(await first.bitmap).toBe(one);
});

test('a picture is closed whether it has arrived or not', () => {
  const close = vi.fn();
  const early = new KeptPicture();
  early.arrive(bitmapOf(close));
  early.close();
  const late = new KeptPicture();
  late.close();
  late.arrive(bitmapOf(close));
  expect(close).toHaveBeenCalledTimes(2);
});

test('one that could not be had is none', async () => {
  const picture = new KeptPicture();
  picture.arrive(null);
  expect(await picture.bitmap).toBeNull();
  picture.close();
});
