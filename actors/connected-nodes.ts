/**
 * When a network of nodes hangs together, for the `tools` of networks whose sessions prove identities:
 * what only one side takes for a session does not count.
 * @module
 */
import type { ToolNodeOfMany } from './protocol-tools.ts'

/** Whether sessions that both sides hold for verified lead from each of the nodes to each other one. */
export function areConnected(nodes: readonly ToolNodeOfMany[]): boolean {
  const neighbours = new Map<string, Set<string>>()
  for (const { identity, ...node } of nodes) {
    if (identity === undefined) continue
    const active = node.connections().filter(({ phase }) => phase === 'active')
    neighbours.set(identity, new Set(active.flatMap(({ identity: peer }) => peer ?? [])))
  }
  const [first] = neighbours.keys()
  if (first === undefined) return nodes.length === 0
  const reached = new Set([first])
  for (const here of reached) {
    for (const peer of neighbours.get(here) ?? []) {
      if (neighbours.get(peer)?.has(here) === true) reached.add(peer)
    }
  }
  return reached.size === neighbours.size
}
