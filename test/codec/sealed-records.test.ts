import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { concatBytes, encodeAscii, encodeHex, viewOf } from '../../codec/bytes.ts'
import { createFrameBuffer } from '../../codec/frame-buffer.ts'
import {
  createOpener,
  createSealer,
  deriveDirectionKeys,
  RECORD_FRAMES_MAX,
  RECORD_OVERHEAD_BYTES,
  RECORD_REKEY_FRAMES,
} from '../../codec/sealed-records.ts'
import type {
  DirectionKeys,
  Opener,
  SealedRecordParameters,
  SessionSecret,
} from '../../codec/sealed-records.ts'
import { nobleCrypto } from '../../transport/crypto/noble.ts'
import { ABSENT, BACKENDS } from '../support/crypto-backends.ts'
import { hex } from '../support/hex.ts'
import { anyBytes, holds } from '../support/properties.ts'

const DETAILS = {
  tooShort: 'record-short',
  tooLong: 'record-long',
  unauthentic: 'record-unauthentic',
  exhausted: 'record-exhausted',
} as const
type Detail = (typeof DETAILS)[keyof typeof DETAILS]

const BOTD: SealedRecordParameters<Detail> = {
  rekeyLabel: 'BOTD2 v1 rekey',
  byteOrder: 'little',
  payloadBytesMax: 4 * 2 ** 20,
  rekeyFrames: RECORD_REKEY_FRAMES,
  framesMax: RECORD_FRAMES_MAX,
  details: DETAILS,
}
const NODE_NETWORK: SealedRecordParameters<Detail> = {
  ...BOTD,
  rekeyLabel: 'node-network/v1 rekey',
  byteOrder: 'big',
  payloadBytesMax: 2 ** 20 + 8 * 2 ** 10,
}

const BOTD_SECRET: SessionSecret = {
  sharedX: hex('205bdee225971573f1416064284561694f1d9a35b350317a21544128cb684921'),
  transcript: hex('96e1cff2a3a424448609fc6d3ef4699bbad1a208e717d025805a12d91768e68f'),
  initiatorLabel: 'BOTD2 v1 initiator',
  responderLabel: 'BOTD2 v1 responder',
}
const NODE_NETWORK_SECRET: SessionSecret = {
  sharedX: hex('f596abe428fe03f92fb40748a21dc819738a46f43efc28682d6638b4773d51f8'),
  transcript: hex('337b7b0f07b77fb1ef531bfac6051c7872a1ebf87442ff1407f0db68372849dd'),
  initiatorLabel: 'node-network/v1 initiator',
  responderLabel: 'node-network/v1 responder',
}

/** Envelopes of BOTD #2 section 10: an id, and where there is one the id that it answers. */
const envelope = (field: number, id: string, answered = '') => {
  const parts = [[0x0a, 0x20], encodeAscii(id.repeat(32))]
  if (answered !== '') parts.push([0x12, 0x20], encodeAscii(answered.repeat(32)))
  const body = parts.flatMap((part) => [...part])
  return Uint8Array.of(field * 8 + 2, body.length, ...body)
}
const DIALER_CONFIRM = envelope(1, '5', '2')
const ACCEPTOR_CONFIRM = envelope(1, '6', '1')
const PING = envelope(4, '3')
const PONG = envelope(5, '4', '3')

const keysText = ({ key, iv }: DirectionKeys) => `${encodeHex(key)} ${encodeHex(iv)}`
const closing = (detail: Detail) => expect.objectContaining({ action: 'close', detail }) as Error

/** Hands the bytes over in one chunk and reads until more are needed. */
function readAll(opener: Opener, bytes: Uint8Array): Uint8Array[] {
  const buffer = createFrameBuffer()
  buffer.push(bytes)
  const plaintexts: Uint8Array[] = []
  for (;;) {
    const plaintext = opener.read(buffer)
    if (plaintext === undefined) return plaintexts
    plaintexts.push(plaintext)
  }
}

/** Both ends of both directions, under the keys of BOTD's vectors. */
function startRecords(
  changes: Partial<SealedRecordParameters<Detail>> = {},
  crypto = nobleCrypto(),
) {
  const parameters = { ...BOTD, ...changes }
  const sending = deriveDirectionKeys(crypto, BOTD_SECRET)
  const receiving = deriveDirectionKeys(crypto, BOTD_SECRET)
  return {
    sealer: createSealer(crypto, sending.initiator, parameters),
    opener: createOpener(crypto, receiving.initiator, parameters),
    otherSealer: createSealer(crypto, sending.responder, parameters),
    otherOpener: createOpener(crypto, receiving.responder, parameters),
    sending,
    receiving,
  }
}

