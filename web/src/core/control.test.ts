import { expect, test } from 'vitest';
import { type Feature, packAck, packHello, packPing, packSettings, parseControl, type SessionSettings } from './control.ts';
import { readVectors } from './vectors.ts';

interface ClientFields {
  readonly type: string;
  readonly client?: string;
  readonly settings?: Partial<SessionSettings>;
  readonly features?: readonly Feature[];
  readonly resume?: string;
  readonly frame_id?: number;
  readonly id?: number;
}

interface ClientVector {
  readonly name: string;
  readonly text: string;
  readonly fields?: ClientFields;
  readonly read_only?: boolean;
}

interface ServerVector {
  readonly name: string;
  readonly text: string;
  readonly fields?: object | null;
  readonly error?: string;
}

const sent = readVectors<ClientVector[]>('client_messages').filter((vector) => vector.fields !== undefined && vector.read_only !== true);
const received = readVectors<ServerVector[]>('server_messages');

const packers: Record<string, (fields: ClientFields) => string> = {
  hello: ({ client = '', settings = {}, ...options }) => packHello(client, settings, options),
  settings: ({ settings = {} }) => packSettings(settings),
  ack: ({ frame_id = -1 }) => packAck(frame_id),
  ping: ({ id = -1 }) => packPing(id),
};

test.each(sent)('makes the golden message: $name', ({ text, fields }) => {
  expect(fields && packers[fields.type]?.(fields)).toBe(text);
});

test.each(received.filter((vector) => vector.error === undefined))('reads the golden message: $name', ({ text, fields }) => {
  expect(parseControl(text)).toEqual(fields);
});

test.each(received.filter((vector) => vector.error !== undefined))('refuses the golden message: $name', ({ text, error }) => {
  expect(() => parseControl(text)).toThrow(expect.objectContaining({ name: 'WireError', code: error }));
});
