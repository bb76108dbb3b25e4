import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { type Capture, openCapture } from './capture.ts';
import { ClientError } from './errors.ts';
import { type FrameSource, openSource, type SourceOptions, whenCameraIsBack } from './sources.ts';
import { VideoStreamingClient } from './streaming-client.ts';
import type { TransportEvents } from './transport.ts';

vi.mock('./capture.ts', () => ({ openCapture: vi.fn() }));
vi.mock('./sources.ts', () => ({ openSource: vi.fn(), whenCameraIsBack: vi.fn() }));

const CAMERA = { kind: 'camera', deviceId: 'abc' } as const;

/** A client whose sources a test opens and takes away. */
function clientWithSources(onConnect: (events: TransportEvents) => void = vi.fn()) {
  const opening: { options: SourceOptions; open: () => Promise<void> }[] = [];
  vi.mocked(openSource).mockImplementation((_, options) => {
    const source = { kind: 'camera', label: 'Camera', track: null, resize: vi.fn(), stop: vi.fn() } as unknown as FrameSource;
    return new Promise((resolve) => {
      const open = async (): Promise<void> => {
        resolve(source);
        await vi.advanceTimersByTimeAsync(0);
      };
      opening.push({ options, open });
    });
  });
  const client = new VideoStreamingClient((events) => {
    onConnect(events);
    return { send: vi.fn(), close: vi.fn() };
  });
  return { client, opening };
}

beforeEach(() => {
  vi.useFakeTimers();
  vi.clearAllMocks();
  vi.mocked(openCapture).mockImplementation(async () => ({ kind: 'element', take: () => new Promise(() => undefined), close: vi.fn() }));
});
afterEach(() => void vi.useRealTimers());

test('a camera that is unplugged is told of, and started again once it is back', async () => {
  const { client, opening } = clientWithSources();
  void client.start(CAMERA);
  await opening[0]?.open();
  opening[0]?.options.onLost(new ClientError('camera_unplugged'));
  expect(client.getState()).toMatchObject({ phase: 'failed', error: { code: 'camera_unplugged' } });
  const [deviceId, onBack] = vi.mocked(whenCameraIsBack).mock.calls[0] ?? [];
  expect(deviceId).toBe('abc');
  onBack?.();
  expect(opening).toHaveLength(2);
  expect(client.getState()).toMatchObject({ phase: 'starting', error: null });
  client.stop();
});

test('a camera that is unplugged when nobody wants it any more is not waited for', () => {
  const { client, opening } = clientWithSources();
  void client.start(CAMERA);
  client.stop();
  opening[0]?.options.onLost(new ClientError('camera_unplugged'));
  expect(whenCameraIsBack).not.toHaveBeenCalled();
  expect(client.getState()).toMatchObject({ phase: 'idle', error: null });
});

test('stopping ends the wait for a camera', async () => {
  const stopWaiting = vi.fn();
  vi.mocked(whenCameraIsBack).mockReturnValue(stopWaiting);
  const { client, opening } = clientWithSources();
  void client.start(CAMERA);
  await opening[0]?.open();
  opening[0]?.options.onLost(new ClientError('camera_unplugged'));
  client.stop();
  expect(stopWaiting).toHaveBeenCalledOnce();
});

test('a stream that has ended leaves its counts and nothing of what was so while it ran', async () => {
  const events: TransportEvents[] = [];
  const { opening, client } = clientWithSources((transportEvents) => events.push(transportEvents));
  const picture = { jpeg: new ArrayBuffer(3), widthPx: 640, heightPx: 480, kept: null, capturedMs: 0, arrivedMs: 0, mediaTimeS: null };
  const take = vi.fn<Capture['take']>().mockResolvedValueOnce({ ...picture, skipped: 3 });
  take.mockReturnValue(new Promise(() => undefined));
  vi.mocked(openCapture).mockResolvedValue({ kind: 'element', take, close: vi.fn() });
  void client.start(CAMERA);
  await opening[0]?.open();
  events[0]?.onOpen();
  await vi.advanceTimersByTimeAsync(1200);
  expect(client.getState()).toMatchObject({ limit: 'path', limitReason: expect.anything(), figures: { framesPerSecond: 0 } });
  client.stop();
  const { phase, limit, limitReason, server, figures } = client.getState();
  expect({ phase, limit, limitReason, server }).toEqual({ phase: 'idle', limit: 'none', limitReason: null, server: null });
  expect(figures).toMatchObject({ framesPerSecond: null, roundTripP50Ms: null, ageP50Ms: null, stagesMs: null, droppedTotal: 3 });
  void client.start(CAMERA);
  expect(client.getState().figures.droppedTotal).toBe(0);
  client.stop();
});

test('a source that cannot be had is told of with what to do', async () => {
  vi.mocked(openSource).mockRejectedValueOnce(new ClientError('no_camera'));
  const client = new VideoStreamingClient(() => ({ send: vi.fn(), close: vi.fn() }));
  await client.start(CAMERA);
  expect(client.getState()).toMatchObject({ phase: 'failed', error: { code: 'no_camera' } });
});
