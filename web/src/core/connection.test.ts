import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { Connection, type ConnectionEvents } from './connection.ts';
import type { SessionEvent } from './session.ts';
import type { Transport, TransportEvents } from './transport.ts';
import { bytesOf, readVectors } from './vectors.ts';

const WELCOME = readVectors<{ text: string }[]>('server_messages')[0]?.text ?? '';

class FakeTransport implements Transport {
  readonly sent: (string | Uint8Array)[] = [];
  isClosed = false;
  readonly events: TransportEvents;
  readonly isResuming: boolean;

  constructor(events: TransportEvents, isResuming: boolean) {
    this.events = events;
    this.isResuming = isResuming;
  }

  send(message: string | Uint8Array): void {
    this.sent.push(message);
  }

  close(): void {
    this.isClosed = true;
  }
}

/** The answer to frame 0. */
function firstResult(): ArrayBuffer {
  const result = bytesOf(readVectors<{ hex: string }[]>('results')[0]?.hex ?? '').buffer;
  new DataView(result).setUint32(6, 0);
  return result;
}

const noProbe = () => false;

function connected() {
  const transports: FakeTransport[] = [];
  const sessionEvents: SessionEvent[] = [];
  const events = {
    onOpen: vi.fn<ConnectionEvents['onOpen']>(),
    onSessionEvents: (received: readonly SessionEvent[]) => void sessionEvents.push(...received),
    onLost: vi.fn<ConnectionEvents['onLost']>(),
    onRefused: vi.fn<ConnectionEvents['onRefused']>(),
  };
  const connect = (transportEvents: TransportEvents, isResuming: boolean): Transport => {
    const transport = new FakeTransport(transportEvents, isResuming);
    transports.push(transport);
    return transport;
  };
  const connection = new Connection({
    connect,
    flow: { throttleMs: 0 },
    settings: { output: 'landmarks' },
    events,
    isDormant: () => false,
  });
  const newest = (): FakeTransport => {
    const transport = transports.at(-1);
    if (transport === undefined) throw new Error('nothing has connected');
    return transport;
  };
  return { connection, transports, newest, events, sessionEvents };
}

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

test('says hello first, with the settings', () => {
  const { newest, events } = connected();
  newest().events.onOpen();
  expect(JSON.parse(String(newest().sent[0]))).toMatchObject({ type: 'hello', settings: { output: 'landmarks' } });
  expect(events.onOpen).toHaveBeenCalledOnce();
});

test('comes back by itself with the newest settings', () => {
  const { connection, newest, transports, events } = connected();
  newest().events.onOpen();
  expect(connection.sendFrame(new ArrayBuffer(4), 0n, 0, noProbe)).toMatchObject({ frameId: 0, sizeBytes: 22 });
  connection.updateSettings({ output: 'annotated' });
  newest().events.onClose(1006, '');
  expect(connection.session).toBeNull();
  expect(connection.sendFrame(new ArrayBuffer(4), 0n, 0, noProbe)).toBeNull();
  const [[, retryInMs] = [0, 0]] = events.onLost.mock.calls;
  vi.advanceTimersByTime(retryInMs);
  expect(transports).toHaveLength(2);
  newest().events.onOpen();
  expect(JSON.parse(String(newest().sent[0]))).toMatchObject({ settings: { output: 'annotated' } });
});

test.each([
  ['the next welcome tells which of the lost frames the server had received', 0, ['network_down', 'network_up']],
  ['a server that remembers none has received none', null, ['network_up', 'network_up']],
])('%s', (_, lastFrameId, stages) => {
  const { connection, newest, sessionEvents } = connected();
  newest().events.onOpen();
  newest().events.onText(WELCOME);
  for (let frame = 0; frame < 2; frame += 1) connection.sendFrame(new ArrayBuffer(4), 0n, 0, noProbe);
  newest().events.onClose(1006, '');
  expect(sessionEvents.map(({ type }) => type)).toEqual(['welcome']);
  vi.runOnlyPendingTimers();
  newest().events.onOpen();
  newest().events.onText(JSON.stringify({ ...JSON.parse(WELCOME), last_frame_id: lastFrameId }));
  expect(sessionEvents.flatMap((event) => (event.type === 'dropped' ? [event.stage] : []))).toEqual(stages);
  newest().events.onText(WELCOME);
  expect(
    sessionEvents.filter(({ type }) => type === 'dropped'),
    'each is told once',
  ).toHaveLength(2);
});

test('frames that are lost twice over, or with a connection that is closed for good, were lost on the way up as far as is known', () => {
  const { connection, newest, sessionEvents } = connected();
  for (let attempt = 0; attempt < 2; attempt += 1) {
    newest().events.onOpen();
    connection.sendFrame(new ArrayBuffer(4), 0n, 0, noProbe);
    if (attempt === 0) newest().events.onClose(1006, '');
    vi.runOnlyPendingTimers();
  }
  connection.close();
  expect(sessionEvents).toMatchObject([0, 0].map(() => ({ type: 'dropped', stage: 'network_up' })));
});

