/**
 * The curve operations of every pair of backends, on valid and on invalid input: the same verdict
 * and, all of them being deterministic, the same bytes.
 */
import { ECDH } from 'node:crypto'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { concatBytes, encodeHex } from '../../../codec/bytes.ts'
import type { CryptoBackend } from '../../../world/crypto.ts'
import { ABSENT, BACKENDS } from '../../support/crypto-backends.ts'
import { hex } from '../../support/hex.ts'
import { anyBytes, bytesOf, holds } from '../../support/properties.ts'

/** SEC 2 section 2.4.1. */
const PRIME = 2n ** 256n - 2n ** 32n - 977n
const ORDER = 0xffffffff_ffffffff_ffffffff_fffffffe_baaedce6_af48a03b_bfd25e8c_d0364141n

const numberBytes = (value: bigint) => hex(value.toString(16).padStart(64, '0'))
const bytesNumber = (bytes: Uint8Array) => BigInt(`0x${encodeHex(bytes)}`)

/** Makes the inputs. Not the slowest one, where there is a choice. */
const maker = BACKENDS.at(-1) ?? failing('no crypto backend at all')

function failing(text: string): never {
  throw new Error(text)
}

const pairs = BACKENDS.flatMap((one, index) =>
  BACKENDS.slice(index + 1).map((other) => [one.name, other.name, one, other] as const),
)

/** What came of a call, so that two backends can be compared in what they throw as well. */
function outcome<Result>(call: () => Result): { result: Result } | { threw: string } {
  try {
    return { result: call() }
  } catch (error) {
    return { threw: error instanceof Error ? error.name : 'not an Error' }
  }
}

/** Runs the same call on both, holds them equal and gives what came of it. */
function same<Result>(
  [one, other]: readonly [CryptoBackend, CryptoBackend],
  call: (crypto: CryptoBackend) => Result,
) {
  const here = outcome(() => call(one))
  expect(outcome(() => call(other))).toStrictEqual(here)
  return here
}

const scalar = fc.oneof(
  bytesOf(32).filter((bytes) => bytesNumber(bytes) > 0n && bytesNumber(bytes) < ORDER),
  fc.constantFrom(1n, 2n, ORDER - 2n, ORDER - 1n).map(numberBytes),
)
const notScalar = fc.oneof(
  fc.constantFrom(0n, ORDER, ORDER + 1n, 2n ** 256n - 1n).map(numberBytes),
  anyBytes(70).filter((bytes) => bytes.length !== 32),
)
const point = scalar.map((key) => maker.publicKeyOf(key))

const withFirst = (bytes: Uint8Array, first: number) => bytes.slice().fill(first, 0, 1)
const inOtherForm = (bytes: Uint8Array, form: 'uncompressed' | 'hybrid') =>
  Uint8Array.from(ECDH.convertKey(bytes, 'secp256k1', undefined, undefined, form) as Buffer)

function withFlippedBit(bytes: Uint8Array, draw: number): Uint8Array {
  const changed = bytes.slice()
  const bit = draw % (bytes.length * 8)
  changed[bit >> 3] = (changed[bit >> 3] ?? 0) ^ (1 << (bit & 7))
  return changed
}

/** x = 5 has no point: 5^3 + 7 = 132 is no square. x = 1 has two, so p + 1 must be refused as too large. */
const OFF_CURVE = concatBytes(Uint8Array.of(2), numberBytes(5n))
const X_TOO_LARGE = concatBytes(Uint8Array.of(2), numberBytes(PRIME + 1n))
const X_ONE = concatBytes(Uint8Array.of(2), numberBytes(1n))

const notPoint = fc.oneof(
  fc.constantFrom(OFF_CURVE, X_TOO_LARGE, new Uint8Array(33), new Uint8Array(1)),
  fc.constant(concatBytes(Uint8Array.of(3), numberBytes(PRIME))),
  fc.constant(new Uint8Array(33).fill(0xff).fill(2, 0, 1)),
  point.map((bytes) => inOtherForm(bytes, 'uncompressed')),
  point.map((bytes) => inOtherForm(bytes, 'hybrid')),
  fc.tuple(point, fc.constantFrom(0, 1, 4, 5, 6, 7, 255)).map(([bytes, first]) => {
    return withFirst(bytes, first)
  }),
  fc.tuple(point, fc.nat({ max: 32 })).map(([bytes, length]) => bytes.subarray(0, length)),
  point.map((bytes) => concatBytes(bytes, Uint8Array.of(0))),
  point.map((bytes) => bytes.subarray(1)),
)
/** Some are points and some are not: only agreement can be asked for. */
const doubtful = fc.oneof(
  fc.tuple(fc.constantFrom(2, 3), bytesOf(32)).map(([first, x]) => {
    return concatBytes(Uint8Array.of(first), x)
  }),
  fc.tuple(point, fc.nat()).map(([bytes, draw]) => withFlippedBit(bytes, draw)),
)

