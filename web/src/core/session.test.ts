import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { lostFrames, Session, type SessionEvent } from './session.ts';
import { bytesOf, readVectors } from './vectors.ts';

const WELCOME = textOf('welcome');
const IMAGE = bytesOf('ffd8ffd9');

function textOf(name: string): string {
  const vector = readVectors<{ name: string; text: string }[]>('server_messages').find((candidate) => candidate.name === name);
  if (vector === undefined) throw new Error(`no vector ${name}`);
  return vector.text;
}

/** A result without hands for that frame. */
function resultFor(frameId: number): ArrayBuffer {
  const [golden] = readVectors<{ hex: string }[]>('results');
  const message = bytesOf(golden?.hex ?? '').buffer;
  new DataView(message).setUint32(6, frameId);
  return message;
}

const dropped = (frameId: number, stage = 'queue'): string => JSON.stringify({ type: 'dropped', frame_id: frameId, stage });
const typesOf = (events: readonly SessionEvent[]): string[] => events.map((event) => event.type);

function started(frames = 0): Session {
  const session = new Session({ throttleMs: 0 });
  for (let index = 0; index < frames; index += 1) session.packFrame(IMAGE, 0n, index, index);
  return session;
}

test('opens with hello and welcome', () => {
  const session = new Session();
  expect(JSON.parse(session.hello('test/1', { output: 'both' }))).toEqual({
    type: 'hello',
    client: 'test/1',
    settings: { output: 'both' },
    features: ['ack'],
  });
  expect(session.isOpen).toBe(false);
  expect(typesOf(session.receiveText(WELCOME, 1))).toEqual(['welcome']);
  expect(session.isOpen).toBe(true);
});

test('numbers its frames from 0', () => {
  const session = started();
  expect([session.packFrame(IMAGE, 5n, 0, 0).frameId, session.packFrame(IMAGE, 6n, 1, 1).frameId]).toEqual([0, 1]);
});

describe('each frame ends in one event', () => {
  test.each([
    { name: 'result', receive: (session: Session) => session.receiveBinary(resultFor(1), 50), type: 'result' },
    { name: 'dropped', receive: (session: Session) => session.receiveText(dropped(1, 'send'), 50), type: 'dropped' },
    {
      name: 'refused',
      receive: (session: Session) =>
        session.receiveText(JSON.stringify({ type: 'error', error: { code: 'not_an_image', message: 'no', frame_id: 1 } }), 50),
      type: 'refused',
    },
  ])('$name', ({ receive, type }) => {
    const session = started(3);
    const [event] = receive(session);
    expect(event).toMatchObject({ type, frame: { frameId: 1, sentMs: 1 } });
    expect(receive(session)).toEqual([]);
    expect(session.close().map(({ frameId }) => frameId)).toEqual([0, 2]);
  });

  test('given up when overdue', () => {
    const session = started(2);
    expect(session.expire(3000)).toMatchObject([{ type: 'dropped', stage: 'network_up', frame: { frameId: 0 } }]);
  });
});

test('knows whether the server has been silent since frames were sent', () => {
  const session = started(2);
  expect([session.isSilent(4999), session.isSilent(5000)]).toEqual([false, true]);
  session.receiveText(textOf('a type that a client does not know: it skips it'), 5001);
  expect(session.isSilent(60_000), 'nothing was sent since').toBe(false);
});

test('passes on what the server advises, and the echo of a probe', () => {
  const session = started();
  expect(JSON.parse(session.ping(7, 0))).toEqual({ type: 'ping', id: 7 });
  expect(session.receiveText('{"type":"pong","id":7,"time_ns":5}', 1)).toEqual([{ type: 'pong', id: 7 }]);
  const advice = '{"type":"advice","max_frames_per_second":12.5,"reason":"server_busy"}';
  expect(session.receiveText(advice, 2)).toEqual([{ type: 'advice', maxFramesPerSecond: 12.5, nextFrameInMs: null }]);
  const begin = '{"type":"advice","max_frames_per_second":12.5,"next_frame_in_ms":61.8,"reason":"server_busy"}';
  expect(session.receiveText(begin, 3)).toEqual([{ type: 'advice', maxFramesPerSecond: 12.5, nextFrameInMs: 61.8 }]);
});

