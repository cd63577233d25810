/**
 * Sub-protocol actors (discovery, gossip, sync ...) as their supervisor sees them: a specification
 * as data, OTP's way, and what a child is lent.
 * @module
 */
import type { ProtocolTypes } from '../machines/session.ts'
import type { Random } from '../world/random.ts'
import type { ConnectionView } from './protocol.ts'

/** permanent: always started again. transient: unless it ended well. temporary: never. */
export type RestartType = 'permanent' | 'transient' | 'temporary'

/** What a routed message is to whoever gets it. */
export interface Routed<Message> {
  readonly peer: PeerReference
  readonly message: Message
}

/** Who sent it. */
export interface PeerReference {
  /** The connection's stable name; for a datagram the socket's. */
  readonly connection: string
  readonly identity: string | undefined
  /** As the network prints it. */
  readonly address: string
}

/** Where a datagram goes. Whoever sent one is such a target: the answer leaves where it came in. */
export type DatagramTarget = Pick<PeerReference, 'address' | 'identity'> & Partial<PeerReference>

export interface ChildTools<T extends ProtocolTypes> {
  /** The child's stable name. */
  readonly name: string
  readonly random: Random
  monotonicMs(): number
  wallMs(): number
  /** Rings once, unless the child is stopped before; a throw is the child's failure. */
  after(afterMs: number, ring: () => void): () => void
  /**
   * Messages of a type, within the step that decoded them. They may hold views: what is kept is
   * copied. A throw is the child's failure.
   */
  feed<Type extends T['message']['type']>(
    type: Type,
    take: (routed: Routed<Extract<T['message'], { readonly type: Type }>>) => void,
  ): void
  connections(): readonly ConnectionView<T>[]
  send(connection: string, message: T['message']): 'queued' | 'full' | 'gone'
  /**
   * Best effort, as datagrams are. `no-way`: no socket is bound for it, the target is kept out or is
   * no IP address, or the network cannot write this message to it.
   */
  sendDatagram(to: DatagramTarget, message: T['message']): 'sent' | 'no-way'
  /** Ends this child well. */
  done(): void
}

export interface ChildSpec<T extends ProtocolTypes, Kept = unknown> {
  readonly name: string
  readonly restart: RestartType
  /** State that outlives an incarnation. The supervisor owns it and hands it to the next one. */
  keep(): Kept
  /** Starts an incarnation; what it returns stops it. Everything lent is taken back by itself. */
  start(tools: ChildTools<T>, kept: Kept): () => void
}
