import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { readMessage, writeMessage } from '../../../codec/bitcoin/message-codec.ts'
import { BITCOIN_NETWORKS } from '../../../codec/bitcoin/networks.ts'
import { estimatePayloadBytes } from '../../../codec/bitcoin/payload-size.ts'
import { encodeV1Frame, readV1Frame, V1_HEADER_BYTES } from '../../../codec/bitcoin/v1-frame.ts'
import type { V1Frame } from '../../../codec/bitcoin/v1-frame.ts'
import { concatBytes, encodeHex } from '../../../codec/bytes.ts'
import { createFrameBuffer } from '../../../codec/frame-buffer.ts'
import { WireError } from '../../../codec/wire-error.ts'
import { writeBytes } from '../../../codec/writer.ts'
import { hex } from '../../support/hex.ts'
import { anyBytes, holds, piecesOf } from '../../support/properties.ts'
import { closes } from './encoding.ts'
import { SAMPLES } from './samples.ts'
import { sha256 } from './vectors.ts'

const { magic } = BITCOIN_NETWORKS.regtest
/** Of the main network, as it stands in many a description of it. */
const VERACK = hex('f9beb4d9 76657261636b000000000000 00000000 5df6e0e2')
const PING = hex('fabfb5da 70696e670000000000000000 08000000 291d966d 0001020304050607')

const encode = (command: string, payload: Uint8Array) =>
  encodeV1Frame(magic, sha256, command, payload.length, (writer) => {
    writeBytes(writer, payload)
  })

/** What a stream of these bytes says, in these pieces, as far as it goes. */
function readAll(pieces: readonly Uint8Array[]): readonly V1Frame[] {
  const buffer = createFrameBuffer()
  const frames: V1Frame[] = []
  for (const piece of pieces) {
    const chunk = piece.slice()
    buffer.push(chunk)
    for (;;) {
      const frame = readV1Frame(buffer, magic, sha256)
      if (frame === undefined) break
      frames.push(frame.kind === 'payload' ? { ...frame, payload: frame.payload.slice() } : frame)
    }
    buffer.keep()
    chunk.fill(0)
  }
  return frames
}

/** A header that says whatever it is told to. */
function header(length: number, command: Uint8Array, checksum = hex('5df6e0e2')): Uint8Array {
  const bytes = concatBytes(magic, command, new Uint8Array(4), checksum)
  new DataView(bytes.buffer).setUint32(16, length, true)
  return bytes
}
const named = (text: string) =>
  concatBytes(Buffer.from(text, 'latin1'), new Uint8Array(12)).slice(0, 12)

describe('a frame', () => {
  test('is this one, for a command and nothing else', () => {
    const { magic: main } = BITCOIN_NETWORKS.mainnet
    const frame = encodeV1Frame(main, sha256, 'verack', 0, () => undefined)
    expect(encodeHex(frame)).toBe(encodeHex(VERACK))
  })

  test('is this one, for eight bytes', () => {
    const payload = hex('0001020304050607')
    expect(encodeHex(encode('ping', payload))).toBe(encodeHex(PING))
    expect(readAll([PING])).toEqual([
      { kind: 'payload', command: 'ping', payload, bytesOnWire: PING.length },
    ])
  })

  test('needs no right guess of its length', () => {
    const payload = new Uint8Array(70_000).fill(7)
    for (const guess of [0, 1, 69_999, 200_000]) {
      const frame = encodeV1Frame(magic, sha256, 'x', guess, (writer) => {
        writeBytes(writer, payload)
      })
      expect(readAll([frame])).toMatchObject([{ command: 'x', bytesOnWire: 70_024 }])
    }
  })

  test('comes whole out of any pieces, each behind the other', () => {
    const frames = [encode('inv', anyOf(40)), PING, encode('', anyOf(0)), encode('~ !', anyOf(300))]
    const expected = readAll([concatBytes(...frames)])
    expect(expected.map((frame) => frame.kind === 'payload' && frame.command)).toEqual([
      ...['inv', 'ping', '', '~ !'],
    ])
    holds(
      fc.property(piecesOf(fc.constant(concatBytes(...frames))), (pieces) => {
        expect(readAll(pieces)).toEqual(expected)
      }),
    )
    expect(readAll([...concatBytes(...frames)].map((byte) => Uint8Array.of(byte)))).toEqual(
      expected,
    )
  })

  const anyOf = (length: number) => Uint8Array.from({ length }, (_, index) => index * 7)
})