for (const { name, why } of ABSENT) {
  test.skip(`${name} (skipped: absent on this machine, ${why})`, () => {})
}

test('x = 1 is on the curve, so that refusing p + 1 refuses its size', () => {
  for (const crypto of BACKENDS) {
    expect(crypto.isPublicKey(X_ONE), crypto.name).toBe(true)
    expect(crypto.isPublicKey(X_TOO_LARGE), crypto.name).toBe(false)
  }
})

describe.each(pairs)('%s and %s', (_one, _other, ...both) => {
  test('know the same private keys, and derive the same public ones', () => {
    holds(
      fc.property(scalar, (key) => {
        expect(same(both, (crypto) => crypto.isPrivateKey(key))).toEqual({ result: true })
        const derived = same(both, (crypto) => crypto.publicKeyOf(key))
        expect(derived).toEqual({ result: maker.publicKeyOf(key) })
      }),
    )
  })

  test('refuse what is no private key with a RangeError, in every call that takes one', () => {
    holds(
      fc.property(notScalar, point, (key, publicKey) => {
        const refused = { threw: 'RangeError' }
        expect(same(both, (crypto) => crypto.isPrivateKey(key))).toEqual({ result: false })
        expect(same(both, (crypto) => crypto.publicKeyOf(key))).toEqual(refused)
        expect(same(both, (crypto) => crypto.sharedX(key, publicKey))).toEqual(refused)
        expect(same(both, (crypto) => crypto.sharedX(key, OFF_CURVE))).toEqual(refused)
        expect(same(both, (crypto) => crypto.sign(publicKey, key))).toEqual(refused)
      }),
    )
  })

  test('know the same public keys, and agree on the same secret', () => {
    holds(
      fc.property(scalar, scalar, (own, far) => {
        const publicKey = maker.publicKeyOf(far)
        expect(same(both, (crypto) => crypto.isPublicKey(publicKey))).toEqual({ result: true })
        const here = same(both, (crypto) => crypto.sharedX(own, publicKey))
        const there = same(both, (crypto) => crypto.sharedX(far, maker.publicKeyOf(own)))
        expect(here).toEqual(there)
        const known = maker.publicKeyOf(own)
        expect(same(both, (crypto) => crypto.sharedX(own, publicKey, known))).toEqual(here)
        expect(here).toHaveProperty('result.length', 32)
      }),
      40,
    )
  })

  test('refuse the same public keys, without throwing', () => {
    const [key, message] = [numberBytes(7n), Uint8Array.of(1)]
    const signature = maker.sign(message, key)
    holds(
      fc.property(notPoint, (publicKey) => {
        expect(same(both, (crypto) => crypto.isPublicKey(publicKey))).toEqual({ result: false })
        expect(same(both, (crypto) => crypto.sharedX(key, publicKey))).toEqual({
          result: undefined,
        })
        expect(same(both, (crypto) => crypto.verify(message, signature, publicKey))).toEqual({
          result: false,
        })
      }),
      300,
    )
  })

  test('decide alike on points of which half are on the curve', () => {
    const verdicts = new Set<unknown>()
    holds(
      fc.property(doubtful, (publicKey) => {
        const verdict = same(both, (crypto) => crypto.isPublicKey(publicKey))
        same(both, (crypto) => crypto.sharedX(numberBytes(7n), publicKey))
        verdicts.add('result' in verdict && verdict.result)
      }),
      60,
    )
    expect(verdicts).toEqual(new Set([true, false]))
  })

  test('sign alike, with a low S, and verify what the other signed', () => {
    const [one, other] = both
    holds(
      fc.property(scalar, anyBytes(), (key, message) => {
        const signed = same(both, (crypto) => crypto.sign(message, key))
        const signature = 'result' in signed ? signed.result : failing('nothing was signed')
        expect(signature.length).toBe(64)
        expect(bytesNumber(signature.subarray(32)) * 2n < ORDER).toBe(true)
        const publicKey = maker.publicKeyOf(key)
        expect(one.verify(message, signature, publicKey)).toBe(true)
        expect(other.verify(message, signature, publicKey)).toBe(true)
      }),
      40,
    )
  })

  test('refuse the same signatures, without throwing', () => {
    const key = numberBytes(0xc0ffeen)
    const publicKey = maker.publicKeyOf(key)
    const message = Uint8Array.of(1, 2, 3)
    const signature = maker.sign(message, key)
    const [r, s] = [signature.subarray(0, 32), signature.subarray(32)]
    const highTwin = concatBytes(r, numberBytes(ORDER - bytesNumber(s)))
    const edges = [0n, ORDER, ORDER + 1n, 2n ** 256n - 1n].map(numberBytes)
    const halves = [ORDER / 2n, ORDER / 2n + 1n].map((value) => concatBytes(r, numberBytes(value)))
    const wrong = fc.oneof(
      fc.constantFrom(highTwin, new Uint8Array(64), new Uint8Array(64).fill(0xff), ...halves),
      fc.constantFrom(...edges.flatMap((edge) => [concatBytes(edge, s), concatBytes(r, edge)])),
      fc.nat().map((draw) => withFlippedBit(signature, draw)),
      fc.nat({ max: 63 }).map((length) => signature.subarray(0, length)),
      anyBytes(80).filter((bytes) => bytes.length !== 64),
      anyBytes(8)
        .filter((bytes) => bytes.length > 0)
        .map((more) => concatBytes(signature, more)),
      bytesOf(64),
      fc.constant(concatBytes(s, r)),
    )
    const verdictOn = (bytes: Uint8Array) =>
      same(both, (crypto) => crypto.verify(message, bytes, publicKey))
    expect(verdictOn(signature)).toEqual({ result: true })
    holds(
      fc.property(wrong, (bytes) => {
        expect(verdictOn(bytes)).toEqual({ result: false })
      }),
      200,
    )
  })

  test('refuse a right signature of another message or under another key', () => {
    const key = numberBytes(0xc0ffeen)
    const publicKey = maker.publicKeyOf(key)
    holds(
      fc.property(anyBytes(), fc.nat(), scalar, (message, draw, otherKey) => {
        const signature = maker.sign(message, key)
        const changed = message.length === 0 ? Uint8Array.of(0) : withFlippedBit(message, draw)
        expect(same(both, (crypto) => crypto.verify(changed, signature, publicKey))).toEqual({
          result: false,
        })
        const stranger = maker.publicKeyOf(otherKey)
        expect(same(both, (crypto) => crypto.verify(message, signature, stranger))).toEqual({
          result: false,
        })
      }),
      30,
    )
  })
})

