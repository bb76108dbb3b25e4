/**
 * When the camera's pictures were captured and when they were displayed, measured beside the page and not by it.
 *
 * A second video element plays the same camera. The code along a picture's bottom edge (`frame-code.ts`) tells which picture it presents,
 * and `requestVideoFrameCallback` when the camera had captured that one. The same code, read back from the page's canvas, tells which
 * picture the page has drawn; it is displayed with the animation frame after.
 */

import type { VideoStreamingClient } from '../src/core/streaming-client.ts';

/** A picture with its code's strip: the brightness of each column, 0..255. */
export interface SeenPicture {
  readonly strip: readonly number[];
  readonly timeMs: number;
}

export interface DisplayedPicture extends SeenPicture {
  /** Of the answer that was drawn with it. */
  readonly frameId: number;
}

declare global {
  var handstream: VideoStreamingClient;
  var captured: SeenPicture[];
  var displayed: DisplayedPicture[];
}

/** Runs in the page, before its own scripts. */
export function watchDisplay(): void {
  globalThis.captured = [];
  globalThis.displayed = [];
  const sheet = new OffscreenCanvas(320, 2).getContext('2d', { willReadFrequently: true });

  /** The middle of the strip along the bottom edge, a thirtieth of the height. */
  const stripOf = (image: HTMLVideoElement | HTMLCanvasElement, width: number, height: number): number[] => {
    sheet?.drawImage(image, 0, height * (1 - 0.7 / 30), width, (height * 0.4) / 30, 0, 0, 320, 2);
    const pixels = sheet?.getImageData(0, 0, 320, 1).data ?? [];
    return Array.from({ length: 320 }, (_, column) => pixels[4 * column + 1] ?? 0);
  };

  const getUserMedia = navigator.mediaDevices.getUserMedia.bind(navigator.mediaDevices);
  navigator.mediaDevices.getUserMedia = async (constraints) => {
    const stream = await getUserMedia(constraints);
    const video = document.createElement('video');
    video.muted = true;
    video.srcObject = stream;
    const look: VideoFrameRequestCallback = (_, { captureTime }) => {
      video.requestVideoFrameCallback(look);
      const strip = stripOf(video, video.videoWidth, video.videoHeight);
      if (captureTime !== undefined) globalThis.captured.push({ strip, timeMs: captureTime });
    };
    video.requestVideoFrameCallback(look);
    void video.play();
    return stream;
  };

  const strips = new Map<number, number[]>();
  addEventListener('load', () => {
    globalThis.handstream.onFrame(({ result }) => {
      if (result === null) return;
      const { frameId } = result;
      // Asked for before the page asks, so it is told of the display first, and reads no pixels then.
      requestAnimationFrame(() => {
        const strip = strips.get(frameId);
        strips.delete(frameId);
        if (strip !== undefined) globalThis.displayed.push({ strip, timeMs: performance.now(), frameId });
      });
      queueMicrotask(() => {
        const canvas = document.querySelector<HTMLCanvasElement>('canvas.picture');
        if (canvas !== null) strips.set(frameId, stripOf(canvas, canvas.width, canvas.height));
      });
    });
  });
}
