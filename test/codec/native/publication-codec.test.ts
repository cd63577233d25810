import { describe, expect, test } from 'vitest'
import { equalBytes } from '../../../codec/bytes.ts'
import { PUBLICATION_BYTES_MAX } from '../../../codec/native/messages.ts'
import type { BroadcastMessage, ItemMessage } from '../../../codec/native/messages.ts'
import { hex } from '../../support/hex.ts'
import { arrayOf, closes, encode, raw, unseal } from './encoding.ts'
import { SAMPLES } from './samples.ts'
import { ALICE, VECTORS } from './vectors.ts'

const { broadcast, item } = SAMPLES
const BOTH: readonly (readonly ['broadcast' | 'item', BroadcastMessage | ItemMessage])[] = [
  ['broadcast', broadcast],
  ['item', item],
]
const ORIGIN = `c420 ${VECTORS.aliceId} c421 ${VECTORS.alicePublicKey} 01`
const NEWS = 'a4 6e657773 c405 68656c6c6f 08'

describe('the one encoding', () => {
  const cases: readonly (readonly [
    'broadcast' | 'item',
    BroadcastMessage | ItemMessage,
    string,
  ])[] = [
    [
      'broadcast',
      broadcast,
      `9a 03 ${ORIGIN} 01 cf0000018bcfe569f4 ${NEWS} c440 ${VECTORS.broadcastSignature}`,
    ],
    ['item', item, `9a 0c ${ORIGIN} 00 cf0000018bcfe56a58 ${NEWS} c440 ${VECTORS.itemSignature}`],
  ]
  test.each(cases)('of a %s is read and written', (_, message, bytes) => {
    expect(encode(message)).toEqual(hex(bytes))
    expect(unseal(hex(bytes))).toEqual({ message, left: 0 })
  })
})

describe.each(BOTH)('a %s', (type, message) => {
  const number = type === 'broadcast' ? 3 : 12
  const signature = new Uint8Array(64)
  const fields: readonly unknown[] = [
    ALICE.nodeId,
    ALICE.publicKey,
    1,
    7,
    8,
    'news',
    new Uint8Array(5),
    8,
    signature,
  ]
  const withField = (index: number, value: unknown) =>
    arrayOf(number, ...fields.map((field, at) => (at === index ? value : field)))

  test('is what the cases below are made of', () => {
    const { message: read } = unseal(withField(99, 0))
    expect(read).toMatchObject({ type, keyType: 1, timestampMs: 8n, topic: 'news', hopsLeft: 8 })
    expect(read).toMatchObject(type === 'broadcast' ? { sequence: 7n } : { number: 7n })
  })

  test.each([0, 1, 31, 32, 127, 128])('with a topic of %i bytes comes back', (length) => {
    const given = { ...message, topic: 't'.repeat(length) }
    expect(unseal(encode(given)).message).toEqual(given)
  })

  test.each([0, 255, 256, PUBLICATION_BYTES_MAX - 1, PUBLICATION_BYTES_MAX])(
    'with a payload of %i bytes comes back',
    (length) => {
      const payload = new Uint8Array(length).fill(9)
      const { message: read, left } = unseal(encode({ ...message, payload }))
      expect(left).toBe(0)
      expect('payload' in read && equalBytes(read.payload, payload)).toBe(true)
    },
  )

  test.each([0n, 2n ** 32n - 1n, 2n ** 32n, 2n ** 64n - 1n])('counts up to %i', (count) => {
    const given = { ...message, sequence: count, number: count, timestampMs: count }
    const counted = type === 'broadcast' ? { sequence: count } : { number: count }
    expect(unseal(encode(given)).message).toMatchObject({ ...counted, timestampMs: count })
  })

  test.each([
    ['a topic of 129 bytes', 5, 't'.repeat(129)],
    ['a topic said to have 4 GiB', 5, raw('dbffffffff')],
    ['a payload of 64 KiB and a byte', 6, new Uint8Array(PUBLICATION_BYTES_MAX + 1)],
    ['a payload said to have 4 GiB', 6, raw('c6ffffffff')],
  ])('with %s is too large', (_, index, value) => {
    expect(() => unseal(withField(index, value))).toThrow(closes('message-too-large'))
  })

  test.each([
    ['an id of 31 bytes', 0, new Uint8Array(31)],
    ['an id of 33 bytes', 0, new Uint8Array(33)],
    ['an id as text', 0, 'x'.repeat(32)],
    ['a key of 32 bytes', 1, new Uint8Array(32)],
    ['an uncompressed key', 1, new Uint8Array(65)],
    ['no key', 1, null],
    ['a key type above 8 bits', 2, 256],
    ['a negative number', 3, -1],
    ['a number as a float', 3, raw('cb4000000000000000')],
    ['a number as text', 3, '7'],
    ['no timestamp', 4, null],
    ['a timestamp as an extension', 4, raw('d6ff00000000')],
    ['a topic as bytes', 5, new Uint8Array(4)],
    ['a topic that is not UTF-8', 5, raw('a2c328')],
    ['a payload as text', 6, 'hello'],
    ['a payload as a list', 6, [1]],
    ['hops above 32 bits', 7, raw('cf0000000100000000')],
    ['negative hops', 7, -1],
    ['a signature of 63 bytes', 8, new Uint8Array(63)],
    ['a signature as DER', 8, new Uint8Array(71)],
    ['no signature', 8, null],
  ])('with %s is malformed', (_, index, value) => {
    expect(() => unseal(withField(index, value))).toThrow(closes('malformed'))
  })

  test.each([
    ['a topic above 128 bytes', { topic: 'é'.repeat(65) }],
    ['a payload above 64 KiB', { payload: new Uint8Array(PUBLICATION_BYTES_MAX + 1) }],
    ['an id of 31 bytes', { originId: new Uint8Array(31) }],
    ['a key of 65 bytes', { originPublicKey: new Uint8Array(65) }],
    ['a signature of 63 bytes', { signature: new Uint8Array(63) }],
    ['a key type of 9 bits', { keyType: 256 }],
    ['hops of 33 bits', { hopsLeft: 2 ** 32 }],
    ['half a hop', { hopsLeft: 0.5 }],
    ['a negative number', { sequence: -1n, number: -1n }],
    ['a number of 65 bits', { sequence: 2n ** 64n, number: 2n ** 64n }],
  ])('with %s is not ours to send', (_, wrong) => {
    expect(() => encode({ ...message, ...wrong })).toThrow(RangeError)
  })
})
