import { describe, expect, test } from 'vitest'
import { printableText } from '../../../codec/bitcoin/negotiation.ts'
import type { FeatureMessage, VersionMessage } from '../../../codec/bitcoin/negotiation.ts'
import { NO_ADDRESS } from '../../../codec/bitcoin/network-address.ts'
import { concatBytes, encodeHex } from '../../../codec/bytes.ts'
import { hex } from '../../support/hex.ts'
import { compactSize, decode, encode, skips } from './encoding.ts'

const VERSION: VersionMessage = {
  type: 'version',
  protocolVersion: 70_017,
  services: 0xc09n,
  unixSeconds: 1_700_000_000n,
  receiverServices: 9n,
  receiver: { network: 'ipv4', bytes: Uint8Array.of(1, 2, 3, 4), port: 8333 },
  nonce: 0x0102_0304_0506_0708n,
  userAgent: '/peer:1.0/',
  height: 900_000,
  relay: true,
}

/** Field by field, as the specification has them. */
const FIELDS = {
  protocolVersion: '81110100',
  services: '090c000000000000',
  time: '00f1536500000000',
  receiverServices: '0900000000000000',
  receiver: '00000000000000000000ffff01020304 208d',
  senderServices: '090c000000000000',
  sender: '00000000000000000000000000000000 0000',
  nonce: '0807060504030201',
  userAgent: `0a${encodeHex(Buffer.from('/peer:1.0/'))}`,
  height: 'a0bb0d00',
  relay: '01',
}
const bytesOf = (...names: readonly (keyof typeof FIELDS)[]) =>
  hex(names.map((name) => FIELDS[name]).join(''))
const MANDATORY = ['protocolVersion', 'services', 'time', 'receiverServices', 'receiver'] as const
const SENDER = ['senderServices', 'sender', 'nonce'] as const

/** What stands for what is missing. */
const ABSENT = { nonce: undefined, userAgent: undefined, height: undefined, relay: true }

describe('version', () => {
  test('is this, and never tells our own address', () => {
    const payload = bytesOf(...MANDATORY, ...SENDER, 'userAgent', 'height', 'relay')
    expect(encodeHex(encode(VERSION))).toBe(encodeHex(payload))
    expect(decode('version', payload)).toEqual(VERSION)
  })

  test.each([
    ['the first five fields', [], ABSENT],
    ['eight fields', [...SENDER], { ...ABSENT, nonce: VERSION.nonce }],
    [
      'nine fields',
      [...SENDER, 'userAgent'],
      { ...ABSENT, nonce: VERSION.nonce, userAgent: VERSION.userAgent },
    ],
    ['ten fields', [...SENDER, 'userAgent', 'height'], { relay: true }],
  ] as const)('may have %s only', (_, more, missing) => {
    const payload = bytesOf(...MANDATORY, ...more)
    expect(decode('version', payload)).toEqual({ ...VERSION, ...missing })
  })

  test('is malformed where it ends within a field', () => {
    const payload = encode(VERSION)
    const ends = new Set([46, 80, 91, 95, 96])
    expect(payload.length).toBe(96)
    for (let length = 0; length < payload.length; length++) {
      const read = () => decode('version', payload.subarray(0, length))
      if (ends.has(length)) expect(read()).toMatchObject({ type: 'version' })
      else expect(read, `${length} bytes`).toThrow(skips('malformed'))
    }
  })

  test.each([
    ['-1', 'ffffffffffffffff'],
    ['the earliest', '0000000000000080'],
  ])('of a time before 1970 (%s) is of 1970', (_, time) => {
    const payload = concatBytes(
      bytesOf('protocolVersion', 'services'),
      hex(time),
      bytesOf('receiverServices', 'receiver'),
    )
    expect(decode('version', payload)).toMatchObject({ unixSeconds: 0n })
  })

  test.each([
    ['00', false],
    ['01', true],
    ['02', true],
    ['ff', true],
  ])('whose last byte is %s wants transactions: %s', (byte, relay) => {
    const payload = concatBytes(bytesOf(...MANDATORY, ...SENDER, 'userAgent', 'height'), hex(byte))
    expect(decode('version', payload)).toMatchObject({ relay })
  })

  test('has a user agent of at most 256 bytes, whatever bytes', () => {
    const userAgent = '\xff'.repeat(256)
    const longest = { ...VERSION, userAgent }
    expect(decode('version', encode(longest))).toEqual(longest)
    expect(() => encode({ ...VERSION, userAgent: `${userAgent}x` })).toThrow(RangeError)
    expect(() => encode({ ...VERSION, userAgent: '\u0100' })).toThrow(RangeError)
    const long = concatBytes(
      bytesOf(...MANDATORY, ...SENDER),
      compactSize(257),
      new Uint8Array(257),
      bytesOf('height', 'relay'),
    )
    expect(() => decode('version', long)).toThrow(skips('malformed'))
  })

  test('has a version with a sign', () => {
    const old = { ...VERSION, protocolVersion: -1 }
    expect(decode('version', encode(old))).toEqual(old)
    expect(() => encode({ ...VERSION, protocolVersion: 2 ** 31 })).toThrow(RangeError)
    expect(() => encode({ ...VERSION, height: 0.5 })).toThrow(RangeError)
    expect(() => encode({ ...VERSION, unixSeconds: 2n ** 63n })).toThrow(RangeError)
  })

  test('says nothing of a receiver that the old form has no room for', () => {
    const onion = { network: 'onion', bytes: new Uint8Array(32), port: 8333 } as const
    const read = decode('version', encode({ ...VERSION, receiver: onion }))
    expect(read).toMatchObject({ receiver: { ...NO_ADDRESS, port: 8333 } })
  })

  test('has text that is shown without what a terminal might take for more', () => {
    expect(printableText('/a:1(b; c)/ \x1b[31m<x>"\'\n\xe9')).toBe('/a:1(b; c)/ 31mx')
  })
})

