/** Plots the age of the shown frames and their rate over time, and lets one of them be picked. */

import uPlot from 'uplot';
import 'uplot/dist/uPlot.min.css';
import type { Timeline } from '../../core/latency-summary.ts';

const HEIGHT_PX = 170;
/** The scales reach at least so far, so that small ripples don't look like storms. */
const LEAST_AGE_MS = 50;
const LEAST_FPS = 35;

type Colour = 'ink' | 'grid' | 'age' | 'rate';

export class TimelinePlot {
  readonly #plot: uPlot;
  readonly #watcher: ResizeObserver;
  readonly #place: HTMLElement;
  #colours: Readonly<Record<Colour, string>>;
  #newest = '';
  #picked: number | null = null;

  /** @param onPick - called with the index of the point that was clicked. */
  constructor(place: HTMLElement, onPick: (index: number) => void) {
    this.#place = place;
    this.#colours = coloursOf(place);
    this.#plot = new uPlot(this.#options(place.clientWidth), [[], [], []], place);
    this.#plot.over.addEventListener('click', () => {
      const { idx } = this.#plot.cursor;
      if (idx !== null && idx !== undefined) onPick(idx);
    });
    this.#watcher = new ResizeObserver(() => this.#plot.setSize({ width: place.clientWidth, height: HEIGHT_PX }));
    this.#watcher.observe(place);
  }

  /**
   * Draws all points. Times are counted back from the last.
   *
   * @param newest - what the time of the last is called.
   * @param picked - the index of the one that is inspected.
   */
  draw({ timesS, agesMs, framesPerSecond }: Timeline, newest: 'now' | 'paused' | 'end', picked: number | null = null): void {
    const isRenamed = newest !== this.#newest;
    this.#newest = newest;
    this.#picked = picked;
    this.#colours = coloursOf(this.#place); // The theme may have changed.
    const lastS = timesS.at(-1) ?? 0;
    this.#plot.setData([timesS.map((timeS) => timeS - lastS), [...agesMs], [...framesPerSecond]]);
    if (isRenamed) this.#plot.redraw(false, true); // Data that reach as far as before leave the names of the times as they were.
  }

  close(): void {
    this.#watcher.disconnect();
    this.#plot.destroy();
  }

  #options(width: number): uPlot.Options {
    const colour = (name: Colour) => (): string => this.#colours[name];
    const axis = {
      stroke: colour('ink'),
      grid: { stroke: colour('grid'), width: 1 },
      ticks: { show: false },
      font: '12px system-ui',
    };
    return {
      width,
      height: HEIGHT_PX,
      legend: { show: false },
      cursor: { y: false, drag: { x: false, y: false } },
      scales: {
        x: { time: false },
        ms: { range: (_, __, most) => [0, 1.1 * Math.max(LEAST_AGE_MS, most ?? 0)] },
        fps: { range: (_, __, most) => [0, 1.1 * Math.max(LEAST_FPS, most ?? 0)] },
      },
      axes: [
        { ...axis, size: 26, space: 90, values: (_, ticks) => ticks.map((tick) => (tick === 0 ? this.#newest : `${tick} s`)) },
        { ...axis, scale: 'ms', size: 56, values: (_, ticks) => ticks.map((tick) => `${tick} ms`) },
        { ...axis, scale: 'fps', side: 1, size: 44, grid: { show: false }, values: (_, ticks) => ticks.map((tick) => `${tick}/s`) },
      ],
      series: [
        {},
        { scale: 'ms', stroke: colour('age'), width: 1.5, points: { show: false } },
        { scale: 'fps', stroke: colour('rate'), width: 1, points: { show: false } },
      ],
      hooks: { draw: [() => this.#drawPicked()] },
    };
  }

  #drawPicked(): void {
    const timeS = this.#picked === null ? undefined : this.#plot.data[0][this.#picked];
    if (timeS === undefined) return;
    const { ctx, bbox } = this.#plot;
    const x = Math.round(this.#plot.valToPos(timeS, 'x', true));
    ctx.fillStyle = this.#colours.ink;
    ctx.fillRect(x - 1, bbox.top, 2, bbox.height);
  }
}

function coloursOf(place: HTMLElement): Record<Colour, string> {
  const style = getComputedStyle(place);
  const colour = (name: Colour): string => style.getPropertyValue(`--plot-${name}`);
  return { ink: colour('ink'), grid: colour('grid'), age: colour('age'), rate: colour('rate') };
}
