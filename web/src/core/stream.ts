/**
 * One run of the stream, from start to stop: a source, its capture and a connection, and the frames between them.
 *
 * Theory of operation: whenever the flow has a free place and no picture is being taken, one picture is asked for; once it is
 * there, it is sent. What the page keeps of a sent frame waits in `#pending` until the session settles that frame, so there are never
 * more than the flow allows. An answer goes to the overlay, which decides what is drawn and when, and closes its picture.
 */

import { Adaptation } from './adaptation.ts';
import { type Capture, openCapture, type Picture } from './capture.ts';
import type { ClientState } from './client-state.ts';
import { Connection } from './connection.ts';
import type { Welcome } from './control.ts';
import { ClientError, lossError, refusalError } from './errors.ts';
import { FiguresWindow } from './figures.ts';
import type { DropStage } from './flow.ts';
import { type AnsweredFrame, type FrameLog, type Outcome, type SentFrame, settled } from './frame-log.ts';
import { LiveOverlay } from './live-overlay.ts';
import { LockedOverlay } from './locked-overlay.ts';
import type { Overlay, OverlayEvents, ShownFrame } from './overlay.ts';
import type { RateDecision } from './rate.ts';
import type { SessionEvent } from './session.ts';
import { type StreamSettings, sessionSettings } from './settings.ts';
import { type FrameSource, openSource, type SourceRequest } from './sources.ts';
import type { ServerStage, Stage } from './stages.ts';
import type { Store } from './store.ts';
import { stampNs, Trace } from './trace.ts';
import type { Connect } from './transport.ts';
import { isPageHidden, onPageVisible } from './visibility.ts';
import type { FrameInFlight } from './window.ts';
import type { Handedness, Result } from './wire.ts';

/** How often the summary is renewed and overdue frames are looked for. */
const TICK_MS = 250;

/** How long it is said that the server is back. */
const COMEBACK_SHOWN_MS = 4000;

/** After so long a silence it is the path that limits, whatever the frames before it said. */
const STALL_MS = 1000;

/** A picture that waited longer than this for a free place gives way to the next one. */
const HELD_AT_MOST_MS = 50;

export type FrameListener = (frame: ShownFrame) => void;

export interface StreamOptions {
  readonly connect: Connect;
  readonly settings: StreamSettings;
  readonly store: Store<ClientState>;
  readonly listeners: ReadonlySet<FrameListener>;
  /** Where it is kept what became of each frame. */
  readonly log: FrameLog;
  /** The stream cannot go on; whoever started it closes it. */
  readonly onFailed: (error: ClientError) => void;
}

/** What stays on the page while a frame is on its way. */
interface Pending {
  readonly picture: Picture;
  readonly askedMs: number;
  readonly frame: SentFrame;
}

export class Stream {
  readonly #options: StreamOptions;
  readonly #figures = new FiguresWindow();
  readonly #pending = new Map<number, Pending>();
  readonly #adaptation: Adaptation;
  #settings: StreamSettings;
  #askedQuality: number;
  #source: FrameSource | null = null;
  #capture: Capture | null = null;
  #overlay: Overlay | null = null;
  #connection: Connection | null = null;
  #ticker: ReturnType<typeof setInterval> | undefined;
  #maxHandsLimit: number | null = null;
  #isTaking = false;
  #comebackMs: number | null = null;
  #stopWatchingPage: (() => void) | undefined;
  #isClosed = false;
  #nextSequence = 0;
  #newestHands: readonly Handedness[] = [];

