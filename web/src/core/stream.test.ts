import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import type { Capture, Picture, TakeRequest } from './capture.ts';
import { openCapture } from './capture.ts';
import { type ClientState, INITIAL_STATE } from './client-state.ts';
import { ClientError } from './errors.ts';
import { FrameLog } from './frame-log.ts';
import { KeptPicture } from './kept-picture.ts';
import type { ShownFrame } from './overlay.ts';
import { DEFAULT_SETTINGS, type StreamSettings } from './settings.ts';
import { openSource } from './sources.ts';
import { Store } from './store.ts';
import { Stream } from './stream.ts';
import type { TransportEvents } from './transport.ts';
import { bytesOf, readVectors } from './vectors.ts';

vi.mock('./capture.ts', () => ({ openCapture: vi.fn() }));
vi.mock('./sources.ts', () => ({ openSource: vi.fn() }));

const vectors = (name: string) => readVectors<{ name: string; hex: string; text: string }[]>(name);
const WELCOME = vectors('server_messages')[0]?.text ?? '';
const [LANDMARKS, ANNOTATED] = vectors('results').map(({ hex }) => hex);

function resultFor(frameId: number, hex = LANDMARKS): ArrayBuffer {
  const message = bytesOf(hex ?? '').buffer;
  new DataView(message).setUint32(6, frameId);
  return message;
}

class FakeBitmap {
  isClosed = false;
  close(): void {
    this.isClosed = true;
  }
}

/** A camera whose pictures a test delivers. */
function keptOf(bitmap: FakeBitmap): KeptPicture {
  const kept = new KeptPicture();
  kept.arrive(bitmap as unknown as ImageBitmap);
  return kept;
}

class FakeCapture implements Capture {
  readonly kind = 'element';
  readonly bitmaps: FakeBitmap[] = [];
  readonly requests: TakeRequest[] = [];
  isClosed = false;
  #settle: { resolve: (picture: Picture) => void; reject: (error: Error) => void } | null = null;

  get isAsked(): boolean {
    return this.#settle !== null;
  }

  take(request: TakeRequest): Promise<Picture> {
    this.requests.push(request);
    return new Promise((resolve, reject) => {
      this.#settle = { resolve, reject };
    });
  }

  async deliver(skipped = 0): Promise<void> {
    const bitmap = new FakeBitmap();
    const nowMs = performance.now();
    const keepPicture = this.requests.at(-1)?.keepPicture === true;
    if (keepPicture) this.bitmaps.push(bitmap);
    const { resolve } = this.#taken();
    resolve({
      jpeg: new ArrayBuffer(3),
      widthPx: 640,
      heightPx: 480,
      kept: keepPicture ? keptOf(bitmap) : null,
      capturedMs: nowMs - 5,
      arrivedMs: nowMs,
      mediaTimeS: null,
      skipped,
    });
    await settled();
  }

  async fail(): Promise<void> {
    this.#taken().reject(new ClientError('capture_failed', 'out of memory'));
    await settled();
  }

  close(): void {
    this.isClosed = true;
  }

  #taken() {
    const taken = this.#settle;
    this.#settle = null;
    if (taken === null) throw new Error('nobody asked for a picture');
    return taken;
  }
}

async function settled(): Promise<void> {
  for (let turn = 0; turn < 10; turn += 1) await Promise.resolve();
}

async function opened(settings: Partial<StreamSettings> = {}) {
  const capture = new FakeCapture();
  const source = { kind: 'camera' as const, label: 'Camera', video: {} as HTMLVideoElement, track: null, resize: vi.fn(), stop: vi.fn() };
  vi.mocked(openSource).mockResolvedValue(source);
  vi.mocked(openCapture).mockResolvedValue(capture);
  const store = new Store<ClientState>(INITIAL_STATE);
  const drawn: ShownFrame[] = [];
  const wire: { events?: TransportEvents; sent: (string | Uint8Array)[] } = { sent: [] };
  const onFailed = vi.fn<(error: ClientError) => void>();
  const log = new FrameLog();
  const stream = new Stream({
    connect: (events) => {
      wire.events = events;
      return { send: (message) => void wire.sent.push(message), close: () => undefined };
    },
    settings: { ...DEFAULT_SETTINGS, frameThrottleMs: 0, ...settings },
    store,
    listeners: new Set([(frame: ShownFrame) => void drawn.push(frame)]),
    log,
    onFailed,
  });
  await stream.open({ kind: 'camera', deviceId: null });
  if (wire.events === undefined) throw new Error('nothing has connected');
  return { stream, capture, source, store, log, drawn, wire, server: wire.events, sent: wire.sent, onFailed };
}

