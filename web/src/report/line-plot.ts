/** A plot of lines over one axis, by uPlot, that follows the page's width and colours. */

import uPlot from 'uplot';
import 'uplot/dist/uPlot.min.css';
import { element } from './elements.ts';

const HEIGHT_PX = 260;
const AXIS_PX = 64;
/** For half of a mark that stands at the end of the x axis. */
const END_PX = 32;

export interface Line {
  readonly name: string;
  /** The custom property that holds its colour. */
  readonly colour: string;
  /** One for each value of the axis; null leaves a gap. */
  readonly values: readonly (number | null)[];
  readonly dashed?: boolean;
  /** Only its points are drawn. */
  readonly scattered?: boolean;
}

export interface LinePlot {
  readonly x: readonly number[];
  readonly xUnit: string;
  readonly yUnit: string;
  readonly lines: readonly Line[];
  /** The least and the greatest that is shown; without it all is. */
  readonly yRange?: readonly [number, number];
  /** Marks of the x axis, where whole numbers are wanted. */
  readonly xMarks?: readonly number[];
}

/** The plot, drawn as soon as it is in the page. */
export function linePlot(plot: LinePlot): HTMLElement {
  const place = element('div', 'plot');
  let drawn: uPlot | undefined;
  const watcher = new ResizeObserver(() => {
    if (drawn === undefined) drawn = new uPlot(options(plot, place), data(plot), place);
    else drawn.setSize({ width: place.clientWidth, height: HEIGHT_PX });
  });
  watcher.observe(place);
  // On paper, and when the system changes between light and dark, the same lines have other colours.
  const redraw = () => drawn?.redraw(false, true);
  for (const query of ['print', '(prefers-color-scheme: dark)']) matchMedia(query).addEventListener('change', redraw);
  return place;
}

function data({ x, lines }: LinePlot): uPlot.AlignedData {
  return [[...x], ...lines.map((line) => [...line.values])];
}

function options({ xUnit, yUnit, lines, yRange, xMarks }: LinePlot, place: HTMLElement): uPlot.Options {
  const colour = (name: string) => (): string => getComputedStyle(place).getPropertyValue(name);
  const axis = {
    stroke: colour('--ink-soft'),
    grid: { stroke: colour('--line'), width: 1 },
    ticks: { show: false },
    font: '13px system-ui',
  };
  const unit = (name: string) => (_: uPlot, marks: readonly number[]) => marks.map((mark) => `${mark} ${name}`.trim());
  return {
    width: place.clientWidth,
    height: HEIGHT_PX,
    padding: [null, END_PX, null, null],
    legend: { show: true, live: false },
    cursor: { drag: { x: false, y: false } },
    scales: { x: { time: false }, y: { range: (_, least, most) => [...(yRange ?? [Math.min(0, least ?? 0), 1.1 * (most ?? 1)])] } },
    axes: [
      { ...axis, space: 80, values: unit(xUnit), ...(xMarks ? { splits: () => [...xMarks] } : {}) },
      { ...axis, values: unit(yUnit), size: AXIS_PX },
    ],
    series: [
      {},
      ...lines.map((line) => ({
        label: line.name,
        stroke: colour(line.colour),
        width: 2,
        spanGaps: true,
        ...(line.dashed ? { dash: [6, 6] } : {}),
        ...(line.scattered ? { paths: () => null } : {}),
        points: { show: line.scattered === true, size: 8, fill: colour(line.colour) },
      })),
    ],
  };
}
