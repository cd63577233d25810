import { describe, expect, test } from 'vitest'
import { encodeUtf8 } from '../../../codec/bytes.ts'
import { bytesOfName, createProtocolNames } from '../../../codec/native/protocol-names.ts'
import { passLastName, textOfName } from '../../../codec/native/protocol-names.ts'
import { createReader } from '../../../codec/reader.ts'
import { hex } from '../../support/hex.ts'

describe('protocol names', () => {
  test('that two byte strings could decode to keep their bytes', () => {
    const names = createProtocolNames()
    expect(textOfName(names, encodeUtf8('\u{feff}a'))).toBe('\u{feff}a')
    expect(textOfName(names, encodeUtf8('a'))).toBe('a')
    expect(textOfName(names, hex('ff'))).toBeUndefined()
    expect(bytesOfName(names, 'a')).toEqual(hex('61'))
  })

  test('are right however many there are, in any order', () => {
    const names = createProtocolNames()
    const texts = Array.from({ length: 20 }, (_, index) => `name ${index} é`)
    for (const text of [...texts, ...texts.toReversed(), '', ...texts, 'name 3 é', 'name 3 é']) {
      expect(textOfName(names, encodeUtf8(text))).toBe(text)
      expect(bytesOfName(names, text)).toEqual(encodeUtf8(text))
    }
  })

  test('outlive the bytes that they were read from', () => {
    const names = createProtocolNames()
    const bytes = encodeUtf8('chat')
    textOfName(names, bytes)
    bytes.set(encodeUtf8('news'))
    expect(textOfName(names, bytes)).toBe('news')
    expect(textOfName(names, encodeUtf8('chat'))).toBe('chat')
  })

  test('that come again are passed in the bytes, and others are not', () => {
    const names = createProtocolNames()
    const reader = createReader(encodeUtf8('chatchats'), { short: 'short' })
    expect(passLastName(names, reader, 4)).toBeUndefined()
    textOfName(names, encodeUtf8('chat'))
    expect(passLastName(names, reader, 4)).toBe('chat')
    expect(reader.offset).toBe(4)
    expect(passLastName(names, reader, 5)).toBeUndefined()
    textOfName(names, encodeUtf8('chats!'))
    expect(passLastName(names, reader, 6)).toBeUndefined()
    textOfName(names, encodeUtf8('chatz'))
    expect(passLastName(names, reader, 5)).toBeUndefined()
    expect(reader.offset).toBe(4)
  })

  test('in use by turns are encoded once', () => {
    const names = createProtocolNames()
    const first = bytesOfName(names, 'chat')
    bytesOfName(names, 'news')
    const other = bytesOfName(names, 'prices')
    expect(bytesOfName(names, 'chat')).toBe(first)
    bytesOfName(names, 'news')
    expect(bytesOfName(names, 'prices')).toBe(other)
  })
})
