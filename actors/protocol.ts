/**
 * What a network brings: the plug-in contract. A manifest is a plain value that a factory returns;
 * the core reads it and never asks which network it is.
 * @module
 */
import type { Role, Wire, WireSetup } from '../codec/wire.ts'
import type { CloseDetail, DetailRule, Phase } from '../machines/reasons.ts'
import type { ProtocolTypes, SessionLogic } from '../machines/session.ts'
import type { CryptoBackend } from '../world/crypto.ts'
import type { CryptoJob, JobResult } from '../world/jobs.ts'
import type { Random } from '../world/random.ts'
import type { SocketAddress } from '../world/streams.ts'
import type { ChildSpec } from './child.ts'

/** How the network writes, compares and judges addresses. */
export interface AddressRules<Address> {
  /** The address, or a sentence in plain words of what is wrong with the text. */
  parse(text: string): { readonly address: Address } | { readonly wrong: string }
  print(address: Address): string
  /** Equal keys, same address. */
  key(address: Address): string
  /** Where to dial: a host (IP literal or name) and a port. */
  socket(address: Address): SocketAddress
  /** The address of a connection that came in. */
  fromSocket(remote: SocketAddress): Address
  /** What limits and bans count together: a prefix of the host. */
  group(host: string): string
  /**
   * Whether several peers may stand behind a host: this machine, where a proxy hands over whoever comes, or
   * whatever is the far end of those that come in where only a proxy hands them over.
   * What somebody does there is charged to him where he has proven who he is, and neither to the host nor
   * to a claim made from it; who is to be discouraged is closed. Limits of a group hold. Left out: never.
   */
  isShared?(host: string, place: Pick<PeerPlace, 'local' | 'role'>): boolean
  /** The identity that the address demands, where it names one. */
  identity(address: Address): string | undefined
  /** Whether a text has the form of an identity. Left out: anything without a space and a colon. */
  isIdentity?(text: string): boolean
  /**
   * Whether an address is of use to somebody there, and so whether he may have told it. Left out:
   * always.
   */
  mayTell?(address: Address, to: SocketAddress): boolean
  /** Left out: the node keeps no book, and dials whom it is told to. */
  readonly book?: BookRules<Address>
}

/** Which addresses are kept, and which of them count as close. */
export interface BookRules<Address> {
  /** What is hashed for the address. Equal keys have equal bytes. */
  keyBytes(address: Address): Uint8Array
  /** Addresses with equal bytes are likely in one hand. At most 255 bytes. */
  groupBytes(address: Address): Uint8Array
  /** A hash that nobody can choose the outcome of, of 32 bytes. */
  digest(bytes: Uint8Array): Uint8Array
  /** Whether it makes sense to keep it: somebody else could dial it. */
  isStorable(address: Address): boolean
  /**
   * Whether an address that we dialled counts as seen when its connection becomes active, and when
   * that ends, in that kind of slot. Whoever is told of the address sees when that was. Left out: always.
   */
  marksSeen?(slot: string, moment: 'active' | 'ended'): boolean
  /**
   * Whether a dial for that kind of slot that comes to nothing counts against the address, or may well be
   * the fault of our own link. Left out: it counts while anybody is connected.
   * @param held what this node has dialled and not lost
   */
  countsFailure?(slot: string, held: readonly HeldConnection<Address>[]): boolean
  readonly sizes?: Partial<BookSizes>
}

/** Of a connection that this node dialled. */
export interface HeldConnection<Address> {
  readonly phase: Phase | 'closed'
  readonly slot: string
  readonly target: Address | undefined
  readonly remote: SocketAddress
}

/** How large the tables are, and how far one group may spread in them. */
export interface BookSizes {
  /** At most 65,536. */
  readonly newBuckets: number
  readonly triedBuckets: number
  /** Slots in a bucket of either table. */
  readonly bucketSize: number
  /** Of the new buckets, those that all that one group of sources tells can reach. */
  readonly newBucketsPerSourceGroup: number
  /** Of the tried buckets, those that the addresses of one group can reach. */
  readonly triedBucketsPerGroup: number
  /** How often one address can stand in the new table. At most 255. */
  readonly newBucketsPerAddress: number
}

export type PlainValue = boolean | number | string

