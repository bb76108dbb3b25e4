/**
 * How many bytes a picture gets: the ladder of JPEG quality and resolution, and the resolution that the networks can use.
 *
 * The twin of `src/handstream/protocol/detail.py`, which says how the bytes are foretold and where the constants are from.
 */

const QUALITY_STEPS = 4;
const LANDMARK_INPUT_PX = 224;
const PALM_INPUT_PX = 192;
const USEFUL_OVERSAMPLING = 1.3;
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
 * The least scale at which the networks see all that they can see. For landmarks only: an annotated picture is looked at by a person.
 *
 * @param regionPx - the side of the (smallest) hand's region of interest in a picture of full scale.
 * @param captureLongSidePx - the longer side of a picture of full scale.
 * @param scale - the scale now, which stays while it is useful and hardly more than that.
 * @param scales - the scales to choose from, the largest first.
 */
export function usefulScale(regionPx: number, captureLongSidePx: number, scale: number, scales: readonly [number, ...number[]]): number {
  const least = usefulShare(regionPx, captureLongSidePx);
  const useful = scales.filter((candidate) => candidate >= (candidate >= scale ? least : least * SHRINK_MARGIN));
  return useful.at(-1) ?? scales[0];
}

/** The share of full resolution that the networks can use; more than 1 where they could use more than there is. */
function usefulShare(regionPx: number, captureLongSidePx: number): number {
  const regionShare = (USEFUL_OVERSAMPLING * LANDMARK_INPUT_PX) / Math.max(1, regionPx);
  const pictureShare = (USEFUL_OVERSAMPLING * PALM_INPUT_PX) / Math.max(1, captureLongSidePx);
  return Math.max(regionShare, pictureShare);
}
