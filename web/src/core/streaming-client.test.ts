import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { openCapture } from './capture.ts';
import { ClientError } from './errors.ts';
import { type FrameSource, openSource, type SourceOptions, whenCameraIsBack } from './sources.ts';
import { VideoStreamingClient } from './streaming-client.ts';

vi.mock('./capture.ts', () => ({ openCapture: vi.fn() }));
vi.mock('./sources.ts', () => ({ openSource: vi.fn(), whenCameraIsBack: vi.fn() }));

const CAMERA = { kind: 'camera', deviceId: 'abc' } as const;

/** A client whose sources a test opens and takes away. */
function clientWithSources() {
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
  const client = new VideoStreamingClient(() => ({ send: vi.fn(), close: vi.fn() }));
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

test('a source that cannot be had is told of with what to do', async () => {
  vi.mocked(openSource).mockRejectedValueOnce(new ClientError('no_camera'));
  const client = new VideoStreamingClient(() => ({ send: vi.fn(), close: vi.fn() }));
  await client.start(CAMERA);
  expect(client.getState()).toMatchObject({ phase: 'failed', error: { code: 'no_camera' } });
});
