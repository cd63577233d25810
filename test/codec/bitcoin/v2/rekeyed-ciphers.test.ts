import { createCipheriv } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { concatBytes, encodeHex } from '../../../../codec/bytes.ts'
import {
  createLengthCipher,
  createPacketCipher,
  REKEY_INTERVAL,
} from '../../../../codec/bitcoin/v2/rekeyed-ciphers.ts'
import type { Aead, CryptoBackend } from '../../../../world/crypto.ts'
import { ABSENT, BACKENDS } from '../../../support/crypto-backends.ts'
import { hex } from '../../../support/hex.ts'
import { madeArraysOf } from '../made-arrays.ts'

const KEY = hex('00'.repeat(31) + '07')
const NO_BYTES = hex('')

/** ChaCha20 by node:crypto, as RFC 8439 numbers its nonce. */
function streamOf(key: Uint8Array, epoch: number, bytes: number): Uint8Array {
  const counterAndNonce = new Uint8Array(16)
  new DataView(counterAndNonce.buffer).setUint32(8, epoch, true)
  const cipher = createCipheriv('chacha20', key, counterAndNonce)
  return Uint8Array.from(cipher.update(new Uint8Array(bytes)))
}

const nonceOf = (number: number, epoch: number): Uint8Array => {
  const nonce = new Uint8Array(12)
  new DataView(nonce.buffer).setUint32(0, number, true)
  new DataView(nonce.buffer).setUint32(4, epoch, true)
  return nonce
}

describe('the cipher of lengths', () => {
  test('is the key stream of each key in turn, three bytes a use', () => {
    const cipher = createLengthCipher(KEY.slice())
    let key = KEY
    for (let epoch = 0; epoch < 4; epoch++) {
      const stream = streamOf(key, epoch, 704)
      for (let use = 0; use < REKEY_INTERVAL; use++) {
        const bytes = hex('0a0b0c')
        cipher.apply(bytes, bytes)
        const mask = stream.subarray(use * 3, use * 3 + 3)
        const expected = hex('0a0b0c').map((byte, index) => byte ^ (mask[index] ?? 0))
        expect(encodeHex(bytes), `${epoch} ${use}`).toBe(encodeHex(expected))
      }
      key = stream.subarray(672)
    }
  })

  test('leaves no key stream behind: not what was used, not a last key’s, not after the end', () => {
    const bytes = hex('000000')
    const streams: Uint8Array[] = []
    const watch = (run: () => void): void => {
      streams.push(...madeArraysOf(run).filter(({ length }) => length === 704))
    }
    let cipher = createLengthCipher(KEY.slice())
    watch(() => {
      cipher = createLengthCipher(KEY.slice())
    })
    const [first] = streams
    for (let use = 0; use < REKEY_INTERVAL - 1; use++) cipher.apply(bytes, bytes)
    expect(first?.subarray(0, 669)).toEqual(new Uint8Array(669))
    expect(first?.subarray(669)).not.toEqual(new Uint8Array(35))
    watch(() => {
      cipher.apply(bytes, bytes)
    })
    const [, second] = streams
    expect(first).toEqual(new Uint8Array(704))
    expect(second).not.toEqual(new Uint8Array(704))
    cipher.wipe()
    expect(streams).toEqual([new Uint8Array(704), new Uint8Array(704)])
  })

  test('takes the key away from its giver, and is of no use after it was wiped', () => {
    const key = KEY.slice()
    const cipher = createLengthCipher(key)
    expect(key).toEqual(new Uint8Array(32))
    cipher.wipe()
    cipher.wipe()
    expect(() => {
      cipher.apply(hex('000000'), hex('000000'))
    }).toThrow('wiped')
  })
})

for (const { name, why } of ABSENT) {
  test.skip(`${name} (skipped: absent on this machine, ${why})`, () => {})
}

const backends = BACKENDS.map((crypto) => [crypto.name, crypto] as const)

describe.each(backends)('the cipher of packets on %s', (_, crypto) => {
  test('seals under each nonce of each key in turn, and the other side opens it', () => {
    const [sealing, opening] = [
      createPacketCipher(crypto, KEY.slice()),
      createPacketCipher(crypto, KEY.slice()),
    ]
    let key = KEY
    for (let epoch = 0; epoch < 3; epoch++) {
      const aead = crypto.chacha20Poly1305(key)
      for (let number = 0; number < REKEY_INTERVAL; number++) {
        const [plaintext, data] = [Uint8Array.of(number, epoch), Uint8Array.of(epoch)]
        const sealed = new Uint8Array(2 + 16)
        sealing.sealInto(data, plaintext, sealed, 0)
        expect(sealed).toEqual(aead.seal(nonceOf(number, epoch), data, plaintext))
        expect(opening.open(data, sealed)).toEqual(plaintext)
      }
      key = aead.seal(nonceOf(0xffffffff, epoch), NO_BYTES, new Uint8Array(32)).slice(0, 32)
    }
  })

  test('the next key is the second block of the key stream under the nonce of the change', () => {
    const sealed = crypto
      .chacha20Poly1305(KEY)
      .seal(nonceOf(0xffffffff, 5), NO_BYTES, new Uint8Array(32))
    const counterAndNonce = concatBytes(hex('00000000'), nonceOf(0xffffffff, 5))
    const stream = createCipheriv('chacha20', KEY, counterAndNonce).update(new Uint8Array(96))
    expect(sealed.slice(0, 32)).toEqual(Uint8Array.from(stream.subarray(64)))
  })

  test('what does not open changes nothing', () => {
    const [sealing, opening] = [
      createPacketCipher(crypto, KEY.slice()),
      createPacketCipher(crypto, KEY.slice()),
    ]
    const sealed = new Uint8Array(1 + 16)
    sealing.sealInto(NO_BYTES, hex('aa'), sealed, 0)
    expect(opening.open(hex('00'), sealed)).toBeUndefined()
    expect(opening.open(NO_BYTES, sealed.slice().fill(0, 0, 1))).toBeUndefined()
    expect(opening.open(NO_BYTES, sealed)).toEqual(hex('aa'))
    expect(opening.open(NO_BYTES, sealed)).toBeUndefined()
  })
})

test('every key is overwritten where it was, when the next one takes its place and at the end', () => {
  const keys: Uint8Array[] = []
  const aeads: Aead[] = []
  const [, real] = backends[0] ?? []
  const watched: Pick<CryptoBackend, 'chacha20Poly1305'> = {
    chacha20Poly1305(key) {
      keys.push(key)
      const aead = (real ?? failing()).chacha20Poly1305(key)
      aeads.push(aead)
      return aead
    },
  }
  const cipher = createPacketCipher(watched, KEY.slice())
  const sealed = new Uint8Array(16)
  for (let use = 0; use < REKEY_INTERVAL; use++) cipher.sealInto(NO_BYTES, NO_BYTES, sealed, 0)
  expect(aeads).toHaveLength(2)
  for (const key of keys) expect(key).toEqual(new Uint8Array(32))
  const [first, second] = aeads
  expect(() => first?.open(nonceOf(0, 0), NO_BYTES, sealed)).toThrow('wiped')
  expect(second?.open(nonceOf(0, 0), NO_BYTES, sealed)).toBeUndefined()
  cipher.wipe()
  expect(() => second?.open(nonceOf(0, 0), NO_BYTES, sealed)).toThrow('wiped')
  expect(() => cipher.open(NO_BYTES, sealed)).toThrow('wiped')
})

function failing(): never {
  throw new Error('no crypto backend at all')
}
