/**
 * One conversation in `handstream.v1`, from hello to close, without sockets or clocks.
 *
 * Theory of operation: the driver passes in what arrived, with the time, and gets events; it asks for messages and sends them. The
 * client speaks first (`hello`) and need not wait for `welcome` before it sends frames. Every frame that was packed ends in exactly
 * one event that names it: `result`, `dropped` or `refused`, so a driver can keep something beside each frame and let go of it then.
 * A message of the server that cannot be understood is an event too, and the conversation goes on.
 */

import { type Exchange, RemoteClock } from './clock.ts';
import {
  type Pong,
  packAck,
  packHello,
  packPing,
  packSettings,
  parseControl,
  type ServerError,
  type ServerMessage,
  type SessionSettings,
  type Welcome,
} from './control.ts';
import { type DropStage, Flow, type FlowOptions, type LossStage } from './flow.ts';
import { stampNs } from './trace.ts';
import type { FrameInFlight } from './window.ts';
import { packFrame, parseResult, type Result, WireError, type WireErrorCode } from './wire.ts';

const FRAME_ID_COUNT = 2 ** 32;
/** A path that stalls for a few seconds comes back, and what a new connection costs is saved. */
const SILENCE_MS = 5000;

export interface DroppedEvent {
  readonly type: 'dropped';
  readonly frame: FrameInFlight;
  readonly stage: DropStage;
}

export type SessionEvent =
  | { readonly type: 'welcome'; readonly welcome: Welcome }
  | { readonly type: 'settings'; readonly settings: SessionSettings }
  | {
      readonly type: 'result';
      readonly result: Result;
      readonly frame: FrameInFlight;
      readonly isStale: boolean;
      /** How long the frame was on its way to the server, and by how much that may be wrong. */
      readonly upNs: number;
      readonly upErrorNs: number;
    }
  | DroppedEvent
  | { readonly type: 'refused'; readonly frame: FrameInFlight; readonly code: string; readonly message: string }
  | { readonly type: 'advice'; readonly maxFramesPerSecond: number | null; readonly nextFrameInMs: number | null }
  | { readonly type: 'pong'; readonly id: number }
  | { readonly type: 'error'; readonly code: string; readonly message: string }
  /** A message of the server cannot be understood. */
  | { readonly type: 'not_understood'; readonly code: WireErrorCode; readonly message: string };

/** What a later connection goes on with (`docs/protocol.md`, "Resuming"). */
export interface Resumption {
  /** Names the session that is to be taken up again; null where no welcome has come, so that one is begun. */
  readonly token: string | null;
  /** Frame ids go on increasing all the same, so that no frame is taken for one that was lost before it. */
  readonly nextFrameId: number;
}

const BEGINNING: Resumption = { token: null, nextFrameId: 0 };

export class Session {
  readonly flow: Flow;
  readonly #clock = new RemoteClock();
  readonly #resumes: Resumption;
  #welcome: Welcome | null = null;
  #nextFrameId: number;
  #unacknowledged: number | null = null;
  /** The newest probe. */
  #probe: { readonly id: number; readonly sentMs: number } | null = null;
  #unheardSinceMs: number | null = null;

  /** @param resumes - what the connection before this one left to go on with. */
  constructor(flowOptions?: FlowOptions, resumes: Resumption = BEGINNING) {
    this.flow = new Flow(flowOptions);
    this.#resumes = resumes;
    this.#nextFrameId = resumes.nextFrameId;
  }

  /** Whether the server has said welcome. */
  get isOpen(): boolean {
    return this.#welcome !== null;
  }

  /** The last frame that the server received in this session, over all its connections until this one; null if it remembers none. */
  get lastReceivedId(): number | null {
    return this.#welcome?.last_frame_id ?? null;
  }