/**
 * What children and the node part found out about a connection, by name: for whoever evicts, and for operators.
 * `pingMs` is how long the last answer to a ping took, in every network: the core counts each of them.
 */
export type ConnectionAbout = Readonly<Record<string, PlainValue>>

/** What the node part is told of a connection, and what sessions ask about. Plain data. */
export interface ConnectionView<T extends ProtocolTypes> {
  readonly name: string
  readonly role: Role
  readonly remote: SocketAddress
  /** Of one that came in: at which of our own addresses. */
  readonly local?: SocketAddress
  readonly phase: Phase | 'closed'
  readonly slot: string
  readonly target: T['address'] | undefined
  /** Set once the session is ready. */
  readonly identity: string | undefined
  readonly facts: T['facts'] | undefined
  readonly startedMs: number
  /** When the session became ready. */
  readonly readyMs: number | undefined
  /** Left out: nothing is known. */
  readonly about?: ConnectionAbout
}

/** An answer that a job has to compute first. The session stays in its holding state meanwhile. */
export interface Later<Answer> {
  readonly job: CryptoJob
  finish(result: JobResult): Answer
}

/** Where a peer is, as far as it decides how the peer is treated. */
export interface PeerPlace {
  readonly role: Role
  readonly remote: SocketAddress
  /** Of one that came in: at which of our own addresses. Left out: it is not known. */
  readonly local?: SocketAddress
  /** Of one that we dial: the application asked for it. */
  readonly isWanted: boolean
}

/** What connections share. One a node; it lives in the node's steps and holds no timer of its own. */
export interface NodePart<T extends ProtocolTypes> {
  /** Answers a session's question within the step, or names the job that has to run first. */
  answer(question: T['question'], about: Asking<T>): T['answer'] | Later<T['answer']>
  /** A connection became active. */
  ready?(connection: ConnectionView<T>): void
  /** A connection is gone. */
  closed?(connection: ConnectionView<T>): void
  /** Whether an identity may take part at all. Left out: everybody may. */
  admits?(identity: string): boolean
  /**
   * Whether whoever is there may not be kept out: no ban of its place and no discouragement holds for it,
   * nothing that it does is charged to it, and its connection is neither displaced nor evicted. What ends
   * a connection ends its one, too. Left out: nobody.
   */
  isExempt?(place: PeerPlace): boolean
  /**
   * Which of the active inbound connections makes room for a newcomer; undefined: none, and so does a
   * node part without it. Asked before the newcomer is admitted, and once more when it is. Whoever is
   * exempt is not among them.
   */
  evict?(candidates: readonly EvictionCandidate<T>[], random: Random): string | undefined
  /** The application changes something of the network's own while the node runs; a step of its own. */
  instruct?(instruction: Instruction<T>): void
  /** What it holds, by name, for the audit. */
  counts?(): Readonly<Record<string, number>>
}

/** What an application can instruct a network's node part to do: plain data, where the types have it. */
export type Instruction<T extends ProtocolTypes> = T extends {
  readonly instruction: infer Given
}
  ? Given
  : never

/** Who asks, and the connection's own secrets: named slots that only node part and wire see. */
export interface Asking<T extends ProtocolTypes> {
  readonly connection: ConnectionView<T>
  readonly secrets: Map<string, T['keys']>
  /** The connection's own source of chance. */
  readonly random: Random
}

/** What the core lends the node part. */
export interface NodeTools<T extends ProtocolTypes> {
  readonly crypto: CryptoBackend
  readonly random: Random
  /** The step's time. */
  monotonicMs(): number
  wallMs(): number
  connections(): readonly ConnectionView<T>[]
  /** Reaches that connection's session as an event `node`; false where there is no such connection. */
  tell(connection: string, news: T['news']): boolean
  close(connection: string, detail: CloseDetail<T['detail']>): void
  /** Adds to what is known of a connection; it is shown with it, and goes with it. */
  describe(connection: string, about: ConnectionAbout): void
  /**
   * Whether an identity is banned, and for how many milliseconds more. With `claimedFrom`, a host:
   * whether the claim of that identity from the host's group is, and not whether the identity is.
   */
  banned(identity: string, claimedFrom?: string): number | undefined
  /** The addresses on which the node listens. */
  listening(): readonly SocketAddress[]
  /**
   * What an address says of itself, also one that is refused then: it takes the place of what the address
   * book has of it. The key is that of the network's rules.
   */
  mark(key: string, marks: bigint): void
}

