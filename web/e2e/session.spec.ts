import { readFileSync } from 'node:fs';
import { expect, test } from '@playwright/test';
import { Session, type SessionEvent } from '../src/core/session.ts';
import { type Transport, webSocketConnect } from '../src/core/transport.ts';
import { SYNTHETIC_CAMERA } from './cameras.ts';

/** The first pictures of the camera file, which is JPEGs one after the other. */
function pictures(count: number): Uint8Array[] {
  const file = readFileSync(SYNTHETIC_CAMERA).subarray(0, 4_000_000);
  const starts: number[] = [];
  for (let at = file.indexOf('ffd8ff', 0, 'hex'); at >= 0 && starts.length <= count; at = file.indexOf('ffd8ff', at + 3, 'hex'))
    starts.push(at);
  return starts.slice(0, -1).map((start, index) => file.subarray(start, starts[index + 1]));
}

/** A conversation in Node with the server under test. */
class Conversation {
  readonly session = new Session({ throttleMs: 0 });
  readonly events: SessionEvent[] = [];
  closeCode: number | null = null;
  isOpen = false;
  readonly transport: Transport = webSocketConnect(`${(process.env['HANDSTREAM_URL'] ?? '').replace('http', 'ws')}/ws/video`)(
    {
      onOpen: () => (this.isOpen = true),
      onText: (text) => void this.events.push(...this.session.receiveText(text, performance.now())),
      onBinary: (message) => {
        this.events.push(...this.session.receiveBinary(message, performance.now()));
        const ack = this.session.takeAck();
        if (ack !== null) this.transport.send(ack);
      },
      onClose: (code) => (this.closeCode = code),
    },
    false,
  );

  static async opened(): Promise<Conversation> {
    const conversation = new Conversation();
    await expect.poll(() => conversation.isOpen).toBe(true);
    return conversation;
  }

  sendPicture(picture: Uint8Array): void {
    const nowMs = performance.now();
    const { message } = this.session.packFrame(picture, BigInt(Math.round(nowMs * 1e6)), nowMs, nowMs);
    this.transport.send(message);
  }

  of<Type extends SessionEvent['type']>(type: Type): Extract<SessionEvent, { type: Type }>[] {
    return this.events.filter((event): event is Extract<SessionEvent, { type: Type }> => event.type === type);
  }
}

test('the core speaks with the real server from Node: hello, frames, settings, errors', async () => {
  const conversation = await Conversation.opened();
  const { session, transport } = conversation;
  transport.send(session.hello('e2e/1', { output: 'landmarks', max_hands: 1 }));
  await expect.poll(() => conversation.of('welcome')[0]?.welcome.settings).toMatchObject({ output: 'landmarks', max_hands: 1 });

  for (const [index, picture] of pictures(10).entries()) {
    conversation.sendPicture(picture);
    await expect.poll(() => conversation.of('result').length).toBe(index + 1);
  }
  const last = conversation.of('result').at(-1)?.result;
  expect(last).toMatchObject({ frameId: 9, widthPx: 640, heightPx: 480, image: null });
  expect(last?.hands).toHaveLength(1);
  expect(last?.hands[0]?.landmarks).toHaveLength(63);
  expect(last?.stagesUs.track).toBeGreaterThan(0);

  transport.send(session.changeSettings({ output: 'both', jpeg_quality: 30 }));
  await expect.poll(() => conversation.of('settings')[0]?.settings).toMatchObject({ output: 'both', jpeg_quality: 30 });
  transport.send(session.changeSettings({ max_hands: 99 }));
  await expect.poll(() => conversation.of('error')[0]?.code).toBe('bad_settings');
  conversation.sendPicture(new TextEncoder().encode('not an image'));
  await expect.poll(() => conversation.of('refused')[0]?.code).toBe('not_an_image');
  conversation.sendPicture(pictures(1)[0] ?? new Uint8Array());
  await expect.poll(() => conversation.of('result').at(-1)?.result.image?.subarray(0, 2)).toEqual(Uint8Array.of(0xff, 0xd8));
  transport.close();
});

test('a burst is answered or dropped, every frame of it, and in order', async () => {
  const conversation = await Conversation.opened();
  conversation.transport.send(conversation.session.hello('e2e/1', { output: 'landmarks' }));
  const burst = pictures(40);
  for (const picture of burst) conversation.sendPicture(picture);
  await expect.poll(() => conversation.session.flow.statistics().inFlight).toBe(0);
  const { sent, answered, refused, dropped } = conversation.session.flow.statistics();
  expect({ sent, refused, lost: dropped.network_up }).toEqual({ sent: burst.length, refused: 0, lost: 0 });
  expect(answered + dropped.queue + dropped.send).toBe(burst.length);
  expect(dropped.queue).toBeGreaterThan(0);
  const order = conversation.of('result').map(({ result }) => result.frameId);
  expect(order).toEqual(order.toSorted((a, b) => a - b));
  expect(order.at(-1)).toBe(burst.length - 1);
  conversation.transport.close();
});

test('a server that gets no hello first says so and closes', async () => {
  const conversation = await Conversation.opened();
  conversation.sendPicture(pictures(1)[0] ?? new Uint8Array());
  await expect.poll(() => conversation.closeCode).toBe(1002);
  const said = [...conversation.of('error'), ...conversation.of('refused')].map(({ code }) => code);
  expect(said).toEqual(['hello_expected']);
});
