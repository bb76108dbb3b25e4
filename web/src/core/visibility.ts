/** Whether anybody can see the page. Where there is no document (a worker, Node) it counts as seen. */

export function isPageHidden(): boolean {
  return globalThis.document?.visibilityState === 'hidden';
}

/** Calls `listener` each time the page comes into view again; returns how to stop that. */
export function onPageVisible(listener: () => void): () => void {
  const look = (): void => {
    if (!isPageHidden()) listener();
  };
  globalThis.document?.addEventListener('visibilitychange', look);
  return () => globalThis.document?.removeEventListener('visibilitychange', look);
}
