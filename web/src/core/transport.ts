/** A connection to `/ws/video` that speaks `handstream.v1`: a thin skin over the browser's WebSocket. */

import { ClientError, TRY_AGAIN_LATER } from './errors.ts';
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

/**
 * Begins to connect.
 *
 * @param isResuming - whether the hello will name a session to resume: the server then lets it in though it is full.
 * @throws ClientError `token_needed` if the token is one that cannot be shown to any server.
 */
export type Connect = (events: TransportEvents, isResuming: boolean) => Transport;

/** The close code that a refusal before the upgrade is reported as, where the same client would only be refused again. */
const REFUSED = 1008;

/** It would let this client in (204), had too much to do with it (429), or with all (503): that passes. */
const PASSING: ReadonlySet<number> = new Set([204, 429, 503]);

/** What a subprotocol may consist of (RFC 6455, 4.1, with RFC 2616, 2.2). */
const SENDABLE = /^[\w!#$%&'*+.^`|~-]*$/;

/**
 * How to connect to that address. Anything that is not a result or control message is the session's to judge.
 *
 * @param token - what the server asks for, if it does. A page can set no header, so it is offered as a subprotocol.
 */
export function webSocketConnect(url: string | URL, token: string | null = null): Connect {
  return (events, isResuming) => {
    if (token !== null && !SENDABLE.test(token)) throw new ClientError('token_needed', 'token_invalid');
    const address = new URL(url);
    if (isResuming) address.searchParams.set('resume', 'true');
    const socket = new WebSocket(address, token === null ? SUBPROTOCOL : [SUBPROTOCOL, `handstream.bearer.${token}`]);
    const closing = new AbortController();
    let wasOpen = false;
    socket.binaryType = 'arraybuffer';
    socket.onopen = () => {
      wasOpen = true;
      events.onOpen();
    };
    socket.onclose = async ({ code, reason }) => {
      const refusal = wasOpen ? null : await refusalOf(address, token, closing.signal);
      if (closing.signal.aborted) return;
      if (refusal === null) events.onClose(code, reason);
      else events.onClose(refusal.code, refusal.reason);
    };
    socket.onmessage = ({ data }: MessageEvent<string | ArrayBuffer>) => {
      if (typeof data === 'string') events.onText(data);
      else events.onBinary(data);
    };
    return {
      send: (message) => {
        if (socket.readyState === WebSocket.OPEN) socket.send(message);
      },
      close: () => {
        closing.abort();
        socket.onopen = socket.onmessage = socket.onclose = null;
        socket.close(1000);
      },
    };
  };
}

/** As a connection that is open would be closed. */
interface Refusal {
  readonly code: number;
  readonly reason: string;
}

/** How the server refuses this client; null if it does not answer. A browser does not tell why a WebSocket was refused. */
async function refusalOf(socketUrl: URL, token: string | null, signal: AbortSignal): Promise<Refusal | null> {
  const url = new URL('/access', socketUrl);
  url.protocol = url.protocol.replace('ws', 'http');
  try {
    const answer = await fetch(url, { headers: token === null ? {} : { Authorization: `Bearer ${token}` }, cache: 'no-store', signal });
    if (PASSING.has(answer.status)) return { code: TRY_AGAIN_LATER, reason: '' };
    if (answer.status !== 401 && answer.status !== 403) return null;
    const { error } = (await answer.json()) as { readonly error: { readonly code: unknown } };
    return typeof error.code === 'string' ? { code: REFUSED, reason: error.code } : null;
  } catch {
    return null; // The server is away, or it is another one: that is for the next attempt to find out.
  }
}

/** The address of the video socket of the server that served the page. */
export function videoSocketUrl(page: { readonly protocol: string; readonly host: string }): string {
  return `${page.protocol === 'https:' ? 'wss:' : 'ws:'}//${page.host}/ws/video`;
}
