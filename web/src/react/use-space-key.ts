/** The space bar as a shortcut, wherever it does not already mean something. */

import { useEffect } from 'react';

const TAKES_SPACE = 'button, input, select, textarea, a, summary, [contenteditable]';

export function useSpaceKey(onSpace: () => void): void {
  useEffect(() => {
    const press = (event: KeyboardEvent): void => {
      const isCombined = event.shiftKey || event.ctrlKey || event.altKey || event.metaKey; // Shift scrolls back, for one.
      if (event.key !== ' ' || event.repeat || isCombined || (event.target as Element).closest(TAKES_SPACE) !== null) return;
      event.preventDefault();
      onSpace();
    };
    document.addEventListener('keydown', press);
    return () => document.removeEventListener('keydown', press);
  }, [onSpace]);
}
