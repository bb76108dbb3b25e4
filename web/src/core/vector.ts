/** Places and ways in the plane. */

export interface Vector {
  readonly x: number;
  readonly y: number;
}

export function plus(a: Vector, b: Vector): Vector {
  return { x: a.x + b.x, y: a.y + b.y };
}

export function minus(a: Vector, b: Vector): Vector {
  return { x: a.x - b.x, y: a.y - b.y };
}

export function scaled({ x, y }: Vector, factor: number): Vector {
  return { x: x * factor, y: y * factor };
}

export function dot(a: Vector, b: Vector): number {
  return a.x * b.x + a.y * b.y;
}
