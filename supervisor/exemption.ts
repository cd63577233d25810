/**
 * Who may not be kept out for where it is: the network says it of a place, a ban of that place or a
 * discouragement does not hold there, and no place is taken from it for a newcomer. What it does wrong ends
 * its connection all the same, and is charged to nobody. A ban of an identity holds everywhere: it is proven.
 * @module
 */
import type { Connection } from '../actors/connection-contract.ts'
import type { NodePart, PeerPlace } from '../actors/protocol.ts'
import type { ProtocolTypes } from '../machines/session.ts'
import type { SocketAddress } from '../world/streams.ts'
import type { SupervisorEvent } from './events.ts'

export interface ExemptionOptions<T extends ProtocolTypes> {
  readonly nodePart: Pick<NodePart<T>, 'isExempt'>
  /** Whether the application asked for the peer of a connection that we dialled. */
  isWanted(connection: Connection<T>): boolean
  tell(event: SupervisorEvent): void
}

export interface Exemption<T extends ProtocolTypes> {
  /** Left out: a datagram, which is of no connection. */
  ofArrival(remote: SocketAddress, local?: SocketAddress): boolean
  ofDial(remote: SocketAddress, isWanted: boolean): boolean
  ofConnection(connection: Connection<T>): boolean
}

export function createExemption<T extends ProtocolTypes>({
  isWanted,
  nodePart,
  tell,
}: ExemptionOptions<T>): Exemption<T> {
  /** Asked wherever somebody is dialled, let in or charged: where it throws, all of that goes on. */
  const isExempt = (place: PeerPlace): boolean => {
    try {
      return nodePart.isExempt?.(place) ?? false
    } catch (error) {
      tell({ type: 'fault', where: 'exemption', error })
      return false
    }
  }
  const ofArrival = (remote: SocketAddress, local?: SocketAddress): boolean =>
    isExempt({
      ...{ role: 'listener', remote, isWanted: false },
      ...(local === undefined ? {} : { local }),
    })
  const ofDial = (remote: SocketAddress, wanted: boolean): boolean =>
    isExempt({ role: 'dialler', remote, isWanted: wanted })

  return {
    ofArrival,
    ofDial,
    ofConnection(connection) {
      const { local, remote, role } = connection.view
      return role === 'listener' ? ofArrival(remote, local) : ofDial(remote, isWanted(connection))
    },
  }
}
