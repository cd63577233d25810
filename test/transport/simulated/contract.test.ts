/** The simulated network under the contract that all transports share; time moves when the suite waits. */
import { transportContract } from '../../../testing/transport-contract.ts'
import { registerContract } from '../../../testing/vitest.ts'
import { seededRandom } from '../../../transport/random.ts'
import { FAULT_PRESETS } from '../../../transport/simulated/faults.ts'
import type { NetworkFaults } from '../../../transport/simulated/faults.ts'
import { simulatedNetwork } from '../../../transport/simulated.ts'
import { virtualClock } from '../../../transport/virtual-clock.ts'

const { calm, lossy, swarm } = FAULT_PRESETS
const random = seededRandom('simulated contract')
const release = () => Promise.resolve()
/** Above a round trip of each network below but for its losses, which the suite waits for in turns. */
const TURN_MS = 500

const networks: Readonly<Record<string, NetworkFaults>> = {
  calm,
  'with the latencies and losses of lossy, cut and slow': {
    ...calm,
    latencyMs: lossy.latencyMs,
    segmentLoss: lossy.segmentLoss,
    chunkCut: lossy.chunkCut,
  },
  'with the latencies and losses of swarm, cut into small pieces': {
    ...calm,
    latencyMs: swarm.latencyMs,
    segmentLoss: swarm.segmentLoss,
    chunkCut: swarm.chunkCut,
  },
}

function startPlace(faults: NetworkFaults) {
  const clock = virtualClock()
  const network = simulatedNetwork({ clock, random, faults })
  const turn = (): Promise<void> => {
    clock.advance(TURN_MS)
    return Promise.resolve()
  }
  return { one: network.node('10.0.0.1'), other: network.node('10.0.0.2'), turn }
}

for (const [name, faults] of Object.entries(networks)) {
  registerContract(
    `simulated network, ${name}`,
    transportContract({
      streams: {
        random,
        start() {
          const { one, other, turn } = startPlace(faults)
          const [dialler, listener] = [one.streams, other.streams]
          return Promise.resolve({ dialler, listener, host: '10.0.0.2', turn, release })
        },
      },
      datagrams: {
        start() {
          const { one, other, turn } = startPlace(faults)
          return Promise.resolve({
            one: one.datagrams,
            other: other.datagrams,
            oneHost: '10.0.0.1',
            otherHost: '10.0.0.2',
            turn,
            release,
          })
        },
      },
    }),
  )
}
