/**
 * Where the nodes of a network stand in its picture: ours on a circle, or in the middle where there is
 * one; strangers around them, beside the one of ours that they are connected with.
 * @module
 */
import type { Point } from '../chart-geometry.ts'
import type { NetworkAnswer, NetworkNode } from '../messages.ts'

export interface PlacedNode extends NetworkNode, Point {
  /** Where its name stands so that no line crosses it. */
  readonly side: 'left' | 'right' | 'middle'
}

export interface NetworkPicture {
  /** Width and height of the picture, whose middle is 0, 0. */
  readonly size: number
  readonly nodes: ReadonlyMap<string, PlacedNode>
}

/** Pixels along a circle that a node with its name takes. */
const ROOM = 70
const OURS_RADIUS_MIN = 170
const STRANGERS_GAP = 130
const MARGIN = 110
/** A node alone is not drawn larger than one among others. */
const SIZE_MIN = 560

const circle = (angle: number, radius: number): Point => ({
  x: Math.round(radius * Math.sin(angle)),
  y: 0 - Math.round(radius * Math.cos(angle)),
})

function placed(node: NetworkNode, point: Point, radius: number): PlacedNode {
  const side = Math.abs(point.x) < radius * 0.2 ? 'middle' : point.x < 0 ? 'left' : 'right'
  return { ...node, ...point, side }
}

export function layoutNetwork({
  edges,
  nodes,
}: Pick<NetworkAnswer, 'edges' | 'nodes'>): NetworkPicture {
  // By name, so that a node stands where it stood, whoever came or went.
  const byLabel = [...nodes].sort((one, other) =>
    one.label.localeCompare(other.label, 'en', { numeric: true }),
  )
  const ours = byLabel.filter(({ is }) => is !== 'stranger')
  const strangers = byLabel.filter(({ is }) => is === 'stranger')
  const oursRadius =
    ours.length <= 1 ? 0 : Math.max(OURS_RADIUS_MIN, (ours.length * ROOM) / (2 * Math.PI))
  const oursAngle = new Map(ours.map(({ id }, place) => [id, (2 * Math.PI * place) / ours.length]))

  const neighbourAngle = (id: string): number => {
    const edge = edges.find(({ from, to }) => from === id || to === id)
    if (edge === undefined) return 0
    return oursAngle.get(edge.from === id ? edge.to : edge.from) ?? 0
  }
  const around = strangers
    .map((node) => ({ node, near: neighbourAngle(node.id) }))
    .sort((one, other) => one.near - other.near)
  const strangersRadius =
    strangers.length === 0
      ? 0
      : Math.max(oursRadius + STRANGERS_GAP, (strangers.length * ROOM) / (2 * Math.PI))
  const first = around[0]?.near ?? 0

  const all = [
    ...ours.map((node) =>
      placed(node, circle(oursAngle.get(node.id) ?? 0, oursRadius), oursRadius),
    ),
    ...around.map(({ node }, place) => {
      const angle = first + (2 * Math.PI * place) / strangers.length
      return placed(node, circle(angle, strangersRadius), strangersRadius)
    }),
  ]
  return {
    size: Math.max(SIZE_MIN, 2 * (Math.max(oursRadius, strangersRadius) + MARGIN)),
    nodes: new Map(all.map((node) => [node.id, node])),
  }
}
