/** Where a frame's time goes: a strip of the stages, or on demand the latency panel in its place. */

import { lazy, type ReactNode, Suspense, useState } from 'react';
import { isActive } from '../core/client-state.ts';
import { useClient } from './client-context.ts';
import { StageStrip } from './stage-strip.tsx';
import { useClientState } from './use-client-state.ts';

const LatencyPanel = lazy(() => import('./latency/latency-panel.tsx'));

export function LatencySection(): ReactNode {
  const client = useClient();
  // No more of the state than this, which hardly ever changes: the panel below is not to be rendered anew with every figure.
  const hasAge = useClientState((state) => state.figures.ageP50Ms !== null);
  const runs = useClientState((state) => isActive(state.phase));
  const [isOpen, setOpen] = useState(false);
  if (!hasAge && client.frameLog.added === 0) return null;
  return (
    <section className="latency" aria-label="Latency">
      <div className="latency-head">
        {isOpen ? (
          <p>{runs ? 'Where the time goes: the last 10\u00a0s' : 'Where the time went: the last 10\u00a0s of the stream'}</p>
        ) : (
          <Age />
        )}
        <button type="button" className="link" aria-expanded={isOpen} onClick={() => setOpen(!isOpen)}>
          {isOpen ? 'Close the latency panel' : 'Open the latency panel'}
        </button>
      </div>
      {isOpen ? (
        <Suspense fallback={<StageStrip />}>
          <LatencyPanel />
        </Suspense>
      ) : (
        <StageStrip />
      )}
    </section>
  );
}

function Age(): ReactNode {
  const ageMs = useClientState((state) => state.figures.ageP50Ms);
  const runs = useClientState((state) => isActive(state.phase));
  if (!runs) return <p>The stream has ended.</p>;
  return (
    <p>
      <strong>{ageMs === null ? '–' : ageMs.toFixed(0)} ms</strong> from capture to screen
    </p>
  );
}
