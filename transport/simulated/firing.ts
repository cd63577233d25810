/**
 * Whether a fault happens now. Each one that would is numbered in order, over all kinds; one number may
 * be left out, which is how it is found out what that fault does. It takes no draw with it; but nodes do
 * something else from there on, and meet other faults for it.
 * @module
 */
import type { FaultCounts, FaultKind } from './faults.ts'

export interface Firing {
  /** One more of this kind: false when it is to be left out, or all have stopped. */
  fires(kind: FaultKind): boolean
  /** From now on nothing fires. */
  stop(): void
  readonly isStopped: boolean
  /** How many fired, of each kind. */
  counts(): FaultCounts
}

export const noFaults = (): Record<FaultKind, number> => ({
  segmentLoss: 0,
  chunkCut: 0,
  reset: 0,
  halfOpen: 0,
  slowReader: 0,
  partition: 0,
  refusedDial: 0,
  silentDial: 0,
  overloadedAccept: 0,
  datagramLoss: 0,
  datagramDuplicate: 0,
  datagramReorder: 0,
  datagramTruncate: 0,
  crash: 0,
})

export function createFiring(skipFault: number | undefined): Firing {
  const counts = noFaults()
  let number = 0
  let isStopped = false
  return {
    fires(kind) {
      if (isStopped || number++ === skipFault) return false
      counts[kind]++
      return true
    },
    stop() {
      isStopped = true
    },
    get isStopped() {
      return isStopped
    },
    counts: () => ({ ...counts }),
  }
}
