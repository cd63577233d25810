import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { concatBytes, encodeHex, joinedPieces, viewOf } from '../../../codec/bytes.ts'
import {
  RECORD_PARAMETERS,
  sessionKeysOf,
  transcriptOf,
} from '../../../codec/native/handshake-bytes.ts'
import { encodeSmall } from '../../../codec/native/handshake-codec.ts'
import { PAYLOAD_BYTES_MAX } from '../../../codec/native/messages.ts'
import type { NativeMessage, OneWayMessage } from '../../../codec/native/messages.ts'
import { nativeWire, SHARED_RECORD_BYTES_MAX } from '../../../codec/native/wire.ts'
import { createSealer } from '../../../codec/sealed-records.ts'
import type { Outgoing, Role } from '../../../codec/wire.ts'
import { WireError } from '../../../codec/wire-error.ts'
import { chooseCrypto } from '../../../transport/crypto/choose.ts'
import { seededRandom } from '../../../transport/random.ts'
import { hex } from '../../support/hex.ts'
import { anyBytes, holds, piecesOf } from '../../support/properties.ts'
import { arrayOf } from './encoding.ts'
import { ID, SAMPLES } from './samples.ts'
import { ALICE_HANDSHAKE, ALICE_PAYLOAD, BOB_PAYLOAD, VECTORS } from './vectors.ts'

const crypto = chooseCrypto()
const keysOf = (role: Role) =>
  sessionKeysOf(
    crypto,
    role,
    hex(VECTORS.sharedX),
    transcriptOf(crypto, ALICE_PAYLOAD, BOB_PAYLOAD),
  )
const closes = (detail: string): unknown => expect.objectContaining({ action: 'close', detail })

function startWire(role: Role, records = RECORD_PARAMETERS, backend = crypto) {
  const written: Uint8Array[] = []
  const wire = nativeWire(
    {
      role,
      target: undefined,
      dial: undefined,
      random: seededRandom('wire'),
      crypto: backend,
      out: (bytes) => written.push(joinedPieces(bytes)),
    },
    records,
  )
  wire.start()
  return {
    wire,
    written,
    /** What was written since the last call. */
    take: () => concatBytes(...written.splice(0)),
    give(bytes: Uint8Array) {
      wire.push(bytes)
    },
    /** Everything that can be read, until more bytes are needed. */
    readAll() {
      const reads = []
      for (let read = wire.read(); read.kind !== 'more'; read = wire.read()) reads.push(read)
      wire.keep()
      return reads
    },
    messages() {
      return this.readAll().map((read) => (read.kind === 'message' ? read.message : read.kind))
    },
  }
}

/** Both ends after the handshake, as the sessions would have left them. */
function startPair(records = RECORD_PARAMETERS) {
  const dialler = startWire('dialler', records)
  const listener = startWire('listener', records)
  dialler.wire.secure(keysOf('dialler'))
  listener.wire.secure(keysOf('listener'))
  return { dialler, listener }
}

const frame = (payload: Uint8Array, length = payload.length) => {
  const bytes = concatBytes(new Uint8Array(4), payload)
  viewOf(bytes).setUint32(0, length)
  return bytes
}
const sealed = (role: Role, ...plaintexts: readonly Uint8Array[]) => {
  const sealer = createSealer(crypto, keysOf(role).send, RECORD_PARAMETERS)
  return concatBytes(...plaintexts.map((plaintext) => sealer.seal(plaintext)))
}
const oneWay = (bytes: number, fill = 1): OneWayMessage => ({
  type: 'message',
  protocol: 'chat',
  payload: new Uint8Array(bytes).fill(fill),
})
const ERROR: NativeMessage = {
  type: 'error',
  code: 401,
  message: 'the signature is wrong',
  requestId: undefined,
  retryAfterMs: undefined,
  localMajor: undefined,
  localMinor: undefined,
  localTimeMs: undefined,
}
const CONFIRM: NativeMessage = { type: 'confirm' }

