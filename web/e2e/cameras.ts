/** Where the files are that Chromium takes for a camera, and what they are made from. */

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
  const path = `${ROOT}../shared/data/clips/human_hand_video.mp4`;
  return existsSync(path) ? path : null;
}

/** The project's own command. */
export function handstreamCommand(): string {
  return process.env['HANDSTREAM'] ?? `${ROOT}.venv/bin/handstream`;
}
