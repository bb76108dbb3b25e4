/** Draws a frame on a canvas: the picture, then the skeletons of the hands that have landmarks. */

import { drawHand } from './draw.ts';
import type { Hand } from './wire.ts';

/** What there is to draw. */
export interface Drawable {
  readonly picture: ImageBitmap | HTMLVideoElement;
  readonly widthPx: number;
  readonly heightPx: number;
  readonly hands: readonly Hand[];
}

export class CanvasRenderer {
  readonly #canvas: HTMLCanvasElement;
  readonly #context: CanvasRenderingContext2D;

  constructor(canvas: HTMLCanvasElement) {
    const context = canvas.getContext('2d', { alpha: false });
    if (context === null) throw new Error('This canvas has no 2d context.');
    this.#canvas = canvas;
    this.#context = context;
  }

  /**
   * Draws the frame now. The picture stays the caller's to close.
   *
   * @param isMirrored - whether to show it as a mirror would. Only the display is mirrored: what is sent and what comes back stay as
   * the camera sees them.
   */
  draw(drawable: Drawable, isMirrored: boolean): void {
    const { picture, hands } = drawable;
    const { width, height } = this.#fitCanvas(drawable);
    const context = this.#context;
    context.setTransform(isMirrored ? -1 : 1, 0, 0, 1, isMirrored ? this.#canvas.width : 0, 0);
    context.drawImage(picture, 0, 0, this.#canvas.width, this.#canvas.height);
    const scale = this.#canvas.width / width;
    context.setTransform(scale, 0, 0, scale, 0, 0);
    for (const hand of hands) drawHand(context, hand, { width, height, isMirrored });
  }

  /** Shows nothing until the next frame. */
  clear(): void {
    this.#canvas.width = 0;
  }

  /**
   * Gives the canvas a pixel for each pixel of the screen, in the picture's shape and as large as its place in the layout allows.
   *
   * Returns the size in CSS pixels, which is what lines and labels are measured in.
   */
  #fitCanvas({ widthPx: pictureWidthPx, heightPx: pictureHeightPx }: Drawable): { width: number; height: number } {
    const { clientWidth, clientHeight } = this.#canvas;
    const fit = Math.min(clientWidth / pictureWidthPx, clientHeight / pictureHeightPx) || 1;
    const [width, height] = [pictureWidthPx * fit, pictureHeightPx * fit];
    const scale = globalThis.devicePixelRatio || 1;
    const [widthPx, heightPx] = [Math.round(width * scale), Math.round(height * scale)];
    if (this.#canvas.width !== widthPx) this.#canvas.width = widthPx;
    if (this.#canvas.height !== heightPx) this.#canvas.height = heightPx;
    return { width, height };
  }
}
