/**
 * js-libp2p over TCP with Noise and Yamux. Messages are length-prefixed on one stream, as its own
 * protocols do it; `send` and `onDrain` are used as its interface says.
 * @module
 */
import type { Stream } from '@libp2p/interface'
import { LengthPrefixedDecoder } from '@libp2p/utils'
import { multiaddr } from '@multiformats/multiaddr'
import { encode } from 'it-length-prefixed'
import type { Libp2p } from 'libp2p'
import type { Contender, Part, Tell } from '../contender.ts'
import { countArrivals, timeAnswers } from '../counted-work.ts'
import { now } from '../figures.ts'
import { gossip } from './libp2p-gossip.ts'
import { startNode } from './libp2p-node.ts'

const PROTOCOL = '/peerloom-bench/1'
const startCalled = () => startNode(['/ip4/127.0.0.1/tcp/0'], {})
const startCaller = () => startNode([], {})

const ready = (tell: Tell, node: Libp2p): void => {
  tell({ type: 'ready', at: node.getMultiaddrs()[0]?.toString() ?? '' })
}

/** Yamux lets 16 MiB of a stream come before it waits, and what came in one turn comes as one. */
const DECODED_BYTES_MAX = 32 * 1_024 * 1_024

/** Calls with each message, whole and its own. */
function listen(stream: Stream, onMessage: (payload: Uint8Array) => void): void {
  const decoder = new LengthPrefixedDecoder({ maxBufferSize: DECODED_BYTES_MAX })
  stream.addEventListener('message', ({ data }) => {
    for (const message of decoder.decode(data)) onMessage(message.subarray())
  })
}

const open = async (node: Libp2p, at: string): Promise<Stream> =>
  node.dialProtocol(multiaddr(at), PROTOCOL)

export const contender: Contender = {
  async receiver(tell): Promise<Part> {
    const node = await startCalled()
    const { arrived, part } = countArrivals(tell)
    await node.handle(PROTOCOL, (stream) => {
      listen(stream, arrived)
    })
    ready(tell, node)
    return part
  },

  async sender(tell, { at, payloadBytes }): Promise<Part> {
    const stream = await open(await startCaller(), at)
    const payload = new Uint8Array(payloadBytes)
    tell({ type: 'ready', at })
    return {
      async order(count) {
        for (let sent = 0; sent < count; sent++) {
          if (!stream.send(encode.single(payload))) await stream.onDrain()
        }
      },
    }
  },

  async echo(tell): Promise<Part> {
    const node = await startCalled()
    await node.handle(PROTOCOL, (stream) => {
      listen(stream, (payload) => stream.send(encode.single(payload)))
    })
    ready(tell, node)
    return {}
  },

  async asker(tell, { at, payloadBytes }): Promise<Part> {
    const stream = await open(await startCaller(), at)
    const payload = new Uint8Array(payloadBytes)
    const { answered, part } = timeAnswers(tell, () => {
      stream.send(encode.single(payload))
    })
    listen(stream, answered)
    tell({ type: 'ready', at })
    return part
  },

  gossip: (tell, { payloadBytes }) => gossip(tell, payloadBytes),

  async listener(tell): Promise<Part> {
    ready(tell, await startCalled())
    return {}
  },

  async dialler(tell, { at }): Promise<Part> {
    const node = await startCaller()
    const address = multiaddr(at)
    tell({ type: 'ready', at })
    return {
      async order(count) {
        const before = now()
        for (let made = 0; made < count; made++) {
          const connection = await node.dial(address)
          await connection.close()
        }
        tell({ type: 'done', micros: now() - before })
      },
    }
  },
}
