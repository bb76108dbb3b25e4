/** What can stand in a person's way, each with a sentence on what to do. */

export type ClientErrorCode =
  | 'no_camera'
  | 'permission_refused'
  | 'camera_busy'
  | 'camera_unplugged'
  | 'camera_failed'
  | 'insecure_origin'
  | 'server_away'
  | 'server_busy'
  | 'server_failed'
  | 'server_refused'
  | 'token_needed'
  | 'page_not_allowed'
  | 'unsupported_browser'
  | 'video_unplayable'
  | 'demo_missing'
  | 'capture_failed';

const TEXTS: Record<ClientErrorCode, { readonly title: string; readonly advice: string }> = {
  no_camera: {
    title: 'No camera was found',
    advice: 'Plug one in and start again, or play the demo clip: it needs no camera.',
  },
  permission_refused: {
    title: 'The camera is not allowed here',
    advice: 'Allow the camera for this page in the address bar or in the browser’s site settings, then start again.',
  },
  camera_busy: {
    title: 'The camera is in use',
    advice: 'Another program or tab holds it. Close that one, or pick another camera, then start again.',
  },
  camera_unplugged: {
    title: 'The camera was unplugged',
    advice: 'Plug it in again and it goes on by itself, or pick another one and start again.',
  },
  camera_failed: {
    title: 'The camera did not start',
    advice: 'Pick another camera or a lower resolution, then start again.',
  },
  insecure_origin: {
    title: 'The browser keeps the camera from this address',
    advice: 'Cameras work only over https or on localhost. Open the page there, or play the demo clip.',
  },
  server_away: {
    title: 'The server does not answer',
    advice: 'Check that “handstream serve” is running. The page connects again by itself.',
  },
  server_busy: {
    title: 'The server takes no session now',
    advice: 'It answers, but it is full or still starting. The page connects again by itself.',
  },
  server_failed: {
    title: 'The server failed',
    advice: 'Its log says why. The page connects again by itself.',
  },
  server_refused: {
    title: 'The server refused the session',
    advice: 'The page and the server may be of different versions. Reload the page.',
  },
  token_needed: {
    title: 'The server asks for a token',
    advice: 'Open the page with the whole address that you were given, up to the end of “#token=…”.',
  },
  page_not_allowed: {
    title: 'The server takes no pages from here',
    advice: 'Open the page at the server’s own address, or start the server with --allow-origins and this one.',
  },
  unsupported_browser: {
    title: 'This browser lacks what is needed',
    advice: 'Use a current Chrome, Edge, Firefox or Safari.',
  },
  video_unplayable: {
    title: 'This video cannot be played here',
    advice: 'The browser does not know its format. Try an MP4 (H.264) or WebM file.',
  },
  demo_missing: {
    title: 'The demo clip could not be loaded',
    advice: 'Check that the server is running, or drop a video of your own on the page.',
  },
  capture_failed: {
    title: 'The pictures could not be captured',
    advice: 'Reload the page. If it happens again, pick another source.',
  },
};

/** An error for a person to read: `message` says what is wrong, `advice` what to do. */
export class ClientError extends Error {
  override readonly name = 'ClientError';
  readonly code: ClientErrorCode;
  readonly advice: string;

  /** @param detail - what the browser or the server said, for the curious. */
  constructor(code: ClientErrorCode, detail?: string, options?: ErrorOptions) {
    super(TEXTS[code].title, options);
    this.code = code;
    this.advice = detail === undefined ? TEXTS[code].advice : `${TEXTS[code].advice} (${detail})`;
  }
}

/** The close code of a server that is full or not ready: the same client may come again later (`docs/protocol.md`). */
export const TRY_AGAIN_LATER = 1013;

/** The close code of a server that could not go on with this session (RFC 6455, 7.4.1). */
const INTERNAL_ERROR = 1011;

/** What a connection that was lost with that close code is understood as. */
export function lossError(closeCode: number): ClientError {
  if (closeCode === TRY_AGAIN_LATER) return new ClientError('server_busy');
  return new ClientError(closeCode === INTERNAL_ERROR ? 'server_failed' : 'server_away');
}

/** What a server that refuses this client is understood as, by the reason that it gave. */
export function refusalError(reason: string): ClientError {
  if (reason.startsWith('token_')) return new ClientError('token_needed', reason);
  if (reason === 'origin_not_allowed') return new ClientError('page_not_allowed');
  return new ClientError('server_refused', reason);
}