for (const { name, why } of ABSENT) {
  test.skip(`${name} (skipped: absent on this machine, ${why})`, () => {})
}

describe.each(BACKENDS.map((crypto) => [crypto.name, crypto] as const))('on %s', (_, crypto) => {
  test('the keys of BOTD #2 section 10', () => {
    const { initiator, responder } = deriveDirectionKeys(crypto, BOTD_SECRET)
    expect(keysText(initiator)).toBe(
      '41b09d470fb4c0c6e53070eab5ac0407b940fdead690d118d62e6566134f4ab1 401a3be1cabe926fe3e1cd20',
    )
    expect(keysText(responder)).toBe(
      'f1b4d2a89f500d646a9d37731efe96079d889e9c61177ee325db22771887ec7a eb07ee2906af7c8ef1765ff1',
    )
  })

  test('the frames 0 and 1 of both directions of BOTD #2 section 10, sealed and opened', () => {
    const { sealer, opener, otherSealer, otherOpener } = startRecords({}, crypto)
    const fromDialer = [
      '56000000e772345c69bd69290ef0086443bc7b3d16b20e9a0c3c496ee87402a2bdd5b44366e4fd9e29fcfc57' +
        '1f2680c0ac166f041872336efe4c601b661f7dc5d9634cad5ba6157377d8d9e7e8a9eaa335a99923f1678492ebec',
      '340000008cb79f494eb5c16336fd1612f44436e6575c58c1a0ae9ccd67ba1d926cb80dc6e72147eb3e9ef78f' +
        '0a921a59c1b43bf2f70aeb5d',
    ]
    const fromAcceptor = [
      '56000000dc92495a94852a7cfceb68a827b16d9b020841a8c19797542dc889b6dd7936c3e2ce3ce0023e328a' +
        '6ba671cab129e5e85d189e4a222995045990a773cfcca74de3e215109dbb3f91983fd183ce2901a7851a572ec3cf',
      '56000000f8c72c8bbe5ed8ffa4748cd877bd8add1a4d24208c56862e9f646e8d33385af5a0f177890e9fa24c' +
        'c89e159066eb68e4dce9c49e1b9e834051f8dc5ef6568deb64fc7ccddd3e06fb3701470200bee1749c17b06756d4',
    ]
    expect([DIALER_CONFIRM, PING].map((plain) => encodeHex(sealer.seal(plain)))).toEqual(fromDialer)
    expect([ACCEPTOR_CONFIRM, PONG].map((plain) => encodeHex(otherSealer.seal(plain)))).toEqual(
      fromAcceptor,
    )
    expect(readAll(opener, hex(fromDialer.join('')))).toEqual([DIALER_CONFIRM, PING])
    expect(readAll(otherOpener, hex(fromAcceptor.join('')))).toEqual([ACCEPTOR_CONFIRM, PONG])
  })

  test('the keys and the frame after one change of keys of BOTD #2 section 10', () => {
    const { sealer, opener } = startRecords({ rekeyFrames: 1 }, crypto)
    const first = sealer.seal(DIALER_CONFIRM)
    const second =
      '34000000096d72568edb0fdf29fb2410a6fced2807993d29979a97ea2242fd5d2711985124181a2a3b8af284' +
      '314049f4c2d89d3b767c4582'
    expect(encodeHex(sealer.seal(PING))).toBe(second)
    expect(readAll(opener, concatBytes(first, hex(second)))).toEqual([DIALER_CONFIRM, PING])

    const { key } = deriveDirectionKeys(crypto, BOTD_SECRET).initiator
    const next = crypto.hkdfSha256(key, hex(''), encodeAscii(BOTD.rekeyLabel), 44)
    expect(encodeHex(next)).toBe(
      'ff45de09a1b42a2a1e60b05cf6958e54cfddcefe7f0f3d01daf68aa7e585fbbe' +
        '7cf7f9090c9542bef44cf1b6',
    )
  })

  test('the keys and the confirm of the native protocol, section 14', () => {
    const { initiator, responder } = deriveDirectionKeys(crypto, NODE_NETWORK_SECRET)
    expect(keysText(initiator)).toBe(
      'c8f369e5da1436cefb6adc0f24155b6ea63355ed4977fd1eb259e89f2d678c5a 5408f2a3a3fc1c45386f4896',
    )
    expect(keysText(responder)).toBe(
      'ceccf705792703ed806bf00763c55e01c22451717a4cfaebafc101e27c06d223 1dc7c892f03a42fb7019df62',
    )
    const confirm = hex('0a026001')
    const sealed = '00000014df7ad9fce0d3c2ff61e7f9ba3e0f0990559b624b'
    const receiving = { key: initiator.key.slice(), iv: initiator.iv.slice() }
    expect(encodeHex(createSealer(crypto, initiator, NODE_NETWORK).seal(confirm))).toBe(sealed)
    expect(readAll(createOpener(crypto, receiving, NODE_NETWORK), hex(sealed))).toEqual([confirm])
  })

  test('20 frames each way through changes of keys after every 4', () => {
    const { sealer, opener, otherSealer, otherOpener } = startRecords({ rekeyFrames: 4 }, crypto)
    for (let count = 0; count < 20; count++) {
      const plaintext = new Uint8Array(count + 1).fill(count)
      expect(readAll(opener, sealer.seal(plaintext))).toEqual([plaintext])
      expect(readAll(otherOpener, otherSealer.seal(plaintext))).toEqual([plaintext])
    }
  })
})

