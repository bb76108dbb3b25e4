/** What a person can set of the stream, with the project's defaults. */

import type { SessionSettings } from './control.ts';

/**
 * - `locked`: each skeleton is drawn with the very picture that it was computed from; the picture is as late as the answer.
 * - `live`: the newest picture, with the hands carried forward to its time.
 */
export type OverlayMode = 'locked' | 'live';

export interface StreamSettings {
  /** Whether the server draws the skeletons into the picture, or the page draws the landmarks over its own. */
  readonly output: 'annotated' | 'landmarks';
  /** Whether the page draws landmarks with their own picture, or carries them forward to the newest one. */
  readonly overlay: OverlayMode;
  /** The box that captured pictures are scaled down into, keeping their shape. */
  readonly captureWidthPx: number;
  readonly captureHeightPx: number;
  /** `FRAME_THROTTLE_MS`: the least time between two frames, in ms. */
  readonly frameThrottleMs: number;
  /** JPEG quality of the frames that are sent, 1..100. */
  readonly captureJpegQuality: number;
  /** JPEG quality of the annotated pictures that come back, 1..100. */
  readonly resultJpegQuality: number;
  /** Whether rate, quality and resolution yield, from what is set here, to what path, server and page can carry. */
  readonly adaptsByItself: boolean;
  /** The least share of the captured picture's width and height that is sent, above 0 and at most 1. */
  readonly minScale: number;
  /** The most hands to look for, from 1. */
  readonly maxHands: number;
}

export const DEFAULT_SETTINGS: StreamSettings = {
  output: 'landmarks',
  overlay: 'locked',
  captureWidthPx: 640,
  captureHeightPx: 480,
  frameThrottleMs: 33,
  captureJpegQuality: 70,
  resultJpegQuality: 50,
  adaptsByItself: true,
  minScale: 0.25,
  maxHands: 2,
};

/**
 * The part of the settings that the server carries out.
 *
 * @param maxHandsLimit - the most hands that this server finds; null while it has not said so, and then it is not asked for any number.
 */
export function sessionSettings(settings: StreamSettings, maxHandsLimit: number | null): Partial<SessionSettings> {
  const hands = maxHandsLimit === null ? {} : { max_hands: Math.min(settings.maxHands, maxHandsLimit) };
  return { output: settings.output, jpeg_quality: settings.resultJpegQuality, ...hands };
}

/** The largest size within a box that keeps the picture's shape and never enlarges it, in whole pixels. */
export function fitWithin(
  picture: { readonly widthPx: number; readonly heightPx: number },
  box: { readonly widthPx: number; readonly heightPx: number },
): { widthPx: number; heightPx: number } {
  const isUpright = picture.heightPx > picture.widthPx;
  const [boxWidthPx, boxHeightPx] = isUpright ? [box.heightPx, box.widthPx] : [box.widthPx, box.heightPx];
  const scale = Math.min(1, boxWidthPx / picture.widthPx, boxHeightPx / picture.heightPx);
  return scaledBy(picture, scale);
}

/** That share of a size, in whole pixels. */
export function scaledBy(
  { widthPx, heightPx }: { readonly widthPx: number; readonly heightPx: number },
  scale: number,
): { widthPx: number; heightPx: number } {
  return { widthPx: Math.max(1, Math.round(widthPx * scale)), heightPx: Math.max(1, Math.round(heightPx * scale)) };
}
