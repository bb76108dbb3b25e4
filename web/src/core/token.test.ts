import { expect, test, vi } from 'vitest';
import { takeToken } from './token.ts';

function opened(hash: string, stored: string | null = null) {
  const kept = new Map(stored === null ? [] : [['handstream.token', stored]]);
  return {
    location: { hash, pathname: '/page', search: '?a=b' },
    history: { replaceState: vi.fn() },
    storage: { getItem: (key: string) => kept.get(key) ?? null, setItem: (key: string, value: string) => void kept.set(key, value) },
    kept,
  };
}

test('a token is taken out of the address and kept for the tab', () => {
  const page = opened('#token=abc-._~1');
  expect(takeToken(page)).toBe('abc-._~1');
  expect(page.history.replaceState).toHaveBeenCalledExactlyOnceWith(null, '', '/page?a=b');
  expect(takeToken(opened('', page.kept.get('handstream.token')))).toBe('abc-._~1');
});

test('an address without a token is left as it is', () => {
  const page = opened('#else');
  expect(takeToken(page)).toBeNull();
  expect(page.history.replaceState).not.toHaveBeenCalled();
});

test('a newer token takes the place of an older one', () => {
  const page = opened('#token=new', 'old');
  expect(takeToken(page)).toBe('new');
  expect(page.kept.get('handstream.token')).toBe('new');
});
