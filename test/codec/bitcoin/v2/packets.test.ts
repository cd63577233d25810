import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { concatBytes, encodeHex, equalBytes } from '../../../../codec/bytes.ts'
import { decodeEllswift } from '../../../../codec/bitcoin/v2/ellswift.ts'
import { deriveKeys } from '../../../../codec/bitcoin/v2/handshake-keys.ts'
import type { V2DirectionKeys } from '../../../../codec/bitcoin/v2/handshake-keys.ts'
import {
  createPacketOpener,
  createPacketSealer,
  PACKET_OVERHEAD_BYTES,
} from '../../../../codec/bitcoin/v2/packets.ts'
import { V2_CONTENTS_BYTES_MAX } from '../../../../codec/bitcoin/v2-contents.ts'
import type { IncomingPacket, OutgoingPacket } from '../../../../codec/bitcoin/v2/packets.ts'
import { createLengthCipher } from '../../../../codec/bitcoin/v2/rekeyed-ciphers.ts'
import { createFrameBuffer } from '../../../../codec/frame-buffer.ts'
import { nobleCrypto } from '../../../../transport/crypto/noble.ts'
import type { CryptoBackend } from '../../../../world/crypto.ts'
import { ABSENT, BACKENDS } from '../../../support/crypto-backends.ts'
import { hex } from '../../../support/hex.ts'
import { anyBytes, holds, piecesOf } from '../../../support/properties.ts'
import { watchedCrypto } from './far-side.ts'
import { field, PACKET_ROWS } from './vectors.ts'

/** The fastest of this machine: long packets are made here. */
const crypto = BACKENDS.at(-1) ?? nobleCrypto()
const NO_BYTES = hex('')
/** All that the three bytes of a length can say: the published packets go up to it. */
const LENGTH_MAX = 2 ** 24 - 1

const closing = (detail: string) => expect.objectContaining({ action: 'close', detail }) as Error

const keysOf = (byte = 1): V2DirectionKeys => ({
  lengthKey: new Uint8Array(32).fill(byte),
  packetKey: new Uint8Array(32).fill(byte + 1),
  terminator: new Uint8Array(16),
})

/** Both ends of one direction. */
function startDirection(garbage = NO_BYTES, cryptoHere: CryptoBackend = crypto) {
  const buffer = createFrameBuffer()
  const opener = createPacketOpener(cryptoHere, keysOf(), garbage)
  return {
    sealer: createPacketSealer(cryptoHere, keysOf(), garbage),
    opener,
    buffer,
    read: () => opener.read(buffer),
    readAll(bytes: Uint8Array): IncomingPacket[] {
      buffer.push(bytes)
      const packets: IncomingPacket[] = []
      for (let packet = opener.read(buffer); packet !== undefined; packet = opener.read(buffer)) {
        packets.push(packet)
      }
      return packets
    },
  }
}

const packetOf = (contents: Uint8Array, isDecoy = false): OutgoingPacket => ({
  contentsBytes: contents.length,
  writeContents(room) {
    room.set(contents)
  },
  isDecoy,
})

for (const { name, why } of ABSENT) {
  test.skip(`${name} (skipped: absent on this machine, ${why})`, () => {})
}

const backends = BACKENDS.map((one) => [one.name, one] as const)

