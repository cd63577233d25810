/**
 * Answers of several nodes as one: rows in one order, one picture in which both ends of a connection are
 * one edge. Pure.
 * @module
 */
import type {
  ConnectionRow,
  NetworkAnswer,
  NetworkEdge,
  NetworkNode,
  NodeRow,
  Rates,
  SortColumn,
  TableAnswer,
  TableQuery,
} from './messages.ts'
import { DRAWN_MAX } from './network-view.ts'
import { columnsOf, compareKeys } from './table-view.ts'

const rate = (name: keyof Rates) => (row: ConnectionRow) => row.rates[name] ?? -1

const KEYS: Readonly<Record<SortColumn, (row: ConnectionRow) => string | number>> = {
  name: ({ connection }) => connection,
  state: ({ state }) => state,
  address: ({ address }) => address,
  age: ({ ageMs }) => ageMs,
  'received-rate': rate('receivedMessages'),
  'sent-rate': rate('sentMessages'),
  'received-bytes-rate': rate('receivedBytes'),
  'sent-bytes-rate': rate('sentBytes'),
  queued: ({ queuedBytes: { control, gossip, requests, socket } }) =>
    control + requests + gossip + socket,
  strikes: ({ strikes }) => strikes,
}

function sumStates(answers: readonly TableAnswer[]): TableAnswer['states'] {
  const counts = new Map<string, number>()
  for (const { count, state } of answers.flatMap(({ states }) => states)) {
    counts.set(state, (counts.get(state) ?? 0) + count)
  }
  return [...counts].map(([state, count]) => ({ state, count }))
}

/** Each of the answers has as many rows as the merged one may need of it. */
export function mergeTables(
  { descending, limit, offset, sort }: TableQuery,
  answers: readonly TableAnswer[],
): TableAnswer {
  const key = KEYS[sort]
  const sign = descending ? -1 : 1
  const rows = answers
    .flatMap((answer) => answer.rows)
    .toSorted((one, other) => sign * compareKeys(key(one), key(other)))
    .slice(offset, offset + limit)
  const sum = (of: 'matching' | 'total'): number =>
    answers.reduce((total, answer) => total + answer[of], 0)
  return {
    ...{ view: 'table', total: sum('total'), matching: sum('matching') },
    ...{ states: sumStates(answers), columns: columnsOf(rows), rows },
  }
}

/** What each of our nodes sees; strangers that are one of ours by their identity are it. */
export function mergeNetworks(
  nodes: readonly NodeRow[],
  answers: readonly NetworkAnswer[],
): NetworkAnswer {
  const oursBy = new Map(
    nodes.flatMap(({ identity, node }) => (identity === null ? [] : [[identity, node] as const])),
  )
  const nameOf = (id: string): string => oursBy.get(id) ?? id
  const drawn = new Map<string, NetworkNode>(
    nodes.map(({ is, node }) => [
      node,
      { id: node, label: node, is: is === 'gone' ? 'gone' : 'ours' },
    ]),
  )
  const edges = new Map<string, NetworkEdge>()
  for (const answer of answers) {
    for (const node of answer.nodes) {
      const id = nameOf(node.id)
      if (!drawn.has(id)) drawn.set(id, { ...node, id })
    }
    for (const edge of answer.edges) {
      const [from, to] = [nameOf(edge.from), nameOf(edge.to)]
      const key = `${from} ${to}`
      // The end that dialled tells of it, where it is one of ours.
      if (!edges.has(key) || edge.node === from) edges.set(key, { ...edge, from, to })
    }
  }
  const [allNodes, allEdges] = [[...drawn.values()], [...edges.values()]]
  const sum = (of: 'edgesLeftOut' | 'nodesLeftOut'): number =>
    answers.reduce((total, answer) => total + answer[of], 0)
  return {
    view: 'network',
    nodes: allNodes.slice(0, DRAWN_MAX),
    edges: allEdges.slice(0, DRAWN_MAX),
    nodesLeftOut: sum('nodesLeftOut') + Math.max(0, allNodes.length - DRAWN_MAX),
    edgesLeftOut: sum('edgesLeftOut') + Math.max(0, allEdges.length - DRAWN_MAX),
  }
}
