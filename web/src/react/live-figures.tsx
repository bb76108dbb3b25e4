/** The line of live figures. */

import type { ReactNode } from 'react';
import type { Figures } from '../core/figures.ts';
import { useClientState } from './use-client-state.ts';

export function LiveFigures(): ReactNode {
  const figures = useClientState((state) => state.figures);
  return (
    <dl className="figures" aria-label="Live figures">
      {figuresOf(figures).map(({ label, value, unit, title }) => (
        <div key={label} className="figure" title={title}>
          <dt>{label}</dt>
          <dd>
            {value}
            {unit !== '' && <span className="unit"> {unit}</span>}
          </dd>
        </div>
      ))}
    </dl>
  );
}

interface Figure {
  readonly label: string;
  readonly value: string;
  readonly unit: string;
  readonly title: string;
}

function figuresOf(figures: Figures): Figure[] {
  const { capture, queue, send, network_up: up, network_down: down } = figures.dropped;
  return [
    { label: 'Frames', value: number(figures.framesPerSecond, 1), unit: '/s', title: 'Answered frames a second' },
    {
      label: 'Round trip p50',
      value: number(figures.roundTripP50Ms),
      unit: 'ms',
      title: 'From sending a frame to its answer: half are quicker',
    },
    {
      label: 'Round trip p95',
      value: number(figures.roundTripP95Ms),
      unit: 'ms',
      title: 'From sending a frame to its answer: 95 of 100 are quicker',
    },
    { label: 'Frame up', value: kilobytes(figures.bytesUp), unit: 'kB', title: 'Mean size of the frames that are sent' },
    { label: 'Answer down', value: kilobytes(figures.bytesDown), unit: 'kB', title: 'Mean size of their answers' },
    {
      label: 'Dropped',
      value: String(figures.droppedTotal + figures.refused),
      unit: '',
      title: `On the page ${capture}, waiting at the server ${queue}, as results ${send}, lost on the way up ${up} and down ${down}, refused ${figures.refused}`,
    },
  ];
}

function number(value: number | null, decimals = 0): string {
  return value === null ? '–' : value.toFixed(decimals);
}

function kilobytes(bytes: number | null): string {
  if (bytes === null) return '–';
  return (bytes / 1000).toFixed(bytes < 10_000 ? 1 : 0);
}
