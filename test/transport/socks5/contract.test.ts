/** Streams through a SOCKS5 proxy under the contract of all streams, over loopback TCP and in memory. */
import { describe, expect, test } from 'vitest'
import { setImmediate as turnOfPlatform } from 'node:timers/promises'
import { streamsContract } from '../../../testing/streams-contract.ts'
import { until } from '../../../testing/transport-handle.ts'
import { registerContract } from '../../../testing/vitest.ts'
import { createDeliveryQueue } from '../../../transport/later.ts'
import { asWritten } from '../../../transport/memory/chunking.ts'
import { memoryNetwork } from '../../../transport/memory.ts'
import { seededRandom } from '../../../transport/random.ts'
import { socks5 } from '../../../transport/socks5.ts'
import type { Socks5Ways } from '../../../transport/socks5.ts'
import { tcp } from '../../../transport/tcp.ts'
import type { SocketAddress } from '../../../world/streams.ts'
import { startSocksRelay } from '../../support/socks-relay.ts'
import type { SocksRelay } from '../../support/socks-relay.ts'

const random = seededRandom('socks5 contract')

/** Names are none of this contract's: they are left to the streams below, which refuse them. */
const waysThrough = (at: SocketAddress): Socks5Ways => ({
  names: 'direct',
  otherwise: { at },
})

const addressOf = (relay: SocksRelay): SocketAddress => {
  const address = relay.address()
  if (address === undefined) throw new Error('the proxy does not listen')
  return address
}

/** Who is dialled sees the proxy, and not the far end of it. */
const OF_TWO_ENDS = 'tells both sides of a stream the same two addresses'

const host = '127.0.0.1'

registerContract(
  'streams through SOCKS5 over loopback TCP',
  streamsContract({
    random,
    async start() {
      const relay = startSocksRelay({ streams: tcp({ resetsOnDestroy: true }), host })
      // What is on its way has two more sockets to pass.
      const turn = async (): Promise<void> => {
        for (let before = -1; before !== relay.moved();) {
          before = relay.moved()
          for (let count = 0; count < 4; count++) await turnOfPlatform()
        }
      }
      await until(turn, () => relay.address() !== undefined, 'the proxy to listen')
      return {
        dialler: socks5({ over: tcp(), ways: waysThrough(addressOf(relay)) }),
        listener: tcp(),
        ...{ host, turn },
        release: () => Promise.resolve(relay.close()),
      }
    },
  }).filter(({ title }) => title !== OF_TWO_ENDS),
)

registerContract(
  'streams through SOCKS5 in memory',
  streamsContract({
    random,
    start() {
      const queue = createDeliveryQueue()
      const network = memoryNetwork({ queue, chunking: asWritten })
      const relay = startSocksRelay({ streams: network.node('10.0.0.3').streams, host: '10.0.0.3' })
      network.run()
      return Promise.resolve({
        dialler: socks5({
          over: network.node('10.0.0.1').streams,
          ways: waysThrough(addressOf(relay)),
          ...{ later: queue.later, after: () => () => undefined },
        }),
        listener: network.node('10.0.0.2').streams,
        host: '10.0.0.2',
        turn: () => Promise.resolve(network.run()).then(() => undefined),
        release: () => Promise.resolve(relay.close()),
      })
    },
  }).filter(({ title }) => title !== OF_TWO_ENDS),
)

describe('the case that does not hold through a proxy', () => {
  test('is one of the contract', () => {
    const subject = { random, start: () => Promise.reject(new Error('not started')) }
    expect(streamsContract(subject).map(({ title }) => title)).toContain(OF_TWO_ENDS)
  })
})
