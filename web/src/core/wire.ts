/** Bytes to values and back: the data messages of `handstream.v1` (`docs/protocol.md`, "Data messages"). */

import { SERVER_STAGES, type ServerStage } from './stages.ts';

export const SUBPROTOCOL = 'handstream.v1';
export const LANDMARK_COUNT = 21;

const VERSION = 1;
const TYPE_FRAME = 1;
const TYPE_RESULT = 2;
const FRAME_HEADER_BYTES = 18;
/** What every result's header has; the region's side was added behind it. */
const RESULT_HEADER_BYTES = 72;
const REGION_BYTES = 2;
const STAGES_OFFSET = 44;
const HAND_HEAD_BYTES = 8;
const POINTS_BYTES = LANDMARK_COUNT * 3 * 2;
const FLAG_IMAGE = 1;
const FLAG_LANDMARKS = 2;
const FLAG_WORLD_LANDMARKS = 4;
const SCORE_UNIT = 1 / 65_535;
const LANDMARK_UNIT = 1 / 16_384;
const WORLD_UNIT_M = 1 / 65_536;

/** MediaPipe's label, which assumes a mirrored picture: in one that is not mirrored, a person's right hand is `"Left"`. */
export type Handedness = 'Left' | 'Right';

export interface Hand {
  /** The same number while the hand is followed, never used again in the session for another. */
  readonly handId: number;
  readonly handedness: Handedness;
  /** How sure the model is of the handedness, 0..1. */
  readonly score: number;
  /** 21 × (x, y, z): x and y normalised to the picture's width and height, z on the scale of x. Null where the output has none. */
  readonly landmarks: Float32Array | null;
  /** 21 × (x, y, z) in metres around the hand's centre. Null unless the session asked for them. */
  readonly worldLandmarks: Float32Array | null;
}

export interface Result {
  readonly frameId: number;
  /** Echo of the frame's capture time, in ns on the client's clock. */
  readonly captureTimeNs: bigint;
  /** Size of the frame's picture, upright. */
  readonly widthPx: number;
  readonly heightPx: number;
  readonly hands: readonly Hand[];
  /**
   * Side of the region in which the smallest hand is looked for in the next frame, as a share of the picture's longer side; null where
   * there is no hand, or the server does not say.
   */
  readonly regionShare: number | null;
  /** How many of the session's frames the server had dropped when it made this result. */
  readonly dropped: number;
  /** When the frame arrived and when this result left, in ns on the server's clock: only their difference means something here. */
  readonly receiveTimeNs: bigint;
  readonly sendTimeNs: bigint;
  /** How long each of the server's stages took, in µs; a stage that did not run is absent. */
  readonly stagesUs: Readonly<Partial<Record<ServerStage, number>>>;
  /** Size of the whole message. */
  readonly messageBytes: number;
  /** The annotated JPEG (a view into the message), or null. */
  readonly image: Uint8Array<ArrayBuffer> | null;
}

export type WireErrorCode = 'header_too_short' | 'bad_version' | 'bad_type' | 'truncated_result' | 'bad_json';

/** A message of the server that does not follow `docs/protocol.md`. */
export class WireError extends Error {
  override readonly name = 'WireError';
  readonly code: WireErrorCode;

  constructor(code: WireErrorCode, message: string) {
    super(message);
    this.code = code;
  }
}

/**
 * One frame as a data message.
 *
 * @param frameId - 0..2³²−1, greater than the one before.
 * @param captureTimeNs - when it was captured, in ns on the client's own clock; the server only echoes it.
 * @param image - the encoded picture (JPEG, PNG or WebP).
 */
export function packFrame(frameId: number, captureTimeNs: bigint, image: Uint8Array): Uint8Array<ArrayBuffer> {
  const message = new Uint8Array(FRAME_HEADER_BYTES + image.byteLength);
  const view = new DataView(message.buffer);
  view.setUint8(0, VERSION);
  view.setUint8(1, TYPE_FRAME);
  view.setUint16(2, FRAME_HEADER_BYTES);
  view.setUint32(6, frameId);
  view.setBigUint64(10, captureTimeNs);
  message.set(image, FRAME_HEADER_BYTES);
  return message;
}

/**
 * What a result message says.
 *
 * @throws WireError if it is not a result of this version, or breaks off.
 */
