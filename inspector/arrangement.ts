/**
 * Where boxes, some inside others, and the lines between them stand so that lines run downwards and
 * cross little. The same in, the same out.
 *
 * This is the one place that knows dagre, whose own type declarations cannot be read as an ES module:
 * what is used of it is written down here.
 * @module
 */
import * as dagre from '@dagrejs/dagre'
import type { Box, Point } from './chart-geometry.ts'

export interface ArrangedBox {
  readonly id: string
  /** Of one that others are inside of, both are found. */
  readonly width: number
  readonly height: number
  readonly parent: string | undefined
}

/** Only between boxes that nothing is inside of. */
export interface ArrangedLine {
  readonly id: string
  readonly source: string
  readonly target: string
  /** The room that its label takes on it. */
  readonly width: number
  readonly height: number
  /** How much it is to be short and straight, 1 the least. */
  readonly weight: number
}

export interface ArrangedWay {
  readonly points: readonly Point[]
  /** The middle of its label's room, where it has some. */
  readonly label: Point | undefined
}

export interface Arrangement {
  readonly width: number
  readonly height: number
  readonly boxes: ReadonlyMap<string, Box>
  readonly lines: ReadonlyMap<string, ArrangedWay>
}

/** Pixels between boxes beside each other, lines beside each other, and what is above each other. */
const GAPS = { nodesep: 28, edgesep: 18, ranksep: 26, marginx: 16, marginy: 16 }

interface Placed extends Point {
  readonly width: number
  readonly height: number
}

interface DagreGraph {
  setGraph(label: object): void
  setNode(id: string, label: object): void
  setParent(id: string, parent: string): void
  setEdge(source: string, target: string, label: object, name: string): void
  graph(): { readonly width: number; readonly height: number }
  node(id: string): Placed
  edge(source: string, target: string, name: string): Point & { readonly points: readonly Point[] }
}

interface Dagre {
  readonly Graph: new (options: object) => DagreGraph
  readonly layout: (graph: DagreGraph) => void
}

const isDagre = (given: object): given is Dagre => 'Graph' in given && 'layout' in given

function newGraph(): { readonly graph: DagreGraph; readonly layout: () => void } {
  const library: object = dagre
  if (!isDagre(library)) throw new TypeError('the layout library is another than was built for')
  const graph = new library.Graph({ compound: true, multigraph: true })
  graph.setGraph({ rankdir: 'TB', ...GAPS })
  return {
    graph,
    layout: () => {
      library.layout(graph)
    },
  }
}

/** To half a pixel: less is not seen, and its digits would be most of a picture's text. */
const round = (pixels: number): number => Math.round(pixels * 2) / 2

const pointOf = ({ x, y }: Point): Point => ({ x: round(x), y: round(y) })

export function arrange(
  boxes: readonly ArrangedBox[],
  lines: readonly ArrangedLine[],
): Arrangement {
  const { graph, layout } = newGraph()
  for (const { height, id, width } of boxes) graph.setNode(id, { width, height })
  for (const { id, parent } of boxes) if (parent !== undefined) graph.setParent(id, parent)
  for (const { height, id, source, target, weight, width } of lines) {
    graph.setEdge(source, target, { width, height, weight, labelpos: 'c' }, id)
  }
  layout()
  const { height, width } = graph.graph()
  const boxOf = ({ height, width, x, y }: Placed): Box => ({
    ...pointOf({ x: x - width / 2, y: y - height / 2 }),
    ...{ width: round(width), height: round(height) },
  })
  return {
    width: Math.ceil(width),
    height: Math.ceil(height),
    boxes: new Map(boxes.map(({ id }) => [id, boxOf(graph.node(id))])),
    lines: new Map(
      lines.map(({ id, source, target, width }) => {
        const line = graph.edge(source, target, id)
        const label = width === 0 ? undefined : pointOf(line)
        return [id, { points: line.points.map(pointOf), label }]
      }),
    ),
  }
}
