/** Makes the camera files with the project's command, where they are missing or older than their clip. */

import { execFileSync } from 'node:child_process';
import { mkdirSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import { DEMO_FOLDER, FILMED_CAMERA, filmedClip, handstreamCommand, SYNTHETIC_CAMERA } from './cameras.ts';

export default function makeCameras(): void {
  make(SYNTHETIC_CAMERA, `${DEMO_FOLDER}/hands.webm`, '--codes');
  const clip = filmedClip();
  if (clip !== null) make(FILMED_CAMERA, clip, '--no-codes');
}

function make(camera: string, clip: string, codes: string): void {
  if (changedMs(camera) > changedMs(clip)) return;
  mkdirSync(dirname(camera), { recursive: true });
  execFileSync(handstreamCommand(), ['demo', 'camera', '--out', camera, '--clip', clip, codes], { stdio: ['ignore', 'ignore', 'inherit'] });
}

function changedMs(path: string): number {
  return statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? 0;
}
