/**
 * What a network brings to `protocolContract`: nodes to start, something for them to say to each
 * other, and how each of its details comes about.
 * @module
 */
import type { Protocol } from '../../actors/protocol.ts'
import type { Role } from '../../codec/wire.ts'
import type { ProtocolTypes } from '../../machines/session.ts'
import type { Scene } from './scene.ts'

/** Who is who in a scene. A seat has an identity of its own, where the network has identities. */
export type Seat = Role | 'bystander'

export interface ProtocolSubject<T extends ProtocolTypes> {
  /** The manifest of one node. Called for each node, and again for its replay: the same each time. */
  protocol(seat: Seat): Protocol<T>
  /** Under which address the others dial it. Left out: host and default port. */
  address?(seat: Seat, host: string): string
  /** What each side says once it is active; the other's subscribers get exactly that, in order. */
  readonly talk: Readonly<Record<Role, readonly T['message'][]>>
  /** Complete by its type: what makes each detail the end of a connection, or of a unit. */
  readonly details: Readonly<Record<T['detail'], (scene: Scene<T>) => void>>
  /** What reaches further parts of a chart or an adapter, by a name for each. */
  readonly flows?: Readonly<Record<string, (scene: Scene<T>) => void>>
}

/** What a scene has to know of it. */
export type SceneSubject<T extends ProtocolTypes> = Pick<
  ProtocolSubject<T>,
  'address' | 'protocol' | 'talk'
>
