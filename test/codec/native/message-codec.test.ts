import fc from 'fast-check'
import { Unpackr } from 'msgpackr'
import { describe, expect, test } from 'vitest'
import { concatBytes } from '../../../codec/bytes.ts'
import {
  createValueReader,
  decodePlaintext,
  decodeSealed,
} from '../../../codec/native/message-codec.ts'
import { MESSAGE_NUMBERS } from '../../../codec/native/messages.ts'
import type { NativeMessage } from '../../../codec/native/messages.ts'
import { createProtocolNames } from '../../../codec/native/protocol-names.ts'
import { WireError } from '../../../codec/wire-error.ts'
import { hex } from '../../support/hex.ts'
import { anyBytes, holds } from '../../support/properties.ts'
import { arrayOf, closes, encode, pack, raw, unseal } from './encoding.ts'
import { ANY, SAMPLES } from './samples.ts'
import { ALICE_PAYLOAD } from './vectors.ts'

/** All but the handshake, which no record holds. */
const SEALED: readonly (readonly [type: string, message: NativeMessage])[] = Object.entries(
  SAMPLES,
).filter(([type]) => type !== 'handshake')

const unpackr = new Unpackr({ useRecords: false })
/** The length of the msgpack value at the start, by a decoder that is not ours. */
function valueBytes(bytes: Uint8Array): number {
  let length = 0
  unpackr.unpackMultiple(bytes, (_value: unknown, _start, end = 0) => {
    length = end
    return false
  })
  return length
}

/** The memory behind each byte string of a message. */
function buffersOf(value: unknown): readonly unknown[] {
  if (value instanceof Uint8Array) return [value.buffer]
  return typeof value === 'object' && value !== null ? Object.values(value).flatMap(buffersOf) : []
}

describe('a message', () => {
  test.each(Object.entries(ANY))('of the type %s comes back, whatever it says', (_, any) => {
    holds(
      fc.property<[NativeMessage]>(any, (message) => {
        expect(unseal(encode(message))).toEqual({ message, left: 0 })
      }),
    )
  })

  test.each(SEALED)('of the type %s is read as views of its bytes', (_, message) => {
    const bytes = encode(message)
    for (const buffer of buffersOf(unseal(bytes).message)) expect(buffer).toBe(bytes.buffer)
  })

  test('several values follow each other', () => {
    const messages = SEALED.map(([, message]) => message)
    const reader = createValueReader(concatBytes(...messages.map(encode)))
    const names = createProtocolNames()
    for (const message of messages) expect(decodeSealed(reader, names)).toEqual(message)
    expect(reader.offset).toBe(reader.bytes.length)
  })
})

describe('before there are keys', () => {
  const late = Object.entries(MESSAGE_NUMBERS).filter(
    ([type]) => type !== 'handshake' && type !== 'error',
  )

  test.each(late)('a %s is told to shake hands first', (type, number) => {
    const [, message] = SEALED.find(([name]) => name === type) ?? []
    if (message === undefined) throw new Error(`there is no sample of ${type}`)
    expect(() => decodePlaintext(encode(message))).toThrow(closes('handshake-required'))
    expect(() => decodePlaintext(arrayOf(number, 'x'))).toThrow(closes('handshake-required'))
  })

  test('so is whatever it holds, as far as it is well formed', () => {
    const fields = [1, -5, 'text', Buffer.alloc(300), null, [1, [2, [3, 70_000]]], -70_000]
    const bytes = arrayOf(8, ...fields, 2n ** 40n)
    expect(() => decodePlaintext(bytes)).toThrow(closes('handshake-required'))
  })

  test.each([
    ['a float', 1.5],
    ['true', true],
    ['a map', { a: 1 }],
    ['an extension', new Date(1)],
    ['five arrays in each other', [[[[1]]]]],
    ['a longer array than there is', raw('dd00ffffff')],
    ['longer text than there is', raw('d9ff61')],
  ])('but with %s it is malformed', (_, field) => {
    expect(() => decodePlaintext(arrayOf(8, field))).toThrow(closes('malformed'))
  })
})

