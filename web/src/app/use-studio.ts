/** The page's choices and commands: what to stream, how, and whether it runs. */

import { useCallback, useEffect, useRef, useState } from 'react';
import { isActive } from '../core/client-state.ts';
import type { StreamSettings } from '../core/settings.ts';
import type { SourceRequest } from '../core/sources.ts';
import { browserStorage } from '../react/browser-storage.ts';
import { useClient } from '../react/client-context.ts';
import { useClientState } from '../react/use-client-state.ts';
import { loadPreferences, type Preferences, type SourceKind, storePreferences } from './preferences.ts';

export interface Studio {
  readonly preferences: Preferences;
  readonly isMirrored: boolean;
  /** Whether a stream runs or tries to. */
  readonly isActive: boolean;
  /** The picked file's name, if one was picked. */
  readonly fileName: string | null;
  changeSettings(changes: Partial<StreamSettings>): void;
  setMirrored(isMirrored: boolean): void;
  /** Chooses a source; if a stream runs, it goes on with that one. */
  chooseSource(kind: Exclude<SourceKind, 'file'>, deviceId?: string | null): void;
  /** Chooses a source and starts it. */
  startSource(kind: Exclude<SourceKind, 'file'>): void;
  /** Starts a video file. */
  playFile(file: File): void;
  start(): void;
  stop(): void;
}

export function useStudio(): Studio {
  const client = useClient();
  const phase = useClientState((state) => state.phase);
  const [preferences, setPreferences] = useState(() => loadPreferences(browserStorage));
  const file = useRef<File | null>(null);

  useEffect(() => storePreferences(browserStorage, preferences), [preferences]);
  useEffect(() => client.updateSettings(preferences.settings), [client, preferences.settings]);

  const runs = isActive(phase);
  const run = useCallback((next: Preferences) => client.start(requestOf(next, file.current)), [client]);

  const choose = (changes: Partial<Preferences>, mustRun: boolean): void => {
    const next = { ...preferences, ...changes };
    setPreferences(next);
    if (mustRun) void run(next);
  };

  const playFile = useCallback(
    (picked: File) => {
      file.current = picked;
      setPreferences((current) => ({ ...current, sourceKind: 'file' }));
      void client.start({ kind: 'file', file: picked });
    },
    [client],
  );

  const isCamera = preferences.sourceKind === 'camera';
  return {
    preferences,
    isActive: runs,
    isMirrored: isCamera ? preferences.mirrorsCamera : preferences.mirrorsClips,
    fileName: preferences.sourceKind === 'file' ? (file.current?.name ?? null) : null,
    changeSettings: (changes) => choose({ settings: { ...preferences.settings, ...changes } }, false),
    setMirrored: (isMirrored) => choose(isCamera ? { mirrorsCamera: isMirrored } : { mirrorsClips: isMirrored }, false),
    chooseSource: (sourceKind, deviceId = preferences.deviceId) => choose({ sourceKind, deviceId }, runs),
    startSource: (sourceKind) => choose({ sourceKind }, true),
    playFile,
    start: () => void run(preferences),
    stop: () => client.stop(),
  };
}

function requestOf({ sourceKind, deviceId }: Preferences, file: File | null): SourceRequest {
  if (sourceKind === 'file' && file !== null) return { kind: 'file', file };
  return sourceKind === 'demo' ? { kind: 'demo' } : { kind: 'camera', deviceId };
}
