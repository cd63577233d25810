/**
 * What a network brings for the tools that start nodes of it without knowing it: its options, what it
 * needs to be made, and what can be waited for. It stands beside the manifest's factory, as `tools`.
 * @module
 */
import type { WireTraffic } from '../codec/traffic.ts'
import type { Phase } from '../machines/reasons.ts'
import type { CryptoBackend } from '../world/crypto.ts'
import type { ProtocolTypes } from '../machines/session.ts'
import type { SocketAddress } from '../world/streams.ts'
import type { ConnectionAbout, Protocol, Recipe } from './protocol.ts'
import type { ToolCommand } from './tool-command.ts'

export type ToolValue = string | boolean | readonly string[]

/** What the options came to, by their names in camelCase. Not given and without default: undefined. */
export type ToolValues = Readonly<Record<string, ToolValue | undefined>>

export interface ToolOption {
  /** `--network <name>`; several values: `--allow <id...>`; none: `--relay`. */
  readonly flags: string
  /** For the help; no sentence. */
  readonly description: string
  readonly default?: ToolValue
}

interface ConnectionOfNode {
  readonly name: string
  readonly phase: Phase | 'closed'
  readonly identity: string | undefined
  readonly facts: unknown
}

/** What a condition may look at: a part of a supervisor. */
export interface ToolNode {
  connections(): readonly ConnectionOfNode[]
  /** `remembered` holds the counts of the node part. */
  audit(): { readonly remembered: Readonly<Record<string, number>> }
}

/** What a tool shows of a connection comes from these: a part of what a supervisor tells of it. */
export interface ToolConnection {
  /** Of the peer, as the network prints it. */
  readonly address: string
  readonly slot: string
  /** What the network's sessions said; undefined before they have. */
  readonly facts: unknown
  readonly traffic: WireTraffic | undefined
  readonly about: ConnectionAbout
}

export type DescribedValue =
  string | number | boolean | null | readonly string[] | Readonly<Record<string, number>>

export interface ConnectionDescription {
  /** For lines of JSON, under these names. One that every line has already keeps its own value. */
  readonly fields: Readonly<Record<string, DescribedValue>>
  /** For tables: a short text under the title of its column. */
  readonly columns: Readonly<Record<string, string>>
}

export type UntilCondition =
  | { readonly holds: (node: ToolNode) => boolean }
  /** In plain words, what is wrong with the value. */
  | { readonly wrong: string }

/** What a node's identity is made with. */
export type IdentityCrypto = Pick<CryptoBackend, 'isPrivateKey' | 'publicKeyOf' | 'sha256'>

/** How the node's dials leave the machine. */
export interface ToolWay {
  /**
   * They go through a proxy, which may take so long beside the time that the network gives a dial. A network
   * that makes nothing of it gives proxy and peer together the time of a dial.
   */
  readonly proxyMs?: number
}

/** How many connections an operator lets a node have at once. Left out: as many as the network says. */
export interface ToolSlots {
  /** Of those that come in, without who is not verified yet. */
  readonly inboundMax?: number
  /** Of those that it dials; whoever it is told to dial may have places of his own beside them. */
  readonly outboundMax?: number
}

/** A kind of publication that nodes can be made to publish. */
export interface PublicationKind {
  /** As `publish` takes it and deliveries name it. */
  readonly kind: string
  /** Whether every node comes to hold it in the end, also one that was away, and can list it. */
  readonly isKept: boolean
}

/** A message of the application's own, sent to one peer without an answer. */
export interface OneWayMessages<T extends ProtocolTypes> {
  readonly type: T['message']['type']
  make(payload: Uint8Array): T['message']
  /** Undefined: a message of another type. */
  payloadOf(message: T['message']): Uint8Array | undefined
}

/** What an application can do with a node of the network, for a tool that keeps nodes busy. */
export interface Workload<T extends ProtocolTypes = ProtocolTypes> {
  readonly publications: readonly PublicationKind[]
  readonly takesRequests: boolean
  readonly oneWay?: OneWayMessages<T>
}

/** One of several nodes that run together. */
export interface ToolNodeOfMany extends ToolNode {
  readonly name: string
  readonly identity: string | undefined
  connections(): readonly (ConnectionOfNode & {
    /** The name of the node at the other end; undefined: it is none of them. */
    readonly peer: string | undefined
  })[]
}

export interface ProtocolTools<T extends ProtocolTypes = ProtocolTypes> {
  readonly options: readonly ToolOption[]
  /** Whether these 32 bytes can be a node's private key. Left out: the network has no keys. */
  isPrivateKey?(bytes: Uint8Array): boolean
  /**
   * The manifest. `privateKey` is there where the network says what one is; `crypto` where the world
   * of the node has other cryptography than a platform's.
   * @throws {RangeError} a value that cannot be, in plain words
   */
  create(
    values: ToolValues,
    given: ToolWay &
      ToolSlots & {
        readonly privateKey: Uint8Array | undefined
        readonly crypto?: IdentityCrypto
      },
  ): Protocol<T>
  /** `create` keeps to `inboundMax` and `outboundMax`. Left out: whoever asks for them is told that it does not. */
  readonly takesSlots?: true
  /**
   * The manifest of a node among simulated ones, where none comes about of the options that an operator
   * gives. Left out: `create` with what the options are by default.
   */
  simulated?(given: Parameters<ProtocolTools<T>['create']>[1]): Protocol<T>
  /**
   * The manifest that a recording was made with; without secrets for the recording of one connection,
   * whose session sees none of them. Left out: recordings are replayed by who brings the manifest.
   * @throws {RangeError} it is the recipe of no manifest of this network, in plain words
   */
  remake?(recipe: Recipe): Protocol<T>
  /** How others dial this node. Left out: as the network prints the address of a socket. */
  ownAddress?(identity: string | undefined, at: SocketAddress): string
  /** What the network has to say of a connection. Left out: nothing beside what all networks have. */
  describe?(connection: ToolConnection): ConnectionDescription
  /** What an application says in this network, for tools that have to say something. */
  readonly messages?: readonly T['message'][]
  /** Conditions to run until, by name; each is made from what stands behind the `=`. */
  readonly until?: Readonly<Record<string, (value: string | undefined) => UntilCondition>>
  /** Further commands of the command line, by name: `peerloom <name>`. */
  readonly commands?: Readonly<Record<string, ToolCommand<T>>>
  /** How nodes are kept busy. Left out: they connect, and no more. */
  readonly workload?: Workload<T>
  /** Whether nodes that run together have come to what the network is for. Left out: always. */
  converged?(nodes: readonly ToolNodeOfMany[]): boolean
}
