/**
 * What the demo's parent and its nodes say to each other over the process channel. Plain JSON.
 * @module
 */

/** A line of the input with its number, from 1. */
export type NumberedLine = readonly [number: number, text: string]

export type ToNode =
  | {
      readonly type: 'start'
      readonly name: string
      /** Where its key is, or will be. */
      readonly folder: string
      /** 0 for any free one. */
      readonly port: number
    }
  /** Native addresses to dial, now and for ever. */
  | { readonly type: 'dial'; readonly addresses: readonly string[] }
  /** Send these to each of the receivers, by identity; answered by `sent`. */
  | {
      readonly type: 'send'
      readonly lines: readonly NumberedLine[]
      readonly receivers: readonly string[]
    }
  | { readonly type: 'stop' }

/** Lines in a row that were queued on one session. */
export interface SentRun {
  readonly receiver: string
  readonly connection: string
  readonly first: number
  readonly last: number
}

export type FromNode =
  | {
      readonly type: 'started'
      readonly pid: number
      readonly id: string
      readonly address: string
      readonly port: number
    }
  | { readonly type: 'sent'; readonly runs: readonly SentRun[] }
  | { readonly type: 'arrived'; readonly numbers: readonly number[] }
  | { readonly type: 'active'; readonly peer: string; readonly connection: string }
  | {
      readonly type: 'closed'
      readonly peer: string | undefined
      readonly connection: string
      readonly reason: string
      readonly detail: string
    }
  | { readonly type: 'fault'; readonly sentence: string }
  | { readonly type: 'stopped'; readonly killed: readonly string[] }
