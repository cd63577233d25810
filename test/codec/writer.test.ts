import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { concatBytes } from '../../codec/bytes.ts'
import {
  createWriter,
  writeBytes,
  writeU16be,
  writeU16le,
  writeU32be,
  writeU32le,
  writeU64be,
  writeU64le,
  writeU8,
  writtenBytes,
} from '../../codec/writer.ts'
import type { Writer } from '../../codec/writer.ts'
import { hex } from '../support/hex.ts'
import { anyBytes, holds } from '../support/properties.ts'

const NUMBERS: readonly [string, (writer: Writer, value: number) => void, number, string][] = [
  ['writeU8', writeU8, 0x01, '01'],
  ['writeU16le', writeU16le, 0x0102, '0201'],
  ['writeU16be', writeU16be, 0x0102, '0102'],
  ['writeU32le', writeU32le, 0xf1020304, '040302f1'],
  ['writeU32be', writeU32be, 0xf1020304, 'f1020304'],
]

describe.each(NUMBERS)('%s', (_, write, value, text) => {
  test('writes its bytes in its order', () => {
    const writer = createWriter(8)
    write(writer, value)
    expect(writtenBytes(writer)).toEqual(hex(text))
  })

  test('refuses what does not fit its field, and writes nothing of it', () => {
    const writer = createWriter(8)
    const above = 2 ** (4 * text.length)
    for (const wrong of [-1, 0.5, above, Number.NaN, Number.POSITIVE_INFINITY]) {
      expect(() => write(writer, wrong), `${wrong}`).toThrow(RangeError)
    }
    expect(writer.length).toBe(0)
    write(writer, above - 1)
    expect(writtenBytes(writer)).toEqual(hex('ff'.repeat(text.length / 2)))
  })
})

describe.each([
  ['writeU64le', writeU64le, 'f8f7060504030201'],
  ['writeU64be', writeU64be, '010203040506f7f8'],
] as const)('%s', (_, write, text) => {
  test('writes its bytes in its order', () => {
    const writer = createWriter(8)
    write(writer, 0x010203040506f7f8n)
    expect(writtenBytes(writer)).toEqual(hex(text))
  })

  test('refuses what does not fit 64 bits', () => {
    const writer = createWriter(8)
    for (const wrong of [-1n, 2n ** 64n]) expect(() => write(writer, wrong)).toThrow(RangeError)
    write(writer, 2n ** 64n - 1n)
    expect(writtenBytes(writer)).toEqual(hex('ff'.repeat(8)))
  })
})

describe('a writer', () => {
  test('grows to its maximum and not by a byte more', () => {
    const writer = createWriter(1_000, 1)
    for (let count = 0; count < 1_000; count++) writeU8(writer, count % 256)
    expect(writer.bytes.length).toBe(1_000)
    expect(() => writeU8(writer, 0)).toThrow(RangeError)
    expect(() => writeBytes(writer, new Uint8Array(1))).toThrow(RangeError)
    expect(writer.length).toBe(1_000)
    writeBytes(writer, new Uint8Array(0))
    expect(writtenBytes(writer)).toEqual(Uint8Array.from({ length: 1_000 }, (_, count) => count))
  })

  test('never allocates its maximum ahead', () => {
    const writer = createWriter(2 ** 40)
    writeU8(writer, 1)
    expect(writer.bytes.length).toBeLessThan(1_000)
    expect(createWriter(4, 1_000).bytes.length).toBe(4)
  })

  test('holds the parts that were written, whatever it grew through', () => {
    holds(
      fc.property(fc.array(anyBytes(300)), fc.nat({ max: 400 }), (parts, atFirst) => {
        const writer = createWriter(1_000_000, atFirst)
        for (const part of parts) writeBytes(writer, part)
        expect(writtenBytes(writer)).toEqual(concatBytes(...parts))
      }),
    )
  })
})
