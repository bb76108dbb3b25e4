/**
 * How many bytes a picture gets: the ladder of JPEG quality and resolution, and the resolution that the networks can use.
 *
 * The twin of `src/handstream/protocol/detail.py`, which says how the bytes are foretold and where the constants are from.
 */

/** Of the captured picture's width and height, the largest first. */
export const SCALES: readonly [number, ...number[]] = [1, 0.75, 0.5, 0.375, 0.25];

const QUALITY_STEPS = 4;
const LANDMARK_INPUT_PX = 224;
const PALM_INPUT_PX = 192;
const LIBJPEG_MIDDLE_QUALITY = 50;
const SHRINK_MARGIN = 1.15;

/** A step of the ladder. */
export interface Level {
  /** 0 is the quality that was asked for, 1 the least. */
  readonly coarseness: number;
  /** Of the captured picture's width and height. */
  readonly scale: number;
}

/**
 * All levels, the finest first.
 *
 * @throws RangeError if the scales are none, leave 0..1 or do not fall.
 */
export function ladder(scales: readonly number[]): Level[] {
  const [largest] = scales;
  const falls = scales.every((scale, index) => scale > 0 && scale <= 1 && scale < (scales[index - 1] ?? Number.POSITIVE_INFINITY));
  if (largest === undefined || !falls) throw new RangeError(`scales must fall from at most 1 and stay above 0, not be ${scales}`);
  const qualities = Array.from({ length: QUALITY_STEPS + 1 }, (_, step) => ({ coarseness: step / QUALITY_STEPS, scale: largest }));
  return [...qualities, ...scales.slice(1).map((scale) => ({ coarseness: 1, scale }))];
}

/**
 * The scales that a person allows who wants none below that one, which is the last of them.
 *
 * @throws RangeError if it is not above 0 and at most 1.
 */
export function scalesFrom(least: number): readonly [number, ...number[]] {
  if (!(least > 0 && least <= 1)) throw new RangeError(`the least scale must lie above 0 and be at most 1, not ${least}`);
  const [first, ...rest] = [...SCALES.filter((scale) => scale > least), least];
  return [first ?? least, ...rest];
}

/** The JPEG quality at that level, 1..100. A wanted quality below the least one stays. */
export function qualityAt(level: Level, wanted: number, least: number): number {
  return Math.floor(wanted - (wanted - Math.min(least, wanted)) * level.coarseness + 0.5);
}

/** The bytes of a picture of that quality and scale, in units of one of quality 50 and scale 1. */
export function relativeBytes(quality: number, scale: number): number {
  const tableScale = quality < LIBJPEG_MIDDLE_QUALITY ? 5000 / quality : 200 - 2 * quality;
  // Only operations that IEEE 754 rounds correctly, so that the twin finds the same number.
  return (scale * Math.sqrt(Math.sqrt(scale))) / Math.sqrt(Math.max(2, tableScale) / 100);
}

/**
 * The longer side that a picture must have for the networks to see all that they can see.
 *
 * @param regionShare - the side of the (smallest) hand's region of interest as a share of the picture's longer side.
 */
export function usefulLongSidePx(regionShare: number): number {
  return Math.max(LANDMARK_INPUT_PX / Math.max(1e-3, regionShare), PALM_INPUT_PX);
}

/**
 * The least scale at which the networks see all that they can see. For landmarks only: an annotated picture is looked at by a person.
 *
 * @param regionShare - as of `usefulLongSidePx`.
 * @param captureLongSidePx - the longer side of a picture of full scale.
 * @param scale - the scale now, which stays while it is useful and hardly more than that.
 * @param scales - the scales to choose from, the largest first.
 */
export function usefulScale(regionShare: number, captureLongSidePx: number, scale: number, scales: readonly [number, ...number[]]): number {
  const least = usefulLongSidePx(regionShare) / Math.max(1, captureLongSidePx);
  const useful = scales.filter((candidate) => candidate >= (candidate >= scale ? least : least * SHRINK_MARGIN));
  return useful.at(-1) ?? scales[0];
}
