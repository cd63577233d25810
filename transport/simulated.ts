/**
 * The memory network with time and faults: latencies, rates, loss, cuts, partitions, as numbers of one
 * struct. The same seed and the same calls give the same deliveries at the same times.
 * @module
 */
import type { Random } from '../world/random.ts'
import { memoryNetwork } from './memory.ts'
import type { MemoryNetwork, MemoryNetworkOptions } from './memory.ts'
import type { FaultCounts, FaultKind, NetworkFaults } from './simulated/faults.ts'
import { createFiring, noFaults } from './simulated/firing.ts'
import { createSimulatedPolicy } from './simulated/policy.ts'
import type { VirtualClock } from './virtual-clock.ts'

export interface SimulatedNetworkOptions extends Omit<MemoryNetworkOptions, 'queue' | 'policy'> {
  readonly clock: VirtualClock
  readonly random: Random
  /** Left out: no time, and nothing happens but what is done by hand. */
  readonly faults?: NetworkFaults
  /** The number of the one fault that is left out, from 0. */
  readonly skipFault?: number
}

export interface SimulatedNetwork extends MemoryNetwork {
  /** How often each kind of fault fired, by its name in the struct. */
  faultCounts(): FaultCounts
  /**
   * One more fault of a kind that somebody else carries out: numbered, counted, and false where it is
   * the one to be left out or there are to be none.
   */
  fires(kind: FaultKind): boolean
  /** Faults stop: what lasts is over, nothing new happens. Latencies and rates stay. */
  heal(): void
}

export function simulatedNetwork(options: SimulatedNetworkOptions): SimulatedNetwork {
  const { clock, random, faults, skipFault, ...rest } = options
  const { queue } = clock
  if (faults === undefined) {
    const network = memoryNetwork({ ...rest, queue })
    return extended(network, { faultCounts: noFaults, fires: () => false, heal: () => undefined })
  }
  const firing = createFiring(skipFault)
  const policy = createSimulatedPolicy({ clock, random, faults, firing })
  const network = memoryNetwork({ chunking: policy.chunking, ...rest, queue, policy })
  return extended(network, {
    faultCounts: firing.counts,
    fires: firing.fires,
    heal() {
      firing.stop()
      policy.heal()
    },
  })
}

/** `pending` is asked each time, and would be a number for good in a spread. */
const extended = (
  network: MemoryNetwork,
  more: Omit<SimulatedNetwork, keyof MemoryNetwork>,
): SimulatedNetwork => ({
  ...network,
  ...more,
  get pending() {
    return network.pending
  },
})
