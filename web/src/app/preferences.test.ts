import fc from 'fast-check';
import { expect, test } from 'vitest';
import { DEFAULT_PREFERENCES, loadPreferences, RANGES, storePreferences } from './preferences.ts';

const stored = (text: string | null) => loadPreferences({ getItem: () => text });

test('what was stored comes back, but for a file, which cannot', () => {
  const chosen = { ...DEFAULT_PREFERENCES, sourceKind: 'demo' as const, deviceId: 'a', mirrorsCamera: false };
  let text = '';
  storePreferences({ setItem: (_, value) => (text = value) }, chosen);
  expect(stored(text)).toEqual(chosen);
  expect(stored(JSON.stringify({ ...chosen, sourceKind: 'file' })).sourceKind).toBe('camera');
});

test.each([
  null,
  '',
  '{',
  '[]',
  '7',
  'null',
  '{"settings":7}',
  '{"settings":{"maxHands":5}}',
  '{"settings":{"maxHands":"many","frameThrottleMs":-5,"captureWidthPx":1}}',
])('nothing sensible is the default: %s', (text) => expect(stored(text)).toEqual(DEFAULT_PREFERENCES));

test('numbers stay in range, whatever is stored', () => {
  fc.assert(
    fc.property(fc.record({ frameThrottleMs: fc.anything(), maxHands: fc.anything(), captureJpegQuality: fc.double() }), (settings) => {
      const loaded = stored(JSON.stringify({ settings }, (_, value: unknown) => (typeof value === 'bigint' ? String(value) : value)));
      for (const name of ['frameThrottleMs', 'maxHands', 'captureJpegQuality'] as const) {
        expect(loaded.settings[name]).toBeGreaterThanOrEqual(RANGES[name].min);
        expect(loaded.settings[name]).toBeLessThanOrEqual(RANGES[name].max);
      }
    }),
  );
});
