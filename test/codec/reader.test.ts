import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  createReader,
  expectEnd,
  failReading,
  readBytes,
  readRest,
  readU16be,
  readU16le,
  readU32be,
  readU32le,
  readU64be,
  readU64le,
  readU8,
  skipBytes,
  unreadBytes,
} from '../../codec/reader.ts'
import type { Reader } from '../../codec/reader.ts'
import { WireError } from '../../codec/wire-error.ts'
import { hex } from '../support/hex.ts'
import { bytesOf, holds } from '../support/properties.ts'

const DETAILS = {
  short: 'too-few',
  tooLarge: 'too-much',
  nonMinimal: 'long-form',
  trailing: 'left-over',
} as const

const startReader = (text: string) => createReader(hex(text), DETAILS)
const closing = (detail: string) => expect.objectContaining({ action: 'close', detail }) as Error

const INTEGERS: readonly [string, (reader: Reader) => number | bigint, number, bigint][] = [
  ['readU8', readU8, 1, 0x01n],
  ['readU16le', readU16le, 2, 0x0201n],
  ['readU16be', readU16be, 2, 0x0102n],
  ['readU32le', readU32le, 4, 0x04030201n],
  ['readU32be', readU32be, 4, 0x01020304n],
  ['readU64le', readU64le, 8, 0x0807060504030201n],
  ['readU64be', readU64be, 8, 0x0102030405060708n],
]

describe.each(INTEGERS)('%s', (_, read, bytes, value) => {
  test('reads its bytes in its order and moves past them', () => {
    const reader = startReader('0102030405060708')
    expect(BigInt(read(reader))).toBe(value)
    expect(reader.offset).toBe(bytes)
  })

  test('reads the highest value unsigned', () => {
    const reader = startReader('ff'.repeat(bytes))
    expect(BigInt(read(reader))).toBe(2n ** BigInt(8 * bytes) - 1n)
  })

  test('reads inside a part of a larger buffer, and never past its end', () => {
    const part = hex('0102030405060708ffffffff').subarray(0, bytes)
    const reader = createReader(part, DETAILS)
    expect(BigInt(read(reader))).toBe(value)
    expect(() => read(reader)).toThrow(closing('too-few'))
  })

  test('throws at every length that is too short, and does not move', () => {
    for (let length = 0; length < bytes; length++) {
      const reader = startReader('00'.repeat(length))
      expect(() => read(reader), `${length} bytes`).toThrow(closing('too-few'))
      expect(reader.offset).toBe(0)
    }
  })
})

describe('skipBytes', () => {
  test('moves past bytes, to the end and no further', () => {
    const reader = startReader('010203')
    skipBytes(reader, 0)
    skipBytes(reader, 2)
    expect(readU8(reader)).toBe(3)
    expect(() => {
      skipBytes(reader, 1)
    }).toThrow(closing('too-few'))
  })

  test.each([-1, Number.NaN, 4, Infinity])('never moves by %d', (count) => {
    const reader = startReader('010203')
    expect(() => {
      skipBytes(reader, count)
    }).toThrow(closing('too-few'))
    expect(reader.offset).toBe(0)
  })
})

describe('readBytes', () => {
  test('gives a view, not a copy', () => {
    const reader = startReader('010203')
    readU8(reader)
    const view = readBytes(reader, 2)
    reader.bytes[1] = 9
    expect(view).toEqual(Uint8Array.of(9, 3))
  })

  test('holds the limit before it looks for the bytes', () => {
    expect(() => readBytes(startReader('01020304'), 4, 3)).toThrow(closing('too-much'))
    expect(() => readBytes(startReader('01'), 0xffff_ffff, 3)).toThrow(closing('too-much'))
    expect(readBytes(startReader('010203'), 3, 3)).toEqual(hex('010203'))
    expect(() => readBytes(startReader('0102'), 3, 3)).toThrow(closing('too-few'))
  })

  test.each([-1, Number.NaN, Number.POSITIVE_INFINITY, 2 ** 53, 2])(
    'refuses a count of %d where one byte is left',
    (count) => {
      const reader = startReader('01')
      expect(() => readBytes(reader, count)).toThrow(closing('too-few'))
      expect(reader.offset).toBe(0)
    },
  )
})

describe('the end of a unit', () => {
  test('readRest takes what is left, expectEnd accepts nothing that is', () => {
    const reader = startReader('010203')
    readU8(reader)
    expect(() => expectEnd(reader)).toThrow(closing('left-over'))
    expect(unreadBytes(reader)).toBe(2)
    expect(readRest(reader)).toEqual(hex('0203'))
    expect(() => expectEnd(reader)).not.toThrow()
    expect(readRest(reader)).toEqual(hex(''))
  })
})

describe('details', () => {
  test('short stands for each that is left out, and the action is the one that was given', () => {
    const reader = createReader(hex('0102'), { short: 'malformed', action: 'skip' })
    for (const fault of ['short', 'tooLarge', 'nonMinimal', 'trailing'] as const) {
      const refused = expect.objectContaining({ action: 'skip', detail: 'malformed' }) as Error
      expect(() => failReading(reader, fault)).toThrow(refused)
    }
    expect(() => expectEnd(reader)).toThrow(WireError)
  })
})

test('any sequence of reads gives the bytes in order or one WireError, and nothing else', () => {
  const reads = [readU8, readU16le, readU16be, readU32le, readU32be, readU64le, readU64be]
  const sizes = [1, 2, 2, 4, 4, 8, 8]
  holds(
    fc.property(bytesOf(24), fc.array(fc.nat({ max: 6 })), (bytes, choices) => {
      const reader = createReader(bytes, DETAILS)
      let offset = 0
      for (const choice of choices) {
        const size = sizes[choice] ?? 0
        const read = reads[choice] ?? readU8
        if (offset + size > bytes.length) {
          expect(() => read(reader)).toThrow(closing('too-few'))
        } else {
          read(reader)
          offset += size
        }
        expect(reader.offset).toBe(offset)
      }
    }),
  )
})
