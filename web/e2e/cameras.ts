/** Where the files are that Chromium takes for a camera, and what they are made from. */

import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));

/** What the tests leave behind. */
export const ARTIFACTS = `${ROOT}artifacts`;

/** The demo clip, each picture marked with its number. */
export const SYNTHETIC_CAMERA = `${ARTIFACTS}/camera/synthetic.mjpeg`;

/** A person's hand. */
export const FILMED_CAMERA = `${ARTIFACTS}/camera/filmed.mjpeg`;

export const DEMO_FOLDER = `${ROOT}src/handstream/demo`;

/** The film of a person's hand, which lies beside a checkout of the project and is no part of it; null where it is absent. */
export function filmedClip(): string | null {
  process.env['HANDSTREAM_E2E_DATA'] ??= dataFolder(); // Asked once: the tests' processes inherit the answer.
  const path = `${process.env['HANDSTREAM_E2E_DATA']}/clips/human_hand_video.mp4`;
  return existsSync(path) ? path : null;
}

/** The folder of real hands, as the Python tests know it. */
function dataFolder(): string {
  const ask = "import runpy, sys; print(runpy.run_path(sys.argv[1])['DATA'])";
  const { stdout } = spawnSync(`${ROOT}.venv/bin/python`, ['-c', ask, `${ROOT}tests/conftest.py`], { encoding: 'utf-8' });
  return stdout?.trim() ?? '';
}

/** The project's own command. */
export function handstreamCommand(): string {
  return process.env['HANDSTREAM'] ?? `${ROOT}.venv/bin/handstream`;
}
