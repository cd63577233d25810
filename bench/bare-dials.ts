/**
 * What there is no getting below for a dial, as the native network's handshake is specified: a TCP
 * connection, a signed message each way, a confirmation, and the public-key operations that each side
 * owes: a key drawn, a signature made and one checked, a shared secret. Nothing is parsed, hashed into
 * keys, sealed, told to anybody or waited for with a deadline.
 * @module
 */
import { connect, createServer } from 'node:net'
import type { AddressInfo, Socket } from 'node:net'
import { chooseCrypto } from '../transport/crypto/choose.ts'
import type { CryptoChoice } from '../transport/crypto/choose.ts'
import { systemRandom } from '../transport/random.ts'
import type { Contender } from './contender.ts'
import { now } from './figures.ts'

/** A handshake's frame, about: keys, ids, nonce, signature. */
const HANDSHAKE_BYTES = 270
/** A record with an empty confirmation. */
const CONFIRM_BYTES = 22
const PUBLIC_KEY_BYTES = 33
const SIGNATURE_BYTES = 64

/** What one side does with the keys. The frame is a public key, a signature of it, and padding. */
function sideOf(choice: CryptoChoice, seat: 'called' | 'caller') {
  const crypto = chooseCrypto(choice)
  const random = systemRandom()
  const staticKey = (of: typeof seat) => new Uint8Array(32).fill(of === 'called' ? 1 : 2)
  const theirs = crypto.publicKeyOf(staticKey(seat === 'called' ? 'caller' : 'called'))
  let ephemeralKey: Uint8Array = staticKey(seat)
  return {
    greet(): Uint8Array {
      const frame = new Uint8Array(HANDSHAKE_BYTES)
      ephemeralKey = random.bytes(32)
      frame.set(crypto.publicKeyOf(ephemeralKey))
      const signature = crypto.sign(frame.subarray(0, PUBLIC_KEY_BYTES), staticKey(seat))
      frame.set(signature, PUBLIC_KEY_BYTES)
      return frame
    },
    check(frame: Uint8Array): void {
      const end = PUBLIC_KEY_BYTES + SIGNATURE_BYTES
      const signed = frame.subarray(0, PUBLIC_KEY_BYTES)
      if (!crypto.verify(signed, frame.subarray(PUBLIC_KEY_BYTES, end), theirs)) {
        throw new Error('a signature that is none')
      }
    },
    share: (frame: Uint8Array) => crypto.sharedX(ephemeralKey, frame.subarray(0, PUBLIC_KEY_BYTES)),
  }
}

const next = (socket: Socket, event: 'close' | 'connect' | 'data') =>
  new Promise<Uint8Array>((resolve) => socket.once(event, resolve))

export const bareDials = (choice: CryptoChoice): Contender => ({
  async listener(tell) {
    const side = sideOf(choice, 'called')
    const server = createServer({ noDelay: true }, (socket) => {
      socket.once('data', (frame) => {
        side.check(frame)
        socket.write(side.greet())
        side.share(frame)
        // The confirmation; the far side's end then ends the socket.
        socket.resume()
      })
    })
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject).listen(0, '127.0.0.1', resolve)
    })
    tell({ type: 'ready', at: String((server.address() as AddressInfo).port) })
    return {}
  },

  dialler(tell, { at }) {
    const side = sideOf(choice, 'caller')
    tell({ type: 'ready', at })
    return Promise.resolve({
      async order(count) {
        const before = now()
        for (let made = 0; made < count; made++) {
          const socket = connect({ host: '127.0.0.1', port: Number(at), noDelay: true })
          await next(socket, 'connect')
          socket.write(side.greet())
          const frame = await next(socket, 'data')
          side.check(frame)
          side.share(frame)
          socket.end(new Uint8Array(CONFIRM_BYTES))
          await next(socket, 'close')
        }
        tell({ type: 'done', micros: now() - before })
      },
    })
  },
})
