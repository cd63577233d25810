/**
 * A node from within, for whoever looks at all of it several times a second: connections and children
 * as they are, nothing copied. Looking changes nothing, and what is looked at is not kept.
 * @module
 */
import type { ChildShown, RestartType } from '../actors/child.ts'
import type { Connection } from '../actors/connection-contract.ts'
import type { ProtocolTypes } from '../machines/session.ts'
import type { Children } from './children.ts'
import type { Connections } from './connections.ts'
import type { Peering } from './peering-contract.ts'

type Looked =
  | 'actor'
  | 'counters'
  | 'history'
  | 'isHeld'
  | 'laneBytes'
  | 'lastBytesMs'
  | 'name'
  | 'peer'
  | 'traffic'
  | 'unsentBytes'
  | 'view'
  | 'waits'

export type InsideConnection<T extends ProtocolTypes> = Pick<Connection<T>, Looked>

/** A sub-protocol as its supervisor sees it. */
export interface ChildView {
  readonly name: string
  readonly restart: RestartType
  /** `down`: it failed and is about to be started again. */
  readonly state: 'running' | 'down' | 'ended'
  readonly restarts: number
  /** What it shows of itself; nothing while it is down. */
  shown(): ChildShown
}

export interface Inside<T extends ProtocolTypes> {
  connections(): readonly InsideConnection<T>[]
  /** One that is not closed. */
  connection(name: string): InsideConnection<T> | undefined
  children(): readonly ChildView[]
  /** That stand against whoever is at the far end, by address and by proven identity. */
  strikes(connection: InsideConnection<T>): number
}

export interface InsideOptions<T extends ProtocolTypes> {
  readonly children: Pick<Children<T>, 'views'>
  readonly connections: Pick<Connections<T>, 'all' | 'get'>
  readonly peering: Pick<Peering<T>, 'strikes'>
}

export const createInside = <T extends ProtocolTypes>({
  children,
  connections,
  peering,
}: InsideOptions<T>): Inside<T> => ({
  connections: connections.all,
  connection: connections.get,
  children: children.views,
  strikes({ view: { identity, remote } }) {
    const ofAddress = peering.strikes({ kind: 'address', host: remote.host })
    return identity === undefined
      ? ofAddress
      : ofAddress + peering.strikes({ kind: 'identity', identity })
  },
})