test('every nonce is the base IV XOR the count under its key, through the real interval', () => {
  const crypto = BACKENDS.at(-1) ?? nobleCrypto()
  const { sealer } = startRecords({}, crypto)
  const first = deriveDirectionKeys(crypto, BOTD_SECRET).initiator
  const next = crypto.hkdfSha256(first.key, hex(''), encodeAscii(BOTD.rekeyLabel), 44)
  const second = { key: next.subarray(0, 32), iv: next.subarray(32) }
  const looked = new Set([0, 1, 255, 256, 257, 65_535, 65_536, 65_537, 65_792])
  for (let frame = 0; frame <= 65_792; frame++) {
    const record = sealer.seal(Uint8Array.of(7))
    if (!looked.has(frame)) continue
    const { key, iv } = frame < 65_536 ? first : second
    const count = BigInt(frame % 65_536)
    const nonce = iv.slice()
    viewOf(nonce).setBigUint64(4, viewOf(iv).getBigUint64(4) ^ count)
    const sealed = crypto.aes256Gcm(key).seal(nonce, hex('11000000'), Uint8Array.of(7))
    expect(encodeHex(record), `frame ${frame}`).toBe(`11000000${encodeHex(sealed)}`)
  }
})

describe('reading a stream of records', () => {
  const plaintexts = [DIALER_CONFIRM, Uint8Array.of(1), PING, new Uint8Array(300).fill(9)]
  const sealedStream = () => {
    const { sealer } = startRecords({ rekeyFrames: 2 })
    return concatBytes(...plaintexts.map((plaintext) => sealer.seal(plaintext)))
  }

  test('gives the same plaintexts when it is split at every byte', () => {
    const stream = sealedStream()
    for (let split = 0; split <= stream.length; split++) {
      const { opener } = startRecords({ rekeyFrames: 2 })
      const buffer = createFrameBuffer()
      const read: Uint8Array[] = []
      for (const piece of [stream.slice(0, split), stream.slice(split)]) {
        buffer.push(piece)
        for (let next = opener.read(buffer); next !== undefined; next = opener.read(buffer)) {
          read.push(next)
        }
        buffer.keep()
        piece.fill(0xee)
      }
      expect(read, `split at ${split}`).toEqual(plaintexts)
      expect(buffer.length).toBe(0)
    }
  })

  test('gives the same plaintexts one byte at a time, each as soon as its last byte is there', () => {
    const { opener } = startRecords({ rekeyFrames: 2 })
    const buffer = createFrameBuffer()
    const ends: number[] = []
    sealedStream().forEach((byte, index) => {
      buffer.push(Uint8Array.of(byte))
      const plaintext = opener.read(buffer)
      if (plaintext === undefined) return
      expect(plaintext).toEqual(plaintexts[ends.length])
      ends.push(index + 1)
    })
    let end = 0
    expect(ends).toEqual(plaintexts.map(({ length }) => (end += length + RECORD_OVERHEAD_BYTES)))
  })

  test('gives plaintexts that the stream does not change any more', () => {
    const { sealer, opener } = startRecords()
    const chunk = sealer.seal(PING)
    const [plaintext] = readAll(opener, chunk)
    chunk.fill(0)
    expect(plaintext).toEqual(PING)
  })
})