export type Lane = 'control' | 'requests' | 'gossip'

export interface LaneRule {
  readonly lane: Lane
  /**
   * What happens when the lane's bytes are used up. `drop` in gossip alone: the sender is told. The
   * others queue what the protocol itself says, and refuse what the application sends.
   */
  readonly full: 'drop' | 'stop-reading' | 'close'
}

export interface Deadline<Detail extends string> {
  readonly ms: number
  readonly detail: Detail
}

export interface Deadlines<Detail extends string> {
  /** For the platform to open the stream. */
  readonly connectMs: number
  /** From dial or accept to active, all in all. */
  readonly establish: Deadline<Detail>
  /** The waits of the session's chart, by the name of the delay. */
  readonly session: Readonly<Record<string, Deadline<Detail>>>
  /** Without a single byte arriving, while active. */
  readonly progress: Deadline<Detail>
  /** Without a single byte leaving while there is something to send. */
  readonly drainMs: number
  /** For what is still to be sent when we close. */
  readonly flushMs: number
}

/** Why it is dialled: the application wants it, it is a seed, or the node found it. */
export type DialMotive = 'found' | 'seed' | 'wanted'

/** What is known of a dial before it is made. */
export interface DialAbout {
  readonly slot: string
  readonly motive: DialMotive
  /** What the book has noted of the address; 0n where it is in none. */
  readonly marks: bigint
}

export interface SlotKind {
  readonly name: string
  readonly role: Role
  readonly max: number
  /**
   * Of a dialler: so many are filled with peers that the node found, and not all at all times with the
   * same; the rest is for those that the application asks for, and for seeds. At least 1, and less than
   * `max`. Left out: all are filled, seeds first.
   */
  readonly fill?: number
  /**
   * Of a dialler: for whom the node takes it. Nobody (an empty list): for whom a child dials, naming it.
   * Left out: all.
   */
  readonly takes?: readonly DialMotive[]
  /**
   * Of a dialler: so many of `max` are for nobody but whom a child dials, naming the kind: one more than
   * usual, for a while. Left out: none.
   */
  readonly spare?: number
}

/** How strikes add up to a ban. */
export interface StrikeRule {
  readonly count: number
  readonly withinMs: number
  readonly banMs: number
  /** Each further ban within 24 hours doubles, up to this. */
  readonly banMsMax: number
}

/** How connections coming in are held down before they cost anything. */
export interface AdmissionLimits {
  /** Not yet active, of either role. */
  readonly pendingInbound: number
  readonly pendingOutbound: number
  /** Not yet active, inbound, from one group. */
  readonly pendingPerGroup: number
  /** All inbound connections of one group. */
  readonly inboundPerGroup: number
  /**
   * Of one group `count` may come in within `withinMs`, in a window that slides; more are refused. A
   * refused one counts as well: whoever keeps knocking faster than that is not heard until it slows down.
   */
  readonly acceptedPerGroup: { readonly count: number; readonly withinMs: number }
}

export interface Farewell<Message> {
  readonly messages: readonly Message[]
  /** How long the far side's answer is waited for; 0 where none is expected. */
  readonly answerMs: number
  /** The message types that the session still gets meanwhile. All else is dropped unread. */
  readonly reads: readonly string[]
}

/** What is known of a connection's end when it is decided whether to dial again at once. */
export interface Ended<T extends ProtocolTypes> {
  readonly role: Role
  readonly phase: Phase
  readonly detail: CloseDetail<T['detail']>
  readonly dial: T['dial'] | undefined
  readonly receivedBytes: number
  readonly sentBytes: number
}

/** Why a stream that was accepted does not become a connection. */
export type RefusalReason =
  | 'banned'
  | 'discouraged'
  | 'group-full'
  | 'handshake-budget'
  | 'pending-full'
  | 'rate'
  | 'slots-full'

