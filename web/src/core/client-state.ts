/** What a view knows of the client: a summary that changes a few times a second. */

import type { ClientError } from './errors.ts';
import { type Figures, NO_FIGURES } from './figures.ts';
import type { Limit } from './rate.ts';
import type { FrameSource } from './sources.ts';
import type { Handedness } from './wire.ts';

/**
 * - `idle`: nothing runs;
 * - `starting`: the source is being opened, or the first connection made;
 * - `running`: frames are answered;
 * - `reconnecting`: the server is away (`error` says so), and the next attempt follows by itself;
 * - `failed`: stopped, and `error` says why.
 */
export type Phase = 'idle' | 'starting' | 'running' | 'reconnecting' | 'failed';

/** Whether a stream runs or tries to. */
export function isActive(phase: Phase): boolean {
  return phase !== 'idle' && phase !== 'failed';
}

export interface ClientState {
  readonly phase: Phase;
  readonly error: ClientError | null;
  readonly figures: Figures;
  /** MediaPipe's labels of the hands in the newest answer. */
  readonly hands: readonly Handedness[];
  readonly source: Pick<FrameSource, 'kind' | 'label'> | null;
  /** What limits the stream, and in a sentence for a person how. */
  readonly limit: Limit;
  readonly limitReason: string | null;
  /** Shortly after the server came back: whether it still had the session, so that settings and hands went on. */
  readonly comeback: 'same_session' | 'new_session' | null;
  /** The server's name and engine, once it has said them. */
  readonly server: { readonly name: string; readonly engine: string } | null;
  /** What one side could not use of what the other sent, in a sentence, until the server has taken other settings. */
  readonly notice: string | null;
  /** The most hands that this server finds. */
  readonly maxHands: number;
}

export const INITIAL_STATE: ClientState = {
  phase: 'idle',
  error: null,
  figures: NO_FIGURES,
  hands: [],
  source: null,
  limit: 'none',
  limitReason: null,
  comeback: null,
  server: null,
  notice: null,
  maxHands: 4,
};
