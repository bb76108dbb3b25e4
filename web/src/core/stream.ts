/**
 * One run of the stream, from start to stop: a source, its capture and a connection, and the frames between them.
 *
 * Theory of operation: whenever the flow has a free place and no picture is being taken, one picture is asked for; once it is
 * there, it is sent. What the page keeps of a sent frame waits in `#pending` until the session settles that frame, so there are never
 * more than the flow allows. An answer is unpacked, given to the listeners unless a newer one has been, and its picture closed.
 */

import { type Capture, openCapture, type Picture } from './capture.ts';
import type { ClientState } from './client-state.ts';
import { Connection } from './connection.ts';
import type { Welcome } from './control.ts';
import { ClientError } from './errors.ts';
import { FiguresWindow } from './figures.ts';
import type { FlowOptions, SentFrame } from './flow.ts';
import type { Drawable } from './renderer.ts';
import type { SessionEvent } from './session.ts';
import { type StreamSettings, sessionSettings } from './settings.ts';
import { type FrameSource, openSource, type SourceRequest } from './sources.ts';
import { spansOf } from './spans.ts';
import type { Store } from './store.ts';
import type { Connect } from './transport.ts';
import { unpackPicture } from './unpack.ts';
import type { Handedness, Result } from './wire.ts';

/** How often the summary is renewed and overdue frames are looked for. */
const TICK_MS = 250;

/** A picture that waited longer than this for a free place gives way to the next one. */
const HELD_AT_MOST_MS = 50;

/** A frame with its answer. The picture is closed when the last listener has returned. */
export interface AnsweredFrame extends Drawable {
  readonly result: Result;
  /** Position of the picture in its clip, in s; null for a camera. */
  readonly mediaTimeS: number | null;
}

export type FrameListener = (frame: AnsweredFrame) => void;

export interface StreamOptions {
  readonly connect: Connect;
  readonly settings: StreamSettings;
  readonly store: Store<ClientState>;
  readonly listeners: ReadonlySet<FrameListener>;
  /** The stream cannot go on; whoever started it closes it. */
  readonly onFailed: (error: ClientError) => void;
}

/** What stays on the page while a frame is on its way. */
interface Pending {
  /** Grows with every frame, over all connections. */
  readonly sequence: number;
  readonly picture: Picture;
  readonly sentMs: number;
}

export class Stream {
  readonly #options: StreamOptions;
  readonly #figures = new FiguresWindow();
  readonly #pending = new Map<number, Pending>();
  #settings: StreamSettings;
  #source: FrameSource | null = null;
  #capture: Capture | null = null;
  #connection: Connection | null = null;
  #ticker: ReturnType<typeof setInterval> | undefined;
  #maxHandsLimit: number | null = null;
  #isTaking = false;
  #isClosed = false;
  #nextSequence = 0;
  #lastShownSequence = -1;
  #newestHands: readonly Handedness[] = [];
  #awaitsScreen: ((shownMs: number) => void) | null = null;

  constructor(options: StreamOptions) {
    this.#options = options;
    this.#settings = options.settings;
  }

