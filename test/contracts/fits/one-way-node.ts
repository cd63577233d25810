/**
 * What the connections of the stand-in `one-way` share, and its datagrams: whoever can seal under the
 * key that two hold is one of the two.
 * @module
 */
import { concatBytes, decodeHex, encodeHex, equalBytes } from '../../../codec/bytes.ts'
import type { DatagramCodec, NodePart, NodeTools } from '../../../index.ts'
import type { Aead } from '../../../world/crypto.ts'
import { NONE } from './common.ts'
import { KEY_BYTES, openMessage, sealMessage, sharedKey } from './one-way-wire.ts'
import type { OneWayTypes } from './one-way-wire.ts'

export const DATAGRAMS_PER_SECOND = 5
/** Keys that were agreed for datagrams; the oldest go first. */
const AGREED_MAX = 64

export const oneWayNode = (
  { crypto }: NodeTools<OneWayTypes>,
  privateKey: Uint8Array,
): NodePart<OneWayTypes> => ({
  answer: (publicKey, { secrets }) => ({
    job: { operation: 'sharedX', privateKey, publicKey },
    finish(sharedX) {
      if (!(sharedX instanceof Uint8Array)) return 'refused'
      const shared = sharedKey(crypto, sharedX)
      secrets.set('shared', { own: crypto.publicKeyOf(privateKey), theirs: publicKey, shared })
      return 'agreed'
    },
  }),
})

export function oneWayDatagrams(
  { crypto, random }: NodeTools<OneWayTypes>,
  privateKey: Uint8Array,
): DatagramCodec<OneWayTypes> {
  const own = crypto.publicKeyOf(privateKey)
  const agreed = new Map<string, Aead>()
  const agree = (publicKey: Uint8Array): Aead | undefined => {
    const identity = encodeHex(publicKey)
    const known = agreed.get(identity)
    if (known !== undefined) return known
    const sharedX = crypto.sharedX(privateKey, publicKey)
    if (sharedX === undefined) return undefined
    const aead = crypto.aes256Gcm(sharedKey(crypto, sharedX))
    agreed.set(identity, aead)
    const [oldest] = agreed
    if (agreed.size > AGREED_MAX && oldest !== undefined) {
      oldest[1].wipe()
      agreed.delete(oldest[0])
    }
    return aead
  }
  return {
    decode(bytes) {
      const publicKey = bytes.slice(0, KEY_BYTES)
      const aead = equalBytes(publicKey, own) ? undefined : agree(publicKey)
      const message =
        aead && openMessage(aead, publicKey, bytes.subarray(KEY_BYTES), ['ping', 'pong'])
      if (message === undefined) return { refused: aead === undefined ? 'bad-key' : 'bad-record' }
      return { identity: encodeHex(publicKey), messages: [message] }
    },
    encode(message, { identity = '' }) {
      const aead = agree(decodeHex(identity) ?? NONE)
      return aead && concatBytes(own, sealMessage(aead, random, own, message))
    },
    datagramBytesMax: 1_200,
    perGroupPerSecond: DATAGRAMS_PER_SECOND,
  }
}