beforeEach(() => {
  vi.useFakeTimers();
  vi.stubGlobal('requestAnimationFrame', (callback: FrameRequestCallback) => setTimeout(callback, 16));
});
afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

test('asks for a picture once it is connected, and for no more than may be unanswered', async () => {
  const { capture, server } = await opened();
  expect(capture.isAsked).toBe(false);
  server.onOpen();
  await capture.deliver();
  expect(capture.isAsked).toBe(false);
  server.onBinary(resultFor(0));
  expect(capture.isAsked).toBe(true);
});

test('gives each answer with the very picture that it belongs to, and closes it then', async () => {
  const { capture, server, drawn } = await opened();
  server.onOpen();
  await capture.deliver();
  server.onBinary(resultFor(0));
  await capture.deliver();
  expect(drawn.map(({ picture }) => picture)).toEqual([capture.bitmaps[0]]);
  expect(capture.bitmaps.map(({ isClosed }) => isClosed)).toEqual([true, false]);
});

test('lets go of the picture of a frame that was dropped, refused, lost, or cut off', async () => {
  const { stream, capture, server, store, log } = await opened();
  server.onOpen();
  await capture.deliver(2);
  server.onText('{"type":"dropped","frame_id":0,"stage":"queue"}');
  await capture.deliver();
  server.onText('{"type":"error","error":{"code":"not_an_image","message":"no","frame_id":1}}');
  await capture.deliver();
  vi.advanceTimersByTime(2999);
  server.onText('{"type":"news"}'); // The server lives, so the connection stays.
  vi.advanceTimersByTime(500);
  await capture.deliver();
  server.onClose(1006, '');
  expect(capture.bitmaps.map(({ isClosed }) => isClosed)).toEqual([true, true, true, true]);
  vi.advanceTimersByTime(250);
  expect(store.get().figures).toMatchObject({ dropped: { capture: 2, queue: 1, send: 0, network_up: 1, network_down: 0 }, refused: 1 });
  stream.close();
  expect(log.newest().map(({ outcome, droppedAt }) => droppedAt ?? outcome)).toEqual(['queue', 'refused', 'network_up', 'network_up']);
});

test('never goes back: an answer that is unpacked after a newer one is not drawn', async () => {
  const unpacked: ((bitmap: FakeBitmap) => void)[] = [];
  vi.stubGlobal('createImageBitmap', () => new Promise((resolve) => unpacked.push(resolve)));
  const { capture, server, drawn } = await opened({ output: 'annotated' });
  server.onOpen();
  await capture.deliver();
  server.onBinary(resultFor(0, ANNOTATED));
  await capture.deliver();
  server.onBinary(resultFor(1, ANNOTATED));
  const [older, newer] = [new FakeBitmap(), new FakeBitmap()];
  unpacked[1]?.(newer);
  await settled();
  unpacked[0]?.(older);
  await settled();
  expect(drawn.map(({ result }) => result?.frameId)).toEqual([1]);
  expect([older.isClosed, newer.isClosed]).toEqual([true, true]);
});

test('the state follows the connection', async () => {
  const { server, wire, store } = await opened();
  server.onOpen();
  server.onText(WELCOME);
  expect(store.get()).toMatchObject({ phase: 'running', error: null, maxHands: 4, server: { engine: 'openvino' } });
  server.onClose(1006, '');
  expect(store.get()).toMatchObject({ phase: 'reconnecting', error: { code: 'server_away' } });
  vi.advanceTimersByTime(250);
  wire.events?.onClose(1013, 'server_full');
  expect(store.get()).toMatchObject({ phase: 'reconnecting', error: { code: 'server_busy' } });
});

