/**
 * A node as its flight recorder sees it.
 * @module
 */
import type { Connection } from '../actors/connection-contract.ts'
import type { ProtocolTypes } from '../machines/session.ts'
import type { FlightConnection, FlightSubject } from './flight-contract.ts'
import type { Node, NodeOptions } from './node-contract.ts'

export function flightSubjectOf<T extends ProtocolTypes>(
  node: Pick<Node<T>, 'connections' | 'find' | 'loop' | 'port'>,
  { name, protocol }: Pick<NodeOptions<T>, 'name' | 'protocol'>,
  onFault: (error: unknown) => void,
): FlightSubject {
  const seen = (connection: Connection<T>): FlightConnection => ({
    name: connection.name,
    actor: connection.actor,
    facts: () => connection.view.facts,
    waiting: () => ({
      laneBytes: connection.laneBytes(),
      unsentBytes: connection.unsentBytes(),
    }),
  })
  return {
    node: name,
    protocol: protocol.name,
    port: node.port,
    step: () => node.loop.step,
    connection(of) {
      const connection = node.find(of)
      return connection?.name === of ? seen(connection) : undefined
    },
    connections: () => node.connections().map(seen),
    onFault,
  }
}