describe.each(backends)('on %s', (_, backend) => {
  test.each(PACKET_ROWS.map((row) => [field(row, 'in_idx'), row] as const))(
    'packet %s of the published sessions, sealed and opened',
    (index, row) => {
      const of = (name: string) => field(row, name)
      const sharedX = backend.sharedX(
        hex(of('in_priv_ours')),
        concatBytes(hex('02'), decodeEllswift(hex(of('in_ellswift_theirs')))),
      )
      const derive = () =>
        deriveKeys(backend, {
          role: of('in_initiating') === '1' ? 'dialler' : 'listener',
          magic: hex('f9beb4d9'),
          ownKey: hex(of('in_ellswift_ours')),
          theirKey: hex(of('in_ellswift_theirs')),
          sharedX: sharedX?.slice() ?? NO_BYTES,
        }).send
      const once = hex(of('in_contents'))
      const contents = new Uint8Array(once.length * Number(of('in_multiply')))
      for (let at = 0; at < contents.length; at += once.length) contents.set(once, at)

      // The vectors' earlier packets are empty, and theirs is the one with additional data.
      const isFirst = Number(index) === 0
      const garbage = isFirst ? hex(of('in_aad')) : NO_BYTES
      const sealer = createPacketSealer(backend, derive(), garbage, LENGTH_MAX)
      const before = sealer.seal(Array.from({ length: Number(index) }, () => packetOf(NO_BYTES)))
      expect(isFirst || of('in_aad') === '').toBe(true)
      const isDecoy = of('in_ignore') === '1'
      const sealed = sealer.seal([packetOf(contents, isDecoy)])
      if (of('out_ciphertext') !== '') expect(encodeHex(sealed)).toBe(of('out_ciphertext'))
      else {
        const end = of('out_ciphertext_endswith')
        expect(encodeHex(sealed.subarray(-end.length / 2))).toBe(end)
      }

      const opener = createPacketOpener(backend, derive(), garbage, LENGTH_MAX)
      const buffer = createFrameBuffer()
      buffer.push(concatBytes(before, sealed))
      for (let count = 0; count < Number(index); count++) {
        expect(opener.read(buffer)?.contents).toHaveLength(0)
      }
      const packet = opener.read(buffer)
      expect(packet).toMatchObject({ isDecoy, bytesOnWire: sealed.length })
      expect(equalBytes(packet?.contents ?? NO_BYTES, contents)).toBe(true)
      expect(opener.read(buffer)).toBeUndefined()
    },
  )

  test('packets and decoys come out as they went in, over several changes of keys', () => {
    const { readAll, sealer } = startDirection(hex('aabb'), backend)
    const sent = Array.from({ length: 700 }, (_value, index) => ({
      contents: new Uint8Array(index % 40).fill(index),
      isDecoy: index % 3 === 0,
      bytesOnWire: (index % 40) + PACKET_OVERHEAD_BYTES,
    }))
    const bytes = sealer.seal(sent.map(({ contents, isDecoy }) => packetOf(contents, isDecoy)))
    expect(readAll(bytes)).toEqual(sent)
  })
})

describe('a sealer', () => {
  test('writes the same whether packets go one by one, together, or where they lie', () => {
    const parts = [hex('01'), NO_BYTES, hex('0203'), new Uint8Array(1_000)]
    const [one, all, lying] = [startDirection(), startDirection(), startDirection()]
    const singly = concatBytes(...parts.map((part) => one.sealer.seal([packetOf(part)])))
    expect(all.sealer.seal(parts.map((part) => packetOf(part)))).toEqual(singly)
    const whole = new Uint8Array(singly.length)
    let start = 0
    for (const part of parts) {
      whole.set(part, start + 4)
      lying.sealer.sealInPlace(whole.subarray(start, start + part.length + PACKET_OVERHEAD_BYTES))
      start += part.length + PACKET_OVERHEAD_BYTES
    }
    expect(whole).toEqual(singly)
    expect(all.sealer.seal([])).toEqual(NO_BYTES)
  })

  test('seals contents at the limit, and refuses one byte more before it seals anything', () => {
    const { readAll, sealer } = startDirection()
    const above = { contentsBytes: V2_CONTENTS_BYTES_MAX + 1, writeContents: () => undefined }
    expect(() => sealer.seal([packetOf(hex('01')), above])).toThrow(RangeError)
    for (const bytes of [V2_CONTENTS_BYTES_MAX + 1 + PACKET_OVERHEAD_BYTES, 19, 0]) {
      expect(() => {
        sealer.sealInPlace(new Uint8Array(bytes))
      }).toThrow(RangeError)
    }
    const [packet] = readAll(sealer.seal([packetOf(new Uint8Array(V2_CONTENTS_BYTES_MAX))]))
    expect(packet?.contents).toHaveLength(V2_CONTENTS_BYTES_MAX)
  })

  test('seals nothing where one of the contents cannot be written', () => {
    const { readAll, sealer } = startDirection()
    const broken: OutgoingPacket = {
      contentsBytes: 1,
      writeContents() {
        throw new Error('not to be written')
      },
    }
    expect(() => sealer.seal([packetOf(hex('01')), broken])).toThrow('not to be written')
    expect(readAll(sealer.seal([packetOf(hex('02'))]))).toMatchObject([{ contents: hex('02') }])
  })

  test('is of no use after its keys were wiped', () => {
    const { sealer } = startDirection()
    sealer.wipe()
    sealer.wipe()
    expect(() => sealer.seal([packetOf(hex('01'))])).toThrow('wiped')
  })
})

