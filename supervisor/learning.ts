/**
 * Which addresses of the book become candidates of the dial governor: as many as there are slots to fill, a
 * few at a time, and none that could not be dialled.
 * @module
 */
import type { Protocol } from '../actors/protocol.ts'
import type { ProtocolTypes } from '../machines/session.ts'
import type { StepLoop } from '../world/step-loop.ts'
import type { DialGovernor, DialView } from './dial-governor.ts'
import type { KnownAddresses } from './known-addresses.ts'
import { CORE_LIMITS } from './limits.ts'
import type { Slots } from './slots.ts'
import type { Unwanted } from './unwanted.ts'

export interface LearningOptions<T extends ProtocolTypes> {
  readonly addresses: Protocol<T>['addresses']
  /** Undefined where the network keeps none. */
  readonly book: KnownAddresses<T['address']> | undefined
  readonly governor: DialGovernor
  /** What the governor's keys stand for. */
  readonly known: Map<string, T['address']>
  readonly loop: StepLoop
  readonly slots: Slots
  readonly unwanted: Unwanted
  isDialled(key: string): boolean
  view(): DialView
}

export interface Learning<T extends ProtocolTypes> {
  /** False where it is known already or there is no room. */
  learn(address: T['address']): boolean
  learnFromBook(): void
}

/** Candidates that one plan takes from the book: what the burst of the dial rate can use. */
const LEARNT_AT_ONCE = CORE_LIMITS.dialsBurst

export function createLearning<T extends ProtocolTypes>(options: LearningOptions<T>): Learning<T> {
  const { addresses, book, governor, known, loop, slots, unwanted } = options

  const isUnwanted = (address: T['address']): boolean =>
    unwanted.has(addresses.key(address), addresses.identity(address))

  const learn = (address: T['address']): boolean => {
    const key = addresses.key(address)
    if (!governor.learn({ address: key, identity: addresses.identity(address) })) return false
    known.set(key, address)
    return true
  }

  return {
    learn,
    learnFromBook() {
      if (book === undefined || !slots.takes('found')) return
      for (const address of book.probes(options.isDialled)) {
        if (!isUnwanted(address)) learn(address)
      }
      const dialView = options.view()
      const { isConnected, barredMs } = dialView
      const isWanted = (address: T['address']): boolean => {
        const key = addresses.key(address)
        const identity = addresses.identity(address)
        return (
          !known.has(key) &&
          !isUnwanted(address) &&
          !isConnected(key, identity) &&
          barredMs(key, identity) === undefined
        )
      }
      const room = governor.room(loop.step.monotonicMs, dialView)
      for (let free = Math.min(room, LEARNT_AT_ONCE); free > 0; free--) {
        const address = book.candidate(isWanted)
        if (address === undefined || !learn(address)) return
      }
    },
  }
}
