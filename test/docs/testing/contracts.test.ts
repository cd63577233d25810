import { storeContract, transportContract } from '../../../testing/testing.ts'
import { registerContract } from '../../../testing/vitest.ts'
import { memoryStore } from '../../../store/memory.ts'
import { memoryNetwork } from '../../../transport/memory.ts'
import { seededRandom } from '../../../transport/random.ts'

const release = async () => {}

registerContract(
  'a store',
  storeContract({
    keeps: false, // true: what is durable is there for the next store of the same place
    start: async () => ({ store: memoryStore, release }),
  }),
)

registerContract(
  'a transport',
  transportContract({
    streams: {
      random: seededRandom('chunks and their sizes'),
      async start() {
        const network = memoryNetwork()
        return {
          dialler: network.node('10.0.0.1').streams,
          listener: network.node('10.0.0.2').streams,
          host: '10.0.0.2',
          turn: async () => void network.run(),
          release,
        }
      },
    },
  }),
)
