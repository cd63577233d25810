/**
 * Hashes, key derivation and ciphers of every pair of backends, on valid and on invalid input.
 */
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { concatBytes } from '../../../codec/bytes.ts'
import type { Aead, CryptoBackend } from '../../../world/crypto.ts'
import { ABSENT, BACKENDS } from '../../support/crypto-backends.ts'
import { anyBytes, bytesOf, holds, piecesOf } from '../../support/properties.ts'

const pairs = BACKENDS.flatMap((one, index) =>
  BACKENDS.slice(index + 1).map((other) => [one.name, other.name, one, other] as const),
)
const named = BACKENDS.map((crypto) => [crypto.name, crypto] as const)

const CIPHERS: readonly [string, (crypto: CryptoBackend, key: Uint8Array) => Aead][] = [
  ['AES-256-GCM', (crypto, key) => crypto.aes256Gcm(key)],
  ['ChaCha20-Poly1305', (crypto, key) => crypto.chacha20Poly1305(key)],
]

const KEY = new Uint8Array(32).fill(1)
const NONCE = new Uint8Array(12).fill(2)

function withFlippedBit(bytes: Uint8Array, draw: number): Uint8Array {
  const changed = bytes.slice()
  const bit = draw % (bytes.length * 8)
  changed[bit >> 3] = (changed[bit >> 3] ?? 0) ^ (1 << (bit & 7))
  return changed
}

for (const { name, why } of ABSENT) {
  test.skip(`${name} (skipped: absent on this machine, ${why})`, () => {})
}

describe.each(pairs)('%s and %s', (_one, _other, one, other) => {
  test('hash alike, in one part or in many', () => {
    holds(
      fc.property(piecesOf(anyBytes(400)), (parts) => {
        const whole = concatBytes(...parts)
        expect(one.sha256(...parts)).toEqual(other.sha256(whole))
        expect(other.sha256(...parts)).toEqual(one.sha256(whole))
        expect(one.sha512(...parts)).toEqual(other.sha512(whole))
        expect(other.sha512(...parts)).toEqual(one.sha512(whole))
      }),
    )
  })

  test('authenticate and derive alike, for inputs of every length', () => {
    const bytes = fc.oneof(fc.integer({ min: 1, max: 200 }), fc.constantFrom(31, 32, 33, 44, 8_160))
    holds(
      fc.property(anyBytes(), anyBytes(), anyBytes(1_100), bytes, (input, salt, info, length) => {
        expect(one.hmacSha256(salt, input)).toEqual(other.hmacSha256(salt, input))
        const derived = one.hkdfSha256(input, salt, info, length)
        expect(derived.length).toBe(length)
        expect(other.hkdfSha256(input, salt, info, length)).toEqual(derived)
      }),
    )
  })

  describe.each(CIPHERS)('%s', (_cipher, create) => {
    test('seal alike, and open what the other sealed', () => {
      holds(
        fc.property(
          bytesOf(32),
          bytesOf(12),
          anyBytes(40),
          fc.oneof(anyBytes(200), anyBytes(9_000)),
          (key, nonce, data, plaintext) => {
            const [here, there] = [create(one, key), create(other, key)]
            const sealed = here.seal(nonce, data, plaintext)
            expect(sealed.length).toBe(plaintext.length + 16)
            expect(there.seal(nonce, data, plaintext)).toEqual(sealed)
            expect(here.open(nonce, data, sealed)).toEqual(plaintext)
            expect(there.open(nonce, data, sealed)).toEqual(plaintext)
          },
        ),
      )
    })

    test('refuse alike what was changed in one bit, cut short or made longer', () => {
      const changes = fc.record({
        plaintext: anyBytes(60),
        data: fc.uint8Array({ minLength: 1, maxLength: 20 }),
        draw: fc.nat(),
        more: fc.uint8Array({ minLength: 1, maxLength: 20 }),
      })
      const aeads = [create(one, KEY), create(other, KEY)]
      const [first = create(one, KEY)] = aeads
      holds(
        fc.property(changes, ({ plaintext, data, draw, more }) => {
          const sealed = first.seal(NONCE, data, plaintext)
          for (const aead of aeads) {
            const refused = [
              aead.open(NONCE, data, withFlippedBit(sealed, draw)),
              aead.open(NONCE, withFlippedBit(data, draw), sealed),
              aead.open(withFlippedBit(NONCE, draw), data, sealed),
              aead.open(NONCE, data.subarray(1), sealed),
              aead.open(NONCE, data, concatBytes(sealed, more)),
              aead.open(NONCE, data, concatBytes(more, sealed)),
              aead.open(NONCE, data, sealed.subarray(1)),
            ]
            expect(refused).toEqual(refused.map(() => undefined))
          }
        }),
      )
    })

    test('refuse a tag of any length under 16 bytes', () => {
      const sealed = create(one, KEY).seal(NONCE, NONCE, new Uint8Array(5))
      for (let length = 0; length < sealed.length; length++) {
        const cut = sealed.subarray(0, length)
        expect(create(one, KEY).open(NONCE, NONCE, cut), `${length} bytes`).toBeUndefined()
        expect(create(other, KEY).open(NONCE, NONCE, cut), `${length} bytes`).toBeUndefined()
      }
    })
  })
})

