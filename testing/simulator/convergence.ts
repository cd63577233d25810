/**
 * Whether a network has come to what it is for: everybody is connected, and everybody has everything
 * that is kept. It is asked again and again once faults have ended; who has everything is not asked
 * any more.
 * @module
 */
import type { ProtocolTools, ToolNodeOfMany } from '../../actors/protocol-tools.ts'
import type { ProtocolTypes } from '../../machines/session.ts'
import type { Published } from './ledger.ts'
import type { Life, SimulatedNode } from './simulated-node.ts'
import { nodeBehind, TOPICS } from './simulated-node.ts'

export interface Convergence {
  /** A sentence of what is still missing; undefined: nothing. */
  missing(): string | undefined
}

/** A node's list ends within so many pages: more would be a list that goes round in circles. */
const PAGES_MAX = 10_000
const PAGE_MAX = 256

/** The ids of all that a node keeps about a topic; undefined: it does not say so now. */
function listed<T extends ProtocolTypes>(life: Life<T>, topic: string): string[] | undefined {
  const ids: string[] = []
  let after: string | undefined
  for (let page = 0; page < PAGES_MAX; page++) {
    let isOut = true
    let next: string | undefined
    life.call({ service: 'list', listing: { topic, after, max: PAGE_MAX } }, (outcome) => {
      if (!('value' in outcome) || !('deliveries' in outcome.value)) return
      isOut = false
      for (const { id } of outcome.value.deliveries) ids.push(id)
      next = outcome.value.next
    })
    if (isOut) return undefined
    if (next === undefined) return ids
    after = next
  }
  return undefined
}

export function createConvergence<T extends ProtocolTypes>(
  nodes: readonly SimulatedNode<T>[],
  tools: Pick<ProtocolTools<T>, 'converged'>,
  published: readonly Published[],
): Convergence {
  const expected = new Set(published.flatMap(({ id, isKept }) => (isKept ? (id ?? []) : [])))
  const isAnyKept = published.some(({ isKept }) => isKept)
  /** What each node was found to have, once that was all that is expected. */
  const complete = new Map<SimulatedNode<T>, ReadonlySet<string>>()

  const toolNodeOf = ({ node, of: { identity, name } }: Life<T>): ToolNodeOfMany => ({
    ...{ name, identity },
    audit: node.audit,
    connections: () =>
      node.connections().map(({ name: connection, view }) => ({
        ...{ name: connection, peer: nodeBehind(nodes, view)?.name },
        ...{ phase: view.phase, identity: view.identity, facts: view.facts },
      })),
  })

  /** What the node lacks of what is expected. */
  const lacking = (node: SimulatedNode<T>, life: Life<T>): number => {
    if (complete.has(node)) return 0
    const kept = new Set<string>()
    for (const topic of TOPICS) for (const id of listed(life, topic) ?? []) kept.add(id)
    let count = 0
    for (const id of expected) if (!kept.has(id)) count++
    if (count === 0) complete.set(node, kept)
    return count
  }

  return {
    missing() {
      const lives = nodes.flatMap(({ life }) => (life?.node.state === 'running' ? [life] : []))
      if (lives.length < nodes.length) {
        return `${nodes.length - lives.length} nodes are not running`
      }
      if (tools.converged?.(lives.map(toolNodeOf)) === false) return 'not everybody is connected'
      if (!isAnyKept) return undefined
      for (const life of lives) {
        const count = lacking(life.of, life)
        if (count > 0) return `${life.of.name} lacks ${count} of ${expected.size} that are kept`
      }
      // Somebody may hold more: what a publisher that was killed had brought to the medium.
      for (const kept of complete.values()) for (const id of kept) expected.add(id)
      for (const [node, kept] of complete) if (kept.size < expected.size) complete.delete(node)
      return complete.size < nodes.length ? 'not everybody has the same' : undefined
    },
  }
}