describe('the stream ends', () => {
  test.each([0, 1, 2, 3])('where byte %i is another network’s, and with the header', (at) => {
    const bytes = PING.slice()
    bytes[at] = (bytes[at] ?? 0) ^ 1
    expect(readAll([bytes.subarray(0, V1_HEADER_BYTES - 1)])).toEqual([])
    expect(() => readAll([bytes.subarray(0, V1_HEADER_BYTES)])).toThrow(closes('wrong-magic'))
  })

  test('at a payload of 4,000,001 bytes, before any of them is there', () => {
    expect(readAll([header(4_000_000, named('block'))])).toEqual([])
    expect(() => readAll([header(4_000_001, named('block'))])).toThrow(closes('message-too-long'))
    expect(() => readAll([header(0xffff_ffff, named('x'))])).toThrow(closes('message-too-long'))
  })

  test('and one of 4,000,000 is read', () => {
    const frame = encode('block', new Uint8Array(4_000_000))
    expect(readAll([frame])).toMatchObject([{ kind: 'payload', bytesOnWire: 4_000_024 }])
    expect(() => encode('block', new Uint8Array(4_000_001))).toThrow(RangeError)
  })
})

describe('passed over, and the next is read,', () => {
  const refused = (detail: string, bytesOnWire: number) => ({
    kind: 'refused',
    error: expect.objectContaining({ action: 'skip', detail }) as unknown,
    bytesOnWire,
  })

  test.each([20, 21, 22, 23, 24, 31])('is a frame with byte %i changed: the checksum', (at) => {
    const bytes = PING.slice()
    bytes[at] = (bytes[at] ?? 0) ^ 0x80
    expect(readAll([bytes, PING])).toMatchObject([
      refused('bad-checksum', 32),
      { kind: 'payload', command: 'ping' },
    ])
  })

  test.each([
    ['a control character', 'a\x1fb'],
    ['a delete', 'a\x7f'],
    ['a byte that is not ASCII', 'a\xe9'],
    ['something behind its end', 'a\0b'],
    ['something behind a name of none', '\0a'],
    ['something in the last byte', 'a\0\0\0\0\0\0\0\0\0\0a'],
  ])('is a frame whose name has %s', (_, name) => {
    expect(readAll([header(0, named(name)), PING])).toMatchObject([
      refused('bad-command', 24),
      { kind: 'payload', command: 'ping' },
    ])
  })

  test('is a frame with both for its checksum', () => {
    const bytes = header(0, named('\x01'), hex('00000000'))
    expect(readAll([bytes])).toMatchObject([refused('bad-checksum', 24)])
  })
})

test('one message of each command comes through in any pieces', () => {
  const stream = concatBytes(
    ...SAMPLES.map(([command, message]) =>
      encodeV1Frame(magic, sha256, command, estimatePayloadBytes(message), (writer) => {
        writeMessage(writer, message)
      }),
    ),
  )
  const messages = SAMPLES.map(([, message]) => message)
  holds(
    fc.property(piecesOf(fc.constant(stream)), (pieces) => {
      const read = readAll(pieces).map((frame) =>
        frame.kind === 'payload' ? readMessage(frame.command, frame.payload) : frame,
      )
      expect(read).toEqual(messages)
    }),
    20,
  )
})

test.each(['thirteenchars', 'a\0', 'a\x7f', 'ä', '\u{1f600}'])(
  'no frame is made for the name "%s"',
  (name) => {
    expect(() => encode(name, new Uint8Array(0))).toThrow(RangeError)
  },
)

test('noise ends in a WireError or in waiting', () => {
  holds(
    fc.property(piecesOf(anyBytes(300)), fc.boolean(), (pieces, isOurs) => {
      const given = isOurs ? [magic, ...pieces] : pieces
      try {
        for (const frame of readAll(given)) expect(frame.bytesOnWire).toBeGreaterThanOrEqual(24)
      } catch (error) {
        expect(error).toBeInstanceOf(WireError)
      }
    }),
    300,
  )
})