/** A candidate for eviction when an inbound slot is wanted. */
export interface EvictionCandidate<T extends ProtocolTypes> extends ConnectionView<T> {
  readonly group: string
  readonly lastMessageMs: number | undefined
  /** Whoever comes from there was at fault before, and was let in because there was room. */
  readonly isDiscouraged: boolean
}

/** Datagrams under the same identity. No connection; the same limits and counters. */
export interface DatagramCodec<T extends ProtocolTypes> {
  /** The messages of one datagram, and the identity that it proved. Never throws. */
  decode(
    bytes: Uint8Array,
    from: SocketAddress,
  ):
    | { readonly identity: string | undefined; readonly messages: readonly T['message'][] }
    | { readonly refused: T['detail'] }
  encode(
    message: T['message'],
    to: { readonly identity: string | undefined; readonly address: SocketAddress },
  ): Uint8Array | undefined
  readonly datagramBytesMax: number
  /** Per group and second; what is above is dropped and counted. */
  readonly perGroupPerSecond: number
}

/** What a network's factory was given: plain data, and apart from it what is secret. */
export interface Recipe {
  readonly settings: unknown
  readonly secrets: Readonly<Record<string, Uint8Array>>
}

export interface Protocol<T extends ProtocolTypes> {
  readonly name: string
  readonly defaultPort: number
  readonly addresses: AddressRules<T['address']>
  /** One a node, made with the supervisor and before it starts: its tools answer from then on. */
  node(tools: NodeTools<T>): NodePart<T>
  wire(
    setup: WireSetup<T['address'], T['dial']>,
  ): Wire<T['message'], T['keys'], T['facts'], T['detail']>
  readonly session: SessionLogic<T>
  /** The types that go to the session after `ready`. They go to the router as well. */
  readonly control: readonly T['message']['type'][]
  readonly deadlines: Deadlines<T['detail']>
  datagrams?(tools: NodeTools<T>): DatagramCodec<T>
  /** A sentence of what keeps a message of the application from being sent: too large, malformed. */
  wrongWith?(message: T['message']): string | undefined
  lane(message: T['message']): LaneRule
  /** About what the message takes on the wire: lanes count with it before it is encoded. */
  estimateBytes(message: T['message']): number
  /**
   * The same message as the application may keep it, where `read` hands out views. Its bytes may lie in
   * memory that it shares with those of other messages. `isSole`: nobody else has it or will have it, so
   * that memory which is the message's own anyway is not copied.
   */
  own?(message: T['message'], isSole?: boolean): T['message']
  /** The bytes of content that a consumer takes as credit. */
  contentBytes?(message: T['message']): number
  /** Why a connection can end, complete: what it means and what follows. */
  readonly details: Readonly<Record<T['detail'], DetailRule>>
  readonly strikes: StrikeRule
  /** For how long a ban by hand lasts of which nobody says it. Left out: for good. */
  readonly banMs?: number
  /** How an address is dialled, where not as usual. */
  dial?(target: T['address'], about: DialAbout): T['dial'] | undefined
  /** Asked when an outbound connection ended: dial once more in the same slot, nothing charged. */
  redial?(ended: Ended<T>): T['dial'] | undefined
  /** What is said when we close. Without `facts` the channel is not up: nothing can be said on it. */
  farewell?(
    detail: CloseDetail<T['detail']>,
    phase: Phase,
    facts?: T['facts'],
  ): Farewell<T['message']> | undefined
  /**
   * What a stream that is refused at accept is told, in a form that needs no handshake. Left out, or
   * undefined: nothing. `banMs` is the rest of a ban; Infinity: for good.
   */
  refusal?(why: RefusalReason, banMs: number | undefined): T['message'] | undefined
  /** Which connection is closed when a second one with the identity becomes ready. */
  duplicate(
    older: ConnectionView<T>,
    newer: ConnectionView<T>,
    ownIdentity: string | undefined,
  ): 'keep-both' | 'close-older' | 'close-newer'
  /** Our own identity, where the network has one. */
  readonly identity?: string
  readonly slots: readonly SlotKind[]
  readonly admission: AdmissionLimits
  /** How many units of one peer are read in one turn. Left out: as many as the turn's bytes hold. */
  readonly unitsPerTurn?: number
  readonly children?: readonly ChildSpec<T>[]
  /** For recordings: what it takes to make this manifest again. */
  recipe?(): Recipe
}
