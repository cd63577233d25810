import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { createReader } from '../../codec/reader.ts'
import {
  readCompactSize,
  readCompactSize64,
  readVarint,
  readVarint64,
  varintBytesAt,
  writeCompactSize,
  writeVarint,
} from '../../codec/varint.ts'
import { createWriter, writtenBytes } from '../../codec/writer.ts'
import type { Writer } from '../../codec/writer.ts'
import { hex } from '../support/hex.ts'
import { anyBytes, holds } from '../support/properties.ts'

const DETAILS = { short: 'too-few', tooLarge: 'too-much', nonMinimal: 'long-form' } as const
const SAFE_MAX = Number.MAX_SAFE_INTEGER

const startReader = (bytes: Uint8Array) => createReader(bytes, DETAILS)
const closing = (detail: string) => expect.objectContaining({ action: 'close', detail }) as Error

function written(write: (writer: Writer, value: number | bigint) => void, value: number | bigint) {
  const writer = createWriter(10)
  write(writer, value)
  return writtenBytes(writer)
}

/** What a read gives, or the detail it throws. */
function outcome(read: () => number | bigint): bigint | string {
  try {
    return BigInt(read())
  } catch (error) {
    return String((error as Error).message)
  }
}

/** Values of every size in bits, so that each length of each encoding is met. */
const unsigned64 = fc
  .tuple(fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }), fc.integer({ min: 0, max: 64 }))
  .map(([value, shift]) => value >> BigInt(shift))

describe('LEB128', () => {
  test.each([
    [0n, '00'],
    [127n, '7f'],
    [128n, '8001'],
    [300n, 'ac02'],
    [2n ** 32n - 1n, 'ffffffff0f'],
    [2n ** 53n - 1n, 'ffffffffffffff0f'],
    [2n ** 63n, '80808080808080808001'],
    [2n ** 64n - 1n, 'ffffffffffffffffff01'],
  ])('%d is %s', (value, text) => {
    expect(written(writeVarint, value)).toEqual(hex(text))
    expect(readVarint64(startReader(hex(text)), 'refuse')).toBe(value)
    expect(varintBytesAt(hex(text))).toBe(text.length / 2)
    if (value > SAFE_MAX) return
    expect(written(writeVarint, Number(value))).toEqual(hex(text))
    expect(readVarint(startReader(hex(text)), 'refuse', SAFE_MAX)).toBe(Number(value))
  })

  test('comes back as it was, ends where it ends, and is wanting at every prefix', () => {
    holds(
      fc.property(unsigned64, (value) => {
        const bytes = written(writeVarint, value)
        const reader = startReader(Uint8Array.of(...bytes, 0xff))
        expect(readVarint64(reader, 'refuse')).toBe(value)
        expect(reader.offset).toBe(bytes.length)
        for (let length = 0; length < bytes.length; length++) {
          const prefix = bytes.subarray(0, length)
          expect(varintBytesAt(prefix)).toBeUndefined()
          expect(() => readVarint64(startReader(prefix), 'refuse')).toThrow(closing('too-few'))
          expect(() => readVarint(startReader(prefix), 'refuse', 9)).toThrow(closing('too-few'))
        }
      }),
      300,
    )
  })

  test.each(['8000', '808000', 'ff00', '80808080808080808000'])(
    'the longer form %s is accepted or refused, as asked',
    (text) => {
      const shortest = text === 'ff00' ? 127 : 0
      expect(readVarint64(startReader(hex(text)), 'accept')).toBe(BigInt(shortest))
      expect(readVarint(startReader(hex(text)), 'accept', SAFE_MAX)).toBe(shortest)
      expect(() => readVarint64(startReader(hex(text)), 'refuse')).toThrow(closing('long-form'))
      expect(() => readVarint(startReader(hex(text)), 'refuse', 200)).toThrow(closing('long-form'))
    },
  )

  test.each([
    ['a tenth byte of 02', 'ffffffffffffffffff02'],
    ['a tenth byte of 7f', '8080808080808080807f'],
    ['an eleventh byte', '8080808080808080808000'],
    ['an eleventh byte after 81', '8080808080808080808100'],
  ])('refuses %s under either rule', (_, text) => {
    expect(varintBytesAt(hex(text))).toBe(10)
    for (const longForm of ['accept', 'refuse'] as const) {
      expect(() => readVarint64(startReader(hex(text)), longForm)).toThrow(closing('too-much'))
      expect(() => readVarint(startReader(hex(text)), longForm, SAFE_MAX)).toThrow(
        closing('too-much'),
      )
    }
  })

  test('the two readers agree on any bytes, up to the limit of the one', () => {
    const limits = fc.constantFrom(0, 1, 127, 128, 2 ** 32 - 1, SAFE_MAX - 1, SAFE_MAX)
    const bytes = fc.oneof(
      anyBytes(12),
      unsigned64.map((value) => written(writeVarint, value)),
    )
    holds(
      fc.property(bytes, fc.constantFrom('accept', 'refuse'), limits, (input, longForm, max) => {
        const wide = outcome(() => readVarint64(startReader(input), longForm))
        const narrow = outcome(() => readVarint(startReader(input), longForm, max))
        expect(narrow).toBe(typeof wide === 'bigint' && wide > max ? 'too-much' : wide)
      }),
      1_000,
    )
  })
})