describe('an opener', () => {
  test('reads packets from any pieces', () => {
    const contents = fc.array(fc.tuple(anyBytes(60), fc.boolean()), { maxLength: 6 })
    holds(
      fc.property(contents, fc.array(fc.nat(), { maxLength: 12 }), (sent, draws) => {
        const { buffer, read, sealer } = startDirection(hex('0102'))
        const bytes = sealer.seal(sent.map(([part, isDecoy]) => packetOf(part, isDecoy)))
        const cuts = draws.map((draw) => draw % (bytes.length + 1)).sort((one, two) => one - two)
        const packets: IncomingPacket[] = []
        let start = 0
        for (const end of [...cuts, bytes.length]) {
          const chunk = bytes.slice(start, end)
          start = end
          buffer.push(chunk)
          for (let packet = read(); packet !== undefined; packet = read()) packets.push(packet)
          buffer.keep()
          chunk.fill(0xff)
        }
        expect(packets.map((packet) => [packet.contents, packet.isDecoy])).toEqual(sent)
      }),
    )
  })

  test('gives contents in memory of their own', () => {
    const { buffer, read, sealer } = startDirection()
    const bytes = sealer.seal([packetOf(hex('010203'))])
    buffer.push(bytes)
    const packet = read()
    bytes.fill(0)
    expect(packet?.contents).toEqual(hex('010203'))
    expect(packet?.contents.buffer).not.toBe(bytes.buffer)
  })

  test('counts what it holds of a packet that is not whole', () => {
    const { buffer, opener, read, sealer } = startDirection()
    const bytes = sealer.seal([packetOf(new Uint8Array(10))])
    const held = [...bytes].map((byte) => {
      buffer.push(Uint8Array.of(byte))
      const isWhole = read() !== undefined
      buffer.keep()
      return isWhole ? -1 : opener.bufferedBytes + buffer.length
    })
    expect(held).toEqual([...Array.from({ length: 29 }, (_, index) => index + 1), -1])
    expect(opener.bufferedBytes + buffer.length).toBe(0)
  })

  /** The three bytes that a length becomes as the first of the direction. */
  function hiddenLength(bytes: number): Uint8Array {
    const length = Uint8Array.of(bytes & 0xff, (bytes >> 8) & 0xff, bytes >> 16)
    createLengthCipher(keysOf().lengthKey).apply(length, length)
    return length
  }

  test('waits for a packet at the limit, and refuses a length above it from three bytes', () => {
    const { buffer, read } = startDirection()
    buffer.push(hiddenLength(V2_CONTENTS_BYTES_MAX))
    expect(read()).toBeUndefined()
    for (const bytes of [V2_CONTENTS_BYTES_MAX + 1, 2 ** 24 - 1]) {
      const refusing = startDirection()
      refusing.buffer.push(hiddenLength(bytes).subarray(0, 2))
      expect(refusing.read()).toBeUndefined()
      refusing.buffer.push(hiddenLength(bytes).subarray(2))
      expect(refusing.read).toThrow(closing('packet-too-long'))
    }
  })

  test('a length is decrypted once, however often the rest is asked for in vain', () => {
    const { buffer, read, sealer } = startDirection()
    const bytes = sealer.seal([packetOf(hex('07')), packetOf(hex('08'))])
    buffer.push(bytes.subarray(0, 3))
    for (let count = 0; count < 500; count++) expect(read()).toBeUndefined()
    buffer.push(bytes.subarray(3))
    expect([read()?.contents, read()?.contents]).toEqual([hex('07'), hex('08')])
  })

  test('refuses packets that were changed in one bit anywhere, and says no other thing', () => {
    const contents = hex('00112233')
    const bits = (contents.length + PACKET_OVERHEAD_BYTES) * 8
    // Of the length: another one is above the limit, waits for more, or does not authenticate.
    for (let bit = 24; bit < bits; bit++) {
      const { buffer, read, sealer } = startDirection()
      const bytes = sealer.seal([packetOf(contents)])
      bytes[bit >> 3] = (bytes[bit >> 3] ?? 0) ^ (1 << (bit & 7))
      buffer.push(bytes)
      expect(read, `bit ${bit}`).toThrow(closing('packet-unauthentic'))
    }
    for (let bit = 0; bit < 24; bit++) {
      const { buffer, read, sealer } = startDirection()
      const bytes = sealer.seal([packetOf(contents)])
      bytes[bit >> 3] = (bytes[bit >> 3] ?? 0) ^ (1 << (bit & 7))
      buffer.push(concatBytes(bytes, new Uint8Array(256)))
      const isLonger = ((contents.length ^ (1 << bit)) >>> 0) + PACKET_OVERHEAD_BYTES > 280
      if (isLonger && (contents.length ^ (1 << bit)) > V2_CONTENTS_BYTES_MAX) {
        expect(read, `bit ${bit}`).toThrow(closing('packet-too-long'))
      } else if (isLonger) expect(read(), `bit ${bit}`).toBeUndefined()
      else expect(read, `bit ${bit}`).toThrow(closing('packet-unauthentic'))
    }
  })

  test.each<[string, (packets: readonly Uint8Array[]) => readonly (Uint8Array | undefined)[]]>([
    ['repeated', ([one, two]) => [one, one, two]],
    ['left out', ([, two]) => [two]],
    ['out of order', ([one, two, three]) => [one, three, two]],
  ])('refuses packets that are %s', (_, changed) => {
    const { buffer, opener, sealer } = startDirection()
    const packets = ['01', '02', '03'].map((text) => sealer.seal([packetOf(hex(text))]))
    buffer.push(concatBytes(...changed(packets).map((packet) => packet ?? NO_BYTES)))
    const readAll = (): void => {
      while (opener.read(buffer) !== undefined);
      // Another length may have come out, which waits for what never comes.
      buffer.push(new Uint8Array(V2_CONTENTS_BYTES_MAX + PACKET_OVERHEAD_BYTES))
      while (opener.read(buffer) !== undefined);
    }
    expect(readAll).toThrow(
      expect.objectContaining({
        action: 'close',
        detail: expect.stringMatching(/^packet-(?:unauthentic|too-long)$/) as string,
      }) as Error,
    )
  })

  test('the first packet answers for the garbage, a decoy too, and no other one does', () => {
    const garbage = hex('01020304')
    for (const isDecoy of [false, true]) {
      const { readAll, sealer } = startDirection(garbage)
      const bytes = sealer.seal([packetOf(NO_BYTES, isDecoy), packetOf(hex('05'))])
      expect(readAll(bytes)).toHaveLength(2)
      for (const wrong of [NO_BYTES, hex('01020305'), hex('010203'), hex('0102030400')]) {
        const opener = createPacketOpener(crypto, keysOf(), wrong)
        const buffer = createFrameBuffer()
        buffer.push(bytes)
        expect(() => opener.read(buffer)).toThrow(closing('packet-unauthentic'))
      }
    }
  })

  test('other bits of the header byte mean nothing', () => {
    const aead = crypto.chacha20Poly1305(keysOf().packetKey)
    for (const [header, isDecoy] of [
      [0x7f, false],
      [0xff, true],
    ] as const) {
      const { buffer, read } = startDirection()
      const sealed = aead.seal(new Uint8Array(12), NO_BYTES, Uint8Array.of(header, 9))
      buffer.push(concatBytes(hiddenLength(1), sealed))
      expect(read()).toMatchObject({ contents: hex('09'), isDecoy })
    }
  })

  test('says the same again after it failed, and is of no use after its keys were wiped', () => {
    const { watched, wiped } = watchedCrypto()
    const { buffer, read } = startDirection(NO_BYTES, watched)
    buffer.push(concatBytes(hiddenLength(0), new Uint8Array(17)))
    expect(read).toThrow(closing('packet-unauthentic'))
    // The sealer of the same test keeps its own.
    expect(wiped().filter((isWiped) => isWiped)).toHaveLength(1)
    expect(read).toThrow(closing('packet-unauthentic'))

    const other = startDirection()
    other.opener.wipe()
    other.opener.wipe()
    expect(other.read).toThrow('wiped')
  })

  test('random bytes end it by the network’s rule, or leave it waiting, and nothing else', () => {
    holds(
      fc.property(piecesOf(anyBytes(2_000)), (pieces) => {
        const { buffer, opener, read } = startDirection()
        let cameBytes = 0
        for (const piece of pieces) {
          buffer.push(piece)
          cameBytes += piece.length
          try {
            expect(read()).toBeUndefined()
          } catch (error) {
            expect(error).toMatchObject({ name: 'WireError', action: 'close' })
            return
          }
          buffer.keep()
          expect(opener.bufferedBytes + buffer.length).toBe(cameBytes)
        }
      }),
      300,
    )
  })
})