test('each way through the network is told by itself, and better once a probe has come back', () => {
  // The server's clock leads by 1 s. Each frame takes 70 ms up, 20 ms of work and 10 ms down, a probe 5 ms each way.
  const session = started();
  const exchange = (frameId: number, nowMs: number): Extract<SessionEvent, { type: 'result' }> => {
    session.packFrame(IMAGE, 0n, nowMs, nowMs);
    const message = resultFor(frameId);
    new DataView(message).setBigUint64(28, BigInt(1e9 + (nowMs + 70) * 1e6));
    new DataView(message).setBigUint64(36, BigInt(1e9 + (nowMs + 90) * 1e6));
    const [event] = session.receiveBinary(message, nowMs + 100);
    if (event?.type !== 'result') throw new Error('there was no result');
    return event;
  };
  expect(exchange(0, 0)).toMatchObject({ upNs: 40e6, upErrorNs: 40e6 });
  session.ping(1, 200);
  session.receiveText(JSON.stringify({ type: 'pong', id: 1, time_ns: 1e9 + 205e6 }), 210);
  const { upNs, upErrorNs } = exchange(1, 300);
  expect(upErrorNs).toBeLessThan(7e6);
  expect(Math.abs(upNs - 70e6)).toBeLessThanOrEqual(upErrorNs);
});

test.each([
  ['a text that is no JSON', (session: Session) => session.receiveText('{', 0), 'not_understood', 'bad_json'],
  [
    'a binary message that is no result',
    (session: Session) => session.receiveBinary(new ArrayBuffer(4), 0),
    'not_understood',
    'header_too_short',
  ],
  ['an error about no frame', (session: Session) => session.receiveText(textOf('an error about a message'), 0), 'error', 'bad_json'],
])('%s is an event, and the conversation goes on', (_, receive, type, code) => {
  const session = started(1);
  expect(receive(session)).toMatchObject([{ type, code }]);
  expect(typesOf(session.receiveBinary(resultFor(0), 1))).toEqual(['result']);
});

test.each([
  ['which frame came last is not known', null, ['network_up', 'network_up', 'network_up']],
  ['one of them came last', 1, ['network_up', 'network_down', 'network_up']],
  ['all had come', 2 ** 31, ['network_down', 'network_down', 'network_down']],
])('frames of a lost connection were lost on the way back if the server had them: %s', (_, lastReceivedId, stages) => {
  const frames = started(3).close();
  const wrapped = frames.map((frame, index) => ({
    ...frame,
    frameId: lastReceivedId === 2 ** 31 ? 2 ** 31 - index : ([3, 0, 2][index] ?? 0),
  }));
  expect(lostFrames(wrapped, lastReceivedId).map(({ stage }) => stage)).toEqual(stages);
});

test('whatever order answers come in, every frame is named exactly once', () => {
  const answer = fc.record({ frameId: fc.integer({ min: 0, max: 12 }), kind: fc.constantFrom('result', 'dropped') });
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 10 }), fc.array(answer, { maxLength: 40 }), (count, answers) => {
      const session = started(count);
      const events = answers.flatMap(({ frameId, kind }) =>
        kind === 'result' ? session.receiveBinary(resultFor(frameId), 20) : session.receiveText(dropped(frameId), 20),
      );
      const ofEvents = events.map((event) => ('frame' in event ? event.frame.frameId : -1));
      const named = [...ofEvents, ...session.close().map(({ frameId }) => frameId)];
      expect(named.sort((a, b) => a - b)).toEqual(Array.from({ length: count }, (_, index) => index));
    }),
  );
});

test('acknowledges each result once, where the server can take it', () => {
  const session = started(2);
  session.receiveText(textOf('welcome back'), 5);
  expect(session.takeAck()).toBeNull();
  session.receiveBinary(resultFor(0), 10);
  session.receiveBinary(resultFor(0), 11);
  expect(JSON.parse(session.takeAck() ?? '')).toEqual({ type: 'ack', frame_id: 0 });
  expect(session.takeAck()).toBeNull();
  const without = started(1);
  without.receiveText(WELCOME, 5);
  without.receiveBinary(resultFor(0), 10);
  expect(without.takeAck()).toBeNull();
});

test('can be taken up again with the token of its welcome, and its frame ids go on', () => {
  const session = started(3);
  expect(session.resumption, 'before the welcome').toEqual({ token: null, nextFrameId: 3 });
  session.receiveText(WELCOME, 5);
  const { resumption } = session;
  expect(resumption.nextFrameId).toBe(3);
  const next = new Session(undefined, resumption);
  expect(JSON.parse(next.hello('test/1', {}))).toMatchObject({ resume: resumption.token });
  expect(next.packFrame(IMAGE, 0n, 0, 0).frameId).toBe(3);
  expect(next.resumption, 'until it has been welcomed').toEqual({ token: resumption.token, nextFrameId: 4 });
});
