import { describe, expect, test } from 'vitest'
import { encodeSmall } from '../../../codec/native/handshake-codec.ts'
import { decodePlaintext } from '../../../codec/native/message-codec.ts'
import type { ErrorMessage } from '../../../codec/native/messages.ts'
import { hex } from '../../support/hex.ts'
import { arrayOf, closes, encode, raw, unseal } from './encoding.ts'
import { FULL_ERROR } from './samples.ts'
import { ALICE_HANDSHAKE, ALICE_PAYLOAD, NETWORK } from './vectors.ts'

const BARE_ERROR: ErrorMessage = {
  type: 'error',
  code: 400,
  message: '',
  requestId: undefined,
  retryAfterMs: undefined,
  localMajor: undefined,
  localMinor: undefined,
  localTimeMs: undefined,
}

describe('a small message', () => {
  test.each([
    ['a confirm', { type: 'confirm' } as const, '91 06'],
    ['a bare Error', BARE_ERROR, '98 05 cd0190 a0 c0 c0 c0 c0 c0'],
    [
      'a full Error',
      FULL_ERROR,
      '98 05 cd01a7 b2 62616e6e656420e2809320666f72206e6f77 ' +
        `c410 ${'07'.repeat(16)} ce000493e0 01 00 cf0000018bcfe56800`,
    ],
  ])('%s has its one encoding, and comes back', (_, message, bytes) => {
    expect(encode(message)).toEqual(hex(bytes))
    expect(unseal(hex(bytes))).toEqual({ message, left: 0 })
  })

  test('a handshake comes back with views of its payload', () => {
    const decoded = decodePlaintext(ALICE_PAYLOAD)
    expect(decoded).toEqual(ALICE_HANDSHAKE)
    if (decoded.type === 'handshake') expect(decoded.nonce.buffer).toBe(ALICE_PAYLOAD.buffer)
  })

  test('an Error is read in plaintext as well', () => {
    expect(decodePlaintext(encodeSmall(FULL_ERROR))).toEqual(FULL_ERROR)
  })

  test.each([
    ['a text above 256 bytes', { ...BARE_ERROR, message: 'x'.repeat(257) }],
    ['a request id of 15 bytes', { ...FULL_ERROR, requestId: new Uint8Array(15) }],
    ['a key of 32 bytes', { ...ALICE_HANDSHAKE, publicKey: new Uint8Array(32) }],
    ['a network without a name', { ...ALICE_HANDSHAKE, network: '' }],
  ] as const)('with %s is not ours to send', (_, message) => {
    expect(() => encode(message)).toThrow(RangeError)
  })
})

describe('integers', () => {
  test.each([
    'cd0190',
    'd10190',
    'ce00000190',
    'd200000190',
    'cf0000000000000190',
    'd30000000000000190',
  ])('are read in whatever form they arrive: %s', (code) => {
    const bytes = arrayOf(5, raw(code), '', null, null, null, null, raw(code))
    expect(unseal(bytes).message).toEqual({ ...BARE_ERROR, code: 400, localTimeMs: 400n })
  })

  test.each([
    ['the largest 64 bits', 'cfffffffffffffffff', 0xffff_ffff_ffff_ffffn],
    ['a small one', '05', 5n],
    ['the largest signed one', 'd37fffffffffffffff', 0x7fff_ffff_ffff_ffffn],
  ])('of 64 bits are bigints: %s', (_, form, localTimeMs) => {
    const bytes = arrayOf(5, 400, '', null, null, null, null, raw(form))
    expect(unseal(bytes).message).toEqual({ ...BARE_ERROR, localTimeMs })
  })

  test.each([
    ['negative', 'ff'],
    ['negative', 'd0ff'],
    ['negative', 'd1ff00'],
    ['negative', 'd2ff000000'],
    ['negative', 'd3ff00000000000000'],
    ['above 32 bits', 'cf0000000100000000'],
    ['a float', 'ca43c80000'],
    ['a float', 'cb4079000000000000'],
    ['a timestamp', 'd6ff00000000'],
    ['nil', 'c0'],
    ['true', 'c3'],
    ['text', 'a3343030'],
    ['bytes', 'c4020190'],
    ['never used', 'c1'],
  ])('that are %s are refused: %s', (_, form) => {
    const bytes = arrayOf(5, raw(form), '', null, null, null, null, null)
    expect(() => unseal(bytes)).toThrow(closes('malformed'))
  })
})

