/**
 * What the relay of addresses is given, and what it keeps of each peer. Types only.
 * @module
 */
import type { ConnectionView } from '../../actors/protocol.ts'
import type { PeerNetwork } from '../../codec/bitcoin/network-address.ts'
import type { SipHashKey } from '../../codec/bitcoin/siphash.ts'
import type { BitcoinTypes } from '../../machines/handshakes/bitcoin/contract.ts'
import type { AddressAllowance } from './address-allowance.ts'
import type { AddressAnswers } from './address-answers.ts'
import type { AddressQueue } from './address-queue.ts'
import type { SocketAddress } from '../../world/streams.ts'
import type { AddressAsker, OwnAddresses } from './own-addresses.ts'

export type BitcoinConnectionView = ConnectionView<BitcoinTypes>

export interface AddressRelayOptions {
  readonly own: OwnAddresses
  /** IP addresses of this machine. Left out: they are not known. */
  readonly interfaces?: readonly string[]
  /** Where nobody but Tor comes in: nobody is told of it. Left out: nowhere. */
  isOnionTarget?(at: SocketAddress): boolean
  /** What we say that we serve, as flags. */
  readonly services: bigint
  /** Networks to which this node has a way; it may change while the node runs. */
  readonly reachable: ReadonlySet<PeerNetwork>
  /** Whether blocks are still caught up with. Left out: never. */
  isSyncing?(): boolean
  /** Whether what it tells has no limit, and what it is told is drawn for it alone. Left out: of nobody. */
  isTrusted?(connection: BitcoinConnectionView): boolean
  /** The network that it came through. Left out: that of its address. */
  through?(connection: BitcoinConnectionView): AddressAsker['through']
}

/** What is known of one peer. */
export interface RelayPeer {
  readonly allowance: AddressAllowance
  /** Undefined while it takes no part. */
  queue: AddressQueue | undefined
  /** Its answer to our question has not come. */
  isAsked: boolean
  isAnswered: boolean
  hasAnnounced: boolean
  /** Addresses that were looked at, and that were not, because there were too many. */
  takenCount: number
  limitedCount: number
}

/** What outlives an incarnation. */
export interface AddressRelayKept {
  /** Drawn when it is first needed. */
  targetKey: SipHashKey | undefined
  readonly answers: AddressAnswers
  readonly peers: Map<string, RelayPeer>
}
