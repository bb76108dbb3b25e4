import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { ClientError } from './errors.ts';
import { type TransportEvents, videoSocketUrl, webSocketConnect } from './transport.ts';

/** A WebSocket that does what a test says. */
class FakeSocket {
  static readonly OPEN = 1;
  static readonly made: FakeSocket[] = [];
  readyState = 0;
  onopen: (() => void) | null = null;
  onclose: ((event: { code: number; reason: string }) => Promise<void>) | null = null;
  readonly send = vi.fn();
  readonly close = vi.fn();
  readonly address: string;
  readonly protocols: string | string[];

  constructor(address: URL, protocols: string | string[]) {
    this.address = address.href;
    this.protocols = protocols;
    FakeSocket.made.push(this);
  }
}

function connected(token: string | null = null) {
  const events = { onOpen: vi.fn(), onText: vi.fn(), onBinary: vi.fn(), onClose: vi.fn<TransportEvents['onClose']>() };
  const transport = webSocketConnect('wss://hands.example/ws/video', token)(events, false);
  const [socket] = FakeSocket.made.splice(0);
  if (socket === undefined) throw new Error('nothing has connected');
  return { transport, socket, events };
}

beforeEach(() => void vi.stubGlobal('WebSocket', FakeSocket));
afterEach(() => void vi.unstubAllGlobals());

test.each([
  ['refuses its token', () => new Response('{"error":{"code":"token_expired"}}', { status: 401 }), 1008, 'token_expired'],
  ['would let it in', () => new Response(null, { status: 204 }), 1013, ''],
  ['is asked too often', () => new Response('{"error":{"code":"too_many_requests"}}', { status: 429 }), 1013, ''],
  ['is busy, or a proxy before it', () => new Response('<h1>Service Unavailable</h1>', { status: 503 }), 1013, ''],
  ['is behind one that refuses in its own words', () => new Response('{"error":"forbidden"}', { status: 403 }), 1006, 'cut'],
  ['is another one', () => new Response('<h1>Welcome</h1>'), 1006, 'cut'],
  ['is away', () => Promise.reject(new TypeError('Failed to fetch')), 1006, 'cut'],
])('a socket that never opened is told of as the server says that %s', async (_, answer, code, reason) => {
  const ask = vi.fn(async (_url: URL, _init: RequestInit) => answer());
  vi.stubGlobal('fetch', ask);
  const { socket, events } = connected('a.b-c');
  expect(socket.protocols).toEqual(['handstream.v1', 'handstream.bearer.a.b-c']);
  await socket.onclose?.({ code: 1006, reason: 'cut' });
  expect(events.onClose.mock.calls).toEqual([[code, reason]]);
  expect(ask.mock.calls[0]?.[0].href).toBe('https://hands.example/access');
});

test('a socket that was open ends as it was closed, and nobody is asked', async () => {
  const ask = vi.fn();
  vi.stubGlobal('fetch', ask);
  const { socket, events } = connected();
  socket.onopen?.();
  await socket.onclose?.({ code: 4001, reason: 'reader_timeout' });
  expect(events.onClose).toHaveBeenCalledWith(4001, 'reader_timeout');
  expect(ask).not.toHaveBeenCalled();
});

test('closing ends the question that is asked, and tells nothing', async () => {
  let signal: AbortSignal | null | undefined;
  vi.stubGlobal('fetch', (_: URL, init: RequestInit) => {
    signal = init.signal;
    return new Promise((_resolve, reject) => signal?.addEventListener('abort', () => reject(signal?.reason)));
  });
  const { transport, socket, events } = connected();
  const closed = socket.onclose?.({ code: 1006, reason: '' });
  transport.close();
  await closed;
  expect(signal?.aborted).toBe(true);
  expect(events.onClose).not.toHaveBeenCalled();
});

test('a token that no browser can send is missed like one that is not there', () => {
  expect(() => connected('abc)')).toThrow(new ClientError('token_needed', 'token_invalid'));
});

test('the page connects to the server that it is from', () => {
  expect(videoSocketUrl({ protocol: 'https:', host: 'hands.example:8443' })).toBe('wss://hands.example:8443/ws/video');
});
