/** Everything that can be chosen: the source, what comes back, and what it may cost. */

import type { ReactNode } from 'react';
import { Segmented } from '../react/segmented.tsx';
import { Select } from '../react/select.tsx';
import { Slider } from '../react/slider.tsx';
import { Switch } from '../react/switch.tsx';
import { useCameras } from '../react/use-cameras.ts';
import { useClientState } from '../react/use-client-state.ts';
import { CAPTURE_SIZES, MIN_SCALES, RANGES } from './preferences.ts';
import { PickFile } from './stage.tsx';
import type { Studio } from './use-studio.ts';

export function SettingsPanel({ studio }: { readonly studio: Studio }): ReactNode {
  return (
    <aside className="settings" aria-label="Settings">
      <SourceSettings studio={studio} />
      <PictureSettings studio={studio} />
      <CostSettings studio={studio} />
    </aside>
  );
}

function SourceSettings({ studio }: { readonly studio: Studio }): ReactNode {
  const phase = useClientState((state) => state.phase);
  const cameras = useCameras(phase);
  const { sourceKind, deviceId } = studio.preferences;
  return (
    <section className="group" aria-labelledby="source-heading">
      <h2 id="source-heading">Source</h2>
      <Segmented
        label="Pictures from"
        value={sourceKind}
        options={[
          { value: 'camera', label: 'Camera' },
          { value: 'demo', label: 'Demo clip' },
          ...(studio.fileName === null ? [] : [{ value: 'file' as const, label: 'File' }]),
        ]}
        onChange={(kind) => {
          if (kind !== 'file') studio.chooseSource(kind);
        }}
      />
      {sourceKind === 'camera' && (
        <Select
          label="Camera"
          value={cameras.some((camera) => camera.deviceId === deviceId) ? (deviceId ?? '') : ''}
          options={[{ value: '', label: 'The browser’s choice' }, ...cameras.map(cameraOption).filter(({ value }) => value !== '')]}
          onChange={(id) => studio.chooseSource('camera', id === '' ? null : id)}
        />
      )}
      <p className="field-note">
        {studio.fileName === null ? 'Drop a video on the page, or ' : `${studio.fileName}: `}
        <PickFile studio={studio} label={studio.fileName === null ? 'pick a file' : 'pick another'} />
      </p>
      <Switch label="Mirror the picture" isOn={studio.isMirrored} onChange={studio.setMirrored} />
    </section>
  );
}

function cameraOption(camera: MediaDeviceInfo, index: number): { value: string; label: string } {
  return { value: camera.deviceId, label: camera.label || `Camera ${index + 1}` };
}

function PictureSettings({ studio }: { readonly studio: Studio }): ReactNode {
  const limit = useClientState((state) => state.maxHands);
  const { output, overlay, maxHands } = studio.preferences.settings;
  const isAnnotated = output === 'annotated';
  return (
    <section className="group" aria-labelledby="tracking-heading">
      <h2 id="tracking-heading">Tracking</h2>
      <Segmented
        label="The server sends back"
        value={output}
        options={[
          { value: 'landmarks', label: 'Landmarks' },
          { value: 'annotated', label: 'Annotated picture' },
        ]}
        onChange={(value) => studio.changeSettings({ output: value })}
        note={isAnnotated ? 'The server draws, and returns a JPEG.' : 'About 200 bytes for a hand, drawn over your own picture.'}
      />
      {!isAnnotated && (
        <Segmented
          label="Picture under them"
          value={overlay}
          options={[
            { value: 'locked', label: 'Locked' },
            { value: 'live', label: 'Live' },
          ]}
          onChange={(value) => studio.changeSettings({ overlay: value })}
          note={
            overlay === 'locked' ? 'Their own: fits exactly, as late as the answer.' : 'The newest: no delay; hands are carried forward.'
          }
        />
      )}
      <Segmented
        label="Hands at most"
        value={Math.min(maxHands, limit)}
        options={Array.from({ length: Math.min(limit, RANGES.maxHands.max) }, (_, index) => ({
          value: index + 1,
          label: String(index + 1),
        }))}
        onChange={(value) => studio.changeSettings({ maxHands: value })}
      />
    </section>
  );
}

function CostSettings({ studio }: { readonly studio: Studio }): ReactNode {
  const { output, adaptsByItself, minScale, captureWidthPx, captureHeightPx, frameThrottleMs, captureJpegQuality, resultJpegQuality } =
    studio.preferences.settings;
  return (
    <section className="group" aria-labelledby="cost-heading">
      <h2 id="cost-heading">Rate and size</h2>
      <Switch label="Adapt by itself" isOn={adaptsByItself} onChange={(isOn) => studio.changeSettings({ adaptsByItself: isOn })} />
      <p className="field-note">
        {adaptsByItself ? 'What is set here is the most that is sent.' : 'What is set here is sent, come what may.'}
      </p>
      <Select
        label="Capture resolution"
        value={`${captureWidthPx}x${captureHeightPx}`}
        options={CAPTURE_SIZES.map(({ widthPx, heightPx }) => ({ value: `${widthPx}x${heightPx}`, label: `${widthPx} × ${heightPx}` }))}
        onChange={(value) => {
          const [width = 640, height = 480] = value.split('x').map(Number);
          studio.changeSettings({ captureWidthPx: width, captureHeightPx: height });
        }}
      />
      {adaptsByItself && (
        <Select
          label="Least resolution sent"
          value={String(minScale)}
          options={MIN_SCALES.map((scale) => ({ value: String(scale), label: scale === 1 ? 'all of it' : `${100 * scale} % of it` }))}
          onChange={(value) => studio.changeSettings({ minScale: Number(value) })}
        />
      )}
      <Slider
        label="Frame throttle"
        {...RANGES.frameThrottleMs}
        value={frameThrottleMs}
        text={frameThrottleMs === 0 ? 'off' : `${frameThrottleMs} ms`}
        note={
          frameThrottleMs === 0 ? 'Every picture that the source gives.' : `At most ${(1000 / frameThrottleMs).toFixed(0)} frames a second.`
        }
        onChange={(value) => studio.changeSettings({ frameThrottleMs: value })}
      />
      <Slider
        label="JPEG quality, sent"
        {...RANGES.captureJpegQuality}
        value={captureJpegQuality}
        text={String(captureJpegQuality)}
        onChange={(value) => studio.changeSettings({ captureJpegQuality: value })}
      />
      <Slider
        label="JPEG quality, returned"
        {...RANGES.resultJpegQuality}
        value={resultJpegQuality}
        text={String(resultJpegQuality)}
        isDisabled={output === 'landmarks'}
        {...(output === 'landmarks' ? { note: 'Only with the annotated picture.' } : {})}
        onChange={(value) => studio.changeSettings({ resultJpegQuality: value })}
      />
    </section>
  );
}
