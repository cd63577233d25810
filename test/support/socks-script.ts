/**
 * A SOCKS5 proxy that says what a test tells it to, byte for byte, in memory and in virtual time; and
 * streams through it.
 */
import { encodeAscii } from '../../codec/bytes.ts'
import { startStreams } from '../../testing/transport-handle.ts'
import type { After } from '../../transport/later.ts'
import { memoryNetwork } from '../../transport/memory.ts'
import { seededRandom } from '../../transport/random.ts'
import { socks5 } from '../../transport/socks5.ts'
import type { Socks5Options } from '../../transport/socks5.ts'
import { virtualClock } from '../../transport/virtual-clock.ts'
import type { VirtualClock } from '../../transport/virtual-clock.ts'
import type { StreamId } from '../../world/streams.ts'

export const PROXY = { host: '10.0.0.3', port: 9050 }
export const OTHER_PROXY = { host: '10.0.0.3', port: 9150 }
/** The reply that a stream is open. */
export const OPENED = Uint8Array.of(5, 0, 0, 1, 0, 0, 0, 0, 0, 0)
export const NO_AUTHENTICATION = Uint8Array.of(5, 0)

export const virtualAfter =
  (clock: VirtualClock): After =>
  (afterMs, run) => {
    let isOff = false
    clock.at(clock.nowMs + afterMs, () => {
      if (!isOff) run()
    })
    return () => {
      isOff = true
    }
  }

/** What a request for this name and port is. */
export function requestOf(host: string, port: number): readonly number[] {
  return [5, 1, 0, 3, host.length, ...encodeAscii(host), port >> 8, port & 0xff]
}

export function startSocksScript(options: Partial<Omit<Socks5Options, 'over'>> = {}) {
  const clock = virtualClock()
  const network = memoryNetwork({ queue: clock.queue })
  const over = network.node('10.0.0.1', 'fd00::1').streams
  const proxy = startStreams(network.node('10.0.0.3').streams)
  const dialler = startStreams(
    socks5({
      over,
      ways: { otherwise: { at: PROXY } },
      random: seededRandom('socks'),
      later: clock.queue.later,
      after: virtualAfter(clock),
      ...options,
    }),
  )
  const settle = (): void => clock.settle()
  for (const [index, { port }] of [PROXY, OTHER_PROXY].entries()) {
    proxy.streams.listen(index + 1, { host: '10.0.0.3', port })
  }
  settle()

  /** The stream that came to the proxy last, read. */
  const accepted = (): { readonly stream: StreamId; readonly port: number } => {
    const input = proxy.inputs.findLast(({ kind }) => kind === 'listener.accepted')
    if (input?.kind !== 'listener.accepted') throw new Error('nobody came to the proxy')
    proxy.streams.resume(input.stream)
    settle()
    return { stream: input.stream, port: input.local.port }
  }
  const say = (bytes: Uint8Array, stream = accepted().stream): void => {
    proxy.streams.write(stream, bytes)
    settle()
  }
  /** All that the proxy was told on a stream. */
  const heard = (stream = accepted().stream): readonly number[] => [...proxy.received(stream)]

  return {
    ...{ accepted, clock, dialler, heard, network, over, proxy, say, settle },
    dial(stream: StreamId, host: string, port = 8333) {
      dialler.streams.open(stream, { host, port })
      settle()
    },
    /** As far as the request. */
    ask(stream: StreamId, host = 'example.org', port = 8333) {
      dialler.streams.open(stream, { host, port })
      settle()
      say(NO_AUTHENTICATION)
    },
  }
}