describe('a value that no field has', () => {
  const VALUES: readonly (readonly [what: string, form: string])[] = [
    ['a float', 'cb3ff8000000000000'],
    ['a short float', 'ca3fc00000'],
    ['true', 'c3'],
    ['a map', '80'],
    ['a map of 16 bits', 'de0000'],
    ['an extension', 'd40000'],
    ['an extension with a length', 'c70000'],
    ['a byte that msgpack never uses', 'c1'],
    ['arrays deep in each other', '91'.repeat(300_000)],
    ['an array of billions', 'ddffffffff'],
    ['a negative number', 'ff'],
  ]
  const fieldsOf = (bytes: Uint8Array) => (bytes[0] ?? 0) & 0x0f

  test.each(VALUES)('is malformed wherever it stands: %s', (_, form) => {
    for (const [type, message] of SEALED) {
      const bytes = encode(message)
      // In place of each field in turn: those before it are as they were.
      for (const start of fieldStarts(bytes)) {
        const changed = concatBytes(bytes.subarray(0, start), hex(form), new Uint8Array(700))
        expect(() => unseal(changed), `${type} at ${start}`).toThrow(closes('malformed'))
      }
    }
  })

  test.each(SEALED)('is not hidden behind the last field of a %s', (_, message) => {
    const bytes = encode(message)
    const longer = concatBytes(Uint8Array.of(0x90 | (fieldsOf(bytes) + 1)), bytes.subarray(1))
    const shorter = concatBytes(Uint8Array.of(0x90 | (fieldsOf(bytes) - 1)), bytes.subarray(1))
    expect(() => unseal(concatBytes(longer, hex('c0')))).toThrow(closes('malformed'))
    expect(() => unseal(shorter)).toThrow(closes('malformed'))
  })

  /** Where the fields of a message begin, the number left out; found by a decoder that is not ours. */
  function fieldStarts(bytes: Uint8Array): readonly number[] {
    const starts: number[] = []
    let start = 2
    for (let field = 1; field < fieldsOf(bytes); field++) {
      starts.push(start)
      start += valueBytes(bytes.subarray(start))
    }
    expect(start).toBe(bytes.length)
    return starts
  }
})

test.each(SEALED)('every proper prefix of a %s is malformed', (_, message) => {
  const bytes = encode(message)
  for (let length = 0; length < bytes.length; length++) {
    const prefix = bytes.subarray(0, length)
    expect(() => unseal(prefix), `${length} bytes`).toThrow(closes('malformed'))
  }
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

  const cases: readonly (readonly [what: string, bytes: fc.Arbitrary<Uint8Array>])[] = [
    ['any bytes', anyBytes()],
    ['a changed handshake', mutated(ALICE_PAYLOAD)],
    ...SEALED.map(([type, message]) => [`a changed ${type}`, mutated(encode(message))] as const),
    ['any array', anyBytes().map((bytes) => concatBytes(Uint8Array.of(0x93, 7), bytes))],
    ['any value', fc.anything().map((value) => pack([7, value]))],
    [
      'any values behind any number',
      fc
        .tuple(fc.nat({ max: 15 }), fc.array(fc.anything(), { maxLength: 10 }))
        .map(([number, values]) => pack([number, ...values])),
    ],
  ]

  test.each(cases)('%s gives a message or a WireError, and no memory but views', (_, bytes) => {
    holds(
      fc.property(bytes, (given) => {
        orWireError(() => decodePlaintext(given))
        const message = orWireError(() => unseal(given).message)
        if (message === undefined || message instanceof WireError) return
        for (const buffer of buffersOf(message)) expect(buffer).toBe(given.buffer)
        // What was read is something that we could have said.
        expect(unseal(encode(message)).message).toEqual(message)
      }),
      400,
    )
  })
})
