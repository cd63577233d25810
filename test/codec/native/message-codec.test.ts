import fc from 'fast-check'
import { Packr } from 'msgpackr'
import { describe, expect, test } from 'vitest'
import { concatBytes, encodeUtf8, equalBytes } from '../../../codec/bytes.ts'
import {
  createValueReader,
  decodePlaintext,
  decodeSealed,
  encodedBytes,
  encodeSmall,
  writeMessage,
} from '../../../codec/native/message-codec.ts'
import { PAYLOAD_BYTES_MAX } from '../../../codec/native/messages.ts'
import type { ErrorMessage, NativeMessage, OneWayMessage } from '../../../codec/native/messages.ts'
import { createProtocolNames } from '../../../codec/native/protocol-names.ts'
import { WireError } from '../../../codec/wire-error.ts'
import { createWriter, writtenBytes } from '../../../codec/writer.ts'
import { hex } from '../../support/hex.ts'
import { anyBytes, holds } from '../../support/properties.ts'
import { ALICE_HANDSHAKE, ALICE_PAYLOAD, NETWORK } from './vectors.ts'

const packr = new Packr({ useRecords: false })
const pack = (value: unknown): Uint8Array => Uint8Array.from(packr.pack(value))
interface Raw {
  readonly rawBytes: Uint8Array
}
const raw = (text: string): Raw => ({ rawBytes: hex(text) })
const isRaw = (element: unknown): element is Raw =>
  typeof element === 'object' && element !== null && 'rawBytes' in element
/** An array of up to 15 elements, each given as bytes or as what msgpackr makes of it. */
const arrayOf = (...elements: readonly unknown[]): Uint8Array =>
  concatBytes(
    Uint8Array.of(0x90 | elements.length),
    ...elements.map((element) => (isRaw(element) ? element.rawBytes : pack(element))),
  )

const encode = (message: NativeMessage): Uint8Array => {
  const names = createProtocolNames()
  const writer = createWriter(2 * PAYLOAD_BYTES_MAX)
  writeMessage(writer, message, names)
  expect(writer.length).toBe(encodedBytes(message, names))
  return writtenBytes(writer)
}
const unseal = (bytes: Uint8Array) => {
  const reader = createValueReader(bytes)
  return {
    message: decodeSealed(reader, createProtocolNames()),
    left: bytes.length - reader.offset,
  }
}
const closes = (detail: string): unknown => expect.objectContaining({ action: 'close', detail })

const FULL_ERROR: ErrorMessage = {
  type: 'error',
  code: 423,
  message: 'banned – for now',
  requestId: new Uint8Array(16).fill(7),
  retryAfterMs: 300_000,
  localMajor: 1,
  localMinor: 0,
  localTimeMs: 1_700_000_000_000n,
}
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
const MESSAGE: OneWayMessage = { type: 'message', protocol: 'chat', payload: hex('00ff10') }

