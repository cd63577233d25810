/**
 * A line through points as the path of an SVG element, its corners rounded.
 * @module
 */
import type { Point } from './chart-geometry.ts'

/** Pixels; at most half of the way to the next corner. */
const RADIUS = 10

/** The point that lies `pixels` from one towards the other, at most half of the way. */
function towards(one: Point, other: Point, pixels: number): Point {
  const [dx, dy] = [other.x - one.x, other.y - one.y]
  const part = Math.min(0.5, pixels / Math.max(Math.hypot(dx, dy), 1))
  return { x: one.x + dx * part, y: one.y + dy * part }
}

const text = ({ x, y }: Point): string =>
  `${String(Math.round(x * 2) / 2)} ${String(Math.round(y * 2) / 2)}`

export function linePath(points: readonly Point[]): string {
  return points
    .map((point, place) => {
      const [before, after] = [points[place - 1], points[place + 1]]
      if (before === undefined) return `M${text(point)}`
      if (after === undefined) return `L${text(point)}`
      const [into, outOf] = [towards(point, before, RADIUS), towards(point, after, RADIUS)]
      return `L${text(into)}Q${text(point)} ${text(outOf)}`
    })
    .join('')
}