describe('what is not the encoding closes the connection', () => {
  const fields = [1, 0, NETWORK, 1, ...Array.from({ length: 3 }, () => Buffer.alloc(32)), 5]
    .concat([Buffer.alloc(32), Buffer.alloc(33), Buffer.alloc(64)])
    .map((field, index) => (index === 5 ? Buffer.alloc(33) : field))
  const withField = (index: number, value: unknown) =>
    arrayOf(1, ...fields.map((field, at) => (at === index ? value : field)))

  test('but the handshake that the cases below are made of is well formed', () => {
    expect(decodePlaintext(withField(99, 0))).toMatchObject({ type: 'handshake', timestampMs: 5n })
  })

  test.each([
    ['major above 16 bits', 0, 65_536],
    ['minor above 16 bits', 1, 65_536],
    ['network without a name', 2, ''],
    ['network of 65 characters', 2, 'n'.repeat(65)],
    ['network with a control character', 2, 'test\n'],
    ['network beyond ASCII', 2, 'tést'],
    ['network as bytes', 2, Buffer.from('test')],
    ['key type above 8 bits', 3, 256],
    ['node id of 31 bytes', 4, Buffer.alloc(31)],
    ['node id of 33 bytes', 4, Buffer.alloc(33)],
    ['node id as text', 4, 'x'.repeat(32)],
    ['uncompressed key', 5, Buffer.alloc(65)],
    ['key of 32 bytes', 5, Buffer.alloc(32)],
    ['recipient of 31 bytes', 6, Buffer.alloc(31)],
    ['recipient that is nil', 6, null],
    ['timestamp as a float', 7, raw('cb42789e5d70000000')],
    ['nonce of 16 bytes', 8, Buffer.alloc(16)],
    ['hybrid ephemeral key', 9, Buffer.alloc(65)],
    ['signature as DER', 10, Buffer.alloc(71)],
    ['signature of 63 bytes', 10, Buffer.alloc(63)],
  ])('a handshake with a %s', (_, index, value) => {
    expect(() => decodePlaintext(withField(index, value))).toThrow(closes('malformed'))
  })

  test.each([
    ['nothing', ''],
    ['no array', '06'],
    ['a map', '8106c0'],
    ['an array of nothing', '90'],
    ['number 0', '9100'],
    ['number 15', '910f'],
    ['a negative number', '91ff'],
    ['a number as text', '91a136'],
    ['two values', '9106 9106'],
    ['a short handshake', '9101'],
    ['a short Error', '9205cd0190'],
    ['an array that is longer than its bytes', 'ddffffffff 01'],
    ['an HTTP request', '474554202f20485454502f312e310d0a'],
  ])('%s in plaintext', (_, bytes) => {
    expect(() => decodePlaintext(hex(bytes))).toThrow(closes('malformed'))
  })

  test.each([
    ['a long confirm', arrayOf(6, null)],
    [
      'an Error’s text above 256 bytes',
      arrayOf(5, 1, 'x'.repeat(257), null, null, null, null, null),
    ],
    [
      'an Error’s text that is not UTF-8',
      arrayOf(5, 1, raw('a2c328'), null, null, null, null, null),
    ],
    ['a request id of 15 bytes', arrayOf(5, 1, '', Buffer.alloc(15), null, null, null, null)],
    ['a second handshake', ALICE_PAYLOAD],
    ['number 15', arrayOf(15)],
  ])('%s in a record', (_, bytes) => {
    expect(() => unseal(bytes)).toThrow(closes('malformed'))
  })

  test('every proper prefix of a handshake', () => {
    for (let length = 0; length < ALICE_PAYLOAD.length; length++) {
      const cut = ALICE_PAYLOAD.subarray(0, length)
      expect(() => decodePlaintext(cut), `${length} bytes`).toThrow(closes('malformed'))
    }
  })
})