test('a frame that was lost before the welcome is not taken for the first one of the next connection', async () => {
  const { stream, capture, wire, log, drawn } = await opened();
  wire.events?.onOpen();
  await capture.deliver();
  wire.events?.onClose(1006, '');
  vi.advanceTimersByTime(250);
  wire.events?.onOpen();
  await capture.deliver();
  wire.events?.onText(WELCOME); // It tells where the first one was lost.
  wire.events?.onBinary(resultFor(1));
  await settled();
  vi.advanceTimersByTime(16);
  expect(drawn.map(({ result }) => result?.frameId)).toEqual([1]);
  expect(log.newest().map(({ outcome, droppedAt }) => droppedAt ?? outcome)).toEqual(['network_up', 'shown']);
  stream.close();
});

test.each([
  [true, 'same_session'],
  [false, 'new_session'],
])('says for a while that the server is back, resumed %s', async (resumed, comeback) => {
  const { server, store, stream } = await opened();
  server.onOpen();
  server.onText(WELCOME);
  expect(store.get().comeback).toBeNull();
  server.onText('{"type":"advice","max_frames_per_second":5,"reason":"server_busy"}');
  vi.advanceTimersByTime(250);
  expect(store.get().limit).toBe('server');
  server.onClose(1006, '');
  server.onText(JSON.stringify({ ...JSON.parse(WELCOME), resumed }));
  expect(store.get()).toMatchObject({ phase: 'running', comeback });
  vi.advanceTimersByTime(5000);
  expect(store.get().comeback).toBeNull();
  expect(store.get().limit, 'another connection begins without advice').toBe('none');
  stream.close();
});

test('a hidden page settles what is on its way and asks for no more, and goes on at once when it is seen', async () => {
  const page = Object.assign(new EventTarget(), { visibilityState: 'visible' });
  vi.stubGlobal('document', page);
  const { stream, capture, server } = await opened();
  server.onOpen();
  await capture.deliver();
  server.onBinary(resultFor(0));
  page.visibilityState = 'hidden';
  await capture.deliver();
  server.onBinary(resultFor(1));
  await settled();
  vi.advanceTimersByTime(300); // Answers settle and ticks pass, and none of them asks for a picture.
  expect(capture.isAsked).toBe(false);
  expect(capture.bitmaps.map(({ isClosed }) => isClosed)).toEqual([true, true]);
  page.visibilityState = 'visible';
  page.dispatchEvent(new Event('visibilitychange'));
  expect(capture.isAsked).toBe(true);
  stream.close();
});

test('a hidden page whose connection ended does not connect again before it is seen', async () => {
  const page = Object.assign(new EventTarget(), { visibilityState: 'hidden' });
  vi.stubGlobal('document', page);
  const { stream, server, wire } = await opened();
  server.onOpen();
  server.onText(WELCOME);
  server.onClose(4002, 'idle_timeout');
  vi.advanceTimersByTime(60_000);
  expect(wire.events, 'the server can give its place to others').toBe(server);
  page.visibilityState = 'visible';
  page.dispatchEvent(new Event('visibilitychange'));
  expect(wire.events).not.toBe(server);
  stream.close();
});

test('what the server cannot use is said until it has taken other settings', async () => {
  const { server, store } = await opened();
  server.onOpen();
  server.onText('{"type":"error","error":{"code":"bad_settings","message":"jpeg_quality lies in 1..100"}}');
  expect(store.get().notice).toBe('The server says: jpeg_quality lies in 1..100');
  server.onText('{');
  expect(store.get().notice, 'which the server has not said').toBe('A text message of the server is not JSON.');
  server.onText(JSON.stringify({ type: 'settings', settings: {} }));
  expect(store.get().notice).toBeNull();
});

test('asks for the hands that it wants once it knows how many the server finds', async () => {
  const { server, sent } = await opened({ maxHands: 8 });
  server.onOpen();
  server.onText(WELCOME);
  expect(JSON.parse(String(sent.at(-1)))).toMatchObject({ type: 'settings', settings: { max_hands: 4 } });
});

test('a capture that fails ends the stream with its error, and a closed stream asks for nothing', async () => {
  const { stream, capture, source, server, onFailed } = await opened();
  server.onOpen();
  await capture.fail();
  expect(onFailed.mock.calls[0]?.[0]).toMatchObject({ code: 'capture_failed' });
  stream.close();
  expect(capture.isClosed).toBe(true);
  expect(source.stop).toHaveBeenCalled();
});

