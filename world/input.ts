/**
 * Everything that can happen to a node. There is nothing else: a node is a function of the sequence
 * of its inputs and of the times at which they entered.
 * @module
 */
import type { ClockInput } from './clock.ts'
import type { DatagramInput } from './datagrams.ts'
import type { JobInput } from './jobs.ts'
import type { NamesInput, RequestId } from './names.ts'
import type { StoreInput } from './store.ts'
import type { ListenerInput, StreamInput } from './streams.ts'

/**
 * What the application asks, as plain data. The commands are the supervisor's closed union: this
 * layer only carries them.
 */
export interface CommandInput {
  readonly kind: 'command'
  readonly command: { readonly name: string }
}

/** A handler of the application that took work away has settled. */
export interface SettledInput {
  readonly kind: 'handler.settled'
  readonly request: RequestId
  readonly outcome: 'done' | 'failed'
  /** What it answered, as plain data, where it was asked something. */
  readonly value?: unknown
}

export type Input =
  | ClockInput
  | CommandInput
  | DatagramInput
  | JobInput
  | ListenerInput
  | NamesInput
  | SettledInput
  | StoreInput
  | StreamInput

export type Answer = JobInput | NamesInput | SettledInput
