/**
 * Sub-protocol actors (discovery, gossip, sync ...) as their supervisor sees them: a specification
 * as data, OTP's way, and what a child is lent.
 * @module
 */
import type { CloseDetail } from '../machines/reasons.ts'
import type { ProtocolTypes } from '../machines/session.ts'
import type { CryptoBackend } from '../world/crypto.ts'
import type { CryptoJob, JobResult } from '../world/jobs.ts'
import type { Random } from '../world/random.ts'
import type { StoreEntry, StoreKey, StoreRange } from '../world/store.ts'
import type { SocketAddress } from '../world/streams.ts'
import type { LentBook } from './lent-book.ts'
import type { ConnectionAbout, ConnectionView, Instruction } from './protocol.ts'
import type { Application, ApplicationUse, Services } from './services.ts'

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

/** A child's own tables: their names are its own, and so is what stands in them. */
export interface ChildStore {
  get(table: string, key: StoreKey): Uint8Array | undefined
  range(table: string, range: StoreRange): Iterable<StoreEntry>
  /**
   * One batch. `settled` says in a later step whether it is on the medium, also to an incarnation
   * that was stopped meanwhile: what is durable is durable.
   */
  write(changes: readonly ChildChange[], settled?: (outcome: 'durable' | 'failed') => void): void
}

export interface ChildChange {
  readonly table: string
  readonly key: StoreKey
  /** Left out: the entry goes. */
  readonly value?: Uint8Array | undefined
}

/** What a child is told of connections. A throw is the child's failure. */
export interface ConnectionWatcher<T extends ProtocolTypes> {
  active?(connection: ConnectionView<T>): void
  /** One that was active is gone, or is leaving. */
  gone?(connection: ConnectionView<T>): void
}

/** How far something has come that has an order: blocks by height, items by number. */
export interface ChildProgress {
  /** What it is, in the network's words: `headers`, `items`. */
  readonly what: string
  readonly done: number
  /** Undefined: nobody knows how many there are. */
  readonly total: number | undefined
  /** What is being fetched, from one number to the one behind the last. */
  readonly window: readonly {
    readonly from: number
    readonly to: number
    readonly is: 'asked' | 'arrived' | 'stored'
    readonly connection: string | undefined
  }[]
}

/** A sub-protocol as it shows itself: plain data. */
export interface ChildShown {
  /** How many there are now, by name. */
  readonly counts?: Readonly<Record<string, number>>
  /** How many there have been: they only grow. */
  readonly totals?: Readonly<Record<string, number>>
  readonly progress?: readonly ChildProgress[]
}

export interface ChildTools<T extends ProtocolTypes> {
  /** The child's stable name. */
  readonly name: string
  readonly random: Random
  readonly crypto: CryptoBackend
  readonly store: ChildStore
  readonly application: Application
  monotonicMs(): number
  wallMs(): number
  /** Rings once, unless the child is stopped before; a throw is the child's failure. */
  after(afterMs: number, ring: () => void): () => void
  /**
   * Messages of a type, within the step that decoded them. They may hold views, which are over once `take`
   * returns: what is kept, or sent on, is copied. A throw is the child's failure.
   */
  feed<Type extends T['message']['type']>(
    type: Type,
    take: (routed: Routed<Extract<T['message'], { readonly type: Type }>>) => void,
  ): void
  /** Work too long for a step. The answer comes in a later one; undefined: it failed. */
  run(job: CryptoJob, done: (result: JobResult) => void): void
  connections(): readonly ConnectionView<T>[]
  watch(watcher: ConnectionWatcher<T>): void
  /** What the application can ask of this child, while it lives. */
  serve(services: Services): void
  send(connection: string, message: T['message']): 'queued' | 'full' | 'gone'
  /**
   * Best effort, as datagrams are. `no-way`: no socket is bound for it, the target is kept out or is
   * no IP address, or the network cannot write this message to it.
   */
  sendDatagram(to: DatagramTarget, message: T['message']): 'sent' | 'no-way'
  /**
   * Dials an address once, for a slot of the kind. False: it may not be dialled (it is banned, or the
   * application disconnected it), it is connected or being dialled, or all slots of the kind are taken.
   */
  dial(address: T['address'], slot: string): boolean
  /** Of how many peers the application wants connections, connected or not. */
  wantedCount(): number
  /** Whether the application paused the node: nobody is dialled, and no name is resolved. */
  isPaused(): boolean
  /** IP literals that a host's name leads to; none where it leads nowhere, or the node is paused. */
  resolve(host: string, done: (hosts: readonly string[]) => void): void
  /**
   * Dials an identity or an address for the application, unless it is connected. `again`: for what it was
   * sought for before, unless the application has disconnected it since. False: no way to it is known, or
   * may be taken.
   */
  seek(peer: string, options?: { readonly again: boolean }): boolean
  /** The node's address book, for rules of the network's own; undefined where it keeps none. */
  readonly book: LentBook<T['address']> | undefined
  /** Addresses that a peer told, for the node's book; whether one is new to us. */
  heard(connection: string, address: T['address'], seenMs: number): boolean
  /** Addresses from the book to tell a peer: at most `max`, and at most so many of a hundred. */
  sample(
    connection: string,
    max: number,
    percent: number,
  ): readonly { readonly address: T['address']; readonly seenMs: number }[]
  /** Whether it is us who do not read the connection now. */
  isHeld(connection: string): boolean
  /**
   * Whether an answer may still stand behind something slow: bytes of ours have not left, for which there
   * is `drainMs`, or of a message of theirs that is not whole yet more has come since then.
   */
  isUnderWay(connection: string, sinceMs: number): boolean
  /** Adds to what is known of a connection; it is shown with it, and goes with it. */
  describe(connection: string, about: ConnectionAbout): void
  /** What follows from the manifest's table, though the connection goes on. */
  report(connection: string, detail: T['detail']): void
  /** Ends the connection in good order. */
  close(connection: string, detail: CloseDetail<T['detail']>): void
  /** For how many milliseconds more an identity is banned. */
  banned(identity: string): number | undefined
  /** Whether an identity may take part at all. */
  admits(identity: string): boolean
  /** The addresses on which the node listens. */
  listening(): readonly SocketAddress[]
  /**
   * What it shows of itself, several parts together. It is read when somebody looks, between two steps:
   * it changes nothing, and whoever does not look pays nothing.
   */
  show(read: () => ChildShown): void
  /** Something worth telling the application: an event `child.noted`. */
  note(what: string, about?: Readonly<Record<string, string | number>>): void
  /** Ends this child well. */
  done(): void
}

export interface ChildSpec<T extends ProtocolTypes, Kept = unknown> {
  readonly name: string
  readonly restart: RestartType
  /**
   * What it reaches the application for. What no child of a network names the supervisor refuses as
   * `unsupported`; a child that reaches for what it did not name fails. Left out: nothing.
   */
  readonly uses?: readonly ApplicationUse[]
  /** State that outlives an incarnation. The supervisor owns it and hands it to the next one. */
  keep(): Kept
  /** Starts an incarnation; what it returns stops it. Everything lent is taken back by itself. */
  start(tools: ChildTools<T>, kept: Kept): () => void
  /**
   * The application changes something of the network's own: noted in what is kept, also while the child
   * is down. The node part is told before.
   */
  instruct?(instruction: Instruction<T>, kept: Kept): void
}
