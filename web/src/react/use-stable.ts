/** A value that has to hold for a while before it counts, so that a screen reader is not told of every flicker. */

import { useEffect, useState } from 'react';

/** @param holdMs - how long a new value must hold. */
export function useStable<Value>(value: Value, holdMs: number): Value {
  const [stable, setStable] = useState(value);
  useEffect(() => {
    const timer = setTimeout(() => setStable(value), holdMs);
    return () => clearTimeout(timer);
  }, [value, holdMs]);
  return stable;
}
