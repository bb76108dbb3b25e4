/** The brightness of a picture, small, as `optical-flow.ts` looks at it. */

export interface Luma {
  readonly widthPx: number;
  readonly heightPx: number;
  /** 0 to 255, row by row. */
  readonly pixels: Uint8Array;
}

/** A picture in several sizes, the largest first, each half as wide and as high as the one before. */
export type Pyramid = readonly Luma[];

/** The picture and its halves; fewer than asked for where it is too small. */
export function pyramidOf(picture: Luma, sizes: number): Pyramid {
  const pyramid = [picture];
  for (let last = picture; pyramid.length < sizes && Math.min(last.widthPx, last.heightPx) > 1; pyramid.push(last)) last = halved(last);
  return pyramid;
}

function halved({ widthPx, heightPx, pixels }: Luma): Luma {
  const half = { widthPx: widthPx >> 1, heightPx: heightPx >> 1 };
  const means = new Uint8Array(half.widthPx * half.heightPx);
  for (let y = 0; y < half.heightPx; y += 1) {
    for (let x = 0; x < half.widthPx; x += 1) {
      const first = 2 * (y * widthPx + x);
      const above = (pixels[first] ?? 0) + (pixels[first + 1] ?? 0);
      const below = (pixels[first + widthPx] ?? 0) + (pixels[first + widthPx + 1] ?? 0);
      means[y * half.widthPx + x] = (above + below + 2) >> 2;
    }
  }
  return { ...half, pixels: means };
}
