/** A connection to `/ws/video` that speaks `handstream.v1`: a thin skin over the browser's WebSocket. */

import { SUBPROTOCOL } from './wire.ts';

export interface TransportEvents {
  onOpen(): void;
  onText(text: string): void;
  onBinary(message: ArrayBuffer): void;
  /** Once, whether the connection was ever open or not. Not called after `close()`. */
  onClose(code: number, reason: string): void;
}

export interface Transport {
  /** Hands a message to the socket; never blocks. */
  send(message: string | Uint8Array<ArrayBuffer>): void;
  close(): void;
}

/** @param isResuming - whether the hello will name a session to resume: the server then lets it in though it is full. */
export type Connect = (events: TransportEvents, isResuming: boolean) => Transport;

/** How to connect to that address. Anything that is not a result or control message is the session's to judge. */
export function webSocketConnect(url: string | URL): Connect {
  return (events, isResuming) => {
    const address = new URL(url);
    if (isResuming) address.searchParams.set('resume', 'true');
    const socket = new WebSocket(address, SUBPROTOCOL);
    socket.binaryType = 'arraybuffer';
    socket.onopen = () => events.onOpen();
    socket.onclose = ({ code, reason }) => events.onClose(code, reason);
    socket.onmessage = ({ data }: MessageEvent<string | ArrayBuffer>) => {
      if (typeof data === 'string') events.onText(data);
      else events.onBinary(data);
    };
    return {
      send: (message) => {
        if (socket.readyState === WebSocket.OPEN) socket.send(message);
      },
      close: () => {
        socket.onopen = socket.onmessage = socket.onclose = null;
        socket.close(1000);
      },
    };
  };
}

/** The address of the video socket of the server that served the page. */
export function videoSocketUrl(page: { readonly protocol: string; readonly host: string }): string {
  return `${page.protocol === 'https:' ? 'wss:' : 'ws:'}//${page.host}/ws/video`;
}
