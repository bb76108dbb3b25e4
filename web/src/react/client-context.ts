/** Which client the components below belong to. */

import { createContext, useContext } from 'react';
import type { VideoStreamingClient } from '../core/streaming-client.ts';

export const ClientContext = createContext<VideoStreamingClient | null>(null);

/** The client; throws where no `ClientContext` is above. */
export function useClient(): VideoStreamingClient {
  const client = useContext(ClientContext);
  if (client === null) throw new Error('This component needs a ClientContext above it.');
  return client;
}
