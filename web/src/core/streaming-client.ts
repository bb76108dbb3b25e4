/**
 * `VideoStreamingClient`: sends the newest picture of a source when the flow allows, and hands over the answers.
 *
 * Two ways out, by how often things change: `subscribe` and `getState` give the summary a few times a second, for a view; `onFrame`
 * gives each frame that is to be drawn at once, to be drawn imperatively.
 */

import { type ClientState, INITIAL_STATE } from './client-state.ts';
import { ClientError } from './errors.ts';
import { countsOf, NO_FIGURES } from './figures.ts';
import { FrameLog } from './frame-log.ts';
import { DEFAULT_SETTINGS, type StreamSettings } from './settings.ts';
import { type SourceRequest, whenCameraIsBack } from './sources.ts';
import { Store } from './store.ts';
import { type FrameListener, Stream } from './stream.ts';
import type { Connect } from './transport.ts';

export class VideoStreamingClient {
  /** What became of the newest frames, over all starts and stops. */
  readonly frameLog = new FrameLog();
  readonly #connect: Connect;
  readonly #store = new Store<ClientState>(INITIAL_STATE);
  readonly #listeners = new Set<FrameListener>();
  #settings: StreamSettings;
  #stream: Stream | null = null;
  #stopWaiting: (() => void) | null = null;

  constructor(connect: Connect, settings: Partial<StreamSettings> = {}) {
    this.#connect = connect;
    this.#settings = { ...DEFAULT_SETTINGS, ...settings };
  }

  /** The summary now; the same object until it changes. */
  readonly getState = (): ClientState => this.#store.get();

  /** Calls back after every change of the summary, a few times a second; returns how to stop that. */
  readonly subscribe = (listener: () => void): (() => void) => this.#store.subscribe(listener);

  /** Calls back with each frame that is to be drawn, in order; returns how to stop that. */
  onFrame(listener: FrameListener): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Opens the source and streams it until `stop`. What goes wrong is in the state, as `error`. */
  async start(request: SourceRequest): Promise<void> {
    this.stop();
    this.#store.set({ phase: 'starting', figures: NO_FIGURES });
    const stream = new Stream({
      connect: this.#connect,
      settings: this.#settings,
      store: this.#store,
      listeners: this.#listeners,
      log: this.frameLog,
      onFailed: (error) => this.#fail(stream, error, request),
    });
    this.#stream = stream;
    try {
      await stream.open(request);
    } catch (error) {
      this.#fail(stream, error instanceof ClientError ? error : new ClientError('capture_failed', String(error)), request);
    }
  }

  stop(): void {
    this.#stopWaiting?.();
    this.#stopWaiting = null;
    this.#stream?.close();
    this.#stream = null;
    const { figures, maxHands } = this.#store.get();
    this.#store.set({ ...INITIAL_STATE, maxHands, figures: countsOf(figures) });
  }

  /** Changes settings, from the next frame on if the stream runs. */
  updateSettings(changes: Partial<StreamSettings>): void {
    this.#settings = { ...this.#settings, ...changes };
    this.#stream?.updateSettings(this.#settings);
  }

  /** While the server is away: tries again at once. */
  retryNow(): void {
    this.#stream?.retryNow();
  }

  /** What happens to a stream that was stopped meanwhile is nobody's concern any more. */
  #fail(stream: Stream, error: ClientError, request: SourceRequest): void {
    if (this.#stream !== stream) return;
    this.stop();
    this.#store.set({ phase: 'failed', error });
    if (error.code !== 'camera_unplugged' || request.kind !== 'camera') return;
    this.#stopWaiting = whenCameraIsBack(request.deviceId, () => void this.start(request));
  }
}
