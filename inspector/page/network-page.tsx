/**
 * The network as a picture: nodes and the connections between them, each of which can be opened.
 * @module
 */
import type { NetworkAnswer, NetworkEdge } from '../messages.ts'
import { useView } from './hooks.ts'
import { layoutNetwork } from './network-layout.ts'
import type { NetworkPicture, PlacedNode } from './network-layout.ts'
import { Refused, SampledWords, Waiting } from './parts.tsx'
import { fragmentOf } from './route.ts'
import { bytesRateWords, manyWords, shortName } from './words.ts'

const NODE_RADIUS = 14
/** Bytes a second at which a line is drawn as thick as any. */
const FULL_RATE = 1_000_000
const WIDTH_MAX = 6

/** Grows with the logarithm of the rate. */
const widthOf = (bytesPerSecond: number | null): number =>
  1.2 + (WIDTH_MAX - 1.2) * Math.min(1, Math.log1p(bytesPerSecond ?? 0) / Math.log1p(FULL_RATE))

function Edge({ edge, picture }: { readonly edge: NetworkEdge; readonly picture: NetworkPicture }) {
  const [from, to] = [picture.nodes.get(edge.from), picture.nodes.get(edge.to)]
  if (from === undefined || to === undefined) return null
  const { bytesPerSecond, connection, node, state } = edge
  const words = `${from.label} to ${to.label}: ${state}, ${bytesRateWords(bytesPerSecond)}`
  const line = { x1: from.x, y1: from.y, x2: to.x, y2: to.y }
  return (
    <a
      href={fragmentOf({ at: 'connection', node, connection })}
      aria-label={words}
      class={`edge state-${state}`}
    >
      <title>{words}</title>
      <line class="room" {...line} />
      <line class="seen" {...line} stroke-width={widthOf(bytesPerSecond)} />
    </a>
  )
}

function Node({ node }: { readonly node: PlacedNode }) {
  const { id, is, label, side, x, y } = node
  const words = shortName(label)
  const beside = NODE_RADIUS + 6
  const text =
    side === 'middle'
      ? { x, y: y + (y > 0 ? beside + 10 : -beside), 'text-anchor': 'middle' as const }
      : side === 'left'
        ? { x: x - beside, y: y + 4, 'text-anchor': 'end' as const }
        : { x: x + beside, y: y + 4, 'text-anchor': 'start' as const }
  const drawn = (
    <>
      <circle cx={x} cy={y} r={is === 'stranger' ? NODE_RADIUS / 2 : NODE_RADIUS} />
      <text {...text}>{is === 'gone' ? `${words} (gone)` : words}</text>
    </>
  )
  return is === 'stranger' ? (
    <g class="node is-stranger">
      <title>{label}</title>
      {drawn}
    </g>
  ) : (
    <a
      href={fragmentOf({ at: 'node', node: id })}
      class={`node is-${is}`}
      aria-label={`${label}${is === 'gone' ? ', gone' : ''}`}
    >
      {drawn}
    </a>
  )
}

function Picture({ answer }: { readonly answer: NetworkAnswer }) {
  const picture = layoutNetwork(answer)
  const half = picture.size / 2
  const words = `${manyWords(answer.nodes.length, 'node')}, ${manyWords(answer.edges.length, 'connection')}`
  return (
    <svg
      class="network"
      viewBox={[-half - 60, -half, picture.size + 120, picture.size].join(' ')}
      role="group"
      aria-label={words}
    >
      {answer.edges.map((edge) => (
        <Edge key={`${edge.node} ${edge.connection}`} edge={edge} picture={picture} />
      ))}
      {[...picture.nodes.values()].map((node) => (
        <Node key={node.id} node={node} />
      ))}
    </svg>
  )
}

export function NetworkPage() {
  const { refused, view } = useView({ view: 'network' })
  return (
    <>
      <h1>Network</h1>
      <Refused refused={refused} />
      {view === undefined ? (
        <Waiting />
      ) : (
        <>
          <Picture answer={view.answer} />
          <p class="faint">
            {`${manyWords(view.answer.nodes.length, 'node')}, ${manyWords(view.answer.edges.length, 'connection')}`}
            {view.answer.nodesLeftOut + view.answer.edgesLeftOut === 0
              ? ''
              : `; ${manyWords(view.answer.nodesLeftOut, 'node')} and ${manyWords(view.answer.edgesLeftOut, 'connection')} left out`}
            . A line is the thicker the more bytes pass, and leads to its connection.
          </p>
          <SampledWords sampled={view.sampled} />
        </>
      )}
    </>
  )
}
