/** The stages of one frame, in order: each a span of time, so together they are the whole way from capture to display. */

/** Equal to Python's `handstream.frames.Stage`, which a shared vector proves. `docs/protocol.md` defines where each begins and ends. */
export const STAGES = [
  'capture',
  'hold',
  'pack',
  'network_up',
  'receive',
  'queue',
  'decode',
  'track',
  'annotate',
  'encode',
  'send',
  'network_down',
  'unpack',
  'render',
  'present',
] as const;

export type Stage = (typeof STAGES)[number];

/** The stages that a result carries in its header, in the order of the wire. */
export const SERVER_STAGES = ['receive', 'queue', 'decode', 'track', 'annotate', 'encode', 'send'] as const satisfies readonly Stage[];

export type ServerStage = (typeof SERVER_STAGES)[number];

/** Where a stage passes. */
export type Place = 'page' | 'network' | 'server';

/** Where that stage passes. */
export function placeOf(stage: Stage): Place {
  if (stage === 'network_up' || stage === 'network_down') return 'network';
  return (SERVER_STAGES as readonly Stage[]).includes(stage) ? 'server' : 'page';
}
