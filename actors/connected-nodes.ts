/**
 * When a network of nodes hangs together, for the `tools` of networks: what only one side takes for a
 * session does not count. Who is at the other end the tool knows that runs them all; in a network without
 * identities nobody else does.
 * @module
 */
import type { ToolNodeOfMany } from './protocol-tools.ts'

/** Whether sessions that both sides hold for active lead from each of the nodes to each other one. */
export function areConnected(nodes: readonly ToolNodeOfMany[]): boolean {
  const neighbours = new Map<string, Set<string>>()
  for (const node of nodes) {
    const active = node.connections().filter(({ phase }) => phase === 'active')
    neighbours.set(node.name, new Set(active.flatMap(({ peer }) => peer ?? [])))
  }
  const [first] = neighbours.keys()
  if (first === undefined) return true
  const reached = new Set([first])
  for (const here of reached) {
    for (const peer of neighbours.get(here) ?? []) {
      if (neighbours.get(peer)?.has(here) === true) reached.add(peer)
    }
  }
  return reached.size === neighbours.size
}
