/** Where a frame's time goes, from capture to screen: a strip with a segment for each stage. */

import type { ReactNode } from 'react';
import { placeOf, STAGES, type Stage } from '../core/stages.ts';
import { useClientState } from './use-client-state.ts';

/** Stages of less than this are left out of the list; they are still in the strip. */
const LEAST_LISTED_MS = 0.05;

export function StageStrip(): ReactNode {
  const stagesMs = useClientState((state) => state.figures.stagesMs);
  if (stagesMs === null) return null;
  return (
    <div className="strip">
      <Strip stagesMs={stagesMs} />
      <ul>
        {STAGES.filter((stage) => stagesMs[stage] >= LEAST_LISTED_MS).map((stage) => (
          <li key={stage} data-where={placeOf(stage)} data-stage={stage}>
            {stage} <span>{stagesMs[stage].toFixed(1)}</span>
          </li>
        ))}
      </ul>
    </div>
  );
}

function Strip({ stagesMs }: { readonly stagesMs: Readonly<Record<Stage, number>> }): ReactNode {
  const totalMs = STAGES.reduce((sum, stage) => sum + stagesMs[stage], 0);
  let endMs = 0;
  const segments = STAGES.map((stage) => {
    endMs += stagesMs[stage];
    return { stage, start: ((endMs - stagesMs[stage]) / totalMs) * 1000, width: (stagesMs[stage] / totalMs) * 1000 };
  });
  return (
    <svg viewBox="0 0 1000 10" preserveAspectRatio="none" aria-hidden="true">
      {segments.map(({ stage, start, width }) => (
        <rect key={stage} data-where={placeOf(stage)} data-stage={stage} x={start} width={Math.max(0, width - 1.5)} height="10" />
      ))}
    </svg>
  );
}
