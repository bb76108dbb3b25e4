/** Light or dark: as the system says, until the person chooses. */

import { useEffect, useState, useSyncExternalStore } from 'react';
import { browserStorage } from './browser-storage.ts';

export type Theme = 'light' | 'dark';

const KEY = 'handstream.theme';
const DARK = '(prefers-color-scheme: dark)';

/** The theme now, and how to switch to the other one. */
export function useTheme(): [Theme, () => void] {
  const system = useSyncExternalStore(subscribeToSystem, systemTheme);
  const [chosen, setChosen] = useState(storedTheme);
  const theme = chosen ?? system;
  useEffect(() => {
    if (chosen !== null) document.documentElement.dataset['theme'] = chosen;
  }, [chosen]);
  const toggle = (): void => {
    const next = theme === 'dark' ? 'light' : 'dark';
    browserStorage.setItem(KEY, next);
    setChosen(next);
  };
  return [theme, toggle];
}

function systemTheme(): Theme {
  return matchMedia(DARK).matches ? 'dark' : 'light';
}

function storedTheme(): Theme | null {
  const stored = browserStorage.getItem(KEY);
  return stored === 'light' || stored === 'dark' ? stored : null;
}

function subscribeToSystem(listener: () => void): () => void {
  const query = matchMedia(DARK);
  query.addEventListener('change', listener);
  return () => query.removeEventListener('change', listener);
}
