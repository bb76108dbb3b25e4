import { expect, test } from 'vitest';
import { cameraError } from './sources.ts';

test.each([
  ['NotFoundError', 'no_camera'],
  ['OverconstrainedError', 'no_camera'],
  ['NotAllowedError', 'permission_refused'],
  ['NotReadableError', 'camera_busy'],
  ['AbortError', 'camera_busy'],
  ['SecurityError', 'insecure_origin'],
  ['TypeError', 'camera_failed'],
])('%s is said as %s, with what to do', (name, code) => {
  const error = cameraError(new DOMException('the browser’s words', name));
  expect(error.code).toBe(code);
  expect(error.message).not.toBe('');
  expect(error.advice).not.toBe('');
});
