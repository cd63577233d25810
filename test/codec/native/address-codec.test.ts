import { describe, expect, test } from 'vitest'
import { ADDRESSES_MAX } from '../../../codec/native/messages.ts'
import type { AddressEntry, AddressesMessage } from '../../../codec/native/messages.ts'
import { RECORD_PLAINTEXT_BYTES_MAX } from '../../../codec/native/handshake-bytes.ts'
import { hex } from '../../support/hex.ts'
import { arrayOf, closes, encode, raw, unseal } from './encoding.ts'
import { SAMPLES } from './samples.ts'
import { ALICE, VECTORS } from './vectors.ts'

const { addresses, getAddresses } = SAMPLES
const ENTRY: AddressEntry = { nodeId: ALICE.nodeId, host: 'one.example', port: 9946, seenMs: 5n }
const messageOf = (...entries: readonly AddressEntry[]): AddressesMessage => ({
  type: 'addresses',
  addresses: entries,
})
const many = (count: number, entry = ENTRY) =>
  messageOf(...Array.from({ length: count }, () => entry))

describe('the one encoding', () => {
  test.each([
    ['getAddresses', getAddresses, '91 0a'],
    [
      'addresses',
      addresses,
      `92 0b 92 94 c420 ${VECTORS.aliceId} a0 cd26da cf0000018bcfe56800 ` +
        `94 c420 ${VECTORS.bobId} ab 323030313a6462383a3a31 01 00`,
    ],
    ['no addresses', messageOf(), '92 0b 90'],
  ] as const)('of %s is read and written', (_, message, bytes) => {
    expect(encode(message)).toEqual(hex(bytes))
    expect(unseal(hex(bytes))).toEqual({ message, left: 0 })
  })
})

describe('addresses', () => {
  test.each([15, 16, 999, ADDRESSES_MAX])('come back, %i of them', (count) => {
    expect(unseal(encode(many(count)))).toEqual({ message: many(count), left: 0 })
  })

  test('fit a record at their longest', () => {
    const longest = many(ADDRESSES_MAX, {
      ...ENTRY,
      host: 'h'.repeat(255),
      port: 65_535,
      seenMs: 2n ** 64n - 1n,
    })
    expect(encode(longest).length).toBeLessThan(RECORD_PLAINTEXT_BYTES_MAX)
  })

  test('above a thousand are malformed, and not ours to send', () => {
    const entry = [ALICE.nodeId, 'one.example', 9946, 5]
    const entries = Array.from({ length: ADDRESSES_MAX + 1 }, () => entry)
    expect(() => unseal(arrayOf(11, entries))).toThrow(closes('malformed'))
    expect(unseal(arrayOf(11, entries.slice(1))).message).toEqual(many(ADDRESSES_MAX))
    expect(() => encode(many(ADDRESSES_MAX + 1))).toThrow(RangeError)
  })

  test.each([0, 31, 32, 255])('with a host of %i bytes come back', (length) => {
    const message = messageOf({ ...ENTRY, host: 'h'.repeat(length) })
    expect(unseal(encode(message)).message).toEqual(message)
  })

  test.each([0, 127, 128, 255, 256, 65_535])('with port %i come back', (port) => {
    const message = messageOf({ ...ENTRY, port })
    expect(unseal(encode(message)).message).toEqual(message)
  })

  test('with a host that is no host are read as they are', () => {
    const message = messageOf({ ...ENTRY, host: 'not a host \u0000 é' })
    expect(unseal(encode(message)).message).toEqual(message)
  })

  test.each([
    ['256 bytes', raw(`da0100${'68'.repeat(256)}`)],
    ['4 GiB, as is said', raw('dbffffffff')],
  ])('with a host of %s are too large', (_, host) => {
    const bytes = arrayOf(11, [[ALICE.nodeId, host, 9946, 5]])
    expect(() => unseal(bytes)).toThrow(closes('message-too-large'))
  })

  const entry = (index: number, value: unknown) =>
    arrayOf(11, [
      [ALICE.nodeId, 'one.example', 9946, 5].map((field, at) => (at === index ? value : field)),
    ])

  test.each([
    ['no list', arrayOf(11)],
    ['two lists', arrayOf(11, [], [])],
    ['nil in place of the list', arrayOf(11, null)],
    ['nil in place of an entry', arrayOf(11, [null])],
    ['a short entry', arrayOf(11, [[ALICE.nodeId, 'one.example', 9946]])],
    ['a long entry', arrayOf(11, [[ALICE.nodeId, 'one.example', 9946, 5, 6]])],
    ['an entry that is a map', arrayOf(11, [{ host: 'one.example' }])],
    ['an id of 31 bytes', entry(0, new Uint8Array(31))],
    ['an id as text', entry(0, 'x'.repeat(32))],
    ['a host as bytes', entry(1, new Uint8Array(4))],
    ['a host that is nil', entry(1, null)],
    ['a host that is not UTF-8', entry(1, raw('a2c328'))],
    ['a port above 16 bits', entry(2, 65_536)],
    ['a negative port', entry(2, -1)],
    ['a port as text', entry(2, '9946')],
    ['a time as a float', entry(3, raw('cb4014000000000000'))],
    ['a time before 1970', entry(3, -5)],
    ['billions of entries', arrayOf(11, raw('ddffffffff'))],
    ['a thousand entries that are not there', arrayOf(11, raw('dc03e8'))],
  ])('with %s are malformed', (_, bytes) => {
    expect(() => unseal(bytes)).toThrow(closes('malformed'))
  })

  test.each([
    ['a host above 255 bytes', { host: 'é'.repeat(128) }],
    ['a port above 16 bits', { port: 65_536 }],
    ['a port that is not whole', { port: 0.5 }],
    ['an id of 31 bytes', { nodeId: new Uint8Array(31) }],
    ['a time before 1970', { seenMs: -1n }],
  ])('with %s are not ours to send', (_, wrong) => {
    expect(() => encode(messageOf({ ...ENTRY, ...wrong }))).toThrow(RangeError)
  })
})

test('getAddresses has no field', () => {
  expect(() => unseal(arrayOf(10, null))).toThrow(closes('malformed'))
})
