/**
 * @hyperswarm/secret-stream over TCP, what Hyperswarm's connections are made of. It keeps the bounds of
 * messages: one `write` is one `data`.
 * @module
 */
import { connect, createServer } from 'node:net'
import type { AddressInfo } from 'node:net'
import SecretStream from '@hyperswarm/secret-stream'
import type { Contender, Part, Tell } from '../contender.ts'
import { countArrivals, timeAnswers } from '../counted-work.ts'
import { now } from '../figures.ts'

async function listen(tell: Tell, onStream: (stream: SecretStream) => void): Promise<void> {
  const server = createServer({ noDelay: true }, (socket) => {
    const stream = new SecretStream(false, socket)
    // Whoever dialled has gone.
    stream.on('error', () => undefined)
    onStream(stream)
  })
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject).listen(0, '127.0.0.1', resolve)
  })
  tell({ type: 'ready', at: String((server.address() as AddressInfo).port) })
}

async function dial(at: string): Promise<SecretStream> {
  const socket = connect({ host: '127.0.0.1', port: Number(at), noDelay: true })
  const stream = new SecretStream(true, socket)
  if (!(await stream.opened)) throw new Error('the handshake came to nothing')
  return stream
}

const drainOf = (stream: SecretStream): Promise<void> =>
  new Promise((resolve) => stream.once('drain', resolve))

const closeOf = (stream: SecretStream): Promise<void> =>
  new Promise((resolve) => stream.once('close', resolve))

export const contender: Contender = {
  async receiver(tell): Promise<Part> {
    const { arrived, part } = countArrivals(tell)
    await listen(tell, (stream) => {
      stream.on('data', arrived)
    })
    return part
  },

  async sender(tell, { at, payloadBytes }): Promise<Part> {
    const stream = await dial(at)
    const payload = new Uint8Array(payloadBytes)
    tell({ type: 'ready', at })
    return {
      async order(count) {
        for (let sent = 0; sent < count; sent++) {
          if (!stream.write(payload)) await drainOf(stream)
        }
      },
    }
  },

  async echo(tell): Promise<Part> {
    await listen(tell, (stream) => {
      stream.on('data', (payload: Uint8Array) => stream.write(payload))
    })
    return {}
  },

  async asker(tell, { at, payloadBytes }): Promise<Part> {
    const stream = await dial(at)
    const payload = new Uint8Array(payloadBytes)
    const { answered, part } = timeAnswers(tell, () => {
      stream.write(payload)
    })
    stream.on('data', answered)
    tell({ type: 'ready', at })
    return part
  },

  async listener(tell): Promise<Part> {
    await listen(tell, (stream) => {
      stream.on('data', () => undefined).on('end', () => stream.end())
    })
    return {}
  },

  dialler(tell, { at }): Promise<Part> {
    tell({ type: 'ready', at })
    return Promise.resolve({
      async order(count) {
        const before = now()
        for (let made = 0; made < count; made++) {
          const stream = await dial(at)
          const closed = closeOf(stream)
          stream.on('data', () => undefined)
          stream.end()
          await closed
        }
        tell({ type: 'done', micros: now() - before })
      },
    })
  },
}