describe.each(BACKENDS.map((crypto) => [crypto.name, crypto] as const))('%s', (_name, crypto) => {
  test('gives plain arrays that share their memory with nothing', () => {
    const key = numberBytes(9n)
    const publicKey = crypto.publicKeyOf(key)
    for (const bytes of [
      publicKey,
      crypto.sharedX(key, publicKey) ?? failing('no shared secret'),
      crypto.sign(key, key),
      crypto.sha256(key),
      crypto.sha512(key),
      crypto.hmacSha256(key, key),
      crypto.hkdfSha256(key, key, key, 44),
    ]) {
      expect(Object.getPrototypeOf(bytes)).toBe(Uint8Array.prototype)
      expect(bytes.buffer.byteLength).toBe(bytes.length)
    }
  })

  test('leaves what it is given as it is', () => {
    const key = numberBytes(9n)
    const publicKey = crypto.publicKeyOf(key)
    const signature = crypto.sign(publicKey, key)
    const [publicCopy, signatureCopy] = [publicKey.slice(), signature.slice()]
    crypto.sharedX(key, publicKey)
    crypto.verify(publicKey, signature, publicKey)
    crypto.hkdfSha256(key, publicKey, signature, 44)
    expect([key, publicKey, signature]).toEqual([numberBytes(9n), publicCopy, signatureCopy])
  })

  test('verifies under more keys than any cache of parsed ones holds, and again', () => {
    const message = Uint8Array.of(1)
    const keys = Array.from({ length: 300 }, (_value, index) => numberBytes(BigInt(index + 1)))
    const [first, second] = [keys[0] ?? hex(''), keys[1] ?? hex('')]
    const signature = maker.sign(message, first)
    for (const key of keys) {
      const publicKey = maker.publicKeyOf(key)
      expect(crypto.verify(message, signature, publicKey)).toBe(key === first)
    }
    expect(crypto.verify(message, signature, maker.publicKeyOf(first))).toBe(true)
    expect(crypto.verify(message, signature, maker.publicKeyOf(second))).toBe(false)
  })
})
