import { expect, test } from 'vitest';
import { type ClientState, INITIAL_STATE } from '../core/client-state.ts';
import { ClientError } from '../core/errors.ts';
import { sentenceOf } from './announcer.tsx';

test.each<[Partial<ClientState>, RegExp]>([
  [{ phase: 'idle' }, /^Stopped\.$/],
  [{ phase: 'starting' }, /^Starting\.$/],
  [{ phase: 'running' }, /^Running\. No hand in view\.$/],
  [{ phase: 'running', hands: ['Left', 'Right'] }, /^Running\. Two hands in view\.$/],
  [{ phase: 'running', hands: Array(6).fill('Left') }, /^Running\. 6 hands in view\.$/],
  [{ phase: 'reconnecting', error: new ClientError('server_away') }, /does not answer\. Check that/],
  [{ phase: 'failed', error: new ClientError('no_camera') }, /No camera was found\. Plug one in/],
])('%j is told as %s', (changes, expected) => {
  expect(sentenceOf({ ...INITIAL_STATE, ...changes })).toMatch(expected);
});