  /** How the next connection takes this session up; before a welcome as this one was meant to. */
  get resumption(): Resumption {
    return { token: this.#welcome?.resume_token ?? this.#resumes.token, nextFrameId: this.#nextFrameId };
  }

  /** The first message of the conversation. */
  hello(client: string, settings: Partial<SessionSettings>): string {
    const { token } = this.#resumes;
    return packHello(client, settings, { features: ['ack'], ...(token === null ? {} : { resume: token }) });
  }

  /** The number that the next frame will have. */
  get nextFrameId(): number {
    return this.#nextFrameId;
  }

  /** A probe that the server echoes at once. */
  ping(id: number, nowMs: number): string {
    this.#probe = { id, sentMs: nowMs };
    return packPing(id);
  }

  changeSettings(settings: Partial<SessionSettings>): string {
    return packSettings(settings);
  }

  /**
   * The next frame as a message that is about to be sent.
   *
   * @param arrivalMs - when its picture arrived at the page.
   */
  packFrame(
    image: Uint8Array,
    captureTimeNs: bigint,
    arrivalMs: number,
    nowMs: number,
  ): { frameId: number; message: Uint8Array<ArrayBuffer> } {
    const frameId = this.#nextFrameId;
    this.#nextFrameId = (frameId + 1) % FRAME_ID_COUNT;
    const message = packFrame(frameId, captureTimeNs, image);
    this.#unheardSinceMs ??= nowMs;
    this.flow.sent(frameId, message.byteLength, arrivalMs, nowMs);
    return { frameId, message };
  }

  /** A text message arrived. */
  receiveText(text: string, nowMs: number): SessionEvent[] {
    this.#unheardSinceMs = null;
    return understood(() => {
      const message = parseControl(text);
      return message === null ? [] : this.#receiveControl(message, nowMs);
    });
  }

  /** A binary message arrived. */
  receiveBinary(message: ArrayBuffer, nowMs: number): SessionEvent[] {
    this.#unheardSinceMs = null;
    return understood(() => {
      const result = parseResult(message);
      this.#unacknowledged = result.frameId;
      const settlement = this.flow.settle(result.frameId, 'answered', nowMs, (result.stagesUs.queue ?? 0) / 1e3);
      if (settlement === null) return [];
      const { frame, isStale } = settlement;
      return [{ type: 'result', result, frame, isStale, ...this.#wayUp(result, frame, nowMs) }];
    });
  }

  /** How long the frame was on its way to the server, as the clocks of both tell. */
  #wayUp(result: Result, frame: FrameInFlight, nowMs: number): { upNs: number; upErrorNs: number } {
    const exchange: Exchange = {
      originNs: stampNs(frame.sentMs),
      receiveNs: Number(result.receiveTimeNs),
      transmitNs: Number(result.sendTimeNs),
      destinationNs: stampNs(nowMs),
    };
    this.#clock.update(exchange);
    const { upNs, downNs } = this.#clock.waysNs(exchange);
    // However little is known of the clocks, neither way took less than no time.
    return { upNs, upErrorNs: Math.min(this.#clock.offsetErrorBoundNs ?? Number.POSITIVE_INFINITY, Math.max(upNs, downNs)) };
  }

  /** The acknowledgement that is due, to be sent before the result is decoded or shown; null if none is. */
  takeAck(): string | null {
    const frameId = this.#unacknowledged;
    this.#unacknowledged = null;
    return frameId === null || this.#welcome?.features.includes('ack') !== true ? null : packAck(frameId);
  }

  /** Time has passed: gives up overdue frames. */
  expire(nowMs: number): SessionEvent[] {
    return this.flow.expire(nowMs).map((frame) => ({ type: 'dropped', frame, stage: 'network_up' }));
  }

  /** The connection is gone: gives up all frames, and returns them. Where they were lost, the welcome of the next one tells (`lostFrames`). */
  close(): FrameInFlight[] {
    return this.flow.abandon();
  }

  /** How long the server has said nothing, though frames were sent, in ms. */
  silenceMs(nowMs: number): number {
    return this.#unheardSinceMs === null ? 0 : nowMs - this.#unheardSinceMs;
  }

  /** Whether that is so long that the connection can be taken for dead. */
  isSilent(nowMs: number): boolean {
    return this.silenceMs(nowMs) >= SILENCE_MS;
  }

  #receiveControl(message: ServerMessage, nowMs: number): SessionEvent[] {
    switch (message.type) {
      case 'welcome':
        this.#welcome = message;
        return [{ type: 'welcome', welcome: message }];
      case 'settings':
        return [{ type: 'settings', settings: message.settings }];
      case 'dropped': {
        const settlement = this.flow.settle(message.frame_id, message.stage, nowMs);
        return settlement === null ? [] : [{ type: 'dropped', frame: settlement.frame, stage: message.stage }];
      }
      case 'error':
        return this.#receiveError(message, nowMs);
      case 'advice':
        return [{ type: 'advice', maxFramesPerSecond: message.max_frames_per_second, nextFrameInMs: message.next_frame_in_ms ?? null }];
      case 'pong':
        this.#learnClock(message, nowMs);
        return [{ type: 'pong', id: message.id }];
    }
  }

  /** Probes are short both ways, so they tell more of the clocks than a frame does, whose bytes take their time one way. */
  #learnClock({ id, time_ns: receiveNs }: Pong, nowMs: number): void {
    if (this.#probe?.id !== id) return;
    this.#clock.update({ originNs: stampNs(this.#probe.sentMs), receiveNs, transmitNs: receiveNs, destinationNs: stampNs(nowMs) });
  }

  #receiveError({ error: { code, message, frame_id } }: ServerError, nowMs: number): SessionEvent[] {
    if (frame_id === undefined) return [{ type: 'error', code, message }];
    const settlement = this.flow.settle(frame_id, 'refused', nowMs);
    return settlement === null ? [] : [{ type: 'refused', frame: settlement.frame, code, message }];
  }
}

/**
 * The frames of a lost connection, each dropped on the way that it was on.
 *
 * @param lastReceivedId - the last frame that the server had received; null if that is not known.
 */
export function lostFrames(frames: readonly FrameInFlight[], lastReceivedId: number | null): DroppedEvent[] {
  const stageOf = (frameId: number): LossStage =>
    lastReceivedId !== null && !follows(frameId, lastReceivedId) ? 'network_down' : 'network_up';
  return frames.map((frame) => ({ type: 'dropped', frame, stage: stageOf(frame.frameId) }));
}

/** Whether one number comes after another, where they wrap (RFC 1982). */
function follows(frameId: number, earlierId: number): boolean {
  const ahead = (frameId - earlierId + FRAME_ID_COUNT) % FRAME_ID_COUNT;
  return ahead > 0 && ahead < FRAME_ID_COUNT / 2;
}

function understood(receive: () => SessionEvent[]): SessionEvent[] {
  try {
    return receive();
  } catch (error) {
    if (error instanceof WireError) return [{ type: 'not_understood', code: error.code, message: error.message }];
    throw error;
  }
}
