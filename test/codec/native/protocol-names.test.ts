import { describe, expect, test } from 'vitest'
import { encodeUtf8 } from '../../../codec/bytes.ts'
import { createProtocolNames } from '../../../codec/native/protocol-names.ts'
import { createReader } from '../../../codec/reader.ts'
import { hex } from '../../support/hex.ts'

describe('protocol names', () => {
  test('that two byte strings could decode to keep their bytes', () => {
    const names = createProtocolNames()
    expect(names.textOf(encodeUtf8('\u{feff}a'))).toBe('\u{feff}a')
    expect(names.textOf(encodeUtf8('a'))).toBe('a')
    expect(names.textOf(hex('ff'))).toBeUndefined()
    expect(names.bytesOf('a')).toEqual(hex('61'))
  })

  test('are right however many there are, in any order', () => {
    const names = createProtocolNames()
    const texts = Array.from({ length: 20 }, (_, index) => `name ${index} é`)
    for (const text of [...texts, ...texts.toReversed(), '', ...texts, 'name 3 é', 'name 3 é']) {
      expect(names.textOf(encodeUtf8(text))).toBe(text)
      expect(names.bytesOf(text)).toEqual(encodeUtf8(text))
    }
  })

  test('outlive the bytes that they were read from', () => {
    const names = createProtocolNames()
    const bytes = encodeUtf8('chat')
    names.textOf(bytes)
    bytes.set(encodeUtf8('news'))
    expect(names.textOf(bytes)).toBe('news')
    expect(names.textOf(encodeUtf8('chat'))).toBe('chat')
  })

  test('that come again are passed in the bytes, and others are not', () => {
    const names = createProtocolNames()
    const reader = createReader(encodeUtf8('chatchats'), { short: 'short' })
    expect(names.passLast(reader, 4)).toBeUndefined()
    names.textOf(encodeUtf8('chat'))
    expect(names.passLast(reader, 4)).toBe('chat')
    expect(reader.offset).toBe(4)
    expect(names.passLast(reader, 5)).toBeUndefined()
    names.textOf(encodeUtf8('chats!'))
    expect(names.passLast(reader, 6)).toBeUndefined()
    names.textOf(encodeUtf8('chatz'))
    expect(names.passLast(reader, 5)).toBeUndefined()
    expect(reader.offset).toBe(4)
  })

  test('in use by turns are encoded once', () => {
    const names = createProtocolNames()
    const first = names.bytesOf('chat')
    const others = ['news', 'prices'].map(names.bytesOf)
    expect(names.bytesOf('chat')).toBe(first)
    expect(['news', 'prices'].map(names.bytesOf)[1]).toBe(others[1])
  })
})
