/**
 * What a network brings for the tools that start nodes of it without knowing it: its options, what it
 * needs to be made, and what can be waited for. It stands beside the manifest's factory, as `tools`.
 * @module
 */
import type { Phase } from '../machines/reasons.ts'
import type { ProtocolTypes } from '../machines/session.ts'
import type { SocketAddress } from '../world/streams.ts'
import type { Protocol, Recipe } from './protocol.ts'

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

/** What a condition may look at: a part of a supervisor. */
export interface ToolNode {
  connections(): readonly {
    readonly name: string
    readonly phase: Phase | 'closed'
    readonly identity: string | undefined
    readonly facts: unknown
  }[]
  /** `remembered` holds the counts of the node part. */
  audit(): { readonly remembered: Readonly<Record<string, number>> }
}

export type UntilCondition =
  | { readonly holds: (node: ToolNode) => boolean }
  /** In plain words, what is wrong with the value. */
  | { readonly wrong: string }

export interface ProtocolTools<T extends ProtocolTypes = ProtocolTypes> {
  readonly options: readonly ToolOption[]
  /** Whether these 32 bytes can be a node's private key. Left out: the network has no keys. */
  isPrivateKey?(bytes: Uint8Array): boolean
  /**
   * The manifest. `privateKey` is there where the network says what one is.
   * @throws {RangeError} a value that cannot be, in plain words
   */
  create(values: ToolValues, given: { readonly privateKey: Uint8Array | undefined }): Protocol<T>
  /**
   * The manifest that a recording was made with. Left out: its recordings are replayed by who brings it.
   * @throws {RangeError} it is the recipe of no manifest of this network, in plain words
   */
  remake?(recipe: Recipe): Protocol<T>
  /** How others dial this node. Left out: as the network prints the address of a socket. */
  ownAddress?(identity: string | undefined, at: SocketAddress): string
  /** Conditions to run until, by name; each is made from what stands behind the `=`. */
  readonly until?: Readonly<Record<string, (value: string | undefined) => UntilCondition>>
}
