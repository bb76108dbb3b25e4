/**
 * A session that is kept up: connects, says hello, and connects again with growing pauses whenever the connection is lost.
 *
 * Each connection has a `Session` of its own; what happened in it is told to `events` until it is gone. The next one takes the server's
 * session up with the token of the last welcome, so settings, frame ids and followed hands go on, if the server still has them. Its welcome also
 * tells which of the frames that were lost with the connection before had reached the server; until then they are kept.
 */

import { backoffMs, comesAgain } from './backoff.ts';
import type { SessionSettings } from './control.ts';
import type { FlowOptions } from './flow.ts';
import { lostFrames, type Resumption, Session, type SessionEvent } from './session.ts';
import type { Connect, Transport, TransportEvents } from './transport.ts';
import type { FrameInFlight } from './window.ts';

const CLIENT_NAME = 'handstream-web/0.1.0';

/** The close code of a connection that ended without one (RFC 6455, 7.4.1). */
const BROKEN = 1006;

/** An attempt that takes longer has failed: a browser would wait for minutes by itself, and not try again though the path is back. */
const ATTEMPT_MS = 10_000;

export interface ConnectionEvents {
  /** Frames may be sent. */
  onOpen(): void;
  onSessionEvents(events: readonly SessionEvent[], nowMs: number): void;
  /** The connection was lost with that close code, or could not be made; the next attempt follows after `retryInMs`, or with `retryNow`. */
  onLost(closeCode: number, retryInMs: number): void;
  /** The server does not want this client: there is no next attempt. */
  onRefused(reason: string): void;
}

/** A frame that was handed to the socket. */
export interface Departure {
  readonly frameId: number;
  readonly sentMs: number;
  /** Of the whole message. */
  readonly sizeBytes: number;
}

export interface ConnectionOptions {
  readonly connect: Connect;
  readonly flow: FlowOptions;
  readonly settings: Partial<SessionSettings>;
  readonly events: ConnectionEvents;
  /** Whether there is nothing to send, so that a lost connection is left alone until `retryNow`: it would only keep a place at the server. */
  readonly isDormant: () => boolean;
}

export class Connection {
  readonly #options: ConnectionOptions;
  #settings: Partial<SessionSettings>;
  #flow: FlowOptions;
  #session: Session | null = null;
  #transport: Transport | null = null;
  #resumption: Resumption | undefined;
  /** Frames of the last connection, of which it is not known where they were lost. */
  #lost: readonly FrameInFlight[] = [];
  /** Since a frame was answered. A welcome alone is no success: a server that lets pages in and then fails is not to be asked ever faster. */
  #failures = 0;
  /** Ends the attempt that is made, or the pause before the next one. */
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(options: ConnectionOptions) {
    this.#options = options;
    this.#settings = options.settings;
    this.#flow = options.flow;
    this.#open();
  }

  /** The session, while its connection is open. */
  get session(): Session | null {
    return this.#session;
  }

  /**
   * Packs and sends a frame; returns null if the connection is gone.
   *
   * @param probes - whether a probe of the frame's number is to go right ahead of it.
   */
  sendFrame(image: ArrayBuffer, captureTimeNs: bigint, arrivalMs: number, probes: (frameId: number) => boolean): Departure | null {
    if (this.#session === null || this.#transport === null) return null;
    const { nextFrameId } = this.#session;
    if (probes(nextFrameId)) this.#transport.send(this.#session.ping(nextFrameId, performance.now()));
    const sentMs = performance.now();
    const { frameId, message } = this.#session.packFrame(new Uint8Array(image), captureTimeNs, arrivalMs, sentMs);
    this.#transport.send(message);
    return { frameId, sentMs, sizeBytes: message.byteLength };
  }

  updateFlow(flow: FlowOptions): void {
    this.#flow = flow;
    this.#session?.flow.update(flow);
  }

  updateSettings(settings: Partial<SessionSettings>): void {
    this.#settings = settings;
    if (this.#session !== null) this.#transport?.send(this.#session.changeSettings(settings));
  }

  /** Time has passed: gives up overdue frames, and a connection that has said nothing since they were sent. */
  expire(nowMs: number): void {
    const session = this.#session;
    if (session === null) return;
    const events = session.expire(nowMs);
    if (events.length > 0) this.#options.events.onSessionEvents(events, nowMs);
    if (session.isSilent(nowMs)) this.#lose(BROKEN);
  }

  /** Tries again at once instead of waiting for the pause to end. */
  retryNow(): void {
    if (this.#transport !== null) return;
    clearTimeout(this.#timer);
    this.#open();
  }

  close(): void {
    this.#disconnect();
    this.#tellLost(null);
  }

  #open(): void {
    const resumes = this.#resumption;
    const session = new Session(this.#flow, resumes);
    const { events } = this.#options;
    const pass = (sessionEvents: SessionEvent[], nowMs: number): void => {
      if (session.isOpen) this.#tellLost(session.lastReceivedId);
      if (sessionEvents.some(({ type }) => type === 'result')) this.#failures = 0;
      events.onSessionEvents(sessionEvents, nowMs);
    };
    const transportEvents: TransportEvents = {
      onOpen: () => {
        clearTimeout(this.#timer);
        this.#session = session;
        transport.send(session.hello(CLIENT_NAME, this.#settings));
        events.onOpen();
      },
      onText: (text) => pass(session.receiveText(text, performance.now()), performance.now()),
      onBinary: (message) => {
        const nowMs = performance.now();
        const sessionEvents = session.receiveBinary(message, nowMs);
        const ack = session.takeAck();
        if (ack !== null) transport.send(ack);
        pass(sessionEvents, nowMs);
      },
      onClose: (code, reason) => {
        if (comesAgain(code)) this.#lose(code);
        else this.#refuse(reason || `close code ${code}`);
      },
    };
    const transport = this.#options.connect(transportEvents, typeof resumes?.token === 'string');
    this.#transport = transport;
    this.#timer = setTimeout(() => this.#lose(BROKEN), ATTEMPT_MS);
  }

  #lose(closeCode: number): void {
    this.#disconnect();
    const retryInMs = backoffMs(this.#failures, Math.random());
    this.#failures += 1;
    this.#timer = setTimeout(() => {
      if (!this.#options.isDormant()) this.#open();
    }, retryInMs);
    this.#options.events.onLost(closeCode, retryInMs);
  }

  #refuse(reason: string): void {
    this.close();
    this.#options.events.onRefused(reason);
  }

  #disconnect(): void {
    clearTimeout(this.#timer);
    this.#transport?.close();
    this.#transport = null;
    const session = this.#session;
    if (session === null) return;
    this.#session = null;
    this.#resumption = session.resumption;
    this.#tellLost(null); // No welcome came that told of them.
    this.#lost = session.close();
  }

  #tellLost(lastReceivedId: number | null): void {
    const events = lostFrames(this.#lost, lastReceivedId);
    this.#lost = [];
    if (events.length > 0) this.#options.events.onSessionEvents(events, performance.now());
  }
}
