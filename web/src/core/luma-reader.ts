/** Reads small grey pictures from a video. */

import { type Luma, type Pyramid, pyramidOf } from './luma.ts';

/** As many pixels as 160 x 120: a hand that fills a fifth of the picture's height is then 24 px high, which is enough to tell its parts apart. */
const AREA_PX = 19_200;
/** The smallest is 20 px wide, so a hand that crosses a tenth of the picture between two pictures moves by 2 px there. */
const SIZES = 4;

export class LumaReader {
  readonly #context: CanvasRenderingContext2D;

  constructor() {
    // The pixels are read at once, so they are drawn where they can be read, not on the graphics card.
    const context = document.createElement('canvas').getContext('2d', { alpha: false, willReadFrequently: true });
    if (context === null) throw new Error('This browser gives no 2d context.');
    this.#context = context;
  }

  /** The picture that the video shows now; null where it has none yet. */
  read(video: HTMLVideoElement): Pyramid | null {
    const { videoWidth, videoHeight } = video;
    if (videoWidth === 0 || videoHeight === 0) return null;
    const share = Math.min(1, Math.sqrt(AREA_PX / (videoWidth * videoHeight)));
    const [widthPx, heightPx] = [Math.max(1, Math.round(share * videoWidth)), Math.max(1, Math.round(share * videoHeight))];
    this.#fit(widthPx, heightPx);
    this.#context.drawImage(video, 0, 0, widthPx, heightPx);
    return pyramidOf(lumaOf(this.#context.getImageData(0, 0, widthPx, heightPx)), SIZES);
  }

  #fit(widthPx: number, heightPx: number): void {
    const { canvas } = this.#context;
    if (canvas.width === widthPx && canvas.height === heightPx) return;
    [canvas.width, canvas.height] = [widthPx, heightPx];
    this.#context.imageSmoothingQuality = 'medium'; // Which the size of a canvas sets back.
  }
}

/** The brightness of each pixel, by the weights of BT.601 in 256ths. */
function lumaOf({ width: widthPx, height: heightPx, data }: ImageData): Luma {
  const pixels = new Uint8Array(widthPx * heightPx);
  for (let pixel = 0, at = 0; pixel < pixels.length; pixel += 1, at += 4) {
    pixels[pixel] = (77 * (data[at] ?? 0) + 150 * (data[at + 1] ?? 0) + 29 * (data[at + 2] ?? 0)) >> 8;
  }
  return { widthPx, heightPx, pixels };
}
