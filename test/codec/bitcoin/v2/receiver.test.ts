import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { V2Keys } from '../../../../codec/bitcoin/v2/handshake-keys.ts'
import { createV2Receiver, V1_PREFIX_BYTES } from '../../../../codec/bitcoin/v2/receiver.ts'
import type { V2Received } from '../../../../codec/bitcoin/v2/receiver.ts'
import { concatBytes, encodeAscii, encodeHex, equalBytes } from '../../../../codec/bytes.ts'
import { createFrameBuffer } from '../../../../codec/frame-buffer.ts'
import type { Role } from '../../../../codec/wire.ts'
import { hex } from '../../../support/hex.ts'
import { anyBytes, bytesOf, holds, piecesOf } from '../../../support/properties.ts'
import { cutAt, FAR_KEY, farSide, REGTEST, VERSION, watchedCrypto } from './far-side.ts'
import type { FarPacket } from './far-side.ts'

const V1_PREFIX = concatBytes(REGTEST, encodeAscii('version\0\0\0\0\0'))
const ROLES: readonly Role[] = ['dialler', 'listener']

const closing = (detail: string) => expect.objectContaining({ action: 'close', detail }) as Error
const textOf = (received: V2Received): string =>
  received.kind === 'packet' ? `packet ${encodeHex(received.contents)}` : received.kind

/** With `keys`, what the key is answered with at once. */
function startReceiver(role: Role, keys?: V2Keys) {
  const buffer = createFrameBuffer()
  const { watched, wiped } = watchedCrypto()
  const receiver = createV2Receiver({ role, magic: REGTEST, crypto: watched, buffer })
  const readAll = (): V2Received[] => {
    const all: V2Received[] = []
    for (;;) {
      const received = receiver.read()
      if (received.kind === 'more') return all
      all.push(received)
      if (received.kind === 'v1') return all
      if (received.kind === 'key' && keys !== undefined) receiver.secure(keys.receive)
    }
  }
  return {
    receiver,
    wiped,
    buffer,
    readAll,
    held: () => receiver.bufferedBytes + buffer.length,
    /** One chunk, whose memory is gone afterwards. */
    feed(bytes: Uint8Array): string[] {
      const chunk = bytes.slice()
      buffer.push(chunk)
      const all = readAll()
      buffer.keep()
      chunk.fill(0xff)
      return all.map(textOf)
    },
  }
}

const oneByOne = (bytes: Uint8Array) => Array.from(bytes, (byte) => Uint8Array.of(byte))

describe('a listener', () => {
  test('says v1 with the sixteenth byte, and takes none of them', () => {
    const { buffer, feed, receiver } = startReceiver('listener')
    const said = oneByOne(V1_PREFIX).map((byte) => feed(byte).join())
    expect(said).toEqual([...Array.from({ length: 15 }, () => ''), 'v1'])
    feed(hex('0102'))
    expect(receiver.read()).toEqual({ kind: 'v1' })
    expect(receiver.bufferedBytes).toBe(0)
    expect(buffer.take(buffer.length)).toEqual(concatBytes(V1_PREFIX, hex('0102')))
  })

  test('says v1 of a first chunk that holds more, and leaves it as it is', () => {
    const { buffer, feed } = startReceiver('listener')
    const bytes = concatBytes(V1_PREFIX, new Uint8Array(100).fill(9))
    expect(feed(bytes)).toEqual(['v1'])
    expect(buffer.take(bytes.length)).toEqual(bytes)
  })

  test.each(Array.from({ length: V1_PREFIX_BYTES }, (_, index) => index))(
    'says v2 with byte %i where that one differs, and nothing before it',
    (index) => {
      const { feed } = startReceiver('listener')
      for (const byte of oneByOne(V1_PREFIX.subarray(0, index))) expect(feed(byte)).toEqual([])
      expect(feed(Uint8Array.of((V1_PREFIX[index] ?? 0) ^ 0x80))).toEqual(['v2'])
      // Bytes that make no `version` of another network either.
      expect(feed(new Uint8Array(63 - index).fill(0xee))).toEqual(['key'])
    },
  )

  test('ends a v1 peer of another network before anything of ours is due, where it can tell', () => {
    const mainnet = concatBytes(hex('f9beb4d9'), V1_PREFIX.subarray(4))
    const { feed } = startReceiver('listener')
    expect(() => feed(concatBytes(mainnet, new Uint8Array(70)))).toThrow(closing('other-network'))

    const slow = startReceiver('listener')
    const said = oneByOne(mainnet.subarray(0, 15)).flatMap((byte) => slow.feed(byte))
    expect(said).toEqual(['v2'])
    expect(() => slow.feed(mainnet.subarray(15))).toThrow(closing('other-network'))
    expect(() => slow.receiver.read()).toThrow(closing('other-network'))
  })

  test('takes another command behind our network for a key', () => {
    const { feed } = startReceiver('listener')
    const bytes = concatBytes(REGTEST, encodeAscii('verack\0\0\0\0\0\0'), new Uint8Array(48))
    expect(feed(bytes)).toEqual(['v2', 'key'])
  })
})