describe('before there are keys', () => {
  test('a handshake is a frame whose payload is what the session encoded', () => {
    const { wire, take } = startWire('dialler')
    wire.write([{ raw: ALICE_PAYLOAD }])
    expect(take()).toEqual(frame(ALICE_PAYLOAD))
  })

  test('a read handshake comes with its payload, in memory of its own', () => {
    const { wire, give } = startWire('listener')
    const chunk = frame(ALICE_PAYLOAD)
    give(chunk)
    const read = wire.read()
    chunk.fill(0)
    expect(read).toEqual({
      kind: 'message',
      message: ALICE_HANDSHAKE,
      bytesOnWire: 4 + ALICE_PAYLOAD.length,
      raw: ALICE_PAYLOAD,
    })
  })

  test('each message is a frame, all in one write', () => {
    const { wire, written } = startWire('listener')
    wire.write([ERROR, { raw: BOB_PAYLOAD }])
    expect(written).toEqual([concatBytes(frame(encodeSmall(ERROR)), frame(BOB_PAYLOAD))])
    wire.write([])
    expect(written).toHaveLength(1)
  })

  test('nothing is read until the last byte, and a half frame is a half frame at the end', () => {
    const { wire, give } = startWire('listener')
    const bytes = frame(ALICE_PAYLOAD)
    expect(wire.end()).toBe('clean')
    for (let index = 0; index < bytes.length; index++) {
      expect(wire.read()).toEqual({ kind: 'more' })
      give(bytes.subarray(index, index + 1))
      wire.keep()
      expect(wire.bufferedBytes).toBe(index + 1)
      expect(wire.end()).toBe('mid-frame')
    }
    expect(wire.read()).toMatchObject({ kind: 'message' })
    expect(wire.end()).toBe('clean')
  })

  test.each([
    ['an empty frame', '00000000'],
    ['a frame of 1025 bytes', '00000401'],
    ['a length of 4 GiB', 'ffffffff'],
    ['an HTTP request', '474554202f20485454502f312e310d0a0d0a'],
    ['a TLS hello', '160301020001'],
    ['an SSH banner', '5353482d322e30'],
    ['two values in a frame', '00000004 9106 9106'],
    ['a half value', '00000001 9c'],
  ])('%s is malformed, before anything is waited for', (_, bytes) => {
    const { wire, give } = startWire('listener')
    give(hex(bytes))
    expect(() => wire.read()).toThrow(closes('malformed'))
  })

  test.each([
    ['a direct', '92 02 c0'],
    ['a confirm', '91 06'],
    ['a one-way message', '93 07 a0 c400'],
  ])('%s is told to shake hands first', (_, bytes) => {
    const { wire, give } = startWire('listener')
    give(frame(hex(bytes)))
    expect(() => wire.read()).toThrow(closes('handshake-required'))
  })

  test('a frame above the limit is not ours to send', () => {
    const { wire } = startWire('dialler')
    expect(() => {
      wire.write([oneWay(1024)])
    }).toThrow(RangeError)
  })

  test('a job that nobody asked for is not answered', () => {
    expect(() => {
      startWire('dialler').wire.resume(true)
    }).toThrow('asks for no job')
  })
})

