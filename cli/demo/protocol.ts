/**
 * What the demo's parent and its nodes say to each other over the process channel. Plain JSON.
 * @module
 */
import type { FromSource, ToSource } from '../../inspector/remote-source.ts'

/** A line of the input with its number, from 1. */
export type NumberedLine = readonly [number: number, text: string]

export type ToNode =
  | {
      readonly type: 'start'
      readonly name: string
      /** Where its key and its store are, or will be. */
      readonly folder: string
      /** 0 for any free one. */
      readonly port: number
      /** Native addresses: all that it is told of the others. */
      readonly bootstrap: readonly string[]
      /** Publications of a neighbour that it takes within ten seconds. */
      readonly publicationsMax: number
      /** Whether it may be looked at. */
      readonly inspected: boolean
    }
  /** From a page, to the node's source. */
  | { readonly type: 'look'; readonly message: ToSource }
  /** Publish it as an item; answered by `published`. */
  | { readonly type: 'publish'; readonly line: NumberedLine }
  /** Which lines it holds; answered by `holds`. */
  | { readonly type: 'list' }
  | { readonly type: 'stop' }

export type FromNode =
  | {
      readonly type: 'started'
      readonly pid: number
      readonly id: string
      readonly address: string
      readonly port: number
    }
  /** Kept by its origin, and on its way. */
  | { readonly type: 'published'; readonly number: number }
  | { readonly type: 'arrived'; readonly number: number; readonly by: 'gossip' | 'sync' }
  /** From the node's source, to a page. */
  | { readonly type: 'looked'; readonly message: FromSource }
  | { readonly type: 'holds'; readonly numbers: readonly number[] }
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