describe('what does not authenticate', () => {
  test('any flipped bit of the length, the ciphertext or the tag ends the direction', () => {
    const { sealer } = startRecords({ payloadBytesMax: 1_000 })
    const record = sealer.seal(PING)
    for (let bit = 0; bit < record.length * 8; bit++) {
      const changed = record.slice()
      changed[bit >> 3] = (changed[bit >> 3] ?? 0) ^ (1 << (bit & 7))
      const { opener } = startRecords({ payloadBytesMax: 1_000 })
      const buffer = createFrameBuffer()
      // Enough behind it that a longer length finds its bytes.
      buffer.push(concatBytes(changed, new Uint8Array(2_000)))
      const length = viewOf(changed).getUint32(0, true)
      const detail =
        length > 1_016 ? DETAILS.tooLong : length < 17 ? DETAILS.tooShort : DETAILS.unauthentic
      expect(() => opener.read(buffer), `bit ${bit}`).toThrow(closing(detail))
    }
  })

  test.each<[string, (first: Uint8Array, second: Uint8Array) => Uint8Array[], number]>([
    ['repeated', (first, second) => [first, first, second], 1],
    ['swapped', (first, second) => [second, first], 0],
    ['dropped', (_first, second) => [second], 0],
  ])('a record that is %s is refused', (_, arranged, readBefore) => {
    const { sealer, opener } = startRecords()
    const records = arranged(sealer.seal(DIALER_CONFIRM), sealer.seal(PING))
    const buffer = createFrameBuffer()
    buffer.push(concatBytes(...records))
    for (let count = 0; count < readBefore; count++) {
      expect(opener.read(buffer)).toEqual(DIALER_CONFIRM)
    }
    expect(() => opener.read(buffer)).toThrow(closing(DETAILS.unauthentic))
  })

  test('a record that is reflected to its sender is refused', () => {
    const { sealer, otherOpener } = startRecords()
    const reflected = sealer.seal(PING)
    expect(() => readAll(otherOpener, reflected)).toThrow(closing(DETAILS.unauthentic))
  })

  test('a record from before a change of keys is refused after it', () => {
    const { sealer, opener } = startRecords({ rekeyFrames: 2 })
    const [first, second] = [sealer.seal(PING), sealer.seal(PING)]
    expect(readAll(opener, concatBytes(first, second))).toEqual([PING, PING])
    expect(() => readAll(opener, first)).toThrow(closing(DETAILS.unauthentic))
  })

  test('nothing is read after a refusal, not even what is right, and the keys are gone', () => {
    const { sealer, opener, receiving } = startRecords()
    const record = sealer.seal(PING)
    const changed = record.slice().fill(0, record.length - 1)
    expect(() => readAll(opener, changed)).toThrow(closing(DETAILS.unauthentic))
    expect(() => readAll(opener, record)).toThrow(closing(DETAILS.unauthentic))
    expect(keysText(receiving.initiator)).toMatch(/^[0 ]+$/)
  })
})

describe.each(['little', 'big'] as const)('a length, %s-endian', (byteOrder) => {
  const header = (length: number) => {
    const bytes = new Uint8Array(4)
    viewOf(bytes).setUint32(0, length, byteOrder === 'little')
    return bytes
  }

  test.each([
    [0, DETAILS.tooShort],
    [1, DETAILS.tooShort],
    [16, DETAILS.tooShort],
    [117, DETAILS.tooLong],
    [2 ** 31, DETAILS.tooLong],
    [2 ** 32 - 1, DETAILS.tooLong],
  ])('of %d is refused before anything else has come', (length, detail) => {
    const { opener } = startRecords({ byteOrder, payloadBytesMax: 100 })
    const buffer = createFrameBuffer()
    buffer.push(header(length).subarray(0, 3))
    expect(opener.read(buffer)).toBeUndefined()
    buffer.push(header(length).subarray(3))
    expect(() => opener.read(buffer)).toThrow(closing(detail))
  })

  test.each([17, 116])('of %d is waited for', (length) => {
    const { opener } = startRecords({ byteOrder, payloadBytesMax: 100 })
    const buffer = createFrameBuffer()
    buffer.push(concatBytes(header(length), new Uint8Array(length - 1)))
    expect(opener.read(buffer)).toBeUndefined()
    buffer.push(new Uint8Array(1))
    expect(() => opener.read(buffer)).toThrow(closing(DETAILS.unauthentic))
  })
})

