/**
 * A command that a network brings for the command line: it is lent a node of its own, dials with it, hears what
 * comes, and tells lines. It holds no promise and reads no clock, so that a test runs it in virtual time.
 * @module
 */
import type { ProtocolTypes } from '../machines/session.ts'
import type { Protocol } from './protocol.ts'
import type { DescribedValue, ToolConnection, ToolOption } from './protocol-tools.ts'
import type { ToolValues, ToolWay } from './protocol-tools.ts'

/** A connection that is active. */
export interface CommandPeer extends ToolConnection {
  readonly name: string
}

/** How a connection was over; `active`: it had been. */
export interface CommandEnd {
  readonly address: string
  readonly phase: string
  readonly detail: string
}

/** What a command is lent. Addresses are as the network prints them. */
export interface CommandNode<T extends ProtocolTypes> {
  /** Dialled until it is let go. */
  dial(address: string): void
  /** Its connections are closed, and it is not dialled again. */
  letGo(address: string): void
  send(connection: string, message: T['message']): void
  /** Returns what cancels it. */
  after(ms: number, run: () => void): () => void
  /** A line for whoever reads. */
  tell(line: { readonly event: string } & Readonly<Record<string, DescribedValue>>): void
  /** All is done. */
  end(): void
}

/** What a running command is told. */
export interface CommandRun<T extends ProtocolTypes> {
  started(address: string): void
  active(peer: CommandPeer): void
  closed(end: CommandEnd): void
  message(address: string, message: T['message']): void
  /** Whoever runs it wants no more: it tells what there is to tell, and ends. */
  stop(): void
}

export interface ToolCommand<T extends ProtocolTypes = ProtocolTypes> {
  /** For the help; no sentence. */
  readonly description: string
  readonly options: readonly ToolOption[]
  /** The messages that it is told of. */
  readonly hears: readonly T['message']['type'][]
  /** The manifest of its node. @throws {RangeError} a value that cannot be, in plain words */
  create(values: ToolValues, way?: ToolWay): Protocol<T>
  /** @throws {RangeError} a value that cannot be, in plain words */
  start(values: ToolValues, node: CommandNode<T>): CommandRun<T>
}
