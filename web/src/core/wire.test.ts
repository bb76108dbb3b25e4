import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { bytesOf, hexOf, readVectors } from './vectors.ts';
import { type Hand, packFrame, parseResult, WireError } from './wire.ts';

interface FrameVector {
  readonly name: string;
  readonly hex: string;
  readonly fields?: { readonly frame_id: number; readonly capture_time_ns: string; readonly image_hex: string };
  readonly read_only?: boolean;
}

interface ResultFields {
  readonly frame_id: number;
  readonly capture_time_ns: string;
  readonly width_px: number;
  readonly height_px: number;
  readonly dropped: number;
  readonly region_px: number;
  readonly receive_time_ns: string;
  readonly send_time_ns: string;
  readonly stages_us: Record<string, number>;
  readonly hands: readonly {
    readonly hand_id: number;
    readonly handedness: string;
    readonly score: number;
    readonly landmarks: number[][] | null;
    readonly world_landmarks: number[][] | null;
  }[];
  readonly image_hex: string | null;
}

interface ResultVector {
  readonly name: string;
  readonly hex: string;
  readonly fields?: ResultFields;
  readonly error?: string;
}

const frames = readVectors<FrameVector[]>('frames').filter((vector) => vector.fields !== undefined && vector.read_only !== true);
const results = readVectors<ResultVector[]>('results');

describe('packFrame', () => {
  test.each(frames)('makes the golden message: $name', ({ hex, fields }) => {
    if (fields === undefined) return;
    expect(hexOf(packFrame(fields.frame_id, BigInt(fields.capture_time_ns), bytesOf(fields.image_hex)))).toBe(hex);
  });

  test('there are golden messages', () => expect(frames.length).toBeGreaterThan(2));

  test('puts the image behind 18 bytes, whatever it is', () => {
    fc.assert(
      fc.property(fc.uint8Array(), fc.bigInt(0n, 2n ** 64n - 1n), fc.integer({ min: 0, max: 2 ** 32 - 1 }), (image, timeNs, frameId) => {
        const message = packFrame(frameId, timeNs, image);
        expect(message.subarray(18)).toEqual(image);
        expect(new DataView(message.buffer).getUint32(6)).toBe(frameId);
        expect(new DataView(message.buffer).getBigUint64(10)).toBe(timeNs);
      }),
    );
  });
});

describe('parseResult', () => {
  test.each(results.filter((vector) => vector.error === undefined))('reads the golden message: $name', ({ hex, fields }) => {
    const result = parseResult(bytesOf(hex).buffer);
    const read: ResultFields = {
      frame_id: result.frameId,
      capture_time_ns: String(result.captureTimeNs),
      width_px: result.widthPx,
      height_px: result.heightPx,
      dropped: result.dropped,
      region_px: Math.round((result.regionShare ?? 0) * Math.max(result.widthPx, result.heightPx)),
      receive_time_ns: String(result.receiveTimeNs),
      send_time_ns: String(result.sendTimeNs),
      stages_us: result.stagesUs,
      hands: result.hands.map(handFields),
      image_hex: result.image === null ? null : hexOf(result.image),
    };
    expect(read).toEqual(fields);
    expect(result.messageBytes).toBe(hex.length / 2);
  });

  test.each(results.filter((vector) => vector.error !== undefined))('refuses the golden message: $name', ({ hex, error }) => {
    expect(() => parseResult(bytesOf(hex).buffer)).toThrow(expect.objectContaining({ name: 'WireError', code: error }));
  });

  test('throws nothing but WireError, whatever arrives', () => {
    const golden = results.map((vector) => bytesOf(vector.hex));
    fc.assert(
      fc.property(fc.constantFrom(...golden), fc.nat(), fc.integer({ min: 0, max: 255 }), fc.nat(), (message, at, value, length) => {
        const damaged = message.slice(0, length % (message.length + 1));
        if (damaged.length > 0) damaged[at % damaged.length] = value;
        expect(() => {
          try {
            parseResult(damaged.buffer);
          } catch (error) {
            if (!(error instanceof WireError)) throw error;
          }
        }).not.toThrow();
      }),
    );
  });
});

function handFields(hand: Hand): ResultFields['hands'][number] {
  return {
    hand_id: hand.handId,
    handedness: hand.handedness,
    score: hand.score,
    landmarks: triples(hand.landmarks),
    world_landmarks: triples(hand.worldLandmarks),
  };
}

function triples(points: Float32Array | null): number[][] | null {
  if (points === null) return null;
  return Array.from({ length: points.length / 3 }, (_, index) => [...points.subarray(3 * index, 3 * index + 3)]);
}