test.each(['fabfb5da', 'f9beb4d9'])(
  'a dialler takes a key that begins like a v1 message of %s for a key',
  (magic) => {
    const { feed } = startReceiver('dialler')
    const key = concatBytes(hex(magic), V1_PREFIX.subarray(4), new Uint8Array(48).fill(3))
    expect(feed(key.subarray(0, 63))).toEqual([])
    expect(feed(key.subarray(63))).toEqual(['key'])
  },
)

const PACKETS: readonly FarPacket[] = [
  { contents: hex('dddd'), isDecoy: true },
  { contents: hex('00'), isDecoy: true },
  VERSION,
  { contents: hex('0102') },
  { contents: hex('dd'), isDecoy: true },
  { contents: hex('') },
  { contents: hex('03') },
]
const SAID = ['decoy', 'decoy', 'version', 'packet 0102', 'decoy', 'packet ', 'packet 03']

describe.each(ROLES)('a %s', (role) => {
  const begins = role === 'listener' ? ['v2', 'key'] : ['key']

  test('reads a whole direction from any pieces, and counts every byte', () => {
    const cases = fc.tuple(anyBytes(60), fc.array(fc.nat(), { maxLength: 20 }))
    holds(
      fc.property(cases, ([garbage, draws]) => {
        const { bytes, keys } = farSide(role, { garbage, packets: PACKETS })
        const { feed, held } = startReceiver(role, keys)
        expect(cutAt(bytes, draws).flatMap(feed)).toEqual([...begins, ...SAID])
        expect(held()).toBe(0)
      }),
      60,
    )
  })

  test('reads a whole direction one byte at a time, and holds what is not whole', () => {
    const { bytes, keys } = farSide(role, { packets: PACKETS })
    const { feed, held } = startReceiver(role, keys)
    const said: string[] = []
    const whole: number[] = []
    oneByOne(bytes).forEach((byte, index) => {
      const here = feed(byte)
      said.push(...here)
      if (held() === 0) whole.push(index + 1)
    })
    expect(said).toEqual([...begins, ...SAID])
    // Key, garbage with its terminator, packets.
    const units = [64, 3 + 16, 22, 21, 20, 22, 21, 20, 21]
    let end = 0
    expect(whole).toEqual(units.map((unit) => (end += unit)))
  })

  test('says what a packet took on the wire', () => {
    const { bytes, keys } = farSide(role, { packets: PACKETS })
    const { buffer, readAll } = startReceiver(role, keys)
    buffer.push(bytes)
    const sizes = readAll().flatMap((one) => ('bytesOnWire' in one ? [one.bytesOnWire] : []))
    expect(sizes).toEqual([22, 21, 20, 22, 21, 20, 21])
  })

  test('gives the key in memory of its own, and reads nothing until there are keys', () => {
    const { bytes, keys } = farSide(role, { packets: PACKETS })
    const { buffer, held, readAll, receiver } = startReceiver(role)
    const chunk = bytes.slice()
    buffer.push(chunk)
    const key = readAll().at(-1)
    expect(receiver.read()).toEqual({ kind: 'more' })
    expect(held()).toBe(bytes.length - 64)
    buffer.keep()
    chunk.fill(0)
    expect(key).toEqual({ kind: 'key', key: FAR_KEY })
    receiver.secure(keys.receive)
    expect(readAll().map(textOf)).toEqual(SAID)
  })

  test.each([0, 1, 4_095])('reads behind %i bytes of garbage', (count) => {
    const { bytes, keys } = farSide(role, { garbage: new Uint8Array(count).fill(5) })
    expect(startReceiver(role, keys).feed(bytes)).toEqual([...begins, 'version'])
  })

  test('ends at 4,096 bytes of garbage, and not one byte before', () => {
    const { keys, parts } = farSide(role, { garbage: new Uint8Array(4_096).fill(5) })
    const { feed } = startReceiver(role, keys)
    expect(feed(concatBytes(parts.key, parts.garbage, parts.terminator.subarray(0, 14)))).toEqual(
      begins,
    )
    expect(() => feed(parts.terminator.subarray(14))).toThrow(closing('garbage-unterminated'))
  })

  test('a wrong terminator matches nothing: it waits, until it was too much', () => {
    const { keys, parts } = farSide(role)
    const { feed } = startReceiver(role, keys)
    const wrong = parts.terminator.map((byte, index) => (index === 15 ? byte ^ 1 : byte))
    expect(feed(concatBytes(parts.key, parts.garbage, wrong, parts.packets))).toEqual(begins)
    expect(() => feed(new Uint8Array(4_111))).toThrow(closing('garbage-unterminated'))
  })

  test('takes a version packet with contents, and does not hand them on', () => {
    const { bytes, keys } = farSide(role, { packets: [{ contents: hex('616263') }] })
    expect(startReceiver(role, keys).feed(bytes)).toEqual([...begins, 'version'])
  })

  test.each<[string, ReturnType<typeof farSide>]>([
    ['that was changed', farSide(role, { answersFor: hex('aabbcd') })],
    ['that lost a byte', farSide(role, { answersFor: hex('aabbccdd') })],
    ['that the first packet says nothing about', farSide(role, { answersFor: hex('') })],
    [
      'of which a decoy in front says nothing',
      farSide(role, {
        answersFor: hex(''),
        packets: [{ contents: hex(''), isDecoy: true }, VERSION],
      }),
    ],
  ])('ends behind garbage %s', (_, { bytes, keys }) => {
    const { feed } = startReceiver(role, keys)
    expect(() => feed(bytes)).toThrow(closing('packet-unauthentic'))
    expect(() => feed(hex('00'))).toThrow(closing('packet-unauthentic'))
  })

  test('ends, or waits, where any bit behind the key was changed, and gives nothing that was', () => {
    const { bytes } = farSide(role, { packets: PACKETS })
    holds(
      fc.property(fc.nat({ max: (bytes.length - 64) * 8 - 1 }), (draw) => {
        const { keys } = farSide(role)
        const changed = bytes.slice()
        const at = 64 + (draw >> 3)
        changed[at] = (changed[at] ?? 0) ^ (1 << (draw & 7))
        const { buffer, readAll } = startReceiver(role, keys)
        buffer.push(changed)
        const said: string[] = []
        try {
          said.push(...readAll().map(textOf))
        } catch (error) {
          expect(error).toMatchObject({ name: 'WireError', action: 'close' })
        }
        expect([...begins, ...SAID].join()).toContain(said.join())
        expect(said.length).toBeLessThan(begins.length + SAID.length)
      }),
      200,
    )
  })

  test('random bytes end it by a rule of the network or leave it waiting', () => {
    holds(
      fc.property(piecesOf(anyBytes(6_000)), (pieces) => {
        const { feed, held } = startReceiver(role, farSide(role).keys)
        let came = 0
        try {
          for (const piece of pieces) {
            feed(piece)
            came += piece.length
          }
        } catch (error) {
          expect(error).toMatchObject({ name: 'WireError', action: 'close' })
          return
        }
        expect(came - held()).toBe(came < 64 ? 0 : 64)
      }),
      150,
    )
  })

  test('random bytes behind a right beginning do as well', () => {
    holds(
      fc.property(bytesOf(24), anyBytes(200), (first, more) => {
        const { bytes, keys } = farSide(role, { packets: PACKETS })
        const { feed } = startReceiver(role, keys)
        expect(feed(bytes)).toHaveLength(begins.length + SAID.length)
        try {
          expect(feed(concatBytes(first, more))).toEqual([])
        } catch (error) {
          expect(error).toMatchObject({ name: 'WireError', action: 'close' })
        }
      }),
    )
  })

  test('overwrites its keys when it ends and when it is wiped, wherever it was', () => {
    const waiting = farSide(role)
    const scanning = startReceiver(role, waiting.keys)
    scanning.feed(waiting.parts.key)
    scanning.receiver.wipe()
    const zeros = new Uint8Array(32)
    const isWiped = ({ keys }: typeof waiting) =>
      equalBytes(keys.receive.lengthKey, zeros) && equalBytes(keys.receive.packetKey, zeros)
    expect(isWiped(waiting)).toBe(true)
    expect(() => scanning.receiver.read()).toThrow('wiped')

    const failing = farSide(role)
    const failed = startReceiver(role, failing.keys)
    expect(() => failed.feed(concatBytes(failing.parts.key, new Uint8Array(4_111)))).toThrow()
    expect(isWiped(failing)).toBe(true)
    failed.receiver.wipe()
    expect(() => failed.receiver.read()).toThrow(closing('garbage-unterminated'))

    const open = farSide(role, { packets: PACKETS })
    const reading = startReceiver(role, open.keys)
    reading.feed(open.bytes)
    expect([isWiped(open), reading.wiped()]).toEqual([true, [false]])
    reading.receiver.wipe()
    reading.receiver.wipe()
    expect(reading.wiped()).toEqual([true])
    expect(() => reading.receiver.read()).toThrow('wiped')

    const cheated = farSide(role, { answersFor: hex('') })
    const opening = startReceiver(role, cheated.keys)
    expect(() => opening.feed(cheated.bytes)).toThrow(closing('packet-unauthentic'))
    expect(opening.wiped()).toEqual([true])

    const fresh = startReceiver(role)
    fresh.receiver.wipe()
    expect(() => fresh.receiver.read()).toThrow('wiped')
  })

  test('takes keys once, and only in answer to a key', () => {
    const { keys, parts } = farSide(role)
    const { feed, receiver } = startReceiver(role)
    expect(() => {
      receiver.secure(keys.receive)
    }).toThrow('no keys are awaited')
    feed(parts.key)
    receiver.secure(keys.receive)
    expect(() => {
      receiver.secure(keys.receive)
    }).toThrow('no keys are awaited')
  })
})
