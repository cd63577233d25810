/**
 * Name resolution, as the core may ask for it.
 * @module
 */
import type { TransportFault } from './streams.ts'

export type RequestId = number

export type NamesInput =
  | {
      readonly kind: 'names.resolved'
      readonly request: RequestId
      /**
       * IP literals, at least one, in the resolver's order; or the name itself, where the streams take
       * it and nobody was asked.
       */
      readonly hosts: readonly string[]
    }
  | {
      readonly kind: 'names.failed'
      readonly request: RequestId
      readonly fault: TransportFault
    }

export interface Names {
  /** Once, before all else: where inputs go. */
  start(enter: (input: NamesInput) => void): void
  /** Answered once. The caller keeps its own deadline. */
  resolve(request: RequestId, host: string): void
  /** Nobody waits for the answer any more; one that is under way may come all the same. */
  forget(request: RequestId): void
}
