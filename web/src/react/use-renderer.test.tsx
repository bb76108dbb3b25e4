// @vitest-environment happy-dom

import { act, type ReactNode, useRef } from 'react';
import { createRoot } from 'react-dom/client';
import { afterEach, expect, test, vi } from 'vitest';
import { type ClientState, INITIAL_STATE } from '../core/client-state.ts';
import { Store } from '../core/store.ts';
import type { FrameListener } from '../core/stream.ts';
import type { VideoStreamingClient } from '../core/streaming-client.ts';
import { ClientContext } from './client-context.ts';
import { useRenderer } from './use-renderer.ts';

const FRAME = { picture: {} as ImageBitmap, widthPx: 640, heightPx: 480, hands: [], capturedMs: 0, mediaTimeS: null, result: null };

function Picture(): ReactNode {
  const canvas = useRef<HTMLCanvasElement>(null);
  useRenderer(canvas, false);
  return <canvas ref={canvas} />;
}

afterEach(() => void vi.restoreAllMocks());

test('frames are drawn as they come, and the last of a stream is gone when another begins', async () => {
  vi.stubGlobal('IS_REACT_ACT_ENVIRONMENT', true);
  const context = { setTransform: vi.fn(), drawImage: vi.fn() } as unknown as CanvasRenderingContext2D;
  vi.spyOn(HTMLCanvasElement.prototype, 'getContext').mockReturnValue(context);
  const store = new Store<ClientState>(INITIAL_STATE);
  const listeners = new Set<FrameListener>();
  const onFrame = (listener: FrameListener) => listeners.add(listener) && (() => listeners.delete(listener));
  const client = { subscribe: store.subscribe, getState: store.get, onFrame } as unknown as VideoStreamingClient;
  const place = document.createElement('div');
  const root = createRoot(place);
  await act(() => root.render(<ClientContext value={client}>{<Picture />}</ClientContext>));
  const canvas = place.querySelector('canvas');
  for (const listener of listeners) listener(FRAME);
  expect(canvas?.width).toBe(640);
  store.set({ phase: 'reconnecting' });
  expect(canvas?.width, 'it stays in view while the server is away').toBe(640);
  store.set({ phase: 'starting' });
  expect(canvas?.width).toBe(0);
  await act(() => root.unmount());
  expect(listeners.size).toBe(0);
});
