import { describe, expect, test } from 'vitest'
import { concatBytes, equalBytes } from '../../../codec/bytes.ts'
import { METADATA_BYTES_MAX, PAYLOAD_BYTES_MAX } from '../../../codec/native/messages.ts'
import type { NativeMessage } from '../../../codec/native/messages.ts'
import { encodedBytes } from '../../../codec/native/message-codec.ts'
import { ownedMessage } from '../../../codec/native/owned-message.ts'
import { createProtocolNames } from '../../../codec/native/protocol-names.ts'
import { hex } from '../../support/hex.ts'
import { arrayOf, closes, encode, raw, unseal } from './encoding.ts'
import { ID, SAMPLES } from './samples.ts'

const { direct, message: oneWay, ping, pong, response } = SAMPLES
const ID_HEX = 'c410 000102030405060708090a0b0c0d0e0f'
const names = createProtocolNames()
const zeros = (length: number): Uint8Array => new Uint8Array(length)

/** Byte strings of a megabyte are compared by our own loop: the matcher takes seconds. */
const expectBack = (message: NativeMessage & { readonly payload: Uint8Array }): void => {
  const { message: read, left } = unseal(encode(message))
  expect(left).toBe(0)
  if (!('payload' in read)) throw new Error('another message came back')
  expect({ ...read, payload: 0 }).toEqual({ ...message, payload: 0 })
  expect(equalBytes(read.payload, message.payload)).toBe(true)
}

describe('the one encoding', () => {
  const cases: readonly (readonly [what: string, message: NativeMessage, bytes: string])[] = [
    ['a one-way message', oneWay, '93 07 a4 63686174 c4 03 00ff10'],
    ['a direct', direct, `95 02 ${ID_HEX} a4 63686174 c4 03 00ff10 c4 01 aa`],
    [
      'a direct without metadata',
      { ...direct, metadata: undefined },
      `95 02 ${ID_HEX} a4 63686174 c4 03 00ff10 c0`,
    ],
    [
      'a direct with empty metadata',
      { ...direct, metadata: zeros(0) },
      `95 02 ${ID_HEX} a4 63686174 c4 03 00ff10 c400`,
    ],
    ['a response', response, `93 04 ${ID_HEX} c4 03 00ff10`],
    ['an empty response', { ...response, payload: zeros(0) }, `93 04 ${ID_HEX} c400`],
    ['a ping', ping, `92 08 ${ID_HEX}`],
    ['a pong', pong, `92 09 ${ID_HEX}`],
  ]
  test.each(cases)('of %s is read and written', (_, message, bytes) => {
    expect(encode(message)).toEqual(hex(bytes))
    expect(unseal(hex(bytes))).toEqual({ message, left: 0 })
  })
})

describe('at their limits', () => {
  test.each([0, 1, 31, 32, 127, 128])('a name of %i bytes comes back', (length) => {
    expectBack({ ...oneWay, protocol: 'p'.repeat(length) })
    expectBack({ ...direct, protocol: 'p'.repeat(length) })
  })

  test.each([0, 255, 256, 65_535, 65_536, PAYLOAD_BYTES_MAX])(
    'a payload of %i bytes comes back',
    (length) => {
      const payload = zeros(length).fill(9)
      for (const message of [oneWay, direct, response]) expectBack({ ...message, payload })
    },
  )

  test.each([255, 256, METADATA_BYTES_MAX])('metadata of %i bytes comes back', (length) => {
    expectBack({ ...direct, metadata: zeros(length).fill(9) })
  })

  test.each([
    ['a one-way message with a name above 128 bytes', { ...oneWay, protocol: 'é'.repeat(65) }],
    ['a direct with a name above 128 bytes', { ...direct, protocol: 'é'.repeat(65) }],
    ['a one-way message above 1 MiB', { ...oneWay, payload: zeros(PAYLOAD_BYTES_MAX + 1) }],
    ['a direct above 1 MiB', { ...direct, payload: zeros(PAYLOAD_BYTES_MAX + 1) }],
    ['a response above 1 MiB', { ...response, payload: zeros(PAYLOAD_BYTES_MAX + 1) }],
    ['metadata above 4 KiB', { ...direct, metadata: zeros(METADATA_BYTES_MAX + 1) }],
    ['a direct with an id of 15 bytes', { ...direct, requestId: zeros(15) }],
    ['a response with an id of 17 bytes', { ...response, requestId: zeros(17) }],
    ['a ping with an id of 15 bytes', { ...ping, id: zeros(15) }],
    ['a pong with an id of 17 bytes', { ...pong, id: zeros(17) }],
  ] as const)('%s is not ours to send', (_, message) => {
    expect(() => encode(message)).toThrow(RangeError)
  })
})

