/** Draws skeletons on a 2D canvas: a line for each connection, a dot for each joint, a label at each wrist. */

import { CONNECTIONS, FINGER_COLOURS, fingerOf, personsHand } from './hand-skeleton.ts';
import { type Hand, LANDMARK_COUNT } from './wire.ts';

/** The canvas area that the picture fills, in the context's units. */
export interface Area {
  readonly width: number;
  readonly height: number;
  /** Whether the picture is shown as in a mirror: joints are mirrored with it, labels are not. */
  readonly isMirrored: boolean;
}

/** Line width and joint radius follow the hand's size on the canvas, so that a distant hand is not buried under its skeleton. */
const LINE_SHARE_OF_PALM = 0.045;
const OUTLINE = 'rgb(10 12 16 / 55%)';

/** Draws one hand that has landmarks. */
export function drawHand(context: CanvasRenderingContext2D, hand: Hand, area: Area): void {
  const points = canvasPoints(hand, area);
  const [wrist, , , , , indexRoot] = points;
  if (wrist === undefined || indexRoot === undefined) return;
  const palm = Math.hypot(wrist.x - indexRoot.x, wrist.y - indexRoot.y);
  const line = Math.min(7, Math.max(1.5, palm * LINE_SHARE_OF_PALM));
  context.lineCap = context.lineJoin = 'round';
  strokeBones(context, points, line);
  drawJoints(context, points, line, personsHand(hand.handedness) === 'Left');
  drawLabel(context, personsHand(hand.handedness), wrist, line);
}

interface Point {
  readonly x: number;
  readonly y: number;
}

function canvasPoints(hand: Hand, { width, height, isMirrored }: Area): Point[] {
  const { landmarks } = hand;
  if (landmarks === null) return [];
  return Array.from({ length: LANDMARK_COUNT }, (_, index) => {
    const x = landmarks[3 * index] ?? 0;
    return { x: (isMirrored ? 1 - x : x) * width, y: (landmarks[3 * index + 1] ?? 0) * height };
  });
}

/** A dark outline under all lines, then the lines, so that they stand out from any background. */
function strokeBones(context: CanvasRenderingContext2D, points: readonly Point[], line: number): void {
  for (const isOutline of [true, false]) {
    context.lineWidth = isOutline ? line * 1.9 : line;
    for (const { finger, from, to } of CONNECTIONS) {
      const [start, end] = [points[from], points[to]];
      if (start === undefined || end === undefined) continue;
      context.strokeStyle = isOutline ? OUTLINE : FINGER_COLOURS[finger];
      context.beginPath();
      context.moveTo(start.x, start.y);
      context.lineTo(end.x, end.y);
      context.stroke();
    }
  }
}

/** Joints are full dots on a right hand and rings on a left one, so that the two differ by shape too. */
function drawJoints(context: CanvasRenderingContext2D, points: readonly Point[], line: number, isLeft: boolean): void {
  context.lineWidth = line * 0.75;
  points.forEach(({ x, y }, landmark) => {
    const colour = FINGER_COLOURS[fingerOf(landmark)];
    context.beginPath();
    context.arc(x, y, line * 1.25, 0, 2 * Math.PI);
    context.fillStyle = isLeft ? '#14161b' : colour;
    context.strokeStyle = isLeft ? colour : '#14161b';
    context.fill();
    context.stroke();
  });
}

function drawLabel(context: CanvasRenderingContext2D, text: string, wrist: Point, line: number): void {
  const size = Math.max(11, Math.min(15, line * 3.2));
  context.font = `600 ${size}px system-ui, sans-serif`;
  context.textAlign = 'center';
  context.textBaseline = 'middle';
  const width = context.measureText(text).width + size * 1.2;
  const y = wrist.y + line * 2 + size * 1.2;
  context.fillStyle = 'rgb(20 22 27 / 80%)';
  context.beginPath();
  context.roundRect(wrist.x - width / 2, y - size * 0.85, width, size * 1.7, size);
  context.fill();
  context.fillStyle = '#f4f1ea';
  context.fillText(text, wrist.x, y);
}
