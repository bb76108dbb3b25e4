/** The state in a word, and who answers. */

import type { ReactNode } from 'react';
import type { Phase } from '../core/client-state.ts';
import { useClientState } from './use-client-state.ts';

const WORDS: Readonly<Record<Phase, string>> = {
  idle: 'Ready',
  starting: 'Connecting',
  running: 'Live',
  reconnecting: 'Reconnecting …',
  failed: 'Stopped',
};

const BACK = { same_session: 'back, same session', new_session: 'back, new session' } as const;

export function PhaseChip(): ReactNode {
  const phase = useClientState((state) => state.phase);
  const server = useClientState((state) => state.server);
  const comeback = useClientState((state) => state.comeback);
  return (
    <p className="chip" data-phase={phase}>
      {WORDS[phase]}
      {phase === 'running' && server !== null && <span className="chip-note">{comeback === null ? server.engine : BACK[comeback]}</span>}
    </p>
  );
}
