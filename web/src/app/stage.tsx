/** The hero: the picture, and over it whatever there is to say while there is none. */

import { type ReactNode, useId, useRef } from 'react';
import type { ClientError } from '../core/errors.ts';
import { useClient } from '../react/client-context.ts';
import { LivePicture } from '../react/live-picture.tsx';
import { useClientState } from '../react/use-client-state.ts';
import { HandDrawing } from './hand-drawing.tsx';
import type { Studio } from './use-studio.ts';

export function Stage({ studio, isFileOver }: { readonly studio: Studio; readonly isFileOver: boolean }): ReactNode {
  const phase = useClientState((state) => state.phase);
  const error = useClientState((state) => state.error);
  const notice = useClientState((state) => state.notice);
  return (
    <section className="stage" data-phase={phase} aria-label="Picture">
      <LivePicture isMirrored={studio.isMirrored} />
      {phase === 'idle' && <Welcome studio={studio} />}
      {phase === 'starting' && <p className="stage-note pulse">Connecting …</p>}
      {error !== null && <Trouble error={error} studio={studio} isAway={phase === 'reconnecting'} />}
      {notice !== null && (
        <p className="notice" role="alert">
          {notice}
        </p>
      )}
      {isFileOver && <p className="stage-note drop-note">Drop the video to play it</p>}
    </section>
  );
}

function Welcome({ studio }: { readonly studio: Studio }): ReactNode {
  return (
    <div className="welcome">
      <HandDrawing />
      <div className="welcome-text">
        <h2>Your hands, tracked as&nbsp;they&nbsp;move.</h2>
        <p>21 landmarks for each hand, drawn over the very frame that they were found&nbsp;in.</p>
        <div className="actions">
          <button type="button" className="primary" onClick={() => studio.startSource('demo')}>
            Play the demo clip
          </button>
          <button type="button" onClick={() => studio.startSource('camera')}>
            Use my camera
          </button>
        </div>
        <p className="hint">
          or drop a video anywhere on the page, or <PickFile studio={studio} />
        </p>
      </div>
    </div>
  );
}

/** A button that opens the browser's file dialog. */
export function PickFile({ studio, label = 'pick one' }: { readonly studio: Studio; readonly label?: string }): ReactNode {
  const id = useId();
  const input = useRef<HTMLInputElement>(null);
  return (
    <>
      <button type="button" className="link" onClick={() => input.current?.click()}>
        {label}
      </button>
      <input
        ref={input}
        id={id}
        className="visually-hidden"
        type="file"
        accept="video/*"
        aria-label="Video file"
        tabIndex={-1}
        onChange={(event) => {
          const file = event.target.files?.[0];
          event.target.value = '';
          if (file !== undefined) studio.playFile(file);
        }}
      />
    </>
  );
}

function Trouble({ error, studio, isAway }: { readonly error: ClientError; readonly studio: Studio; readonly isAway: boolean }): ReactNode {
  const client = useClient();
  return (
    <div className="trouble" data-code={error.code}>
      <h2>{error.message}</h2>
      <p>{error.advice}</p>
      <div className="actions">
        <button type="button" className="primary" onClick={isAway ? () => client.retryNow() : studio.start}>
          {isAway ? 'Try now' : 'Try again'}
        </button>
        {!isAway && studio.preferences.sourceKind === 'camera' && (
          <button type="button" onClick={() => studio.startSource('demo')}>
            Play the demo clip
          </button>
        )}
      </div>
    </div>
  );
}