  constructor(options: StreamOptions) {
    this.#options = options;
    this.#settings = options.settings;
    this.#adaptation = new Adaptation(options.settings);
    this.#askedQuality = options.settings.resultJpegQuality;
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
    if (this.#isClosed || capture === null) return this.close();
    this.#overlay = this.#openOverlay(source, capture);
    this.#options.store.set({ source: { kind: source.kind, label: source.label } });
    this.#connection = this.#connect();
    this.#stopWatchingPage = onPageVisible(() => {
      this.#connection?.retryNow();
      this.#takeNext();
    });
    this.#ticker = setInterval(() => this.#tick(), TICK_MS);
  }

  updateSettings(settings: StreamSettings): void {
    const isOtherOverlay = isLive(settings) !== isLive(this.#settings);
    this.#settings = settings;
    if (isOtherOverlay && this.#source !== null && this.#capture !== null) {
      this.#overlay?.close();
      this.#overlay = this.#openOverlay(this.#source, this.#capture);
    }
    this.#source?.resize(settings.captureWidthPx, settings.captureHeightPx);
    this.#adaptation.updateSettings(settings, performance.now());
    this.#tellServer();
  }

  retryNow(): void {
    this.#connection?.retryNow();
  }

  close(): void {
    this.#isClosed = true;
    clearInterval(this.#ticker);
    this.#stopWatchingPage?.();
    this.#connection?.close();
    this.#overlay?.close();
    this.#capture?.close();
    this.#source?.stop();
  }

  #connect(): Connection {
    const { store, connect, onFailed } = this.#options;
    return new Connection({
      connect,
      settings: sessionSettings(this.#settings, null),
      flow: { throttleMs: this.#adaptation.decision.frameIntervalMs },
      isDormant: isPageHidden,
      events: {
        onOpen: () => this.#takeNext(),
        onSessionEvents: (events, nowMs) => {
          for (const event of events) this.#receive(event, nowMs);
          this.#takeNext();
        },
        onLost: (closeCode) => {
          // None of these will be shown. Where each frame was lost, the next welcome tells.
          for (const { picture } of this.#pending.values()) picture.kept?.close();
          this.#overlay?.forget();
          store.set({ phase: 'reconnecting', error: lossError(closeCode), comeback: null, hands: [] });
        },
        onRefused: (reason) => onFailed(refusalError(reason)),
      },
    });
  }

  // --- out: pictures to frames

  /** Asks for the next picture, if one may be sent. A hidden page asks for none: what is on its way is settled, and nothing follows. */
  #takeNext(): void {
    if (isPageHidden()) return;
    const flow = this.#connection?.session?.flow;
    if (this.#isClosed || this.#isTaking || this.#capture === null || flow === undefined || !flow.mayTake) return;
    this.#isTaking = true;
    this.#connection?.updateFlow({ throttleMs: this.#adaptation.decision.frameIntervalMs });
    void this.#takeAndSend(this.#capture, Math.max(flow.notBeforeMs, performance.now() - HELD_AT_MOST_MS));
  }

  async #takeAndSend(capture: Capture, notBeforeMs: number): Promise<void> {
    const askedMs = performance.now();
    const { decision } = this.#adaptation;
    try {
      const { scale, jpegQuality: quality } = decision;
      const { captureWidthPx: boxWidthPx, captureHeightPx: boxHeightPx } = this.#settings;
      const keepPicture = this.#settings.output === 'landmarks' && !isLive(this.#settings);
      const picture = await capture.take({ notBeforeMs, boxWidthPx, boxHeightPx, scale, quality, keepPicture });
      this.#send(picture, askedMs, decision);
    } catch (error) {
      const clientError = error instanceof ClientError ? error : new ClientError('capture_failed', String(error), { cause: error });
      if (!this.#isClosed) this.#options.onFailed(clientError);
    }
    this.#isTaking = false;
    this.#takeNext();
  }

  /** Sends a picture that was asked for then, after that decision. */
  #send(picture: Picture, askedMs: number, decision: RateDecision): void {
    const probes = (frameId: number): boolean => this.#adaptation.probes(frameId, performance.now());
    const captureTimeNs = BigInt(Math.round(picture.capturedMs * 1e6));
    const departure = this.#connection?.sendFrame(picture.jpeg, captureTimeNs, picture.arrivedMs, probes) ?? null;
    this.#figures.addDropped('capture', picture.skipped);
    if (departure === null) {
      picture.kept?.close(); // The connection went while the picture was being encoded.
      this.#figures.addDropped('capture');
      return;
    }
    const { frameId, sentMs, sizeBytes: bytesUp } = departure;
    const { widthPx, heightPx } = picture;
    const trace = traceUntil(sentMs, picture, askedMs);
    const sent = { sequence: this.#nextSequence, frameId, trace, widthPx, heightPx, bytesUp, decision };
    this.#pending.set(frameId, { picture, askedMs, frame: sent });
    this.#nextSequence += 1;
  }

  // --- in: answers to the screen

  #receive(event: SessionEvent, nowMs: number): void {
    switch (event.type) {
      case 'welcome':
        this.#receiveWelcome(event.welcome);
        break;
      case 'result':
        this.#receiveResult(event, nowMs);
        break;
      case 'dropped':
        this.#figures.addDropped(event.stage);
        if (event.stage === 'queue') this.#adaptation.replaced(nowMs);
        this.#giveUp(event.frame, 'dropped', event.stage, nowMs);
        break;
      case 'refused':
        this.#figures.addRefused();
        this.#options.store.set({ notice: `The server says: ${event.message}` });
        this.#giveUp(event.frame, 'refused', null, nowMs);
        break;
      case 'advice':
        this.#receiveAdvice(event.maxFramesPerSecond, event.nextFrameInMs, nowMs);
        break;
      case 'pong':
        this.#adaptation.echoed(event.id, nowMs);
        break;
      case 'error':
        this.#options.store.set({ notice: `The server says: ${event.message}` });
        break;
      case 'not_understood':
        this.#options.store.set({ notice: event.message });
        break;
      case 'settings':
        this.#options.store.set({ notice: null });
        break;
    }
  }

  #receiveAdvice(maxFps: number | null, nextFrameInMs: number | null, nowMs: number): void {
    this.#adaptation.advised(maxFps);
    if (nextFrameInMs === null || !this.#settings.adaptsByItself) return;
    const { frameIntervalMs } = this.#adaptation.decision;
    this.#connection?.updateFlow({ throttleMs: frameIntervalMs });
    // All turns lie within one interval. A server that says otherwise is not to silence this page.
    this.#connection?.session?.flow.begin(nowMs + Math.min(nextFrameInMs, frameIntervalMs));
  }

  #receiveWelcome({ server, engine, limits, settings, resumed }: Welcome): void {
    this.#maxHandsLimit = limits.max_hands;
    this.#adaptation.advised(null); // A new connection begins without advice: perhaps it is to another server.
    const isBack = this.#options.store.get().phase === 'reconnecting';
    this.#comebackMs = isBack ? performance.now() : null;
    this.#options.store.set({
      phase: 'running',
      error: null,
      notice: null,
      comeback: isBack ? (resumed ? 'same_session' : 'new_session') : null,
      server: { name: server, engine },
      maxHands: limits.max_hands,
    });
    const wanted = sessionSettings(this.#settings, limits.max_hands);
    if (wanted.max_hands !== settings.max_hands) this.#tellServer();
  }

  #tellServer(): void {
    this.#askedQuality = this.#adaptation.decision.answerQuality;
    this.#connection?.updateSettings({ ...sessionSettings(this.#settings, this.#maxHandsLimit), jpeg_quality: this.#askedQuality });
  }

  #receiveResult(event: Extract<SessionEvent, { type: 'result' }>, receivedMs: number): void {
    const { result, frame, isStale } = event;
    const pending = this.#letGo(frame);
    if (pending === null) return;
    const answered = answeredFrame(pending.frame, event, receivedMs);
    const bytesDown = result.messageBytes;
    this.#figures.addAnswered({ atMs: receivedMs, roundTripMs: receivedMs - frame.sentMs, bytesUp: frame.sizeBytes, bytesDown });
    if (isStale) {
      pending.picture.kept?.close(); // What comes out of an outage is old; a fresh answer is near.
      this.#figures.addDropped('network_down');
      this.#options.log.add(settled(answered, 'dropped', stampNs(receivedMs)));
      return;
    }
    this.#adaptation.answered({ result, askedMs: pending.askedMs, sentMs: frame.sentMs, receivedMs, bytesUp: frame.sizeBytes });
    this.#connection?.session?.flow.showing(result.frameId, receivedMs);
    this.#newestHands = result.hands.map((hand) => hand.handedness);
    this.#overlay?.answered({ picture: pending.picture, frame: answered, result });
  }

  /** The overlay that the settings ask for. The video of a camera that a worker reads only plays where it is looked at. */
  #openOverlay(source: FrameSource, capture: Capture): Overlay {
    const events: OverlayEvents = {
      onFrame: (frame) => {
        for (const listener of this.#options.listeners) listener(frame);
      },
      onShown: ({ frame }) => this.#shown(frame),
      onPassedOver: ({ frame }) => this.#options.log.add(settled(frame, 'passed_over', stampNs())),
    };
    if (isLive(this.#settings)) {
      source.video.play().catch(() => undefined); // A video that was freed meanwhile plays no more.
      return new LiveOverlay(source, events);
    }
    if (capture.kind === 'stream') source.video.pause();
    return new LockedOverlay(events);
  }

  #shown(frame: AnsweredFrame): void {
    const { trace, frameId } = frame;
    const shownMs = trace.lastTimeNs / 1e6;
    this.#options.log.add(settled(frame, 'shown', trace.lastTimeNs));
    this.#figures.addShown({ atMs: shownMs, ageMs: shownMs - trace.startTimeNs / 1e6, trace });
    const tookMs = (stage: Stage): number => (trace.spansNs.get(stage) ?? 0) / 1e6;
    this.#adaptation.shown(tookMs('pack'), tookMs('unpack'), shownMs);
    this.#connection?.session?.flow.shown(frameId);
    this.#takeNext();
  }

  /** There will be no answer to that frame. */
  #giveUp(inFlight: FrameInFlight, outcome: Outcome, droppedAt: DropStage | null, nowMs: number): void {
    const pending = this.#letGo(inFlight);
    if (pending === null) return;
    pending.picture.kept?.close();
    this.#options.log.add({ ...pending.frame, outcome, droppedAt, settledNs: stampNs(nowMs), answer: null });
  }

  #letGo(frame: FrameInFlight): Pending | null {
    const pending = this.#pending.get(frame.frameId) ?? null;
    this.#pending.delete(frame.frameId);
    return pending;
  }

  #tick(): void {
    const nowMs = performance.now();
    this.#connection?.expire(nowMs);
    const { phase } = this.#options.store.get();
    const { answerQuality } = this.#adaptation.decision;
    if (answerQuality !== this.#askedQuality) this.#tellServer();
    this.#takeNext();
    if (this.#comebackMs !== null && nowMs > this.#comebackMs + COMEBACK_SHOWN_MS) {
      this.#comebackMs = null;
      this.#options.store.set({ comeback: null });
    }
    this.#options.store.set({
      figures: this.#figures.summary(nowMs),
      ...limitNow(this.#adaptation.decision, this.#connection?.session?.silenceMs(nowMs) ?? 0),
      hands: phase === 'running' ? this.#newestHands : [],
    });
  }
}