export function parseResult(message: ArrayBuffer): Result {
  const view = new DataView(message);
  const bodyOffset = checkedHeaderBytes(view);
  const flags = view.getUint16(4);
  const { hands, endOffset } = parseHands(view, bodyOffset, flags);
  return {
    frameId: view.getUint32(6),
    captureTimeNs: view.getBigUint64(10),
    hands,
    widthPx: view.getUint16(20),
    heightPx: view.getUint16(22),
    regionShare: parseRegion(view, bodyOffset),
    dropped: view.getUint32(24),
    receiveTimeNs: view.getBigUint64(28),
    sendTimeNs: view.getBigUint64(36),
    stagesUs: parseStages(view),
    messageBytes: message.byteLength,
    image: parseImage(message, endOffset, flags),
  };
}

function checkedHeaderBytes(view: DataView): number {
  const size = view.byteLength;
  if (size < RESULT_HEADER_BYTES) {
    throw new WireError('header_too_short', `A result has a header of ${RESULT_HEADER_BYTES} bytes, this message has ${size} in all.`);
  }
  const [version, type, headerBytes] = [view.getUint8(0), view.getUint8(1), view.getUint16(2)];
  if (version !== VERSION) throw new WireError('bad_version', `The message is of version ${version}, not ${VERSION}.`);
  if (type !== TYPE_RESULT) throw new WireError('bad_type', `The message is of type ${type}, not a result (${TYPE_RESULT}).`);
  if (headerBytes < RESULT_HEADER_BYTES || headerBytes > size) {
    throw new WireError(
      'header_too_short',
      `The header claims ${headerBytes} of the message's ${size} bytes; a result has ${RESULT_HEADER_BYTES}.`,
    );
  }
  return headerBytes;
}

function parseRegion(view: DataView, headerBytes: number): number | null {
  const regionPx = headerBytes >= RESULT_HEADER_BYTES + REGION_BYTES ? view.getUint16(RESULT_HEADER_BYTES) : 0;
  return regionPx === 0 ? null : regionPx / Math.max(1, view.getUint16(20), view.getUint16(22));
}

function parseStages(view: DataView): Partial<Record<ServerStage, number>> {
  const stagesUs: Partial<Record<ServerStage, number>> = {};
  SERVER_STAGES.forEach((stage, index) => {
    const spanUs = view.getUint32(STAGES_OFFSET + 4 * index);
    if (spanUs > 0) stagesUs[stage] = spanUs;
  });
  return stagesUs;
}

function parseHands(view: DataView, bodyOffset: number, flags: number): { hands: Hand[]; endOffset: number } {
  const landmarksBytes = flags & FLAG_LANDMARKS ? POINTS_BYTES : 0;
  const worldBytes = flags & FLAG_WORLD_LANDMARKS ? POINTS_BYTES : 0;
  const recordBytes = HAND_HEAD_BYTES + landmarksBytes + worldBytes;
  const count = view.getUint8(18);
  const endOffset = bodyOffset + count * recordBytes;
  if (endOffset > view.byteLength) throw new WireError('truncated_result', `The message breaks off within its ${count} hands.`);
  const hands = Array.from({ length: count }, (_, index): Hand => {
    const offset = bodyOffset + index * recordBytes;
    const pointsOffset = offset + HAND_HEAD_BYTES;
    return {
      handId: view.getUint32(offset),
      handedness: view.getUint8(offset + 4) === 0 ? 'Left' : 'Right',
      score: view.getUint16(offset + 6) * SCORE_UNIT,
      landmarks: landmarksBytes ? parsePoints(view, pointsOffset, LANDMARK_UNIT) : null,
      worldLandmarks: worldBytes ? parsePoints(view, pointsOffset + landmarksBytes, WORLD_UNIT_M) : null,
    };
  });
  return { hands, endOffset };
}

function parsePoints(view: DataView, offset: number, unit: number): Float32Array {
  return Float32Array.from({ length: LANDMARK_COUNT * 3 }, (_, index) => view.getInt16(offset + 2 * index) * unit);
}

function parseImage(message: ArrayBuffer, offset: number, flags: number): Uint8Array<ArrayBuffer> | null {
  return flags & FLAG_IMAGE ? new Uint8Array(message, offset) : null;
}