describe('with keys', () => {
  test('the dialler’s confirm is the pinned record', () => {
    const { dialler } = startPair()
    dialler.wire.write([CONFIRM])
    expect(encodeHex(dialler.take())).toBe(VECTORS.confirmRecord)
  })

  test('keys hold from the next unit of the same chunk on', () => {
    const listener = startWire('listener')
    listener.give(concatBytes(frame(ALICE_PAYLOAD), hex(VECTORS.confirmRecord)))
    expect(listener.wire.read()).toMatchObject({ message: { type: 'handshake' } })
    listener.wire.secure(keysOf('listener'))
    expect(listener.messages()).toEqual([CONFIRM])
  })

  test('messages written together share a record, and each says what it took', () => {
    const { dialler, listener } = startPair()
    const messages = [CONFIRM, oneWay(10), oneWay(0), ERROR]
    dialler.wire.write(messages)
    expect(dialler.written).toHaveLength(1)
    const bytes = dialler.take()
    expect(viewOf(bytes).getUint32(0) + 4).toBe(bytes.length)
    listener.give(bytes)
    const reads = listener.readAll()
    expect(reads.map((read) => 'message' in read && read.message)).toEqual(messages)
    const onWire = reads.map((read) => ('bytesOnWire' in read ? read.bytesOnWire : 0))
    expect(onWire.reduce((sum, size) => sum + size, 0)).toBe(bytes.length)
    expect(onWire[0]).toBe(20 + 2)
  })

  test('raw bytes are a value of the record', () => {
    const { dialler, listener } = startPair()
    const outgoing: readonly Outgoing<NativeMessage>[] = [{ raw: hex('9106') }, oneWay(3)]
    dialler.wire.write(outgoing)
    listener.give(dialler.take())
    expect(listener.messages()).toEqual([CONFIRM, oneWay(3)])
  })

  test('as many as fit 64 KiB share a record; a larger one has its own', () => {
    const { dialler, listener } = startPair()
    // Ten bytes stand before a payload of up to 64 KiB, nine before a small one.
    const half = SHARED_RECORD_BYTES_MAX / 2 - 10
    const messages = [oneWay(half), oneWay(half), oneWay(1), oneWay(100_000), oneWay(2)]
    dialler.wire.write(messages)
    expect(dialler.written).toHaveLength(1)
    const bytes = dialler.take()
    const lengths: number[] = []
    for (let offset = 0; offset < bytes.length;) {
      const length = viewOf(bytes).getUint32(offset)
      lengths.push(length - 16)
      offset += 4 + length
    }
    expect(lengths).toEqual([SHARED_RECORD_BYTES_MAX, 10, 100_012, 11])
    listener.give(bytes)
    expect(listener.messages()).toEqual(messages)
  })

  test('the largest message fits, and the next larger one is not ours to send', () => {
    const { dialler, listener } = startPair()
    dialler.wire.write([oneWay(PAYLOAD_BYTES_MAX)])
    listener.give(dialler.take())
    const [read] = listener.readAll()
    expect(read).toMatchObject({ kind: 'message', bytesOnWire: PAYLOAD_BYTES_MAX + 32 })
    expect(() => {
      dialler.wire.write([oneWay(PAYLOAD_BYTES_MAX + 1)])
    }).toThrow(RangeError)
  })

  test('a payload stays what it was when the next record is read', () => {
    const { dialler, listener } = startPair()
    dialler.wire.write([oneWay(50, 1)])
    dialler.wire.write([oneWay(50, 2)])
    listener.give(dialler.take())
    expect(listener.messages()).toEqual([oneWay(50, 1), oneWay(50, 2)])
  })

  test('every message there is comes through, in one record', () => {
    const { dialler, listener } = startPair()
    const messages = Object.values(SAMPLES).filter(({ type }) => type !== 'handshake')
    dialler.wire.write(messages)
    expect(dialler.written).toHaveLength(1)
    listener.give(dialler.take())
    expect(listener.messages()).toEqual(messages)
  })

  test('a direct that is too large is known by its id, and the rest of the record is read', () => {
    const { listener } = startPair()
    const direct = arrayOf(2, ID, 'p'.repeat(129), new Uint8Array(3), null)
    listener.give(sealed('dialler', concatBytes(hex('9106'), direct, encodeSmall(ERROR))))
    const reads = listener.readAll()
    expect(reads).toMatchObject([
      { kind: 'message', message: { type: 'confirm' } },
      {
        kind: 'message',
        message: { type: 'oversizedDirect', requestId: ID },
        bytesOnWire: direct.length,
      },
      { kind: 'message', message: { type: 'error' } },
    ])
  })

  test.each([
    ['a half value', hex('93')],
    ['a handshake', ALICE_PAYLOAD],
    ['a value and a half', hex('9106 93')],
    ['a float', hex('91ca00000000')],
  ])('%s inside a record is malformed', (_, plaintext) => {
    const { listener } = startPair()
    listener.give(sealed('dialler', plaintext))
    expect(() => listener.readAll()).toThrow(closes('malformed'))
  })

  test('more than one value in a record above 64 KiB is malformed, and none of it is read', () => {
    const { dialler, listener } = startPair()
    dialler.wire.write([oneWay(SHARED_RECORD_BYTES_MAX)])
    const { length } = dialler.take()
    const value = concatBytes(hex('9307a463686174c600010000'), new Uint8Array(65_536))
    expect(value.length + 20).toBe(length)
    listener.give(sealed('dialler', concatBytes(value, hex('9106'))))
    expect(() => listener.wire.read()).toThrow(closes('malformed'))
  })

  test.each([
    ['is flipped', (bytes: Uint8Array) => bytes.fill((bytes[9] ?? 0) ^ 1, 9, 10)],
    ['has a flipped tag', (bytes: Uint8Array) => bytes.fill((bytes.at(-1) ?? 0) ^ 1, -1)],
    ['was sent before', (bytes: Uint8Array) => concatBytes(bytes, bytes)],
    ['comes out of order', () => sealed('dialler', hex('9106'), hex('9106')).subarray(22)],
    ['is our own, reflected', () => sealed('listener', hex('9106'))],
  ])('a record that %s does not authenticate', (_, change) => {
    const { listener } = startPair()
    listener.give(change(sealed('dialler', hex('9106'))))
    expect(() => listener.readAll()).toThrow(closes('record-unauthentic'))
  })

  test.each([
    ['too-short', 0],
    ['too-short', 16],
    ['too-long', PAYLOAD_BYTES_MAX + 8_192 + 17],
    ['too-long', 0xffff_ffff],
  ])('a record that is %s is refused before it has arrived', (fault, length) => {
    const { dialler } = startPair()
    dialler.give(frame(new Uint8Array(0), length))
    expect(() => dialler.wire.read()).toThrow(closes(`record-${fault}`))
  })

  test('keys change after so many records, both ways, and end with the last', () => {
    const records = { ...RECORD_PARAMETERS, rekeyFrames: 2, framesMax: 5 }
    const { dialler, listener } = startPair(records)
    for (let count = 0; count < 5; count++) {
      dialler.wire.write([oneWay(count)])
      listener.give(dialler.take())
      expect(listener.wire.read()).toMatchObject({ message: oneWay(count) })
    }
    expect(() => {
      dialler.wire.write([CONFIRM])
    }).toThrow(closes('record-exhausted'))
    expect(() => listener.wire.read()).toThrow(closes('record-exhausted'))
  })

  test('nothing is sealed or opened with keys that were wiped', () => {
    const { dialler } = startPair()
    dialler.wire.wipe()
    expect(() => {
      dialler.wire.write([CONFIRM])
    }).toThrow('wiped')
    expect(() => dialler.wire.read()).toThrow('wiped')
  })
})

