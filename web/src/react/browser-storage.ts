/** What the browser remembers for the page; where the browser forbids that, what the page remembers until it is closed. */

type KeyValues = Pick<Storage, 'getItem' | 'setItem'>;

/** Remembered by the browser for this origin. */
export const browserStorage = orInMemory(() => localStorage);

/** Remembered for as long as the tab is open. */
export const tabStorage = orInMemory(() => sessionStorage);

function orInMemory(storage: () => Storage): KeyValues {
  const remembered = new Map<string, string>();
  return {
    getItem: (key) => {
      try {
        return storage().getItem(key);
      } catch {
        return remembered.get(key) ?? null; // Storage is forbidden, for instance with cookies.
      }
    },
    setItem: (key, value) => {
      try {
        storage().setItem(key, value);
      } catch {
        remembered.set(key, value); // Forbidden or full.
      }
    },
  };
}
