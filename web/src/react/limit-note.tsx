/** What limits the stream now, in a sentence. */

import type { ReactNode } from 'react';
import { useClientState } from './use-client-state.ts';

export function LimitNote(): ReactNode {
  const phase = useClientState((state) => state.phase);
  const limit = useClientState((state) => state.limit);
  const reason = useClientState((state) => state.limitReason);
  if (phase !== 'running' || reason === null) return null;
  return (
    <p className="limit" data-limit={limit}>
      {reason}
    </p>
  );
}