describe('what was read up', () => {
  /** What the listener's cipher gets back. */
  function startReading() {
    const freed: Uint8Array[] = []
    const backend: typeof crypto = {
      ...crypto,
      aes256Gcm: (key) => ({ ...crypto.aes256Gcm(key), free: (bytes) => freed.push(bytes) }),
    }
    const { dialler } = startPair()
    const listener = startWire('listener', RECORD_PARAMETERS, backend)
    listener.wire.secure(keysOf('listener'))
    const give = (...messages: NativeMessage[]): void => {
      dialler.wire.write(messages)
      listener.give(dialler.take())
    }
    return { freed, give, wire: listener.wire }
  }

  test('is given back with the read after it, when views of it are over', () => {
    const { freed, give, wire } = startReading()
    give(oneWay(100), oneWay(101), oneWay(102))
    for (const length of [100, 101, 102]) {
      expect(wire.read()).toMatchObject({ message: oneWay(length) })
      expect(freed).toEqual([])
    }
    expect(wire.read()).toEqual({ kind: 'more' })
    expect(freed).toHaveLength(1)
    wire.read()
    expect(freed).toHaveLength(1)
    give(oneWay(1), oneWay(2), oneWay(3))
    for (let count = 0; count < 4; count++) wire.read()
    expect(freed).toHaveLength(2)
  })

  test('stays where a payload is most of it: whoever was given that may have it in place', () => {
    const { freed, give, wire } = startReading()
    give(oneWay(100), oneWay(1_000))
    give(oneWay(50_000))
    for (let count = 0; count < 4; count++) wire.read()
    expect(wire.read()).toEqual({ kind: 'more' })
    expect(freed).toEqual([])
  })
})

