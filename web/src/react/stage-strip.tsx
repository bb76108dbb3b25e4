/** Where a frame's time goes, from capture to screen: a strip with a segment for each stage. */

import type { ReactNode } from 'react';
import { SPAN_NAMES, type SpanName } from '../core/spans.ts';
import { useClientState } from './use-client-state.ts';

/** Stages of less than this are left out of the list; they are still in the strip. */
const LEAST_LISTED_MS = 0.05;

const WHERE: Readonly<Record<SpanName, 'page' | 'network' | 'server'>> = {
  capture: 'page',
  pack: 'page',
  network: 'network',
  receive: 'server',
  queue: 'server',
  decode: 'server',
  track: 'server',
  annotate: 'server',
  encode: 'server',
  send: 'server',
  unpack: 'page',
  render: 'page',
};

export function StageStrip(): ReactNode {
  const spansMs = useClientState((state) => state.figures.spansMs);
  const ageMs = useClientState((state) => state.figures.ageP50Ms);
  if (spansMs === null || ageMs === null) return null;
  return (
    <figure className="strip">
      <figcaption>
        <strong>{ageMs.toFixed(0)} ms</strong> from capture to screen
      </figcaption>
      <Strip spansMs={spansMs} />
      <ul>
        {SPAN_NAMES.filter((name) => spansMs[name] >= LEAST_LISTED_MS).map((name) => (
          <li key={name} data-where={WHERE[name]} data-stage={name}>
            {name} <span>{spansMs[name].toFixed(1)}</span>
          </li>
        ))}
      </ul>
    </figure>
  );
}

function Strip({ spansMs }: { readonly spansMs: Readonly<Record<SpanName, number>> }): ReactNode {
  const totalMs = SPAN_NAMES.reduce((sum, name) => sum + spansMs[name], 0);
  let endMs = 0;
  const segments = SPAN_NAMES.map((name) => {
    endMs += spansMs[name];
    return { name, start: ((endMs - spansMs[name]) / totalMs) * 1000, width: (spansMs[name] / totalMs) * 1000 };
  });
  return (
    <svg viewBox="0 0 1000 10" preserveAspectRatio="none" aria-hidden="true">
      {segments.map(({ name, start, width }) => (
        <rect key={name} data-where={WHERE[name]} data-stage={name} x={start} width={Math.max(0, width - 1.5)} height="10" />
      ))}
    </svg>
  );
}