  /**
   * Opens the source, then the connection.
   *
   * @throws ClientError if the source cannot be had.
   */
  async open(request: SourceRequest): Promise<void> {
    const { captureWidthPx: widthPx, captureHeightPx: heightPx } = this.#settings;
    const source = await openSource(request, { widthPx, heightPx, onLost: this.#options.onFailed });
    this.#source = source;
    const capture = this.#isClosed ? null : await openCapture(source);
    this.#capture = capture;
    if (this.#isClosed) return this.close();
    this.#options.store.set({ source: { kind: source.kind, label: source.label } });
    this.#connection = this.#connect();
    this.#ticker = setInterval(() => this.#tick(), TICK_MS);
  }

  updateSettings(settings: StreamSettings): void {
    this.#settings = settings;
    this.#source?.resize(settings.captureWidthPx, settings.captureHeightPx);
    this.#connection?.updateSettings(sessionSettings(settings, this.#maxHandsLimit), flowOptions(settings));
  }

  retryNow(): void {
    this.#connection?.retryNow();
  }

  close(): void {
    this.#isClosed = true;
    clearInterval(this.#ticker);
    this.#connection?.close();
    this.#capture?.close();
    this.#source?.stop();
  }

  #connect(): Connection {
    const { store, connect, onFailed } = this.#options;
    return new Connection({
      connect,
      settings: sessionSettings(this.#settings, null),
      flow: flowOptions(this.#settings),
      events: {
        onOpen: () => this.#takeNext(),
        onSessionEvents: (events, nowMs) => {
          for (const event of events) this.#receive(event, nowMs);
          this.#takeNext();
        },
        onLost: () => store.set({ phase: 'reconnecting', error: new ClientError('server_away'), hands: [] }),
        onRefused: (reason) => onFailed(new ClientError('server_refused', reason || undefined)),
      },
    });
  }

  // --- out: pictures to frames

  #takeNext(): void {
    const flow = this.#connection?.session?.flow;
    if (this.#isClosed || this.#isTaking || this.#capture === null || flow === undefined || !flow.mayTake) return;
    this.#isTaking = true;
    void this.#takeAndSend(this.#capture, Math.max(flow.notBeforeMs, performance.now() - HELD_AT_MOST_MS));
  }

  async #takeAndSend(capture: Capture, notBeforeMs: number): Promise<void> {
    try {
      const { captureWidthPx: boxWidthPx, captureHeightPx: boxHeightPx, captureJpegQuality: quality, output } = this.#settings;
      const picture = await capture.take({ notBeforeMs, boxWidthPx, boxHeightPx, quality, keepPicture: output === 'landmarks' });
      this.#send(picture);
    } catch (error) {
      const clientError = error instanceof ClientError ? error : new ClientError('capture_failed', String(error), { cause: error });
      if (!this.#isClosed) this.#options.onFailed(clientError);
    }
    this.#isTaking = false;
    this.#takeNext();
  }

  #send(picture: Picture): void {
    const captureTimeNs = BigInt(Math.round(picture.capturedMs * 1e6));
    const frameId = this.#connection?.sendFrame(picture.jpeg, captureTimeNs, picture.arrivedMs) ?? null;
    this.#figures.addDropped('capture', picture.skipped);
    if (frameId === null) {
      picture.bitmap?.close(); // The connection went while the picture was being encoded.
      this.#figures.addDropped('capture');
      return;
    }
    this.#pending.set(frameId, { sequence: this.#nextSequence, picture, sentMs: performance.now() });
    this.#nextSequence += 1;
  }

  // --- in: answers to the screen

  #receive(event: SessionEvent, nowMs: number): void {
    switch (event.type) {
      case 'welcome':
        this.#receiveWelcome(event.welcome);
        break;
      case 'result':
        this.#receiveResult(event.result, event.frame, nowMs);
        break;
      case 'dropped':
        this.#figures.addDropped(event.stage);
        this.#letGo(event.frame)?.picture.bitmap?.close();
        break;
      case 'refused':
        this.#figures.addRefused();
        this.#options.store.set({ notice: event.message });
        this.#letGo(event.frame)?.picture.bitmap?.close();
        break;
      case 'error':
        this.#options.store.set({ notice: event.message });
        break;
      case 'settings':
        this.#options.store.set({ notice: null });
        break;
    }
  }

  #receiveWelcome({ server, engine, limits, settings }: Welcome): void {
    this.#maxHandsLimit = limits.max_hands;
    this.#options.store.set({ phase: 'running', error: null, notice: null, server: { name: server, engine }, maxHands: limits.max_hands });
    const wanted = sessionSettings(this.#settings, limits.max_hands);
    if (wanted.max_hands !== settings.max_hands) this.#connection?.updateSettings(wanted, flowOptions(this.#settings));
  }

  #receiveResult(result: Result, frame: SentFrame, receivedMs: number): void {
    const pending = this.#letGo(frame);
    if (pending === null) return;
    const bytesDown = result.messageBytes;
    this.#figures.addAnswered({ atMs: receivedMs, roundTripMs: receivedMs - frame.sentMs, bytesUp: frame.bytes, bytesDown });
    this.#newestHands = result.hands.map((hand) => hand.handedness);
    void this.#show(result, pending, receivedMs);
  }

  async #show(result: Result, { picture, sequence, sentMs }: Pending, receivedMs: number): Promise<void> {
    const shown = await unpackPicture(result, picture.bitmap);
    const isNewest = sequence > this.#lastShownSequence;
    if (shown !== null && isNewest && !this.#isClosed) {
      this.#lastShownSequence = sequence;
      const unpackedMs = performance.now();
      for (const listener of this.#options.listeners) {
        listener({ picture: shown, hands: result.hands, result, mediaTimeS: picture.mediaTimeS });
      }
      const { capturedMs, arrivedMs } = picture;
      this.#whenOnScreen((shownMs) => {
        const spansMs = spansOf({ capturedMs, arrivedMs, sentMs, receivedMs, unpackedMs, shownMs }, result);
        this.#figures.addShown({ atMs: shownMs, ageMs: shownMs - capturedMs, spansMs });
      });
    }
    shown?.close();
  }

  /** Calls back when what was drawn goes to the screen; never, if something newer is drawn before. */
  #whenOnScreen(callback: (shownMs: number) => void): void {
    const isScheduled = this.#awaitsScreen !== null;
    this.#awaitsScreen = callback;
    if (isScheduled) return;
    requestAnimationFrame(() => {
      this.#awaitsScreen?.(performance.now());
      this.#awaitsScreen = null;
    });
  }

  #letGo(frame: SentFrame): Pending | null {
    const pending = this.#pending.get(frame.frameId) ?? null;
    this.#pending.delete(frame.frameId);
    return pending;
  }

  #tick(): void {
    const nowMs = performance.now();
    this.#connection?.expire(nowMs);
    const { phase } = this.#options.store.get();
    this.#options.store.set({ figures: this.#figures.summary(nowMs), hands: phase === 'running' ? this.#newestHands : [] });
  }
}

function flowOptions(settings: StreamSettings): Partial<FlowOptions> {
  return { throttleMs: settings.frameThrottleMs };
}