test('presents the token of the last welcome, through all attempts, and goes on counting frames', () => {
  const { connection, newest } = connected();
  expect(newest().isResuming).toBe(false);
  newest().events.onOpen();
  newest().events.onText(WELCOME);
  const { resume_token: token } = JSON.parse(WELCOME) as { resume_token: string };
  connection.sendFrame(new ArrayBuffer(4), 0n, 0, noProbe);
  newest().events.onClose(1006, '');
  vi.runOnlyPendingTimers();
  newest().events.onClose(1006, ''); // It was not even opened.
  vi.runOnlyPendingTimers();
  expect(newest().isResuming).toBe(true);
  newest().events.onOpen();
  expect(JSON.parse(String(newest().sent[0]))).toMatchObject({ type: 'hello', resume: token });
  expect(connection.sendFrame(new ArrayBuffer(4), 0n, 0, noProbe)?.frameId).toBe(1);
});

test('a result is acknowledged before anything else is done with it', () => {
  const { connection, newest, sessionEvents } = connected();
  newest().events.onOpen();
  newest().events.onText(JSON.stringify({ ...JSON.parse(WELCOME), features: ['ack'] }));
  connection.sendFrame(new ArrayBuffer(4), 0n, 0, noProbe);
  newest().events.onBinary(firstResult());
  expect(newest().sent.at(-1)).toBe('{"type":"ack","frame_id":0}');
  expect(sessionEvents.at(-1)).toMatchObject({ type: 'result' });
});

test('pauses grow while the server is away, or welcomes and then fails, and start small again after an answer', () => {
  vi.spyOn(Math, 'random').mockReturnValue(0.5);
  const { connection, newest, events } = connected();
  for (let attempt = 0; attempt < 2; attempt += 1) {
    newest().events.onClose(1006, '');
    vi.runOnlyPendingTimers();
  }
  newest().events.onOpen();
  newest().events.onText(WELCOME);
  newest().events.onClose(1011, '');
  vi.runOnlyPendingTimers();
  newest().events.onOpen();
  newest().events.onText(WELCOME);
  connection.sendFrame(new ArrayBuffer(4), 0n, 0, noProbe);
  newest().events.onBinary(firstResult());
  newest().events.onClose(1001, '');
  expect(events.onLost.mock.calls).toEqual([
    [1006, 125],
    [1006, 250],
    [1011, 500],
    [1001, 125],
  ]);
});

test.each([
  [1002, 'hello_expected', 'hello_expected'],
  [1009, '', 'close code 1009'],
])('a server that refuses this client with %d is not asked again', (code, reason, told) => {
  const { newest, transports, events } = connected();
  newest().events.onClose(code, reason);
  vi.runAllTimers();
  expect(events.onRefused).toHaveBeenCalledWith(told);
  expect(transports).toHaveLength(1);
});

test('a probe goes right ahead of the frame that it belongs to', () => {
  const { connection, newest } = connected();
  newest().events.onOpen();
  connection.sendFrame(new ArrayBuffer(4), 0n, 0, (frameId) => frameId === 0);
  connection.sendFrame(new ArrayBuffer(4), 0n, 0, (frameId) => frameId === 0);
  expect(
    newest()
      .sent.slice(1)
      .map((message) => (typeof message === 'string' ? message : 'frame')),
  ).toEqual(['{"type":"ping","id":0}', 'frame', 'frame']);
});

test('an attempt of which nothing is heard is given up, and another one follows', () => {
  const { newest, transports, events } = connected();
  vi.advanceTimersByTime(9999);
  expect(events.onLost).not.toHaveBeenCalled();
  vi.advanceTimersByTime(1);
  expect(newest().isClosed).toBe(true);
  const [[, retryInMs] = [0, 0]] = events.onLost.mock.calls;
  vi.advanceTimersByTime(retryInMs);
  expect(transports).toHaveLength(2);
  newest().events.onOpen();
  vi.runAllTimers();
  expect(newest().isClosed, 'one that was opened in time stays').toBe(false);
});

test('a connection that has been silent for long though frames were sent is given up', () => {
  const { connection, newest, events } = connected();
  newest().events.onOpen();
  newest().events.onText(WELCOME);
  vi.advanceTimersByTime(10);
  connection.sendFrame(new ArrayBuffer(4), 0n, 0, noProbe);
  connection.expire(performance.now() + 4999);
  expect(events.onLost, 'a stall of a few seconds is waited for').not.toHaveBeenCalled();
  connection.expire(performance.now() + 5000);
  expect(events.onLost).toHaveBeenCalledOnce();
  expect(newest().isClosed).toBe(true);
});

test('trying now does not wait, and a closed connection does not come back', () => {
  const { connection, newest, transports } = connected();
  newest().events.onClose(1006, '');
  connection.retryNow();
  connection.retryNow();
  expect(transports).toHaveLength(2);
  connection.close();
  vi.runAllTimers();
  expect(transports).toHaveLength(2);
});