describe.each(named)('%s', (_name, crypto) => {
  test.each([0, -1, 8_161, 1.5, Number.NaN, Number.POSITIVE_INFINITY])(
    'derives no %d bytes',
    (bytes) => {
      expect(() => crypto.hkdfSha256(KEY, NONCE, NONCE, bytes)).toThrow(RangeError)
    },
  )

  describe.each(CIPHERS)('%s', (_cipher, create) => {
    test('seals into any place of a buffer, and writes nowhere else', () => {
      const aead = create(crypto, KEY)
      holds(
        fc.property(
          anyBytes(100),
          fc.nat({ max: 9 }),
          fc.nat({ max: 9 }),
          (plain, before, after) => {
            const target = new Uint8Array(before + plain.length + 16 + after).fill(0xa5)
            aead.sealInto(NONCE, NONCE, plain, target, before)
            const [head, tail] = [new Uint8Array(before), new Uint8Array(after)]
            const sealed = aead.seal(NONCE, NONCE, plain)
            expect(target).toEqual(concatBytes(head.fill(0xa5), sealed, tail.fill(0xa5)))
          },
        ),
      )
    })

    test('seals a plaintext where it lies, with its neighbours as additional data', () => {
      const aead = create(crypto, KEY)
      holds(
        fc.property(anyBytes(100), fc.nat({ max: 16 }), (plain, shift) => {
          const target = new Uint8Array(4 + plain.length + 16 + 16).fill(7, 0, 4)
          // From where the ciphertext goes to behind it: overlapping in every way.
          const start = 4 + shift
          const sealed = aead.seal(NONCE, Uint8Array.of(7, 7, 7, 7), plain)
          target.set(plain, start)
          const lying = target.subarray(start, start + plain.length)
          aead.sealInto(NONCE, target.subarray(0, 4), lying, target, 4)
          expect(target.subarray(4, 4 + sealed.length)).toEqual(sealed)
        }),
      )
    })

    test('opens into memory of its own', () => {
      const aead = create(crypto, KEY)
      const sealed = aead.seal(NONCE, NONCE, new Uint8Array(50))
      const opened = aead.open(NONCE, NONCE, sealed)
      expect(Object.getPrototypeOf(opened)).toBe(Uint8Array.prototype)
      expect(opened?.buffer.byteLength).toBe(50)
      expect(opened?.buffer).not.toBe(sealed.buffer)
    })

    test('what is done with may be gone, and nothing else is', () => {
      const aead = create(crypto, KEY)
      const plain = new Uint8Array(40_000).fill(7)
      const sealed = aead.seal(NONCE, NONCE, plain)
      const [one, other] = [0, 1].map(() => aead.open(NONCE, NONCE, sealed) ?? KEY)
      aead.free(one ?? KEY)
      expect([0, plain.length]).toContain(one?.length)
      expect(other).toEqual(plain)
      const small = aead.open(NONCE, NONCE, aead.seal(NONCE, NONCE, KEY))
      aead.free(small ?? KEY)
      expect(aead.open(NONCE, NONCE, sealed)).toEqual(plain)
    })

    test('refuses keys, nonces and places that are ours to get right with a RangeError', () => {
      const aead = create(crypto, KEY)
      for (const length of [0, 16, 24, 31, 33]) {
        expect(() => create(crypto, new Uint8Array(length)), `${length}`).toThrow(RangeError)
      }
      for (const length of [0, 8, 11, 13, 16, 24]) {
        const nonce = new Uint8Array(length)
        expect(() => aead.seal(nonce, NONCE, KEY), `${length}`).toThrow(RangeError)
        expect(() => aead.open(nonce, NONCE, KEY), `${length}`).toThrow(RangeError)
        expect(() => aead.sealInto(nonce, NONCE, KEY, new Uint8Array(60), 0)).toThrow(RangeError)
      }
      const target = new Uint8Array(60)
      for (const offset of [-1, 13, 60, 1.5, Number.NaN]) {
        expect(() => aead.sealInto(NONCE, NONCE, KEY, target, offset)).toThrow(RangeError)
      }
      expect(target).toEqual(new Uint8Array(60))
      expect(() => aead.sealInto(NONCE, NONCE, KEY, target, 12)).not.toThrow()
    })

    test('holds a copy of the key, and nothing after it was wiped', () => {
      const key = KEY.slice()
      const aead = create(crypto, key)
      const sealed = aead.seal(NONCE, NONCE, KEY)
      key.fill(0)
      expect(aead.seal(NONCE, NONCE, KEY)).toEqual(sealed)
      aead.wipe()
      aead.wipe()
      expect(() => aead.seal(NONCE, NONCE, KEY)).toThrow('wiped')
      expect(() => aead.open(NONCE, NONCE, sealed)).toThrow('wiped')
      expect(() => aead.sealInto(NONCE, NONCE, KEY, new Uint8Array(60), 0)).toThrow('wiped')
    })
  })
})