describe('sealing', () => {
  test('holds the limits of a plaintext, and spends no frame on what it refuses', () => {
    const { sealer, opener } = startRecords({ payloadBytesMax: 100 })
    for (const length of [0, 101]) {
      expect(() => sealer.seal(new Uint8Array(length)), `${length}`).toThrow(RangeError)
      expect(() => sealer.sealParts(new Uint8Array(length)), `${length}`).toThrow(RangeError)
    }
    const [smallest, largest] = [new Uint8Array(1), new Uint8Array(100)]
    const records = concatBytes(sealer.seal(smallest), sealer.seal(largest))
    expect(readAll(opener, records)).toEqual([smallest, largest])
  })

  test.each(BACKENDS.map((crypto) => [crypto.name, crypto] as const))(
    'in parts gives the record in three pieces of memory of their own (%s)',
    (_, crypto) => {
      const whole = startRecords({ rekeyFrames: 3 }, crypto).sealer
      const inParts = startRecords({ rekeyFrames: 3 }, crypto).sealer
      const nonEmpty = anyBytes(500).filter(({ length }) => length > 0)
      holds(
        fc.property(nonEmpty, (plaintext) => {
          const record = whole.seal(plaintext)
          const parts = inParts.sealParts(plaintext)
          plaintext.fill(0)
          expect(concatBytes(...parts)).toEqual(record)
          expect(parts.map(({ length }) => length)).toEqual([4, plaintext.length, 16])
        }),
      )
    },
  )

  test('leaves the plaintext as it is', () => {
    const plaintext = PING.slice()
    startRecords().sealer.seal(plaintext)
    expect(plaintext).toEqual(PING)
  })
})

describe('the end of a direction', () => {
  test('comes with the frame after the last one, on both sides, and overwrites the keys', () => {
    const { sealer, opener, sending, receiving } = startRecords({ framesMax: 6, rekeyFrames: 10 })
    const buffer = createFrameBuffer()
    for (let count = 0; count < 6; count++) {
      buffer.push(sealer.seal(PING))
      expect(opener.read(buffer)).toEqual(PING)
    }
    for (let again = 0; again < 2; again++) {
      expect(() => sealer.seal(PING)).toThrow(closing(DETAILS.exhausted))
      expect(() => opener.read(buffer)).toThrow(closing(DETAILS.exhausted))
    }
    expect(keysText(sending.initiator)).toMatch(/^[0 ]+$/)
    expect(keysText(receiving.initiator)).toMatch(/^[0 ]+$/)
  })

  test('counts on through changes of keys', () => {
    const { sealer } = startRecords({ framesMax: 5, rekeyFrames: 2 })
    for (let count = 0; count < 5; count++) sealer.seal(PING)
    expect(() => sealer.seal(PING)).toThrow(closing(DETAILS.exhausted))
  })

  test('a change of keys overwrites the old ones', () => {
    const { sealer, sending } = startRecords({ rekeyFrames: 2 })
    sealer.seal(PING)
    expect(keysText(sending.initiator)).not.toMatch(/^[0 ]+$/)
    sealer.seal(PING)
    expect(keysText(sending.initiator)).toMatch(/^[0 ]+$/)
  })

  test('wiping overwrites the keys of that direction alone, and nothing passes any more', () => {
    const { sealer, opener, otherSealer, otherOpener, sending } = startRecords()
    const record = sealer.seal(PING)
    sealer.wipe()
    sealer.wipe()
    opener.wipe()
    expect(() => sealer.seal(PING)).toThrow('wiped')
    expect(() => readAll(opener, record)).toThrow('wiped')
    expect(keysText(sending.initiator)).toMatch(/^[0 ]+$/)
    expect(readAll(otherOpener, otherSealer.seal(PONG))).toEqual([PONG])
  })
})

test('two sessions that differ in one bit of the transcript share no key', () => {
  const crypto = nobleCrypto()
  const here = deriveDirectionKeys(crypto, BOTD_SECRET)
  const transcript = BOTD_SECRET.transcript.slice()
  transcript[0] = (transcript[0] ?? 0) ^ 1
  const there = deriveDirectionKeys(crypto, { ...BOTD_SECRET, transcript })
  const record = createSealer(crypto, here.initiator, BOTD).seal(PING)
  const opener = createOpener(crypto, there.initiator, BOTD)
  expect(() => readAll(opener, record)).toThrow(closing(DETAILS.unauthentic))
})
