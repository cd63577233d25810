/**
 * What an application can ask of a node: a closed union of plain data. Each is an input, entered in
 * a step of its own.
 * @module
 */

import type { Call } from './application.ts'
import type { BanKey } from './ban-records.ts'

export type Command =
  | { readonly name: 'start' }
  | { readonly name: 'stop'; readonly graceMs: number }
  /** A manual peer: dialled now, and again whenever it is gone. */
  | { readonly name: 'connect'; readonly address: string }
  /** Closes the connections of a peer or a connection, and forgets the manual peer. */
  | { readonly name: 'disconnect'; readonly peer: string }
  | {
      readonly name: 'ban'
      readonly key: BanKey
      readonly ms: number | undefined
      readonly why: string
    }
  | { readonly name: 'unban'; readonly key: BanKey }
  /** Closes all connections; nobody is dialled or let in until `resume`. */
  | { readonly name: 'pause' | 'resume' }
  /** Stops a sub-protocol and starts it again. */
  | { readonly name: 'restart'; readonly child: string }
  /** The room for it was reserved when it was given. */
  | {
      readonly name: 'send'
      readonly connection: string
      readonly message: { readonly type: string }
    }
  | {
      readonly name: 'consume' | 'release'
      readonly type: string
      readonly views: boolean
      readonly consumer: number
    }
  | {
      readonly name: 'handle'
      readonly type: string
      readonly handler: number
      readonly deadlineMs: number
    }
  | { readonly name: 'unhandle'; readonly handler: number }
  /** A handler that answers what a sub-protocol asks. */
  | {
      readonly name: 'name-handler'
      readonly what: 'answer' | 'validate'
      readonly key: string
      readonly handler: number
      readonly deadlineMs: number
    }
  | { readonly name: 'unname-handler'; readonly handler: number }
  /** Something that a sub-protocol serves. */
  | { readonly name: 'call'; readonly number: number; readonly call: Call }
  /** To the network's own part of the node. */
  | { readonly name: 'instruct'; readonly instruction: unknown }
  | { readonly name: 'call-off'; readonly number: number }
  /** Something outside waits, until then at most. */
  | { readonly name: 'wait'; readonly wait: number; readonly ms: number }
  | { readonly name: 'unwait'; readonly wait: number }
