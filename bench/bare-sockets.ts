/**
 * Connections that are nothing but the platform's sockets: no handshake, no cipher, bytes that are
 * counted. What a connection costs here, nothing on this platform gets below.
 * @module
 */
import { once } from 'node:events'
import { connect, createServer } from 'node:net'
import type { AddressInfo, Socket } from 'node:net'
import { BURST } from './contender.ts'
import type { Contender } from './contender.ts'
import { sayInTurns } from './far-ends.ts'
import { now } from './figures.ts'

const UNSENT_BYTES_MAX = 256 * 1_024

const endOf = (socket: Socket) => ({
  say(burst: readonly Uint8Array[]): void {
    for (const bytes of burst) socket.write(bytes)
  },
  async room(): Promise<void> {
    if (socket.writableLength > UNSENT_BYTES_MAX) await once(socket, 'drain')
  },
})

export const sockets: Contender = {
  async receiver(tell, { payloadBytes }) {
    let arrivedBytes = 0
    let expected = Infinity
    const check = (): void => {
      const total = Math.floor(arrivedBytes / payloadBytes)
      if (total < expected) return
      expected = Infinity
      tell({ type: 'arrived', total })
    }
    const server = createServer({ noDelay: true }, (socket) => {
      socket.on('data', (bytes) => {
        arrivedBytes += bytes.length
        check()
      })
    })
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    tell({ type: 'ready', at: String((server.address() as AddressInfo).port) })
    return {
      order(total) {
        expected = total
        check()
      },
    }
  },

  crowd(tell, { at, payloadBytes }) {
    const ends: ReturnType<typeof endOf>[] = []
    const message = new Uint8Array(payloadBytes)
    const burst = [new Uint8Array(BURST * payloadBytes)]
    tell({ type: 'ready', at })
    return Promise.resolve({
      async grow(count) {
        const before = now()
        for (let made = 0; made < count; made++) {
          const socket = connect({ host: '127.0.0.1', port: Number(at), noDelay: true })
          await once(socket, 'connect')
          socket.write(message)
          ends.push(endOf(socket))
        }
        tell({ type: 'done', micros: now() - before })
      },
      order: (count) => sayInTurns(ends, burst, count / BURST),
    })
  },
}
