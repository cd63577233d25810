/**
 * The connections of one node: named once, found by name or by proven identity, remembered for a
 * while when they are gone, so that `explain` can say why.
 * @module
 */
import type { Role } from '../codec/wire.ts'
import type {
  Connection,
  ConnectionFactory,
  ConnectionOptions,
  ConnectionTools,
} from '../actors/connection-contract.ts'
import type { ConnectionView } from '../actors/protocol.ts'
import type { CloseDetail } from '../machines/reasons.ts'
import type { ProtocolTypes } from '../machines/session.ts'
import { explanationOf } from './explanation.ts'
import type { Explanation } from './explanation.ts'

export interface Connections<T extends ProtocolTypes> {
  /** A name that nothing else has had or will have. */
  newName(role: Role): string
  /** Not started yet: the caller registers what it needs first. */
  create(options: ConnectionOptions<T>): Connection<T>
  get(name: string): Connection<T> | undefined
  /**
   * By name, or the newest active one of the identity. A name that ended as a duplicate, and is remembered,
   * stands for the connection that stayed.
   */
  find(peer: string): Connection<T> | undefined
  all(): readonly Connection<T>[]
  views(): readonly ConnectionView<T>[]
  explain(name: string): Explanation | undefined
  /**
   * Whether a connection whose session is ready may become active: what the network's rule says of
   * another one with the same identity. Closes the older one where that is the loser.
   */
  resolveDuplicate(connection: Connection<T>): CloseDetail<T['detail']> | undefined
  /** Indexes it by its identity. */
  noteActive(connection: Connection<T>): void
  noteClosed(connection: Connection<T>): void
  readonly active: number
  readonly count: number
  readonly remembered: number
}

export interface ConnectionsOptions<T extends ProtocolTypes> {
  readonly node: string
  readonly tools: ConnectionTools<T>
  readonly make: ConnectionFactory<T>
  /** Explanations of closed connections that are kept. */
  readonly rememberedMax: number
}

export function createConnections<T extends ProtocolTypes>({
  node,
  tools,
  make,
  rememberedMax,
}: ConnectionsOptions<T>): Connections<T> {
  const { protocol } = tools
  const connections = new Map<string, Connection<T>>()
  const byIdentity = new Map<string, Set<Connection<T>>>()
  const closed = new Map<string, Explanation>()
  let nextNumber = 1
  /** Those that were counted as active and are not gone. */
  const active = new Set<Connection<T>>()

  /** Those that are active: who is leaving keeps nobody out. */
  const activeWith = (identity: string | undefined): readonly Connection<T>[] =>
    identity === undefined
      ? []
      : [...(byIdentity.get(identity) ?? [])].filter(({ view }) => view.phase === 'active')

  const explain = (name: string): Explanation | undefined => {
    const connection = connections.get(name)
    if (connection === undefined) return closed.get(name)
    return explanationOf(connection, protocol.details)
  }

  /** The connection that stayed in place of one that is going or gone. */
  const survivorOf = (name: string): Connection<T> | undefined => {
    const gone = explain(name)
    return gone?.ended?.detail === 'duplicate' ? activeWith(gone.identity).at(-1) : undefined
  }

  return {
    newName: (role) => `${node}/${role === 'dialler' ? 'out' : 'in'}-${String(nextNumber++)}`,
    create(options) {
      const connection = make(tools, options)
      connections.set(options.name, connection)
      return connection
    },
    get: (name) => connections.get(name),
    find(peer) {
      const named = connections.get(peer)
      if (named !== undefined && named.ending === undefined) return named
      return survivorOf(peer) ?? named ?? activeWith(peer).at(-1)
    },
    all: () => [...connections.values()],
    views: () => [...connections.values()].map(({ view }) => view),
    explain,
    resolveDuplicate(connection) {
      for (const older of activeWith(connection.view.identity)) {
        const loser = protocol.duplicate(older.view, connection.view, protocol.identity)
        if (loser === 'close-newer') return 'duplicate'
        if (loser === 'close-older') older.leave('duplicate')
      }
      return undefined
    },
    noteActive(connection) {
      active.add(connection)
      const { identity } = connection.view
      if (identity === undefined) return
      const others = byIdentity.get(identity)
      if (others === undefined) byIdentity.set(identity, new Set([connection]))
      else others.add(connection)
    },
    noteClosed(connection) {
      const { name, view } = connection
      if (!connections.delete(name)) return
      active.delete(connection)
      const others = view.identity === undefined ? undefined : byIdentity.get(view.identity)
      others?.delete(connection)
      if (others?.size === 0 && view.identity !== undefined) byIdentity.delete(view.identity)
      closed.set(name, explanationOf(connection, protocol.details))
      const [oldest] = closed.keys()
      if (closed.size > rememberedMax && oldest !== undefined) closed.delete(oldest)
    },
    get active() {
      return active.size
    },
    get count() {
      return connections.size
    },
    get remembered() {
      return closed.size
    },
  }
}