describe('feature', () => {
  const feature = (id: string, dataBytes = 0): FeatureMessage => ({
    type: 'feature',
    id,
    data: new Uint8Array(dataBytes).fill(7),
  })
  const bad = { type: 'violation', command: 'feature', detail: 'bad-feature' }
  const payload = (idBytes: number, dataBytes: number) =>
    concatBytes(
      compactSize(idBytes),
      new Uint8Array(idBytes).fill(0x61),
      compactSize(dataBytes),
      new Uint8Array(dataBytes).fill(7),
    )

  test.each([
    [4, 0],
    [80, 512],
    [5, 1],
  ])('has an id of %i bytes and %i of data', (idBytes, dataBytes) => {
    const message = feature('a'.repeat(idBytes), dataBytes)
    expect(decode('feature', payload(idBytes, dataBytes))).toEqual(message)
    expect(encodeHex(encode(message))).toBe(encodeHex(payload(idBytes, dataBytes)))
  })

  test('may have an id that is no ASCII', () => {
    const message = feature('\xff\x00\x80\xe9')
    expect(decode('feature', encode(message))).toEqual(message)
  })

  test.each([
    ['an id of 3 bytes', payload(3, 0)],
    ['an id of 81 bytes', payload(81, 0)],
    ['no id', payload(0, 0)],
    ['513 bytes of data', payload(4, 513)],
    ['a byte left', concatBytes(payload(4, 0), hex('00'))],
    ['no data', payload(4, 0).subarray(0, 5)],
    ['less data than it says', payload(4, 5).subarray(0, 9)],
    ['a long form of a length', concatBytes(hex('fd0400 61616161 00'))],
    ['nothing', new Uint8Array(0)],
  ])('with %s is a violation, and nothing is overlooked', (_, bytes) => {
    expect(decode('feature', bytes)).toEqual(bad)
  })

  test('is not made so by us', () => {
    expect(() => encode(feature('abc'))).toThrow(RangeError)
    expect(() => encode(feature('a'.repeat(81)))).toThrow(RangeError)
    expect(() => encode(feature('abcd', 513))).toThrow(RangeError)
  })
})

describe('pong', () => {
  test('with fewer than eight bytes has no number', () => {
    for (let length = 0; length < 8; length++) {
      expect(decode('pong', new Uint8Array(length))).toEqual({ type: 'pong', nonce: undefined })
    }
    expect(decode('pong', hex('0100000000000000'))).toEqual({ type: 'pong', nonce: 1n })
  })
})

test('sendcmpct with another number than 0 and 1 is read, and not written', () => {
  const read = decode('sendcmpct', hex('02 0200000000000000'))
  expect(read).toEqual({ type: 'sendcmpct', announce: 2, version: 2n })
  expect(() => encode(read)).toThrow(RangeError)
})

test('sendtxrcncl is a version and a salt', () => {
  const payload = hex('01000000 0807060504030201')
  expect(decode('sendtxrcncl', payload)).toEqual({
    type: 'sendtxrcncl',
    version: 1,
    salt: 0x0102_0304_0506_0708n,
  })
})