test('figures tell of what reached the screen', async () => {
  const { capture, server, store, log } = await opened();
  server.onOpen();
  await capture.deliver();
  vi.advanceTimersByTime(20);
  server.onBinary(resultFor(0));
  await settled();
  vi.advanceTimersByTime(250);
  expect(store.get().figures).toMatchObject({ roundTripP50Ms: 20, ageP50Ms: 41, bytesUp: 21, bytesDown: 74 });
  expect(store.get().figures.stagesMs).toMatchObject({ capture: 5, network_up: 10, network_down: 10, present: 16 });
  const [record] = log.newest();
  expect(record).toMatchObject({ frameId: 0, outcome: 'shown', bytesUp: 21, answer: { bytesDown: 74, hands: 0 } });
  const wholeNs = [...(record?.trace.spansNs.values() ?? [])].reduce((sum, spanNs) => sum + spanNs, 0);
  expect(wholeNs).toBe(41e6);
});

test('what comes out of an outage is not shown: the next answer is', async () => {
  const { capture, server, drawn, log, store } = await opened({ output: 'landmarks' });
  server.onOpen();
  await capture.deliver();
  vi.advanceTimersByTime(3000);
  expect(store.get()).toMatchObject({ limit: 'path', limitReason: 'The network limits: nothing has come back for 3.0 s.' });
  await capture.deliver();
  vi.advanceTimersByTime(200);
  server.onBinary(resultFor(0)); // It had been given up.
  server.onBinary(resultFor(1)); // It was sent into the silence.
  await settled();
  expect(drawn).toEqual([]);
  await capture.deliver();
  server.onBinary(resultFor(2));
  await settled();
  vi.advanceTimersByTime(16);
  expect(drawn.map(({ result }) => result?.frameId)).toEqual([2]);
  expect(log.newest().map(({ outcome, droppedAt }) => droppedAt ?? outcome)).toEqual(['network_up', 'network_down', 'shown']);
  expect(capture.bitmaps.map(({ isClosed }) => isClosed)).toEqual([true, true, true]);
});

test.each([201, 1e12])('a server that says to begin in %d ms is followed within an interval', async (nextFrameInMs) => {
  const { stream, capture, server } = await opened({ frameThrottleMs: 40 });
  server.onOpen();
  const advisedMs = performance.now();
  server.onText(JSON.stringify({ type: 'advice', max_frames_per_second: 5, next_frame_in_ms: nextFrameInMs, reason: 'server_busy' }));
  await capture.deliver();
  server.onBinary(resultFor(0));
  expect(capture.requests.at(-1)?.notBeforeMs, 'a turn after the first').toBeCloseTo(advisedMs + 200 + 200);
  stream.close();
});

test('sends as the person wishes, less where the server advises it, and all the same where it is not to adapt', async () => {
  const { stream, capture, server, store } = await opened({ frameThrottleMs: 40 });
  const advice = '{"type":"advice","max_frames_per_second":5,"next_frame_in_ms":150,"reason":"server_busy"}';
  server.onOpen();
  const advisedMs = performance.now();
  server.onText(advice);
  vi.advanceTimersByTime(250);
  expect(store.get()).toMatchObject({ limit: 'server', limitReason: expect.stringMatching(/^The server limits/) });
  await capture.deliver();
  server.onBinary(resultFor(0));
  expect(capture.requests.at(-1)?.notBeforeMs, 'a turn after that which it was told to begin with').toBeCloseTo(advisedMs + 150 + 200);
  const passedMs = performance.now();
  await capture.deliver();
  server.onBinary(resultFor(1));
  await settled();
  vi.advanceTimersByTime(16); // It is on the screen.
  expect(capture.requests.at(-1)?.notBeforeMs).toBeGreaterThan(passedMs + 200 - 120);
  stream.updateSettings({ ...DEFAULT_SETTINGS, adaptsByItself: false, captureJpegQuality: 33 });
  await capture.deliver();
  server.onBinary(resultFor(2));
  await settled();
  expect(capture.requests.at(-1)).toMatchObject({ quality: 33, boxWidthPx: 640 });
  stream.close();
});
