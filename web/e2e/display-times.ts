/**
 * When the camera's pictures were captured and when they were displayed, measured beside the page and not by it.
 *
 * A second video element plays the same camera. The code along a picture's bottom edge (`frame-code.ts`) tells which picture it presents,
 * and `requestVideoFrameCallback` when the camera had captured that one. The same code, read back from the page's canvas, tells which
 * picture the page has drawn; it is displayed with the animation frame after.
 */

import type { Page } from '@playwright/test';
import type { VideoStreamingClient } from '../src/core/streaming-client.ts';
import { readFrameCode } from './frame-code.ts';

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

/** A picture of which both are known. */
export interface TimedTwice {
  /** From capture to display, measured beside the page. */
  readonly wholeMs: number;
  /** The sum of the stages, as the page has measured them. */
  readonly sumMs: number;
}

/** The displayed pictures that were measured beside the page and by it, of those that the page has watched and still knows. */
export async function timedTwice(page: Page): Promise<TimedTwice[]> {
  const { captured, displayed, sums } = await page.evaluate(() => ({
    captured: globalThis.captured,
    displayed: globalThis.displayed,
    sums: globalThis.handstream.frameLog
      .newest()
      .filter(({ outcome }) => outcome === 'shown')
      .map(({ frameId, trace }) => [frameId, [...trace.spansNs.values()].reduce((sum, spanNs) => sum + spanNs, 0) / 1e6] as const),
  }));
  const numbered = captured.map(({ strip, timeMs }) => ({ number: readFrameCode(strip), timeMs }));
  // The camera's file begins again and again: a picture was captured the last time before it was displayed.
  const capturedMs = (wanted: number | null, displayedMs: number): number | undefined =>
    wanted === null ? undefined : numbered.findLast(({ number, timeMs }) => number === wanted && timeMs <= displayedMs)?.timeMs;
  const sumOf = new Map(sums);
  return displayed.flatMap(({ strip, timeMs, frameId }) => {
    const startMs = capturedMs(readFrameCode(strip), timeMs);
    const sumMs = sumOf.get(frameId);
    return startMs === undefined || sumMs === undefined ? [] : [{ wholeMs: timeMs - startMs, sumMs }];
  });
}
