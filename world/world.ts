/**
 * The injected world, whole: nothing in the core reaches the outside but through one of these.
 * @module
 */
import type { Clock } from './clock.ts'
import type { CryptoBackend } from './crypto.ts'
import type { Datagrams } from './datagrams.ts'
import type { Jobs } from './jobs.ts'
import type { Names } from './names.ts'
import type { Random } from './random.ts'
import type { Store } from './store.ts'
import type { Streams } from './streams.ts'

export interface World {
  readonly clock: Clock
  readonly crypto: CryptoBackend
  /** Left out where the node speaks no datagrams. */
  readonly datagrams?: Datagrams
  readonly jobs: Jobs
  readonly names: Names
  readonly random: Random
  readonly store: Store
  readonly streams: Streams
}
