/**
 * What the benchmark and the processes that it measures say to each other. Plain JSON.
 * @module
 */
import type { Contender } from './contender.ts'
import type { Share } from './profile-share.ts'

/** Where the journal of a node goes. */
export type RecordedTo = 'file' | 'floor' | 'memory'

/** How far a node's journal has come. One that is not open any more has missed what came afterwards. */
export interface Recorded {
  readonly ending: string
  readonly entries: number
  readonly bytes: number
}

/** What a process is, for as long as it runs. */
export interface PeerPart {
  readonly part: keyof Contender
  /** A contender's name. */
  readonly by: string
  readonly payloadBytes: number
  /** Of those that dial: where the other one of the pair listens. */
  readonly at?: string
}

export type ToPeer =
  | { readonly type: 'begin'; readonly as: PeerPart }
  | { readonly type: 'order'; readonly count: number }
  /** To a crowd: so many connections more; say `done`. */
  | { readonly type: 'grow'; readonly count: number }
  /** Look how long the loop is held up, from now on; and no more: say `delay`. */
  | { readonly type: 'watch' | 'unwatch' }
  /** Collect all garbage, and say `memory`. */
  | { readonly type: 'weigh' }
  /** Say `spent`. */
  | { readonly type: 'account' }
  /** Profile this process, and say `profiling`. */
  | { readonly type: 'profile' }
  /** No more: say `profiled`, with the part of files whose paths have one of these in them. */
  | { readonly type: 'unprofile'; readonly paths: readonly string[] }
  /** Start the node's inspector, and say `inspected`; close it, and say `uninspected`. */
  | { readonly type: 'inspect' | 'uninspect' }
  /** To a page: look there, and say `looks` when there is something to see; no more: say `looked`. */
  | { readonly type: 'look'; readonly url: string }
  | { readonly type: 'unlook' }

export type FromPeer =
  /** `at` is an address in the contender's own form. */
  | { readonly type: 'ready'; readonly at: string }
  | { readonly type: 'arrived'; readonly total: number }
  /** What was ordered is done; so long it took, and of single deliveries the median. */
  | {
      readonly type: 'done'
      readonly micros: number
      readonly latencyMedianMicros?: number
      /** To sockets, by all nodes of this process. */
      readonly writtenBytes?: number
    }
  /** Processor time since the process began, its own and the system's for it; what a recorded node has of it. */
  | { readonly type: 'spent'; readonly micros: number; readonly recorded?: Recorded }
  | { readonly type: 'profiling' }
  | { readonly type: 'profiled'; readonly share: Share }
  | { readonly type: 'inspected'; readonly url: string }
  | { readonly type: 'uninspected' | 'looks' }
  /** How often it was answered, and how often the node lets itself be looked at. */
  | {
      readonly type: 'looked'
      readonly answers: number
      readonly bytes: number
      readonly everyMs: number
    }
  | { readonly type: 'delay'; readonly p99Ms: number }
  /** `externalBytes` holds those of array buffers as well. */
  | { readonly type: 'memory'; readonly heapBytes: number; readonly externalBytes: number }
  | { readonly type: 'fault'; readonly sentence: string }
