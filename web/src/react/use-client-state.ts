/** A part of the client's summary; the component renders again only when that part changes. */

import { useSyncExternalStore } from 'react';
import type { ClientState } from '../core/client-state.ts';
import { useClient } from './client-context.ts';

/** @param select - picks a part; it must give the same object as long as nothing changes. */
export function useClientState<Part>(select: (state: ClientState) => Part): Part {
  const client = useClient();
  return useSyncExternalStore(client.subscribe, () => select(client.getState()));
}