function isLive({ output, overlay }: StreamSettings): boolean {
  return output === 'landmarks' && overlay === 'live';
}

/** A picture's way as far as the socket. One that was there before it was asked for had to wait for a free place. */
function traceUntil(sentMs: number, { capturedMs, arrivedMs }: Picture, askedMs: number): Trace {
  const trace = new Trace(stampNs(capturedMs));
  trace.end('capture', stampNs(arrivedMs));
  trace.end('hold', stampNs(Math.max(askedMs, arrivedMs)));
  trace.end('pack', stampNs(sentMs));
  return trace;
}

/** The frame with what its answer tells, and its trace as far as the answer's arrival. */
function answeredFrame(frame: SentFrame, event: Extract<SessionEvent, { type: 'result' }>, receivedMs: number): AnsweredFrame {
  const { result, upNs, upErrorNs: networkErrorNs } = event;
  frame.trace.cross(upNs, stagesNs(result), stampNs(receivedMs));
  return { ...frame, bytesDown: result.messageBytes, hands: result.hands.length, networkErrorNs };
}

function stagesNs({ stagesUs }: Result): Partial<Record<ServerStage, number>> {
  return Object.fromEntries(Object.entries(stagesUs).map(([stage, spanUs]) => [stage, 1000 * spanUs]));
}

/** What limits, as the controller says; a path on which nothing comes back has nothing to tell the controller. */
function limitNow({ limit, reason }: RateDecision, silenceMs: number): Pick<ClientState, 'limit' | 'limitReason'> {
  if (silenceMs < STALL_MS) return { limit, limitReason: reason };
  return { limit: 'path', limitReason: `The network limits: nothing has come back for ${(silenceMs / 1000).toFixed(1)} s.` };
}
