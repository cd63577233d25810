import { describe, expect, test } from 'vitest'
import { addToBloom, passesBloom } from '../../../codec/bitcoin/bloom-bits.ts'
import type { FilterLoadMessage } from '../../../codec/bitcoin/bloom-filters.ts'
import { murmurHash } from '../../../codec/bitcoin/murmur-hash.ts'
import { encodeHex } from '../../../codec/bytes.ts'
import { hex } from '../../support/hex.ts'
import { encode } from './encoding.ts'

describe('MurmurHash3', () => {
  test.each([
    [0, '', 0],
    [0xfba4_c795, '', 0x6a39_6f08],
    [0xffff_ffff, '', 0x81f1_6f39],
    [0, '00', 0x514e_28b7],
    [0xfba4_c795, '00', 0xea3f_0b17],
    [0, '0011', 0x16c6_b7ab],
    [0, '001122', 0x8eb5_1c3d],
    [0, '00112233', 0xb447_1bf8],
    [0, '001122334455667788', 0xb469_8def],
  ])('with the seed %i of "%s" is %i', (seed, data, hash) => {
    expect(murmurHash(seed, hex(data))).toBe(hash)
  })
})

/** What Core's own tests put into a filter, and what they leave out. */
const ITEMS = [
  '99108ad8ed9bb6274d3980bab5a85c048f0950c8',
  'b5a2c786d9ef4658287ced5914b37a1b4aa32eee',
  'b9300670b4c5366e95b2699e8b18bc75e5f729c5',
].map(hex)
const OTHER = hex('19108ad8ed9bb6274d3980bab5a85c048f0950c8')

const empty = (bytes: number, tweak = 0): FilterLoadMessage => ({
  ...{ type: 'filterload', functionCount: 5, tweak, flags: 1 },
  filter: new Uint8Array(bytes),
})

describe('a filter', () => {
  test.each([
    [0, '03614e9b050000000000000001'],
    [0x8000_0001, '03ce4299050000000100008001'],
  ])('with the tweak %i has these bits', (tweak, payload) => {
    const bloom = empty(3, tweak)
    for (const [index, item] of ITEMS.entries()) {
      addToBloom(bloom, item)
      for (const added of ITEMS.slice(0, index + 1)) expect(passesBloom(bloom, added)).toBe(true)
      if (index === 0) expect(passesBloom(bloom, OTHER)).toBe(false)
    }
    expect(encodeHex(encode(bloom))).toBe(payload)
  })

  test('of no bytes lets everything pass, and takes nothing', () => {
    const bloom = empty(0)
    addToBloom(bloom, OTHER)
    expect(passesBloom(bloom, OTHER)).toBe(true)
    expect(bloom.filter).toHaveLength(0)
  })

  test('of no bits lets nothing pass, and of all bits everything', () => {
    expect(passesBloom(empty(10), OTHER)).toBe(false)
    expect(passesBloom({ ...empty(10), filter: new Uint8Array(10).fill(0xff) }, OTHER)).toBe(true)
    expect(passesBloom({ ...empty(10), functionCount: 0 }, OTHER)).toBe(true)
  })
})
