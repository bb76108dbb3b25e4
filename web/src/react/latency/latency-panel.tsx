/** The latency panel: stages, timeline, drops, bytes and the controller; pausing, inspecting one frame, and taking it all along as a file. */

import { type ReactNode, useEffect, useRef, useState } from 'react';
import { chromeTrace, framesJson } from '../../core/export.ts';
import { placeOf, STAGES } from '../../core/stages.ts';
import { useClient } from '../client-context.ts';
import { download } from './download.ts';
import { LatencyView } from './latency-view.ts';
import './latency.css';

/** Loaded when it is opened, so that the page without it stays small. */
export default function LatencyPanel(): ReactNode {
  const client = useClient();
  const waterfall = useRef<HTMLTableElement>(null);
  const timeline = useRef<HTMLDivElement>(null);
  const facts = useRef<HTMLDListElement>(null);
  const slider = useRef<HTMLInputElement>(null);
  const view = useRef<LatencyView | null>(null);
  /** The frames that can be inspected and which of them is; null while the panel runs. */
  const [paused, setPaused] = useState<{ readonly count: number; readonly index: number } | null>(null);

  useEffect(() => {
    if (waterfall.current === null || timeline.current === null || facts.current === null || slider.current === null) return;
    const elements = { waterfall: waterfall.current, timeline: timeline.current, facts: facts.current, slider: slider.current };
    const opened = new LatencyView(client, elements, (index) => setPaused({ count: opened.pause(), index }));
    view.current = opened;
    return () => opened.close();
  }, [client]);

  useEffect(() => {
    if (paused !== null) view.current?.inspect(paused.index);
  }, [paused]);

  const pause = (): void => {
    const count = view.current?.pause() ?? 0;
    setPaused({ count, index: count - 1 });
  };
  const resume = (): void => {
    setPaused(null);
    view.current?.resume();
  };
  return (
    <div className="panel" data-paused={paused !== null}>
      <div className="panel-plot">
        <p className="panel-legend">
          <span data-series="age">age on screen</span>
          <span data-series="rate">frames a second</span>
        </p>
        <div ref={timeline} role="img" aria-label="Age on screen and frames a second over the last 20 seconds" />
        <div className="panel-pick">
          <button type="button" aria-pressed={paused !== null} onClick={paused === null ? pause : resume}>
            {paused === null ? 'Pause' : 'Resume'}
          </button>
          <label>
            <span>Frame</span>
            <input
              ref={slider}
              type="range"
              min={0}
              max={Math.max(0, (paused?.count ?? 0) - 1)}
              value={paused?.index ?? 0}
              disabled={paused === null || paused.count === 0}
              onChange={(event) => paused !== null && setPaused({ ...paused, index: event.target.valueAsNumber })}
            />
          </label>
        </div>
      </div>
      <StageTable table={waterfall} />
      <dl ref={facts} className="facts" aria-label="Latency in numbers" />
      <div className="panel-export">
        <button type="button" onClick={() => download('handstream-frames.json', framesJson(view.current?.records ?? []))}>
          Save as JSON
        </button>
        <button type="button" onClick={() => download('handstream-trace.json', chromeTrace(view.current?.records ?? []))}>
          Save as a trace
        </button>
        <p className="field-note">The trace opens in ui.perfetto.dev and chrome://tracing.</p>
      </div>
    </div>
  );
}

/** The table of the stages. Its numbers and bars are set by `Waterfall`. */
function StageTable({ table }: { readonly table: React.RefObject<HTMLTableElement | null> }): ReactNode {
  return (
    <table ref={table} className="waterfall" aria-label="Stages from capture to screen, in ms">
      <thead>
        <tr>
          <th scope="col">Stage</th>
          <th scope="col" className="bar">
            <span className="visually-hidden">When and how long</span>
          </th>
          <th scope="col" className="one">
            frame
          </th>
          <th scope="col">p50</th>
          <th scope="col">p95</th>
          <th scope="col" className="p99">
            p99
          </th>
        </tr>
      </thead>
      <tbody>
        {STAGES.map((stage) => (
          <tr key={stage} data-stage={stage} data-where={placeOf(stage)} hidden>
            <th scope="row">
              {stage}
              <span className="error" />
            </th>
            <td className="bar" aria-hidden="true" />
            <Numbers />
          </tr>
        ))}
        <tr data-stage="whole">
          <th scope="row">capture to screen</th>
          <td className="bar" aria-hidden="true" />
          <Numbers />
        </tr>
      </tbody>
    </table>
  );
}

function Numbers(): ReactNode {
  return (
    <>
      <td className="number one" />
      <td className="number" />
      <td className="number" />
      <td className="number p99" />
    </>
  );
}
