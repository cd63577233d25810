/**
 * Opens the connections that a node dials: makes each, resolves its host's name where there is one, and
 * opens its stream. Who is dialled, and in which slot, is decided before.
 * @module
 */
import type { Connection } from '../actors/connection-contract.ts'
import { dial } from '../actors/dialler.ts'
import type { Protocol } from '../actors/protocol.ts'
import type { ProtocolTypes } from '../machines/session.ts'
import type { Names } from '../world/names.ts'
import type { StepLoop } from '../world/step-loop.ts'
import type { Streams } from '../world/streams.ts'
import type { Connections } from './connections.ts'

export interface OpeningOptions<T extends ProtocolTypes> {
  readonly addresses: Protocol<T>['addresses']
  readonly connections: Connections<T>
  readonly loop: StepLoop
  readonly names: Names
  readonly streams: Streams
  begin(connection: Connection<T>): void
  /** Asked where a name has led somewhere. */
  isBanned(connection: Connection<T>): boolean
}

export interface DialledConnection<T extends ProtocolTypes> {
  readonly name: string
  readonly target: T['address']
  readonly slot: string
  readonly dial: T['dial'] | undefined
  /** How often it was dialled, this time included: each begins with another host of a name. */
  readonly tries: number
}

export interface Opening<T extends ProtocolTypes> {
  /** What it throws is a part of the network's; a connection of the name may be there then. */
  open(dialled: DialledConnection<T>): void
  /** Its resolution is called off, if it is out still. */
  ended(name: string): void
  /** Resolutions that are out. */
  readonly pending: number
}

export function createOpening<T extends ProtocolTypes>(options: OpeningOptions<T>): Opening<T> {
  const { addresses, connections, loop, names, streams } = options
  const callOffs = new Map<string, () => void>()

  return {
    open({ dial: dialOptions, name, slot, target, tries }) {
      const remote = addresses.socket(target)
      const stream = loop.nextStream()
      const connection = connections.create({
        name,
        role: 'dialler',
        stream,
        remote,
        slot,
        target,
        dial: dialOptions,
      })
      options.begin(connection)
      // It may have ended at once: nothing would release what is opened now.
      if (connection.view.phase === 'closed') return
      const choose = (hosts: readonly string[]): string | undefined => {
        callOffs.delete(name)
        const first = Math.max(0, tries - 1) % hosts.length
        for (const host of [...hosts.slice(first), ...hosts.slice(0, first)]) {
          connection.resolved(host)
          if (!options.isBanned(connection)) return host
        }
        connection.drop('banned')
        return undefined
      }
      const callOff = dial({ loop, names, streams }, stream, remote, choose, () => {
        connection.drop('unresolved')
      })
      if (callOff !== undefined) callOffs.set(name, callOff)
    },
    ended(name) {
      callOffs.get(name)?.()
      callOffs.delete(name)
    },
    get pending() {
      return callOffs.size
    },
  }
}
