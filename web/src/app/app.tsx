/** The page: a stage, its figures and its settings. */

import type { ReactNode } from 'react';
import { Announcer } from '../react/announcer.tsx';
import { LatencySection } from '../react/latency-section.tsx';
import { LimitNote } from '../react/limit-note.tsx';
import { LiveFigures } from '../react/live-figures.tsx';
import { PhaseChip } from '../react/phase-chip.tsx';
import { useFileDrop } from '../react/use-file-drop.ts';
import { useSpaceKey } from '../react/use-space-key.ts';
import { useTheme } from '../react/use-theme.ts';
import { SettingsPanel } from './settings-panel.tsx';
import { Stage } from './stage.tsx';
import { type Studio, useStudio } from './use-studio.ts';

export function App(): ReactNode {
  const studio = useStudio();
  const isFileOver = useFileDrop(studio.playFile);
  useSpaceKey(studio.isActive ? studio.stop : studio.start);
  return (
    <>
      <Header />
      <main>
        <div className="show">
          <Stage studio={studio} isFileOver={isFileOver} />
          <div className="readout">
            <StartStop studio={studio} />
            <LiveFigures />
          </div>
          <LimitNote />
          <LatencySection />
        </div>
        <SettingsPanel studio={studio} />
      </main>
      <Announcer />
    </>
  );
}

function Header(): ReactNode {
  const [theme, toggleTheme] = useTheme();
  const other = theme === 'dark' ? 'light' : 'dark';
  return (
    <header>
      <img src="/mark.svg" alt="" width="28" height="28" />
      <h1 className="wordmark">handstream</h1>
      <PhaseChip />
      <button type="button" className="theme" aria-label={`Switch to the ${other} theme`} onClick={toggleTheme}>
        <svg viewBox="0 0 20 20" aria-hidden="true">
          <circle cx="10" cy="10" r="7.25" />
          <path d="M10 2.75a7.25 7.25 0 0 1 0 14.5z" />
        </svg>
      </button>
    </header>
  );
}

function StartStop({ studio }: { readonly studio: Studio }): ReactNode {
  return (
    <button type="button" className="primary start" data-active={studio.isActive} onClick={studio.isActive ? studio.stop : studio.start}>
      {studio.isActive ? 'Stop' : 'Start'}
      <kbd>Space</kbd>
    </button>
  );
}
