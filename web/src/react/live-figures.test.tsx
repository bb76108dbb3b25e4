// @vitest-environment happy-dom

import { act } from 'react';
import { createRoot } from 'react-dom/client';
import { beforeAll, expect, test, vi } from 'vitest';
import { type ClientState, INITIAL_STATE } from '../core/client-state.ts';
import { NO_FIGURES } from '../core/figures.ts';
import { Store } from '../core/store.ts';
import type { VideoStreamingClient } from '../core/streaming-client.ts';
import { ClientContext } from './client-context.ts';
import { LiveFigures } from './live-figures.tsx';
import { useClientState } from './use-client-state.ts';

beforeAll(() => vi.stubGlobal('IS_REACT_ACT_ENVIRONMENT', true));

/** What hooks need of a client. */
function fakeClient(): { store: Store<ClientState>; client: VideoStreamingClient } {
  const store = new Store(INITIAL_STATE);
  return { store, client: { subscribe: store.subscribe, getState: store.get } as unknown as VideoStreamingClient };
}

async function rendered(client: VideoStreamingClient, content: React.ReactNode): Promise<HTMLElement> {
  const root = document.createElement('div');
  await act(() => createRoot(root).render(<ClientContext value={client}>{content}</ClientContext>));
  return root;
}

function Phase({ onRender }: { readonly onRender: (phase: string) => void }): React.ReactNode {
  onRender(useClientState((state) => state.phase));
  return null;
}

test('figures follow the store, each with its unit', async () => {
  const { store, client } = fakeClient();
  const root = await rendered(client, <LiveFigures />);
  expect(root.textContent).toContain('Round trip p50– ms');
  const figures = {
    ...NO_FIGURES,
    framesPerSecond: 29.97,
    roundTripP50Ms: 12.4,
    bytesUp: 20_400,
    bytesDown: 350,
    droppedTotal: 2,
    refused: 1,
  };
  await act(() => store.set({ figures }));
  for (const text of ['Frames30.0 /s', 'Round trip p5012 ms', 'Frame up20 kB', 'Answer down0.3 kB', 'Dropped3']) {
    expect(root.textContent).toContain(text);
  }
});

test('a component renders again only when the part changes that it looks at', async () => {
  const { store, client } = fakeClient();
  const onRender = vi.fn();
  await rendered(client, <Phase onRender={onRender} />);
  const before = onRender.mock.calls.length;
  await act(() => store.set({ figures: { ...NO_FIGURES, framesPerSecond: 1 } }));
  expect(onRender.mock.calls.length).toBe(before);
  await act(() => store.set({ phase: 'running' }));
  expect(onRender).toHaveBeenLastCalledWith('running');
});
