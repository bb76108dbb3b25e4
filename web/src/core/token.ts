/** The token that a page was opened with, if the server asks for one: `https://host/#token=...`. A browser sends no server that part. */

const KEY = 'handstream.token';

interface Opened {
  readonly location: Pick<Location, 'hash' | 'pathname' | 'search'>;
  readonly history: Pick<History, 'replaceState'>;
  readonly storage: Pick<Storage, 'getItem' | 'setItem'>;
}

/** Takes the token out of the address, so that it stays in no history and on no screen, and keeps it for as long as the tab is open. */
export function takeToken({ location, history, storage }: Opened): string | null {
  const token = new URLSearchParams(location.hash.slice(1)).get('token');
  if (token === null) return storage.getItem(KEY);
  history.replaceState(null, '', location.pathname + location.search);
  storage.setItem(KEY, token);
  return token;
}
