/**
 * The verified sessions of a node, for check 11, which counts them: how many there are, and who has one,
 * without a look at each of them for each handshake.
 * @module
 */
import type { ConnectionView } from '../../actors/protocol.ts'
import type { Role } from '../../codec/wire.ts'
import type { NativeTypes } from '../../machines/handshakes/native.ts'

type View = ConnectionView<NativeTypes>

export interface Sessions {
  /** Is verified, and its identity known. */
  add(session: View): void
  remove(session: View): void
  activeWith(identity: string): readonly View[]
  /** Whether fewer than `max` are active, those of the identity itself not counted. */
  isRoomIn(role: Role, max: number, identity: string): boolean
  readonly size: number
}

export function createSessions(): Sessions {
  /** Those that are leaving are among them until they are closed. */
  const byRole: Readonly<Record<Role, Set<View>>> = { dialler: new Set(), listener: new Set() }
  const byIdentity = new Map<string, Set<View>>()

  return {
    add(session) {
      byRole[session.role].add(session)
      if (session.identity === undefined) return
      const others = byIdentity.get(session.identity)
      if (others === undefined) byIdentity.set(session.identity, new Set([session]))
      else others.add(session)
    },
    remove(session) {
      byRole[session.role].delete(session)
      if (session.identity === undefined) return
      const others = byIdentity.get(session.identity)
      others?.delete(session)
      if (others?.size === 0) byIdentity.delete(session.identity)
    },
    activeWith: (identity) =>
      [...(byIdentity.get(identity) ?? [])].filter(({ phase }) => phase === 'active'),
    isRoomIn(role, max, identity) {
      const all = byRole[role]
      if (all.size < max) return true
      const counted = [...all].filter(
        (other) => other.phase === 'active' && other.identity !== identity,
      )
      return counted.length < max
    },
    get size() {
      return byRole.dialler.size + byRole.listener.size
    },
  }
}