describe('CompactSize', () => {
  test.each([
    [0n, '00'],
    [252n, 'fc'],
    [253n, 'fdfd00'],
    [65_535n, 'fdffff'],
    [65_536n, 'fe00000100'],
    [2n ** 32n - 1n, 'feffffffff'],
    [2n ** 32n, 'ff0000000001000000'],
    [2n ** 53n, 'ff0000000000002000'],
    [2n ** 64n - 1n, 'ffffffffffffffffff'],
  ])('%d is %s', (value, text) => {
    expect(written(writeCompactSize, value)).toEqual(hex(text))
    expect(readCompactSize64(startReader(hex(text)))).toBe(value)
    if (value > SAFE_MAX) {
      expect(() => readCompactSize(startReader(hex(text)), SAFE_MAX)).toThrow(closing('too-much'))
      return
    }
    expect(written(writeCompactSize, Number(value))).toEqual(hex(text))
    expect(readCompactSize(startReader(hex(text)), Number(value))).toBe(Number(value))
    if (value === 0n) return
    expect(() => readCompactSize(startReader(hex(text)), Number(value) - 1)).toThrow(
      closing('too-much'),
    )
  })

  test('comes back as it was, and is wanting at every prefix', () => {
    holds(
      fc.property(unsigned64, (value) => {
        const bytes = written(writeCompactSize, value)
        expect(readCompactSize64(startReader(bytes))).toBe(value)
        for (let length = 0; length < bytes.length; length++) {
          const prefix = bytes.subarray(0, length)
          expect(() => readCompactSize64(startReader(prefix))).toThrow(closing('too-few'))
          expect(() => readCompactSize(startReader(prefix), 9)).toThrow(closing('too-few'))
        }
      }),
      300,
    )
  })

  test.each([
    'fd0000',
    'fdfc00',
    'fe00000000',
    'feffff0000',
    'ff0000000000000000',
    'ffffffffff00000000',
  ])('refuses the longer form %s', (text) => {
    expect(() => readCompactSize64(startReader(hex(text)))).toThrow(closing('long-form'))
    expect(() => readCompactSize(startReader(hex(text)), SAFE_MAX)).toThrow(closing('long-form'))
  })
})

test.each([-1, -1n, 0.5, Number.NaN, 2 ** 53, 2n ** 64n])(
  'writes no %s in either form',
  (value) => {
    expect(() => written(writeVarint, value)).toThrow(RangeError)
    expect(() => written(writeCompactSize, value)).toThrow(RangeError)
  },
)
