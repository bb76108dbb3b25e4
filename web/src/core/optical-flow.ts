/**
 * How far what is seen at a place has moved from one picture to the next: `shiftOf`.
 *
 * Theory of operation: a patch of the first picture is laid over the second and moved, by the slopes of its brightness, to where the
 * difference is least (Lucas and Kanade, "An iterative image registration technique", 1981). That works for moves of a few pixels, so it is
 * done in the smallest size of the pictures first, and what is found there is where the search in the next size begins (Bouguet, "Pyramidal
 * implementation of the Lucas Kanade feature tracker", 2001). A patch without corners says nothing: the least eigenvalue of its
 * slopes tells.
 *
 * Pictures are thumbnails (`luma.ts`), and places are in pixels of the largest size, where 0 is the middle of the first pixel.
 */

import type { Luma, Pyramid } from './luma.ts';
import { dot, plus, scaled, type Vector } from './vector.ts';

const RADIUS_PX = 3;
const SIDE_PX = 2 * RADIUS_PX + 1;
/** A patch with a rim, for the slopes at its edge. */
const RIMMED_PX = SIDE_PX + 2;
/** The least eigenvalue of the mean product of slopes, in squares of a brightness step a pixel, from which on a patch can be found again. */
const LEAST_TEXTURE = 2;
const MAX_ROUNDS = 6;
/** A step shorter than this is the last. */
const LAST_STEP_PX = 0.03;

/** What the search compares: a patch, and its slopes with the sums of their products. */
interface Patch {
  readonly xx: number;
  readonly xy: number;
  readonly yy: number;
}

// One patch is looked for at a time, so that these serve all.
const rimmed = new Float32Array(RIMMED_PX ** 2);
const found = new Float32Array(SIDE_PX ** 2);
const slopesX = new Float32Array(SIDE_PX ** 2);
const slopesY = new Float32Array(SIDE_PX ** 2);
const columns = new Int32Array(RIMMED_PX + 1);

/** The way in px, or null where nothing at the place can be told from what is beside it. */
export function shiftOf(from: Pyramid, to: Pyramid, place: Vector): Vector | null {
  let shift: Vector = { x: 0, y: 0 };
  let isFound = false;
  for (let size = Math.min(from.length, to.length) - 1; size >= 0; size -= 1) {
    const [before, after] = [from[size], to[size]];
    if (before === undefined || after === undefined) return null;
    const share = 2 ** -size;
    const smaller = { x: (place.x + 0.5) * share - 0.5, y: (place.y + 0.5) * share - 0.5 };
    const refined = refinedShift(before, after, smaller, scaled(shift, share));
    isFound = refined !== null;
    if (refined !== null) shift = scaled(refined, 1 / share);
  }
  return isFound && Number.isFinite(shift.x + shift.y) ? shift : null;
}

function refinedShift(from: Luma, to: Luma, place: Vector, first: Vector): Vector | null {
  sample(from, place, RIMMED_PX, rimmed);
  const patch = patchOf();
  if (patch === null) return null;
  let shift = first;
  for (let round = 0; round < MAX_ROUNDS; round += 1) {
    sample(to, plus(place, shift), SIDE_PX, found);
    const step = stepOf(patch);
    shift = plus(shift, step);
    if (dot(step, step) < LAST_STEP_PX ** 2) break;
  }
  return shift;
}

/** Finds the slopes of what was sampled with its rim. */
function patchOf(): Patch | null {
  let [xx, xy, yy] = [0, 0, 0];
  for (let index = 0; index < SIDE_PX ** 2; index += 1) {
    const middle = rimmedIndex(index);
    const slopeX = ((rimmed[middle + 1] ?? 0) - (rimmed[middle - 1] ?? 0)) / 2;
    const slopeY = ((rimmed[middle + RIMMED_PX] ?? 0) - (rimmed[middle - RIMMED_PX] ?? 0)) / 2;
    slopesX[index] = slopeX;
    slopesY[index] = slopeY;
    xx += slopeX * slopeX;
    xy += slopeX * slopeY;
    yy += slopeY * slopeY;
  }
  const least = (xx + yy - Math.hypot(xx - yy, 2 * xy)) / 2;
  return least < LEAST_TEXTURE * SIDE_PX ** 2 ? null : { xx, xy, yy };
}

/** The step of least squares from where the second picture was sampled. */
function stepOf({ xx, xy, yy }: Patch): Vector {
  let [x, y] = [0, 0];
  for (let index = 0; index < SIDE_PX ** 2; index += 1) {
    const difference = (rimmed[rimmedIndex(index)] ?? 0) - (found[index] ?? 0);
    x += difference * (slopesX[index] ?? 0);
    y += difference * (slopesY[index] ?? 0);
  }
  const determinant = xx * yy - xy * xy;
  return { x: (yy * x - xy * y) / determinant, y: (xx * y - xy * x) / determinant };
}

/** Where a pixel of the patch lies in the rimmed one. */
function rimmedIndex(index: number): number {
  const row = Math.floor(index / SIDE_PX);
  return (row + 1) * RIMMED_PX + (index - row * SIDE_PX) + 1;
}

/** Reads a square between the pixels (bilinear). Beyond its edge, a picture goes on as it ends. */
function sample({ widthPx, heightPx, pixels }: Luma, place: Vector, sidePx: number, into: Float32Array): void {
  const [left, top] = [Math.floor(place.x), Math.floor(place.y)];
  const [shareX, shareY] = [place.x - left, place.y - top];
  const radius = (sidePx - 1) / 2;
  for (let column = 0; column <= sidePx; column += 1) columns[column] = within(left - radius + column, widthPx);
  for (let row = 0; row < sidePx; row += 1) {
    const above = within(top - radius + row, heightPx) * widthPx;
    const below = within(top - radius + row + 1, heightPx) * widthPx;
    for (let column = 0; column < sidePx; column += 1) {
      const [one, next] = [columns[column] ?? 0, columns[column + 1] ?? 0];
      const upper = (1 - shareX) * (pixels[above + one] ?? 0) + shareX * (pixels[above + next] ?? 0);
      const lower = (1 - shareX) * (pixels[below + one] ?? 0) + shareX * (pixels[below + next] ?? 0);
      into[row * sidePx + column] = (1 - shareY) * upper + shareY * lower;
    }
  }
}

function within(index: number, count: number): number {
  return Math.min(Math.max(index, 0), count - 1);
}
