/**
 * Who a node has connections with: whom it dials, lets in, strikes, bans. Types only.
 * @module
 */
import type { ChildTools } from '../actors/child.ts'
import type { Accepted } from '../actors/listener.ts'
import type { Connection } from '../actors/connection-contract.ts'
import type { CloseDetail } from '../machines/reasons.ts'
import type { LentBook } from '../actors/lent-book.ts'
import type { ProtocolTypes } from '../machines/session.ts'
import type { StoreEntry } from '../world/store.ts'
import type { SocketAddress } from '../world/streams.ts'
import type { Ban, BanKey } from './ban-records.ts'
import type { PeerView } from './peers.ts'

export interface Peering<T extends ProtocolTypes> {
  /** With what the store had. Dialling starts. */
  start(bans: Iterable<StoreEntry>, addresses: Iterable<StoreEntry>): void
  /** No more is dialled or let in. */
  stop(): void
  /** All connections are closed, and nobody is dialled or let in until `resume`. */
  pause(): void
  resume(): void
  readonly isPaused: boolean
  /** A stream came in. */
  accept(accepted: Accepted): void
  /**
   * A manual peer: dialled now, and again whenever it is gone. There is room for it. For how many
   * milliseconds more it is not dialled, because it is banned: Infinity for good.
   */
  connect(address: T['address']): number | undefined
  /** Something has changed that decides whom to dial. */
  reconsider(): void
  /** Dials it once, for a slot of the kind; false: it cannot be dialled now, or is connected. */
  dial(address: T['address'], slot: string): boolean
  /** Of how many peers the application wants connections, connected or not. */
  wantedCount(): number
  /** Dials an identity or an address, unless it is connected; false: no way to it is known. */
  seek: ChildTools<T>['seek']
  /** The address book, for a child; undefined where the network keeps none. */
  readonly book: LentBook<T['address']> | undefined
  /** A peer told an address; whether it is new to us. */
  heard(connection: Connection<T>, address: T['address'], seenMs: number): boolean
  /** Addresses to tell a peer. */
  sample(
    connection: Connection<T>,
    max: number,
    percent: number,
  ): readonly { readonly address: T['address']; readonly seenMs: number }[]
  /** Whether one more can be dialled by hand, or this one is already. */
  hasRoomFor(address: T['address']): boolean
  /** Not a manual peer any more. */
  forget(address: T['address']): void
  /** The keys of the addresses that are forgotten with it. */
  forgetIdentity(identity: string): readonly string[]
  /** A connection's session is ready; a detail refuses it. */
  admit(connection: Connection<T>): CloseDetail<T['detail']> | undefined
  onActive(connection: Connection<T>): void
  onRefused(connection: Connection<T>, detail: T['detail']): void
  onClosed(connection: Connection<T>): void
  ban(key: BanKey, ms: number | undefined, why: string): void
  unban(key: BanKey): void
  /** Whether a ban keeps the node from dialling an address that the application asks for. Changes nothing. */
  coversDial(key: BanKey, address: T['address']): boolean
  /**
   * For how many milliseconds more an identity is kept out, Infinity for good; with `claimedFrom`, a
   * host: whoever claims the identity from the host's group.
   */
  bannedMs(identity: string, claimedFrom?: string): number | undefined
  /** Whether whoever is there without a connection, or a proven identity, is kept out. */
  isBanned(remote: SocketAddress, identity: string | undefined): boolean
  bans(): readonly Ban[]
  /** Whether a manual ban of it can be kept. */
  hasRoomForBan(key: BanKey): boolean
  /** That stand against a key. */
  strikes(key: BanKey): number
  /** What is remembered of peers. */
  peers(): readonly PeerView[]
  /** What connections hold and give back, and resolutions that are out. */
  held(): { readonly slots: number; readonly pending: number; readonly dials: number }
  /** Bounded records, by name. */
  counts(): Readonly<Record<string, number>>
}
