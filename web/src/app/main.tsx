/** The page's entry point. */

import { StrictMode } from 'react';
import { createRoot } from 'react-dom/client';
import { VideoStreamingClient } from '../core/streaming-client.ts';
import { videoSocketUrl, webSocketConnect } from '../core/transport.ts';
import { ClientContext } from '../react/client-context.ts';
import { App } from './app.tsx';
import './styles/index.css';

const client = new VideoStreamingClient(webSocketConnect(videoSocketUrl(location)));
const root = document.getElementById('root');
if (root === null) throw new Error('index.html has no element #root.');
createRoot(root).render(
  <StrictMode>
    <ClientContext value={client}>
      <App />
    </ClientContext>
  </StrictMode>,
);
