/**
 * What there is no getting below for a round trip with this platform's sockets and cipher: one record of
 * AES-256-GCM each way, one write and one read of it. No handshake, no framing of messages, nobody to be told.
 * @module
 */
import { createCipheriv, createDecipheriv } from 'node:crypto'
import { connect, createServer } from 'node:net'
import type { AddressInfo } from 'node:net'
import { viewOf } from '../codec/bytes.ts'
import { bareNonces } from './bare-nonces.ts'
import type { Contender } from './contender.ts'
import { timeAnswers } from './counted-work.ts'

const CIPHER = 'aes-256-gcm'
const KEY = new Uint8Array(32).fill(7)
const LENGTH_BYTES = 4
const TAG_BYTES = 16
const TAG = { authTagLength: TAG_BYTES } as const

function records() {
  const [sending, receiving] = [bareNonces(), bareNonces()]
  return {
    seal(plaintext: Uint8Array): Uint8Array {
      const plaintextLength = plaintext.length
      const record = new Uint8Array(LENGTH_BYTES + plaintextLength + TAG_BYTES)
      viewOf(record).setUint32(0, plaintextLength + TAG_BYTES)
      const cipher = createCipheriv(CIPHER, KEY, sending(), TAG)
      cipher.setAAD(record.subarray(0, LENGTH_BYTES), { plaintextLength })
      record.set(cipher.update(plaintext), LENGTH_BYTES)
      cipher.final()
      record.set(cipher.getAuthTag(), LENGTH_BYTES + plaintextLength)
      return record
    },
    open(record: Uint8Array): Uint8Array {
      const end = record.length - TAG_BYTES
      const decipher = createDecipheriv(CIPHER, KEY, receiving(), TAG)
      decipher.setAAD(record.subarray(0, LENGTH_BYTES), { plaintextLength: end - LENGTH_BYTES })
      decipher.setAuthTag(record.subarray(end))
      const plaintext = decipher.update(record.subarray(LENGTH_BYTES, end))
      decipher.final()
      return plaintext
    },
  }
}

export const bareRoundTrips: Contender = {
  async echo(tell) {
    const server = createServer({ noDelay: true }, (socket) => {
      const { open, seal } = records()
      // One small record at a time: what is read is what was written.
      socket.on('data', (record: Uint8Array) => socket.write(seal(open(record))))
    })
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject).listen(0, '127.0.0.1', resolve)
    })
    tell({ type: 'ready', at: String((server.address() as AddressInfo).port) })
    return {}
  },

  async asker(tell, { at, payloadBytes }) {
    const socket = connect({ host: '127.0.0.1', port: Number(at), noDelay: true })
    await new Promise<void>((resolve, reject) => {
      socket.once('error', reject).once('connect', resolve)
    })
    const { open, seal } = records()
    const payload = new Uint8Array(payloadBytes)
    const { answered, part } = timeAnswers(tell, () => {
      socket.write(seal(payload))
    })
    socket.on('data', (record: Uint8Array) => {
      if (open(record).length !== payloadBytes) throw new Error('a payload of another length')
      answered()
    })
    tell({ type: 'ready', at })
    return part
  },
}
