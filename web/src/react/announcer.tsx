/** Tells a screen reader the state and the number of hands, when they have held for a moment. */

import type { ReactNode } from 'react';
import type { ClientState } from '../core/client-state.ts';
import { useClientState } from './use-client-state.ts';
import { useStable } from './use-stable.ts';

const HOLD_MS = 1000;
const COUNTS = ['No hand', 'One hand', 'Two hands', 'Three hands', 'Four hands'];

export function Announcer(): ReactNode {
  const sentence = useStable(useClientState(sentenceOf), HOLD_MS);
  return (
    <p className="visually-hidden" role="status">
      {sentence}
    </p>
  );
}

/** The state in a sentence. */
export function sentenceOf({ phase, error, hands }: ClientState): string {
  switch (phase) {
    case 'idle':
      return 'Stopped.';
    case 'starting':
      return 'Starting.';
    case 'running':
      return `Running. ${COUNTS[hands.length] ?? `${hands.length} hands`} in view.`;
    case 'reconnecting':
    case 'failed':
      return error === null ? 'Stopped.' : `${error.message}. ${error.advice}`;
  }
}
