/**
 * What nodes of the native network can be kept busy with, and when a network of them hangs together.
 * @module
 */
import type { ToolNodeOfMany, Workload } from '../../actors/protocol-tools.ts'
import type { NativeTypes } from '../../machines/handshakes/native.ts'

/** Which protocol the one-way messages name: nobody else's. */
const PROTOCOL = 'workload'

export const NATIVE_WORKLOAD: Workload<NativeTypes> = {
  publications: [
    { kind: 'broadcast', isKept: false },
    { kind: 'item', isKept: true },
  ],
  takesRequests: true,
  oneWay: {
    type: 'message',
    make: (payload) => ({ type: 'message', protocol: PROTOCOL, payload }),
    payloadOf: (message) =>
      message.type === 'message' && message.protocol === PROTOCOL ? message.payload : undefined,
  },
}

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
