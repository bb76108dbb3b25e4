/** The open hand of the first view, drawn as the page draws skeletons. */

import type { ReactNode } from 'react';
import { CONNECTIONS, fingerOf } from '../core/hand-skeleton.ts';

/** The 21 landmarks of an open right hand, in the drawing's units. */
const JOINTS: readonly (readonly [number, number])[] = [
  [50, 95],
  [36, 86],
  [25, 75],
  [17, 65],
  [10, 56],
  [36, 53],
  [31, 36],
  [28.5, 25],
  [26.5, 15],
  [48, 50],
  [46.5, 31],
  [46, 19],
  [45.5, 8],
  [59, 52],
  [62, 34.5],
  [63.5, 23.5],
  [65, 13],
  [68, 58.5],
  [74.5, 45.5],
  [78.5, 36.5],
  [82, 28],
];

export function HandDrawing(): ReactNode {
  return (
    <svg className="hand" viewBox="0 0 92 104" aria-hidden="true">
      {CONNECTIONS.map(({ finger, from, to }) => {
        const [[x1, y1], [x2, y2]] = [at(from), at(to)];
        return <line key={`${from}-${to}`} data-finger={finger} x1={x1} y1={y1} x2={x2} y2={y2} pathLength={1} />;
      })}
      {JOINTS.map(([x, y], landmark) => (
        <circle key={`${x} ${y}`} data-finger={fingerOf(landmark)} cx={x} cy={y} r={2.1} />
      ))}
    </svg>
  );
}

function at(landmark: number): readonly [number, number] {
  return JOINTS[landmark] ?? [0, 0];
}
