import { expect, test } from 'vitest';
import { packHello, packSettings, parseControl, type SessionSettings } from './control.ts';
import { readVectors } from './vectors.ts';

interface ClientVector {
  readonly name: string;
  readonly text: string;
  readonly fields?: { readonly type: string; readonly client?: string; readonly settings: Partial<SessionSettings> };
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

test.each(sent)('makes the golden message: $name', ({ text, fields }) => {
  const packed = fields?.type === 'hello' ? packHello(fields.client ?? '', fields.settings) : packSettings(fields?.settings ?? {});
  expect(packed).toBe(text);
});

test.each(received.filter((vector) => vector.error === undefined))('reads the golden message: $name', ({ text, fields }) => {
  expect(parseControl(text)).toEqual(fields);
});

test.each(received.filter((vector) => vector.error !== undefined))('refuses the golden message: $name', ({ text, error }) => {
  expect(() => parseControl(text)).toThrow(expect.objectContaining({ name: 'WireError', code: error }));
});
