import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  compareBytes,
  concatBytes,
  constantTimeEqual,
  decodeAscii,
  decodeHex,
  decodeUtf8,
  encodeAscii,
  encodeHex,
  encodeUtf8,
  equalBytes,
  viewOf,
} from '../../codec/bytes.ts'
import { anyBytes, holds } from '../support/properties.ts'

describe.each([
  ['equalBytes', equalBytes],
  ['constantTimeEqual', constantTimeEqual],
])('%s', (_, equal) => {
  test('holds for a copy, and for no change of one byte or of the length', () => {
    holds(
      fc.property(anyBytes(), fc.nat(), fc.integer({ min: 1, max: 255 }), (bytes, draw, mask) => {
        expect(equal(bytes, bytes.slice())).toBe(true)
        expect(equal(bytes, concatBytes(bytes, Uint8Array.of(0)))).toBe(false)
        if (bytes.length === 0) return
        const changed = bytes.slice()
        const index = draw % bytes.length
        changed[index] = (changed[index] ?? 0) ^ mask
        expect(equal(bytes, changed)).toBe(false)
        expect(equal(changed, bytes)).toBe(false)
      }),
    )
  })
})

describe('compareBytes', () => {
  test('orders as the hexadecimal digits do', () => {
    holds(
      fc.property(anyBytes(4), anyBytes(4), (one, other) => {
        const [left, right] = [encodeHex(one), encodeHex(other)]
        expect(compareBytes(one, other)).toBe(left === right ? 0 : left < right ? -1 : 1)
      }),
      500,
    )
  })
})

describe('concatBytes and viewOf', () => {
  test('join into fresh memory, and see a part of a larger buffer as that part', () => {
    const one = Uint8Array.of(1, 2)
    const joined = concatBytes(one, new Uint8Array(0), Uint8Array.of(3, 4))
    one[0] = 9
    expect(joined).toEqual(Uint8Array.of(1, 2, 3, 4))
    const view = viewOf(joined.subarray(1, 3))
    expect([view.byteLength, view.getUint16(0)]).toEqual([2, 0x0203])
  })
})

describe('hexadecimal', () => {
  test('comes back as it was, in either case', () => {
    holds(
      fc.property(anyBytes(), (bytes) => {
        const text = encodeHex(bytes)
        expect(text).toMatch(/^[0-9a-f]*$/)
        expect(decodeHex(text)).toEqual(bytes)
        expect(decodeHex(text.toUpperCase())).toEqual(bytes)
      }),
    )
  })

  test.each(['0', '0g', ' 00', '00 ', '0x00', '00\n', '٠٠', '0ı'])('refuses %j', (text) => {
    expect(decodeHex(text)).toBeUndefined()
  })
})

describe('UTF-8', () => {
  test('comes back as it was, a leading U+FEFF included', () => {
    holds(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        expect(decodeUtf8(encodeUtf8(text))).toBe(text)
      }),
    )
    expect(decodeUtf8(encodeUtf8('\ufeffa'))).toBe('\ufeffa')
  })

  test.each([
    ['a lone continuation byte', [0x80]],
    ['an overlong form', [0xc0, 0x80]],
    ['a surrogate', [0xed, 0xa0, 0x80]],
    ['a character cut short', [0xe2, 0x82]],
    ['a value above U+10FFFF', [0xf4, 0x90, 0x80, 0x80]],
  ])('refuses %s', (_, bytes) => {
    expect(decodeUtf8(Uint8Array.from(bytes))).toBeUndefined()
  })
})

describe('ASCII', () => {
  test('comes back as it was, control characters included', () => {
    const all = String.fromCharCode(...Array.from({ length: 128 }, (_, code) => code))
    expect(decodeAscii(encodeAscii(all))).toBe(all)
  })

  test('refuses what is above 0x7f, both ways', () => {
    for (let byte = 0x80; byte <= 0xff; byte++) {
      expect(decodeAscii(Uint8Array.of(0x41, byte))).toBeUndefined()
    }
    expect(() => encodeAscii('a\u0080')).toThrow(RangeError)
    expect(() => encodeAscii('\u0141')).toThrow(RangeError)
  })
})
