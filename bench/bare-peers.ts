/**
 * What this platform's sockets and cipher come to by themselves: payloads of the same size,
 * copied into records of 64 KiB, sealed with AES-256-GCM, and nothing else. No handshake, no framing of
 * messages, no rekeying, nobody to be told.
 * @module
 */
import { createCipheriv, createDecipheriv } from 'node:crypto'
import { connect, createServer } from 'node:net'
import type { AddressInfo, Socket } from 'node:net'
import { viewOf } from '../codec/bytes.ts'
import { bareNonces } from './bare-nonces.ts'
import type { Contender } from './contender.ts'
import { countArrivals } from './counted-work.ts'

const LENGTH_BYTES = 4
const TAG_BYTES = 16
export const RECORD_BYTES = 65_536
/** As much as a node hands to its transport ahead of the system: 256 KiB. */
const UNSENT_BYTES_MAX = 4 * RECORD_BYTES
const KEY = new Uint8Array(32).fill(7)

export const bare: Contender = {
  async receiver(tell, { payloadBytes }) {
    const { arrived, part } = countArrivals(tell)
    const read = (socket: Socket): void => {
      const nextNonce = bareNonces()
      const record = new Uint8Array(LENGTH_BYTES + RECORD_BYTES + TAG_BYTES)
      const end = record.length - TAG_BYTES
      let filled = 0
      const open = (): void => {
        if (viewOf(record).getUint32(0) !== record.length - LENGTH_BYTES) {
          throw new Error('a record of another length')
        }
        const decipher = createDecipheriv('aes-256-gcm', KEY, nextNonce())
        decipher.setAuthTag(record.subarray(end))
        const plaintext = decipher.update(record.subarray(LENGTH_BYTES, end))
        decipher.final()
        for (let from = 0; from < plaintext.length; from += payloadBytes) arrived()
      }
      socket.on('data', (chunk: Uint8Array) => {
        for (let from = 0; from < chunk.length;) {
          const taken = chunk.subarray(from, from + record.length - filled)
          record.set(taken, filled)
          from += taken.length
          filled += taken.length
          if (filled < record.length) continue
          filled = 0
          open()
        }
      })
    }

    const server = createServer({ noDelay: true }, read)
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject).listen(0, '127.0.0.1', resolve)
    })
    tell({ type: 'ready', at: String((server.address() as AddressInfo).port) })
    return part
  },

  async sender(tell, { at, payloadBytes }) {
    const socket = connect({ host: '127.0.0.1', port: Number(at), noDelay: true })
    await new Promise<void>((resolve, reject) => {
      socket.once('error', reject).once('connect', resolve)
    })
    const nextNonce = bareNonces()
    const payload = new Uint8Array(payloadBytes)
    const plaintext = new Uint8Array(RECORD_BYTES)
    tell({ type: 'ready', at })

    const seal = (): Uint8Array => {
      for (let from = 0; from < plaintext.length; from += payloadBytes) plaintext.set(payload, from)
      const record = new Uint8Array(LENGTH_BYTES + RECORD_BYTES + TAG_BYTES)
      const cipher = createCipheriv('aes-256-gcm', KEY, nextNonce())
      viewOf(record).setUint32(0, record.length - LENGTH_BYTES)
      record.set(cipher.update(plaintext), LENGTH_BYTES)
      cipher.final()
      record.set(cipher.getAuthTag(), LENGTH_BYTES + RECORD_BYTES)
      return record
    }

    return {
      async order(count) {
        let wake: () => void = () => undefined
        for (let sent = 0; sent < count; sent += RECORD_BYTES / payloadBytes) {
          socket.write(seal(), () => {
            wake()
          })
          while (socket.writableLength >= UNSENT_BYTES_MAX) {
            await new Promise<void>((resolve) => (wake = resolve))
          }
        }
      },
    }
  },
}
