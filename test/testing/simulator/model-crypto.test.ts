/**
 * The modelled backend beside a real one: the same shapes and the same verdicts, whatever it is given.
 */
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { concatBytes } from '../../../codec/bytes.ts'
import { modelCrypto } from '../../../testing/simulator/model-crypto.ts'
import { nobleCrypto } from '../../../transport/crypto/noble.ts'
import { anyBytes, bytesOf, holds } from '../../support/properties.ts'

const model = modelCrypto()
const real = nobleCrypto()
const privateKey = bytesOf(32).filter((bytes) => real.isPrivateKey(bytes))

const flipped = (bytes: Uint8Array, at: number): Uint8Array =>
  bytes.map((byte, index) => (index === at % bytes.length ? byte ^ 1 : byte))

test('keys and signatures have the shapes of real ones', () => {
  holds(
    fc.property(privateKey, anyBytes(80), (key, message) => {
      expect(model.publicKeyOf(key)).toHaveLength(real.publicKeyOf(key).length)
      expect(model.isPublicKey(model.publicKeyOf(key))).toBe(true)
      expect(model.sign(message, key)).toHaveLength(real.sign(message, key).length)
    }),
  )
})

test('a signature is right for its message and key, and for no other', () => {
  holds(
    fc.property(privateKey, privateKey, anyBytes(80), fc.nat(63), (key, other, message, at) => {
      const signature = model.sign(message, key)
      const publicKey = model.publicKeyOf(key)
      expect(model.verify(message, signature, publicKey)).toBe(true)
      expect(model.verify(message, flipped(signature, at), publicKey)).toBe(false)
      expect(model.verify(concatBytes(message, Uint8Array.of(0)), signature, publicKey)).toBe(false)
      fc.pre(!other.every((byte, index) => byte === key[index]))
      expect(model.verify(message, signature, model.publicKeyOf(other))).toBe(false)
    }),
  )
})

test('two sides come to one secret, and others to another', () => {
  holds(
    fc.property(fc.uniqueArray(privateKey, { minLength: 3, maxLength: 3 }), ([a, b, c]) => {
      if (a === undefined || b === undefined || c === undefined) return
      const shared = model.sharedX(a, model.publicKeyOf(b))
      expect(shared).toHaveLength(32)
      expect(model.sharedX(b, model.publicKeyOf(a))).toEqual(shared)
      fc.pre(a.join() !== c.join() && b.join() !== c.join())
      expect(model.sharedX(c, model.publicKeyOf(b))).not.toEqual(shared)
    }),
  )
  expect(model.sharedX(new Uint8Array(32).fill(1), new Uint8Array(33))).toBeUndefined()
  expect(() => model.sharedX(new Uint8Array(32), new Uint8Array(33))).toThrow(RangeError)
})

test('what was sealed opens with its key, nonce and data, and with no other', () => {
  holds(
    fc.property(
      bytesOf(32),
      bytesOf(12),
      anyBytes(40),
      anyBytes(40),
      fc.nat(),
      (key, nonce, data, text, at) => {
        const aead = model.aes256Gcm(key)
        const sealed = aead.seal(nonce, data, text)
        expect(sealed).toHaveLength(real.aes256Gcm(key).seal(nonce, data, text).length)
        expect(aead.open(nonce, data, sealed)).toEqual(text)
        expect(aead.open(nonce, data, flipped(sealed, at))).toBeUndefined()
        expect(aead.open(flipped(nonce, at), data, sealed)).toBeUndefined()
        expect(aead.open(nonce, concatBytes(data, Uint8Array.of(0)), sealed)).toBeUndefined()
        expect(model.aes256Gcm(flipped(key, at)).open(nonce, data, sealed)).toBeUndefined()
        // Where the text lies, and where it goes.
        const target = concatBytes(new Uint8Array(3), text, new Uint8Array(16))
        aead.sealInto(nonce, data, target.subarray(3, 3 + text.length), target, 0)
        expect(target.subarray(0, sealed.length)).toEqual(sealed)
      },
    ),
  )
})
