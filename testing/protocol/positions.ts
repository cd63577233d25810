/**
 * Where an exchange is cut: at each byte where it is short, else at each byte of its beginning, about
 * each edge of what was written, and at places that are drawn.
 * @module
 */
import { seededRandom } from '../../transport/random.ts'

/** Up to here each byte is tried. */
const SHORT_BYTES = 4_096
const BEGINNING_BYTES = 1_024
const ABOUT_EDGE_BYTES = 32
const DRAWN_COUNT = 200

/** @param deliveries the sizes of what was written, one after the other */
export function positionsIn(deliveries: readonly number[]): readonly number[] {
  const bytes = deliveries.reduce((sum, size) => sum + size, 0)
  if (bytes <= SHORT_BYTES) return Array.from({ length: bytes + 1 }, (_, position) => position)
  const positions = new Set<number>()
  const add = (position: number): void => {
    if (position >= 0 && position <= bytes) positions.add(position)
  }
  for (let position = 0; position <= BEGINNING_BYTES; position++) add(position)
  for (const edge of edgesIn(deliveries)) {
    for (let by = -ABOUT_EDGE_BYTES; by <= ABOUT_EDGE_BYTES; by++) add(edge + by)
  }
  const random = seededRandom('positions')
  for (let drawn = 0; drawn < DRAWN_COUNT; drawn++) add(random.below(bytes))
  return [...positions].sort((one, other) => one - other)
}

/** 0, and where each delivery ended. */
export function edgesIn(deliveries: readonly number[]): readonly number[] {
  let at = 0
  const edges = [0]
  for (const size of deliveries) edges.push((at += size))
  return [...new Set(edges)]
}
