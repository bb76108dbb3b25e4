/** Writes what the latency panel says in words and numbers: drops, bytes and the controller, or one frame's facts. */

import type { Figures } from '../../core/figures.ts';
import type { FrameRecord, Outcome } from '../../core/frame-log.ts';
import type { Latency } from '../../core/latency-summary.ts';
import type { RateDecision } from '../../core/rate.ts';

type Fact = readonly [term: string, description: string];

const OUTCOMES: Readonly<Record<Outcome, string>> = {
  shown: 'on the screen',
  passed_over: 'answered, but a newer one was shown first',
  refused: 'the server could not use it',
  dropped: 'dropped',
};

export class Facts {
  readonly #list: HTMLElement;

  /** @param list - a `dl`, whose content is replaced. */
  constructor(list: HTMLElement) {
    this.#list = list;
  }

  showSummary({ upBytesPerSecond, downBytesPerSecond }: Latency, figures: Figures, decision: RateDecision | null): void {
    const { capture, queue, send, network_up, network_down } = figures.dropped;
    this.#write([
      [
        'Dropped',
        `page ${capture}, network_up ${network_up}, queue ${queue}, send ${send}, network_down ${network_down}, refused ${figures.refused}`,
      ],
      ['Bytes', `${kilobytes(upBytesPerSecond)} kB/s up, ${kilobytes(downBytesPerSecond)} kB/s down`],
      ['Controller', decision === null ? '–' : controllerOf(decision)],
    ]);
  }

  showFrame(record: FrameRecord): void {
    const { frameId, outcome, bytesUp, answer, widthPx, heightPx, decision } = record;
    this.#write([
      ['Frame', `${frameId}, ${OUTCOMES[outcome]}`],
      ['Picture', `${widthPx} × ${heightPx} px, hands found: ${answer?.hands ?? '–'}`],
      ['Bytes', `${kilobytes(bytesUp)} kB up, ${kilobytes(answer?.bytesDown ?? 0)} kB down`],
      ['Controller', `${controllerOf(decision)}. ${decision.reason}`],
    ]);
  }

  #write(facts: readonly Fact[]): void {
    const texts = facts.flat();
    if (this.#list.childElementCount !== facts.length) {
      this.#list.replaceChildren(...facts.map(() => row()));
    }
    this.#list.querySelectorAll('dt, dd').forEach((element, index) => {
      const text = texts[index] ?? '';
      if (element.textContent !== text) element.textContent = text;
    });
  }
}

function row(): HTMLElement {
  const element = document.createElement('div');
  element.append(document.createElement('dt'), document.createElement('dd'));
  return element;
}

function controllerOf({ frameIntervalMs, jpegQuality, scale }: RateDecision): string {
  const rate = frameIntervalMs > 0 ? `at most ${(1000 / frameIntervalMs).toFixed(1)} frames/s` : 'every picture';
  return `${rate}, JPEG quality ${jpegQuality}, size × ${scale}`;
}

function kilobytes(bytes: number): string {
  return (bytes / 1000).toFixed(bytes < 10_000 ? 1 : 0);
}
