/** What the browser remembers for the page; where the browser forbids that, what the page remembers until it is closed. */

const remembered = new Map<string, string>();

export const browserStorage: Pick<Storage, 'getItem' | 'setItem'> = {
  getItem: (key) => {
    try {
      return localStorage.getItem(key);
    } catch {
      return remembered.get(key) ?? null; // Storage is forbidden, for instance with cookies.
    }
  },
  setItem: (key, value) => {
    try {
      localStorage.setItem(key, value);
    } catch {
      remembered.set(key, value); // Forbidden or full.
    }
  },
};