describe('a provisional listener', () => {
  test.each([
    ['short', ERROR],
    ['long', { ...ERROR, message: 'x'.repeat(256), localTimeMs: 1n }],
  ])('knows a %s plaintext Error where the first record belongs', (_, error) => {
    const { listener } = startPair()
    listener.give(frame(encodeSmall(error)))
    expect(() => listener.wire.read()).toThrow(closes('refused-provisional'))
  })

  test('knows it byte by byte', () => {
    const { listener } = startPair()
    const bytes = frame(encodeSmall(ERROR))
    for (const byte of bytes.subarray(0, -1)) {
      listener.give(Uint8Array.of(byte))
      expect(listener.readAll()).toEqual([])
    }
    listener.give(bytes.subarray(-1))
    expect(() => listener.wire.read()).toThrow(closes('refused-provisional'))
  })

  test.each([
    ['a handshake', ALICE_PAYLOAD, 'record-unauthentic'],
    ['another message', concatBytes(hex('9307a0c420'), new Uint8Array(32)), 'record-unauthentic'],
    ['noise', new Uint8Array(100).fill(0xc1), 'record-unauthentic'],
    ['too little', hex('9106'), 'record-too-short'],
  ])('takes %s in plaintext for a record', (_, payload, detail) => {
    const { listener } = startPair()
    listener.give(frame(payload))
    expect(() => listener.wire.read()).toThrow(closes(detail))
  })

  test('is provisional no longer once something has decrypted, and a dialler never was', () => {
    const { listener, dialler } = startPair()
    listener.give(concatBytes(hex(VECTORS.confirmRecord), frame(encodeSmall(ERROR))))
    expect(() => listener.readAll()).toThrow(closes('record-unauthentic'))
    dialler.give(frame(encodeSmall(ERROR)))
    expect(() => dialler.wire.read()).toThrow(closes('record-unauthentic'))
  })
})

describe('any chunks', () => {
  test('give the same messages', () => {
    const messages = [CONFIRM, oneWay(5), ERROR, oneWay(0), oneWay(300)]
    const { dialler } = startPair()
    for (const message of messages) dialler.wire.write([message])
    const bytes = dialler.take()
    holds(
      fc.property(piecesOf(fc.constant(bytes)), (pieces) => {
        const { listener } = startPair()
        const read = pieces.flatMap((piece) => {
          const chunk = piece.slice()
          listener.give(chunk)
          const got = listener.messages()
          // The chunk was borrowed until `keep`.
          chunk.fill(0)
          return got
        })
        expect(read).toEqual(messages)
        expect(listener.wire.end()).toBe('clean')
      }),
      50,
    )
  })

  test('of noise end in a WireError or in waiting, and keep no more than arrived', () => {
    holds(
      fc.property(piecesOf(anyBytes()), fc.boolean(), (pieces, withKeys) => {
        const { wire, give, readAll } = startWire('listener')
        if (withKeys) wire.secure(keysOf('listener'))
        let given = 0
        try {
          for (const piece of pieces) {
            give(piece)
            given += piece.length
            readAll()
            expect(wire.bufferedBytes).toBeLessThanOrEqual(given)
          }
        } catch (error) {
          expect(error).toBeInstanceOf(WireError)
        }
      }),
    )
  })
})
