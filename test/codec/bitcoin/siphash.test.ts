import { describe, expect, test } from 'vitest'
import { sipHash, sipHash64, sipHashKeyOf } from '../../../codec/bitcoin/siphash.ts'
import { viewOf } from '../../../codec/bytes.ts'

const counting = (length: number) => Uint8Array.from({ length }, (_, index) => index)
const KEY = sipHashKeyOf(counting(16))

/** The definition, on bigint: slow, and nothing to be mistaken about. */
function reference(key: Uint8Array, data: Uint8Array): bigint {
  const mask = 2n ** 64n - 1n
  const rotate = (value: bigint, bits: bigint) => ((value << bits) | (value >> (64n - bits))) & mask
  const k0 = viewOf(key).getBigUint64(0, true)
  const k1 = viewOf(key).getBigUint64(8, true)
  let v0 = k0 ^ 0x736f6d6570736575n
  let v1 = k1 ^ 0x646f72616e646f6dn
  let v2 = k0 ^ 0x6c7967656e657261n
  let v3 = k1 ^ 0x7465646279746573n
  const rounds = (count: number) => {
    for (let round = 0; round < count; round++) {
      v0 = (v0 + v1) & mask
      v1 = rotate(v1, 13n) ^ v0
      v0 = rotate(v0, 32n)
      v2 = (v2 + v3) & mask
      v3 = rotate(v3, 16n) ^ v2
      v0 = (v0 + v3) & mask
      v3 = rotate(v3, 21n) ^ v0
      v2 = (v2 + v1) & mask
      v1 = rotate(v1, 17n) ^ v2
      v2 = rotate(v2, 32n)
    }
  }
  const padded = new Uint8Array(Math.floor(data.length / 8) * 8 + 8)
  padded.set(data)
  padded[padded.length - 1] = data.length & 0xff
  for (let at = 0; at < padded.length; at += 8) {
    const word = viewOf(padded).getBigUint64(at, true)
    v3 ^= word
    rounds(2)
    v0 ^= word
  }
  v2 ^= 0xffn
  rounds(4)
  return v0 ^ v1 ^ v2 ^ v3
}

describe('SipHash-2-4 with the key 00 to 0f', () => {
  test.each([
    ['nothing', 0, 0x726fdb47dd0e0e31n],
    // The worked example of its authors.
    ['00 to 0e', 15, 0xa129ca6149be45e5n],
    ['00 to 1f', 32, 0x7127512f72f27ccen],
  ])('of %s', (_, length, hash) => {
    expect(sipHash64(KEY, counting(length))).toBe(hash)
  })

  test('is what its definition says, of each length', () => {
    for (let length = 0; length <= 300; length++) {
      const data = counting(length).map((byte) => byte * 37 + length)
      const key = counting(16).map((byte) => byte * length + 0x80)
      const hash = reference(key, data)
      expect(sipHash64(sipHashKeyOf(key), data)).toBe(hash)
      const { low, high } = sipHash(sipHashKeyOf(key), data)
      expect([low, high]).toEqual([Number(hash & 0xffff_ffffn), Number(hash >> 32n)])
    }
  })

  test('of a part of larger memory is that of the part', () => {
    const memory = counting(64)
    expect(sipHash64(sipHashKeyOf(memory.subarray(0, 16)), memory.subarray(3, 40))).toBe(
      sipHash64(KEY, memory.slice(3, 40)),
    )
  })
})

test.each([0, 15, 17])('a key has no %i bytes', (length) => {
  expect(() => sipHashKeyOf(counting(length))).toThrow(RangeError)
})
