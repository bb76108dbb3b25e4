/** What the page remembers of a person's choices, in the browser's local storage. */

import { DEFAULT_SETTINGS, type StreamSettings } from '../core/settings.ts';
import type { SourceRequest } from '../core/sources.ts';

export type SourceKind = SourceRequest['kind'];

export interface Preferences {
  readonly settings: StreamSettings;
  readonly sourceKind: SourceKind;
  readonly deviceId: string | null;
  /** People expect a mirror of their own camera, and a clip as it was filmed. */
  readonly mirrorsCamera: boolean;
  readonly mirrorsClips: boolean;
}

export const DEFAULT_PREFERENCES: Preferences = {
  settings: DEFAULT_SETTINGS,
  sourceKind: 'camera',
  deviceId: null,
  mirrorsCamera: true,
  mirrorsClips: false,
};

export const CAPTURE_SIZES: readonly { readonly widthPx: number; readonly heightPx: number }[] = [
  { widthPx: 320, heightPx: 240 },
  { widthPx: 480, heightPx: 360 },
  { widthPx: 640, heightPx: 480 },
  { widthPx: 960, heightPx: 720 },
  { widthPx: 1280, heightPx: 720 },
];

/** The least shares of the capture's resolution that can be chosen. */
export const MIN_SCALES: readonly number[] = [0.25, 0.5, 0.75, 1];

/** The numbers that can be chosen. */
export const RANGES = {
  frameThrottleMs: { min: 0, max: 200 },
  captureJpegQuality: { min: 20, max: 95 },
  resultJpegQuality: { min: 20, max: 95 },
  maxHands: { min: 1, max: 4 },
} as const;

const KEY = 'handstream.preferences';

/** What was remembered; whatever is missing or makes no sense is the default. */
export function loadPreferences(storage: Pick<Storage, 'getItem'>): Preferences {
  const stored = parse(storage.getItem(KEY));
  const settings = parseSettings(isObject(stored['settings']) ? stored['settings'] : {});
  const kind = stored['sourceKind'];
  return {
    settings,
    sourceKind: kind === 'demo' ? 'demo' : 'camera', // A file cannot be remembered.
    deviceId: typeof stored['deviceId'] === 'string' ? stored['deviceId'] : null,
    mirrorsCamera: stored['mirrorsCamera'] !== false,
    mirrorsClips: stored['mirrorsClips'] === true,
  };
}

export function storePreferences(storage: Pick<Storage, 'setItem'>, preferences: Preferences): void {
  storage.setItem(KEY, JSON.stringify(preferences));
}

function parseSettings(stored: Record<string, unknown>): StreamSettings {
  const size = CAPTURE_SIZES.find(
    ({ widthPx, heightPx }) => widthPx === stored['captureWidthPx'] && heightPx === stored['captureHeightPx'],
  );
  const within = (name: keyof typeof RANGES): number => {
    const value = stored[name];
    const { min, max } = RANGES[name];
    return typeof value === 'number' && value >= min && value <= max ? Math.round(value) : DEFAULT_SETTINGS[name];
  };
  return {
    output: stored['output'] === 'annotated' ? 'annotated' : 'landmarks',
    overlay: stored['overlay'] === 'live' ? 'live' : 'locked',
    captureWidthPx: size?.widthPx ?? DEFAULT_SETTINGS.captureWidthPx,
    captureHeightPx: size?.heightPx ?? DEFAULT_SETTINGS.captureHeightPx,
    frameThrottleMs: within('frameThrottleMs'),
    captureJpegQuality: within('captureJpegQuality'),
    resultJpegQuality: within('resultJpegQuality'),
    adaptsByItself: stored['adaptsByItself'] !== false,
    minScale: MIN_SCALES.find((scale) => scale === stored['minScale']) ?? DEFAULT_SETTINGS.minScale,
    maxHands: within('maxHands'),
  };
}

function parse(text: string | null): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(text ?? '{}');
    return isObject(value) ? value : {};
  } catch {
    return {};
  }
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
