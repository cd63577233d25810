/**
 * The three events that the receivers of `@statelyai/inspect` take, as plain data. Types only: whoever
 * sends them needs no package.
 * @module
 */
import type { Plain } from './readable.ts'
import type { StateValue } from './state-value.ts'

interface Shown {
  readonly value: StateValue
  readonly context: Plain
  readonly error: undefined
}

export type StatelySnapshot =
  | (Shown & { readonly status: 'active' | 'stopped'; readonly output: undefined })
  | (Shown & { readonly status: 'done'; readonly output: Plain })

interface Common {
  /** The stable name of an actor. */
  readonly sessionId: string
  /** The node's. */
  readonly rootId: string
  readonly id: string
  /** Unix milliseconds, as text. */
  readonly createdAt: string
  readonly _version: string
}

export type StatelyEvent =
  | (Common & {
      readonly type: '@xstate.actor'
      readonly name: string
      readonly parentId: string | undefined
      /** JSON that `createMachine` takes. */
      readonly definition: string
      readonly snapshot: StatelySnapshot
    })
  | (Common & {
      readonly type: '@xstate.event'
      /** Its name alone: what came with it stays in the node. Of `passed-over`: how much of each kind. */
      readonly event: { readonly type: string; readonly lives?: number; readonly states?: number }
      readonly sourceId: string | undefined
    })
  | (Common & {
      readonly type: '@xstate.snapshot'
      readonly event: { readonly type: string }
      readonly snapshot: StatelySnapshot
    })