describe('what closes the connection', () => {
  test.each([
    ['a short message', arrayOf(7, 'chat')],
    ['a long message', arrayOf(7, 'chat', zeros(1), null)],
    ['a protocol as bytes', arrayOf(7, Buffer.from('chat'), zeros(1))],
    ['a protocol that is not UTF-8', arrayOf(7, raw('a2c328'), zeros(1))],
    ['a payload as text', arrayOf(7, 'chat', 'text')],
    ['a payload as nil', arrayOf(7, 'chat', null)],
    ['a payload longer than its bytes', arrayOf(7, 'chat', raw('c6000000ff00'))],
    ['a short direct', arrayOf(2, ID, 'chat', zeros(1))],
    ['a long direct', arrayOf(2, ID, 'chat', zeros(1), null, null)],
    ['a direct with an id of 15 bytes', arrayOf(2, zeros(15), 'chat', zeros(1), null)],
    ['a direct with an id of 17 bytes', arrayOf(2, zeros(17), 'chat', zeros(1), null)],
    ['a direct without an id', arrayOf(2, null, 'chat', zeros(1), null)],
    ['a direct whose id is text', arrayOf(2, 'x'.repeat(16), 'chat', zeros(1), null)],
    ['a direct whose protocol is bytes', arrayOf(2, ID, zeros(4), zeros(1), null)],
    ['a direct whose protocol is not UTF-8', arrayOf(2, ID, raw('a2c328'), zeros(1), null)],
    ['a direct whose payload is nil', arrayOf(2, ID, 'chat', null, null)],
    ['a direct whose metadata are text', arrayOf(2, ID, 'chat', zeros(1), 'text')],
    ['a direct whose metadata are a list', arrayOf(2, ID, 'chat', zeros(1), [])],
    ['a direct said to have 4 GiB', arrayOf(2, ID, 'chat', raw('c6ffffffff'), null)],
    ['a short response', arrayOf(4, ID)],
    ['a long response', arrayOf(4, ID, zeros(1), null)],
    ['a response with an id of 15 bytes', arrayOf(4, zeros(15), zeros(1))],
    ['a response to nothing', arrayOf(4, null, zeros(1))],
    ['a response whose payload is nil', arrayOf(4, ID, null)],
    ['a ping without an id', arrayOf(8)],
    ['a ping with an id of 8 bytes', arrayOf(8, zeros(8))],
    ['a ping with a number', arrayOf(8, 5)],
    ['a long ping', arrayOf(8, ID, null)],
    ['a pong without an id', arrayOf(9)],
    ['a pong with an id of 17 bytes', arrayOf(9, zeros(17))],
  ])('%s is malformed', (_, bytes) => {
    expect(() => unseal(bytes)).toThrow(closes('malformed'))
  })

  test.each([
    ['a name of 129 bytes', arrayOf(7, 'p'.repeat(129), zeros(1))],
    ['a name said to have 4 GiB', arrayOf(7, raw('dbffffffff'), zeros(1))],
    ['a payload of 1 MiB and a byte', arrayOf(7, 'chat', zeros(PAYLOAD_BYTES_MAX + 1))],
    ['a payload said to have 4 GiB', arrayOf(7, 'chat', raw('c6ffffffff'))],
    ['a response of 1 MiB and a byte', arrayOf(4, ID, zeros(PAYLOAD_BYTES_MAX + 1))],
    ['a response said to have 4 GiB', arrayOf(4, ID, raw('c6ffffffff'))],
  ])('%s is too large', (_, bytes) => {
    expect(() => unseal(bytes)).toThrow(closes('message-too-large'))
  })
})

describe('a direct that is too large', () => {
  const large: readonly (readonly [what: string, bytes: Uint8Array])[] = [
    ['a name of 129 bytes', arrayOf(2, ID, 'p'.repeat(129), zeros(1), null)],
    [
      'a long name that is not UTF-8',
      arrayOf(2, ID, raw(`d981${'ff'.repeat(129)}`), zeros(1), null),
    ],
    ['a payload of 1 MiB and a byte', arrayOf(2, ID, 'chat', zeros(PAYLOAD_BYTES_MAX + 1), null)],
    [
      'metadata of 4 KiB and a byte',
      arrayOf(2, ID, 'chat', zeros(1), zeros(METADATA_BYTES_MAX + 1)),
    ],
  ]

  test.each(large)('with %s is read as such, by its id', (_, bytes) => {
    const { message, left } = unseal(concatBytes(bytes, encode(ping)))
    expect(left).toBe(encode(ping).length)
    expect(message).toEqual({ type: 'oversizedDirect', requestId: ID })
  })

  test('keeps nothing of the record alive once it is owned', () => {
    const bytes = arrayOf(2, ID, 'p'.repeat(129), zeros(1), null)
    const owned = ownedMessage(unseal(bytes).message)
    bytes.fill(0)
    expect(owned).toEqual({ type: 'oversizedDirect', requestId: ID })
  })

  test('cannot be written', () => {
    expect(() => encode({ type: 'oversizedDirect', requestId: ID })).toThrow(RangeError)
    const sized = () => encodedBytes({ type: 'oversizedDirect', requestId: ID }, names)
    expect(sized).toThrow(RangeError)
  })

  test.each(large)('with %s is malformed where it is cut', (_, bytes) => {
    const lengths = [bytes.length - 1, bytes.length - 2, 200, 100, 20, 19, 3]
    for (const length of lengths.filter((length) => length < bytes.length)) {
      expect(() => unseal(bytes.subarray(0, length)), `${length}`).toThrow(closes('malformed'))
    }
  })

  test('is malformed where another field is wrong', () => {
    const bytes = arrayOf(2, ID, 'p'.repeat(129), zeros(1), 5)
    expect(() => unseal(bytes)).toThrow(closes('malformed'))
  })
})
