/**
 * A node and whom it is connected with, as nodes and edges of a picture.
 * @module
 */
import type { ProtocolTypes } from '../machines/session.ts'
import type { Inside, InsideConnection } from '../supervisor/inside.ts'
import type { NetworkAnswer, NetworkEdge, NetworkNode } from './messages.ts'
import type { RateBook } from './rates.ts'

/** More than these nobody can tell apart in a picture, and edges again. */
export const DRAWN_MAX = 500

const ofPhase = <T extends ProtocolTypes>({ view }: InsideConnection<T>): number =>
  view.phase === 'active' ? 0 : 1

const sumOf = (one: number | null, other: number | null): number | null =>
  one === null || other === null ? null : one + other

export function networkView<T extends ProtocolTypes>(
  node: string,
  inside: Pick<Inside<T>, 'connections'>,
  rates: RateBook,
  nowMs: number,
): NetworkAnswer {
  const all = inside.connections()
  // Sorting keeps the order of those that are alike.
  const drawn = all.toSorted((one, other) => ofPhase(one) - ofPhase(other)).slice(0, DRAWN_MAX - 1)
  const nodes = new Map<string, NetworkNode>([[node, { id: node, label: node, is: 'ours' }]])
  const edges = drawn.map(({ counters, name, peer, view }): NetworkEdge => {
    const far = view.identity ?? peer.address
    nodes.set(far, { id: far, label: peer.address, is: 'stranger' })
    const [from, to] = view.role === 'dialler' ? [node, far] : [far, node]
    const { receivedBytes, sentBytes } = rates.of(name, counters, nowMs)
    const bytesPerSecond = sumOf(receivedBytes, sentBytes)
    return { from, to, node, connection: name, state: view.phase, bytesPerSecond }
  })
  const leftOut = all.length - drawn.length
  return {
    ...{ view: 'network', nodes: [...nodes.values()], edges },
    ...{ nodesLeftOut: leftOut, edgesLeftOut: leftOut },
  }
}