describe('a message', () => {
  test.each([
    ['a confirm', { type: 'confirm' } as const, '91 06'],
    ['a one-way message', MESSAGE, '93 07 a4 63686174 c4 03 00ff10'],
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

  test.each([0, 1, 31, 32, 127, 128])('a protocol name of %i bytes comes back', (length) => {
    const message = { ...MESSAGE, protocol: 'p'.repeat(length) }
    expect(unseal(encode(message)).message).toEqual(message)
  })

  test.each([0, 255, 256, 65_535, 65_536, PAYLOAD_BYTES_MAX])(
    'a payload of %i bytes comes back',
    (length) => {
      const payload = new Uint8Array(length).fill(9)
      const { message } = unseal(encode({ ...MESSAGE, payload }))
      expect(message).toMatchObject({ type: 'message', protocol: 'chat' })
      expect('payload' in message && equalBytes(message.payload, payload)).toBe(true)
    },
  )

  test('several values follow each other', () => {
    const reader = createValueReader(concatBytes(encode(MESSAGE), encode({ type: 'confirm' })))
    const names = createProtocolNames()
    expect(decodeSealed(reader, names)).toEqual(MESSAGE)
    expect(decodeSealed(reader, names)).toEqual({ type: 'confirm' })
    expect(reader.offset).toBe(reader.bytes.length)
  })

  test('any one-way message comes back, whatever names came before it', () => {
    const names = createProtocolNames()
    holds(
      fc.property(
        fc.string({ unit: 'grapheme', maxLength: 10 }),
        anyBytes(),
        (protocol, payload) => {
          const writer = createWriter(4096)
          const message: OneWayMessage = { type: 'message', protocol, payload }
          writeMessage(writer, message, names)
          const read = decodeSealed(createValueReader(writtenBytes(writer)), names)
          expect(read).toEqual(message)
        },
      ),
    )
  })

  test.each([
    ['a name above 128 bytes', { ...MESSAGE, protocol: 'é'.repeat(65) }],
    ['a payload above 1 MiB', { ...MESSAGE, payload: new Uint8Array(PAYLOAD_BYTES_MAX + 1) }],
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
    ['a short message', arrayOf(7, 'chat')],
    ['a long message', arrayOf(7, 'chat', Buffer.alloc(1), null)],
    ['a protocol as bytes', arrayOf(7, Buffer.from('chat'), Buffer.alloc(1))],
    ['a protocol that is not UTF-8', arrayOf(7, raw('a2c328'), Buffer.alloc(1))],
    ['a payload as text', arrayOf(7, 'chat', 'text')],
    ['a payload as nil', arrayOf(7, 'chat', null)],
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
    ['a payload longer than its bytes', arrayOf(7, 'chat', raw('c6000000ff00'))],
  ])('%s in a record', (_, bytes) => {
    expect(() => unseal(bytes)).toThrow(closes('malformed'))
  })

  test.each([
    ['a name of 129 bytes', arrayOf(7, 'p'.repeat(129), Buffer.alloc(1))],
    ['a payload of 1 MiB and a byte', arrayOf(7, 'chat', Buffer.alloc(PAYLOAD_BYTES_MAX + 1))],
    ['a payload said to have 4 GiB', arrayOf(7, 'chat', raw('c6ffffffff'))],
  ])('%s is too large', (_, bytes) => {
    expect(() => unseal(bytes)).toThrow(closes('message-too-large'))
  })
})

describe('reserved numbers', () => {
  const RESERVED = [2, 3, 4, 8, 9, 10, 11, 12, 13, 14]

  test.each(RESERVED)('%i is passed over in a record, with all that it holds', (number) => {
    const fields = [
      1,
      -5,
      'text',
      Buffer.alloc(300),
      null,
      [1, [2, [3, 70_000]]],
      -70_000,
      2n ** 40n,
    ]
    expect(unseal(concatBytes(arrayOf(number, ...fields), encode(MESSAGE)))).toEqual({
      message: expect.objectContaining({ action: 'skip', detail: 'message-reserved' }) as WireError,
      left: encode(MESSAGE).length,
    })
  })

  test.each([...RESERVED, 6, 7])('%i in plaintext asks for a handshake first', (number) => {
    expect(() => decodePlaintext(arrayOf(number, 'x'))).toThrow(closes('handshake-required'))
  })

  test.each([
    ['a float', 1.5],
    ['true', true],
    ['a map', { a: 1 }],
    ['an extension', new Date(1)],
    ['five arrays in each other', [[[[1]]]]],
    ['a longer array than there is', raw('dd00ffffff')],
    ['longer text than there is', raw('d9ff61')],
  ])('are malformed with %s', (_, field) => {
    expect(() => unseal(arrayOf(8, field))).toThrow(closes('malformed'))
  })
})

describe('every proper prefix', () => {
  test('of a handshake is malformed', () => {
    for (let length = 0; length < ALICE_PAYLOAD.length; length++) {
      const prefix = ALICE_PAYLOAD.subarray(0, length)
      expect(() => decodePlaintext(prefix), `${length} bytes`).toThrow(closes('malformed'))
    }
  })

  test.each([
    ['an Error', encodeSmall(FULL_ERROR)],
    ['a one-way message', encode(MESSAGE)],
    ['a confirm', encode({ type: 'confirm' })],
  ])('of %s is malformed', (_, bytes) => {
    for (let length = 0; length < bytes.length; length++) {
      const prefix = bytes.subarray(0, length)
      expect(() => unseal(prefix), `${length} bytes`).toThrow(closes('malformed'))
    }
  })
})

describe('whatever arrives', () => {
  const mutated = (bytes: Uint8Array) =>
    fc
      .array(fc.tuple(fc.nat({ max: bytes.length - 1 }), fc.nat({ max: 255 })), { maxLength: 4 })
      .map((changes) => {
        const changed = bytes.slice()
        for (const [index, value] of changes) changed[index] = value
        return changed
      })
  const orWireError = <Value>(run: () => Value): Value | undefined => {
    try {
      return run()
    } catch (error) {
      if (error instanceof WireError) return undefined
      throw error
    }
  }

  test.each([
    ['any bytes', anyBytes()],
    ['a changed handshake', mutated(ALICE_PAYLOAD)],
    ['a changed Error', mutated(encodeSmall(FULL_ERROR))],
    ['a changed message', mutated(encode(MESSAGE))],
    ['any array', anyBytes().map((bytes) => concatBytes(Uint8Array.of(0x93, 7), bytes))],
    ['any value', fc.anything().map((value) => pack([7, value]))],
  ])('%s gives a message or a WireError, and no memory but views', (_, bytes) => {
    holds(
      fc.property(bytes, (given) => {
        orWireError(() => decodePlaintext(given))
        const message = orWireError(() => unseal(given).message)
        if (message !== undefined && 'type' in message && message.type === 'message') {
          expect(message.payload.buffer).toBe(given.buffer)
        }
      }),
      400,
    )
  })
})

test('a text that two byte strings could decode to keeps its bytes', () => {
  const names = createProtocolNames()
  expect(names.textOf(encodeUtf8('\u{feff}a'))).toBe('\u{feff}a')
  expect(names.textOf(encodeUtf8('a'))).toBe('a')
  expect(names.textOf(hex('ff'))).toBeUndefined()
  expect(names.bytesOf('a')).toEqual(hex('61'))
})
