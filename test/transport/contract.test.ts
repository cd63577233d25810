/** The transports under the contract that all of them share. */
import { setImmediate as turnOfPlatform } from 'node:timers/promises'
import { datagramsContract } from '../../testing/datagrams-contract.ts'
import { streamsContract } from '../../testing/streams-contract.ts'
import { registerContract } from '../../testing/vitest.ts'
import { asWritten, coalesced, drawnChunks, splitAt } from '../../transport/memory/chunking.ts'
import type { Chunking } from '../../transport/memory/chunking.ts'
import { memoryNetwork } from '../../transport/memory.ts'
import { seededRandom } from '../../transport/random.ts'
import { tcp } from '../../transport/tcp.ts'
import { udp } from '../../transport/udp.ts'

const random = seededRandom('transport contract')
const release = () => Promise.resolve()
const turn = () => turnOfPlatform()

for (const host of ['127.0.0.1', '::1']) {
  registerContract(
    `TCP on ${host}`,
    streamsContract({
      random,
      start: () => Promise.resolve({ dialler: tcp(), listener: tcp(), host, turn, release }),
    }),
  )
  registerContract(
    `UDP on ${host}`,
    datagramsContract({
      start: () =>
        Promise.resolve({
          one: udp(),
          other: udp(),
          oneHost: host,
          otherHost: host,
          turn,
          release,
        }),
    }),
  )
}

const chunkings: Readonly<Record<string, Chunking>> = {
  'as written': asWritten,
  coalesced,
  'split at three places': splitAt([70_001, 1, 4_096]),
  'in drawn sizes': drawnChunks(random.fork('sizes'), 50_000),
}

for (const [name, chunking] of Object.entries(chunkings)) {
  registerContract(
    `memory streams, ${name}`,
    streamsContract({
      random,
      start() {
        const network = memoryNetwork({ chunking })
        const run = (): Promise<void> => {
          network.run()
          return Promise.resolve()
        }
        const dialler = network.node('10.0.0.1').streams
        const listener = network.node('10.0.0.2').streams
        return Promise.resolve({ dialler, listener, host: '10.0.0.2', turn: run, release })
      },
    }),
  )
}

registerContract(
  'memory datagrams',
  datagramsContract({
    start() {
      const network = memoryNetwork()
      const run = (): Promise<void> => {
        network.run()
        return Promise.resolve()
      }
      return Promise.resolve({
        one: network.node('10.0.0.1').datagrams,
        other: network.node('10.0.0.2').datagrams,
        oneHost: '10.0.0.1',
        otherHost: '10.0.0.2',
        turn: run,
        release,
      })
    },
  }),
)
