/** The control messages of `handstream.v1`: JSON texts with a `type` (`docs/protocol.md`, "Control messages"). */

import { WireError } from './wire.ts';

/** What results carry. */
export type Output = 'annotated' | 'landmarks' | 'both';

/** A session's settings as they travel; `docs/protocol.md`, "Settings", has ranges and defaults. */
export interface SessionSettings {
  readonly output: Output;
  readonly jpeg_quality: number;
  readonly max_hands: number;
  readonly model_complexity: number;
  readonly min_detection_confidence: number;
  readonly min_tracking_confidence: number;
  readonly world_landmarks: boolean;
}

export interface Limits {
  readonly max_message_bytes: number;
  readonly max_frame_pixels: number;
  readonly max_hands: number;
}

/** What a client can do beyond the minimum (`docs/protocol.md`, "Opening"). */
export type Feature = 'ack';

export interface Welcome {
  readonly type: 'welcome';
  readonly server: string;
  readonly session_id: string;
  readonly engine: string;
  readonly features: readonly Feature[];
  readonly resumed: boolean;
  readonly reason?: string;
  readonly resume_token: string;
  readonly resume_within_s: number;
  readonly last_frame_id: number | null;
  readonly settings: SessionSettings;
  readonly limits: Limits;
}

export interface SettingsMessage {
  readonly type: 'settings';
  readonly settings: SessionSettings;
}

export interface Dropped {
  readonly type: 'dropped';
  readonly frame_id: number;
  readonly stage: 'queue' | 'send';
}

export interface Advice {
  readonly type: 'advice';
  readonly max_frames_per_second: number | null;
  readonly next_frame_in_ms?: number;
  readonly reason: string;
}

export interface Pong {
  readonly type: 'pong';
  readonly id: number;
  /** When the probe was there, on the server's clock. */
  readonly time_ns: number;
}

export interface ServerError {
  readonly type: 'error';
  readonly error: { readonly code: string; readonly message: string; readonly frame_id?: number };
}

export type ServerMessage = Welcome | SettingsMessage | Dropped | Advice | Pong | ServerError;

export interface HelloOptions {
  readonly features?: readonly Feature[];
  /** The `resume_token` of the session that is to be resumed. */
  readonly resume?: string;
}

export function packHello(client: string, settings: Partial<SessionSettings>, { features, resume }: HelloOptions = {}): string {
  return JSON.stringify({ type: 'hello', client, settings, features, resume });
}

export function packAck(frameId: number): string {
  return JSON.stringify({ type: 'ack', frame_id: frameId });
}

export function packPing(id: number): string {
  return JSON.stringify({ type: 'ping', id });
}

export function packSettings(settings: Partial<SessionSettings>): string {
  return JSON.stringify({ type: 'settings', settings });
}

/**
 * What a control message of the server says, or null for a type that this client does not know (which it skips).
 *
 * @throws WireError `bad_json` if it is not a JSON object with a `type`, or lacks a field that its type has.
 */
export function parseControl(text: string): ServerMessage | null {
  const message = parseObject(text);
  switch (message['type']) {
    case 'welcome':
      requireFields(message, { server: 'string', session_id: 'string', engine: 'string', settings: 'object', limits: 'object' });
      requireFields(message, { features: 'object', resumed: 'boolean', resume_token: 'string', resume_within_s: 'number' });
      return message as unknown as Welcome;
    case 'settings':
      requireFields(message, { settings: 'object' });
      return message as unknown as SettingsMessage;
    case 'dropped':
      requireFields(message, { frame_id: 'number' });
      if (message['stage'] !== 'queue' && message['stage'] !== 'send') {
        throw new WireError('bad_json', `A frame is dropped at "queue" or "send", not at ${JSON.stringify(message['stage'])}.`);
      }
      return message as unknown as Dropped;
    case 'advice':
      if (message['max_frames_per_second'] !== null) requireFields(message, { max_frames_per_second: 'number' });
      if (message['next_frame_in_ms'] !== undefined) requireFields(message, { next_frame_in_ms: 'number' });
      return message as unknown as Advice;
    case 'pong':
      requireFields(message, { id: 'number', time_ns: 'number' });
      return message as unknown as Pong;
    case 'error':
      requireFields(message, { error: 'object' });
      requireFields(message['error'] as Record<string, unknown>, { code: 'string', message: 'string' });
      return message as unknown as ServerError;
    default:
      return null;
  }
}

function parseObject(text: string): Record<string, unknown> {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw new WireError('bad_json', 'A text message of the server is not JSON.');
  }
  const isObject = typeof value === 'object' && value !== null && !Array.isArray(value);
  if (!isObject || typeof (value as Record<string, unknown>)['type'] !== 'string') {
    throw new WireError('bad_json', 'A text message of the server is not an object with a type.');
  }
  return value as Record<string, unknown>;
}

/** Each field must be of its type, and a number be finite and 0 or more: JSON can say 1e999, which is read as Infinity. */
function requireFields(message: Record<string, unknown>, types: Record<string, string>): void {
  for (const [field, type] of Object.entries(types)) {
    const value = message[field];
    const isUsable = typeof value === type && value !== null && (typeof value !== 'number' || (Number.isFinite(value) && value >= 0));
    if (!isUsable) throw new WireError('bad_json', `A message of the server has no usable field ${field}.`);
  }
}
