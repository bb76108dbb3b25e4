/** The page's entry point. */

import { StrictMode } from 'react';
import { createRoot } from 'react-dom/client';
import { VideoStreamingClient } from '../core/streaming-client.ts';
import { takeToken } from '../core/token.ts';
import { videoSocketUrl, webSocketConnect } from '../core/transport.ts';
import { tabStorage } from '../react/browser-storage.ts';
import { ClientContext } from '../react/client-context.ts';
import { App } from './app.tsx';
import './styles/index.css';

declare global {
  /** The page's client, for the browser's console and for tests of the page. */
  var handstream: VideoStreamingClient;
}

const client = new VideoStreamingClient(webSocketConnect(videoSocketUrl(location), takeToken({ location, history, storage: tabStorage })));
globalThis.handstream = client;

// To add a token to the address of an open page loads nothing by itself.
addEventListener('hashchange', () => {
  if (location.hash.startsWith('#token=')) location.reload();
});

const root = document.getElementById('root');
if (root === null) throw new Error('index.html has no element #root.');
createRoot(root).render(
  <StrictMode>
    <ClientContext value={client}>
      <App />
    </ClientContext>
  </StrictMode>,
);
