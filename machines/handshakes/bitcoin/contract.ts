/**
 * What the session of the Bitcoin network asks, is answered and says, and what it can end with.
 * @module
 */
import type { BitcoinAddress } from '../../../codec/bitcoin/address.ts'
import type { BitcoinMessage } from '../../../codec/bitcoin/messages.ts'
import type { VersionMessage } from '../../../codec/bitcoin/negotiation.ts'
import type {
  BitcoinChannel,
  BitcoinChannelDetail,
  BitcoinTransport,
} from '../../../codec/bitcoin/wire.ts'
import type { BitcoinViolation } from '../../../codec/bitcoin/wire-details.ts'
import type { SocketAddress } from '../../../world/streams.ts'
import type { ProtocolTypes } from '../../session.ts'

/** What the peer said of itself, and what both can do. Claims: nothing of it is proven. */
export interface BitcoinPeer {
  readonly protocolVersion: number
  /** The smaller one of both versions: what holds on this connection. */
  readonly commonVersion: number
  readonly services: bigint
  /** One character a byte. */
  readonly userAgent: string
  readonly height: number | undefined
  /** Whether it wants to be told of transactions. */
  readonly relay: boolean
  /** Whether transactions are announced by the hash with their witness (BIP 339). */
  readonly wtxidRelay: boolean
  /** Whether addresses are told to it in the form of BIP 155. */
  readonly wantsAddrV2: boolean
  /** What was agreed on of BIP 330; left out: nothing, and transactions are announced one by one. */
  readonly reconciliation?: Reconciliation
  /** How it sees us, as the network prints addresses; undefined where it says nothing. */
  readonly seenAs: string | undefined
  /** Its clock less ours. */
  readonly clockOffsetSeconds: number
}

/** Both sides would compare what they know of transactions, and tell each other the difference (BIP 330). */
export interface Reconciliation {
  /** Whether it is we who begin: who dialled does. */
  readonly initiates: boolean
  /** From both of them come the keys of short ids: nobody else can choose transactions that collide. */
  readonly salts: { readonly own: bigint; readonly peer: bigint }
}

/** What a peer's `sendtxrcncl` comes to. */
export type ReconciliationStance =
  | { readonly kind: 'offered'; readonly salt: bigint }
  /** It is passed over: we have not offered it to this peer. */
  | { readonly kind: 'not-offered' }
  /** It costs the connection: one side has said that it wants no transactions. */
  | { readonly kind: 'barred' }

export interface BitcoinFacts extends BitcoinChannel {
  /** Set once the connection is active. */
  readonly peer?: BitcoinPeer
}

/** What the node part can have against a peer's `version`. */
export type BitcoinRefusal =
  /** It is us. */
  | 'self-connection'
  | 'version-too-old'
  /** Of the kind of connection that needs them. */
  | 'services-missing'

/** What a peer does on an active connection that costs it. */
export type BitcoinMisconduct =
  | Exclude<BitcoinViolation, 'too-many-transactions'>
  /** A part of the negotiation behind `verack`. */
  | 'late-negotiation'
  /** A `feature` of a peer whose version has none. */
  | 'early-feature'
  /** It asks for a service that we do not offer. */
  | 'service-not-offered'
  /** A transaction, or news of one, where we said that we want none. */
  | 'unwanted-transaction'
  /** `sendcmpct` that says neither yes nor no. */
  | 'bad-announcement'
  /** `sendtxrcncl` a second time, of a version that there is not, or where no transactions are wanted. */
  | 'bad-reconciliation'

/** Why a connection that was made for one purpose is over. */
export type BitcoinPurpose =
  | 'feeler-done'
  /** Addresses came from whom they were asked of. */
  | 'addresses-fetched'
  | 'addresses-not-told'

export type BitcoinDetail =
  | BitcoinChannelDetail
  | BitcoinMisconduct
  | BitcoinPurpose
  | BitcoinRefusal
  | 'handshake-timeout'
  | 'ping-timeout'
  | 'no-progress'

export type BitcoinQuestion =
  /** Our `version`. */
  { readonly type: 'greet' } | { readonly type: 'judge'; readonly version: VersionMessage }

export type BitcoinAnswer =
  | { readonly type: 'greeting'; readonly version: VersionMessage }
  | {
      readonly type: 'accepted'
      /** What of it is not agreed on by what comes behind. */
      readonly peer: BitcoinPeer
      /** Left out: we do not reconcile, and pass over whatever is said of it. */
      readonly reconciliation?: ReconciliationStance
      /** Before our `verack`, in this order. */
      readonly offers: readonly BitcoinMessage[]
      /** Behind it. */
      readonly requests: readonly BitcoinMessage[]
      /** Once the peer's `verack` came. */
      readonly announcements: readonly BitcoinMessage[]
      /** Its `version` was all that was wanted. */
      readonly isEnough: boolean
    }
  | { readonly type: 'refused'; readonly detail: BitcoinRefusal }

export interface BitcoinTypes extends ProtocolTypes {
  readonly message: BitcoinMessage
  readonly address: BitcoinAddress
  readonly keys: never
  readonly facts: BitcoinFacts
  readonly detail: BitcoinDetail
  readonly dial: BitcoinTransport
  readonly question: BitcoinQuestion
  readonly answer: BitcoinAnswer
  readonly news: never
  readonly instruction: BitcoinInstruction
}

export type BitcoinInstruction =
  /** The best block that the application knows, which no peer can tell us. */
  | { readonly tip: ChainTip }
  /** Others reach this node there from now on, and are told so: a service of Tor stands, a port is open. */
  | { readonly reachedAt: SocketAddress }
  /** They do no more. */
  | { readonly lost: SocketAddress }

export interface ChainTip {
  readonly height: number
  /** What its header says. */
  readonly unixMs: number
}
