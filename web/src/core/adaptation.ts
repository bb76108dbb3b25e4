/** How often and how finely this stream is sent: as the person wishes, or less where the controller (`rate.ts`) finds that it must be. */

import { scalesFrom } from './detail.ts';
import { DEFAULT_BOUNDS, type RateBounds, RateController, type RateDecision } from './rate.ts';
import type { StreamSettings } from './settings.ts';
import type { Result } from './wire.ts';

/** Probes that are kept until their frame is answered; there are never more frames on their way. */
const MAX_PROBES = 16;

/** An answered frame as the page knows it. */
export interface AnsweredExchange {
  readonly result: Result;
  /** When its picture was asked for, as finely as was decided then. */
  readonly askedMs: number;
  readonly sentMs: number;
  readonly receivedMs: number;
  readonly bytesUp: number;
}

export class Adaptation {
  #settings: StreamSettings;
  readonly #controller: RateController;
  /** By the frame that they were sent ahead of: when, and once it is there, when the echo came. */
  readonly #probes = new Map<number, { readonly sentMs: number; echoMs: number | null }>();

  constructor(settings: StreamSettings) {
    this.#settings = settings;
    this.#controller = new RateController(boundsOf(settings));
  }

  /** How to send from now on. */
  get decision(): RateDecision {
    if (this.#settings.adaptsByItself) return this.#controller.decision;
    const { frameThrottleMs: frameIntervalMs, captureJpegQuality: jpegQuality, resultJpegQuality: answerQuality } = this.#settings;
    return { ...this.#controller.decision, frameIntervalMs, jpegQuality, answerQuality, scale: 1 };
  }

  updateSettings(settings: StreamSettings, nowMs: number): void {
    this.#settings = settings;
    this.#controller.setBounds(boundsOf(settings), nowMs);
  }

  /** Whether to send a probe of that number right ahead of the frame of that number. If yes, it counts as sent. */
  probes(frameId: number, nowMs: number): boolean {
    if (!this.#controller.wantsProbe(nowMs)) return false;
    this.#probes.set(frameId, { sentMs: nowMs, echoMs: null });
    for (const id of this.#probes.keys()) {
      if (this.#probes.size <= MAX_PROBES) break;
      this.#probes.delete(id);
    }
    return true;
  }

  echoed(frameId: number, nowMs: number): void {
    const probe = this.#probes.get(frameId);
    if (probe !== undefined) probe.echoMs = nowMs;
  }

  answered({ result, askedMs, sentMs, receivedMs, bytesUp }: AnsweredExchange): void {
    const { stagesUs, receiveTimeNs, sendTimeNs, messageBytes: downBytes, frameId } = result;
    const probe = this.#probes.get(frameId);
    this.#probes.delete(frameId);
    const { decode = 0, track = 0, annotate = 0, encode = 0, queue = 0 } = stagesUs;
    const frame = {
      sentMs: askedMs,
      networkMs: Math.max(0, receivedMs - sentMs - Number(sendTimeNs - receiveTimeNs) / 1e6),
      probeMs: probe === undefined || probe.echoMs === null ? null : probe.echoMs - probe.sentMs,
      queueMs: queue / 1e3,
      workMs: (decode + track + annotate + encode) / 1e3,
      upBytes: bytesUp,
      downBytes,
    };
    this.#controller.answered(frame, receivedMs);
    this.#controller.seeRegion(result.regionShare, receivedMs);
  }

  /** The server dropped a frame because a newer one came. */
  replaced(nowMs: number): void {
    this.#controller.replaced(nowMs);
  }

  /** An answer is on the screen. The wait for the screen's refresh is no work: a page that is late with it unpacks late, too. */
  shown(packMs: number, unpackMs: number, nowMs: number): void {
    this.#controller.shown(packMs, unpackMs, nowMs);
  }

  advised(maxFps: number | null): void {
    this.#controller.advise(maxFps);
  }
}

function boundsOf(settings: StreamSettings): RateBounds {
  const { frameThrottleMs, captureJpegQuality, resultJpegQuality, captureWidthPx, captureHeightPx, minScale, output } = settings;
  return {
    ...DEFAULT_BOUNDS,
    frameIntervalMs: frameThrottleMs,
    maxFrameIntervalMs: Math.max(frameThrottleMs, DEFAULT_BOUNDS.maxFrameIntervalMs),
    jpegQuality: captureJpegQuality,
    answerQuality: resultJpegQuality,
    scales: scalesFrom(minScale),
    hasPictureAnswers: output === 'annotated',
    captureLongSidePx: Math.max(captureWidthPx, captureHeightPx),
  };
}
