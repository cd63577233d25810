import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { createV2Channel, drawOwnHalf } from '../../../../codec/bitcoin/v2/channel.ts'
import type { V2Channel, V2OwnHalf } from '../../../../codec/bitcoin/v2/channel.ts'
import { deriveKeys, sharedXJob } from '../../../../codec/bitcoin/v2/handshake-keys.ts'
import { createPacketSealer } from '../../../../codec/bitcoin/v2/packets.ts'
import type { OutgoingPacket } from '../../../../codec/bitcoin/v2/packets.ts'
import { concatBytes, encodeAscii, encodeHex, joinedPieces } from '../../../../codec/bytes.ts'
import { createFrameBuffer } from '../../../../codec/frame-buffer.ts'
import type { Role } from '../../../../codec/wire.ts'
import { modelCrypto } from '../../../../testing/simulator/model-crypto.ts'
import { seededRandom } from '../../../../transport/random.ts'
import type { CryptoBackend } from '../../../../world/crypto.ts'
import type { CryptoJob } from '../../../../world/jobs.ts'
import { performJob } from '../../../../world/jobs.ts'
import { ABSENT, BACKENDS } from '../../../support/crypto-backends.ts'
import { hex } from '../../../support/hex.ts'
import { anyBytes, holds } from '../../../support/properties.ts'
import { crypto, cutAt, REGTEST, watchedCrypto } from './far-side.ts'
import { SESSIONS } from './vectors.ts'

const V1_PREFIX = concatBytes(REGTEST, encodeAscii('version\0\0\0\0\0'))
const ROLES: readonly Role[] = ['dialler', 'listener']

const packetOf = (contents: Uint8Array, isDecoy = false): OutgoingPacket => ({
  contentsBytes: contents.length,
  writeContents(room) {
    room.set(contents)
  },
  isDecoy,
})

interface SideOptions {
  readonly crypto?: CryptoBackend
  readonly seed?: string
  readonly own?: V2OwnHalf
  /** Jobs are kept, for the test to answer. */
  readonly holdsJobs?: boolean
  readonly magic?: Uint8Array
}

/** One side: what it wrote, and what it read so far. */
function startSide(role: Role, options: SideOptions = {}) {
  const backend = options.crypto ?? crypto
  const buffer = createFrameBuffer()
  const written: Uint8Array[] = []
  const said: string[] = []
  const jobs: CryptoJob[] = []
  const { own } = options
  const channel: V2Channel = createV2Channel(
    {
      role,
      magic: options.magic ?? REGTEST,
      crypto: backend,
      random: seededRandom(options.seed ?? role),
      buffer,
      out(bytes) {
        written.push(joinedPieces(bytes).slice())
      },
    },
    own === undefined ? drawOwnHalf : () => own,
  )
  const answer = (): void => {
    const job = jobs.shift()
    if (job !== undefined) channel.resume(performJob(backend, job))
  }
  const readAll = (): void => {
    for (let isMore = true; isMore && jobs.length === 0;) {
      const read = channel.read()
      if (read.kind === 'more') return
      if (read.kind === 'job') {
        jobs.push(read.job)
        if (options.holdsJobs !== true) answer()
      } else if (read.kind === 'packet') said.push(encodeHex(read.contents))
      else if (read.kind === 'secured') said.push(`secured ${encodeHex(read.sessionId)}`)
      else said.push(read.kind)
      isMore = read.kind !== 'v1'
    }
  }
  return {
    channel,
    buffer,
    said,
    jobs,
    answer,
    readAll,
    feed(bytes: Uint8Array): void {
      const chunk = bytes.slice()
      buffer.push(chunk)
      readAll()
      buffer.keep()
      chunk.fill(0xff)
    },
    /** What it wrote since it was asked last. */
    takeWritten: () => written.splice(0),
    writtenBytes: () => written.reduce((sum, bytes) => sum + bytes.length, 0),
  }
}

type Side = ReturnType<typeof startSide>

/** Carries what both write to the other, cut at drawn places, until neither writes. */
function settle(one: Side, other: Side, draws: readonly number[] = []): void {
  for (let isMoving = true; isMoving;) {
    isMoving = false
    for (const [from, to] of [
      [one, other],
      [other, one],
    ] as const) {
      const bytes = concatBytes(...from.takeWritten())
      if (bytes.length > 0) isMoving = true
      for (const piece of cutAt(bytes, draws)) to.feed(piece)
    }
  }
}

function startPair(options: SideOptions = {}) {
  const dialler = startSide('dialler', options)
  const listener = startSide('listener', options)
  dialler.channel.start()
  listener.channel.start()
  return { dialler, listener }
}

for (const { name, why } of ABSENT) {
  test.skip(`${name} (skipped: absent on this machine, ${why})`, () => {})
}

const backends = [...BACKENDS, modelCrypto()].map((one) => [one.name, one] as const)

describe.each(backends)('on %s', (_, backend) => {
  test('two come to one session, and read what the other wrote, over several changes of keys', () => {
    const { dialler, listener } = startPair({ crypto: backend })
    settle(dialler, listener)
    expect(dialler.said).toHaveLength(1)
    expect(dialler.said[0]).toMatch(/^secured [0-9a-f]{64}$/)
    expect(listener.said).toEqual(dialler.said)

    const contents = Array.from({ length: 500 }, (_value, index) =>
      new Uint8Array(index % 50).fill(index),
    )
    dialler.channel.write(contents.map((part) => packetOf(part)))
    for (const part of contents) {
      listener.channel.write([packetOf(hex('dd'), true), packetOf(part)])
    }
    settle(dialler, listener, [1_000, 3_001, 20_000])
    expect(listener.said.slice(1)).toEqual(contents.map(encodeHex))
    expect(dialler.said.slice(1)).toEqual(contents.flatMap((part) => ['decoy', encodeHex(part)]))
  })
})

test('a session comes about however what is written is cut', () => {
  holds(
    fc.property(fc.array(fc.nat(), { maxLength: 40 }), fc.string(), (draws, seed) => {
      const { dialler, listener } = startPair({ seed })
      settle(dialler, listener, draws)
      expect([dialler.said, listener.said].map(({ length }) => length)).toEqual([1, 1])
      expect(dialler.said).toEqual(listener.said)
    }),
    12,
  )
})

test('what each writes and when: key and garbage, then terminator and version packet', () => {
  const { dialler, listener } = startPair()
  expect(listener.takeWritten()).toEqual([])
  const [first = hex(''), ...none] = dialler.takeWritten()
  expect(none).toEqual([])
  expect(first.length).toBeGreaterThanOrEqual(64)
  expect(first.length).toBeLessThanOrEqual(64 + 4_095)

  // The listener answers the first byte with its key, and the 64th with the rest of its beginning.
  listener.feed(first.subarray(0, 1))
  const [answer = hex('')] = listener.takeWritten()
  expect(answer.length).toBeGreaterThanOrEqual(64)
  listener.feed(first.subarray(1, 63))
  expect([listener.writtenBytes(), listener.channel.isReady]).toEqual([0, false])
  listener.feed(first.subarray(63, 64))
  expect([listener.writtenBytes(), listener.channel.isReady]).toEqual([16 + 20, true])
  expect(listener.said).toEqual([])
  listener.channel.write([packetOf(hex('0102'))])

  dialler.feed(answer)
  expect(dialler.channel.isReady).toBe(true)
  expect(dialler.writtenBytes()).toBe(16 + 20)
  dialler.feed(concatBytes(...listener.takeWritten()))
  expect(dialler.said).toEqual([expect.stringMatching(/^secured/), '0102'])
})

test('no two sessions look alike, and every length of garbage from 0 to 4,095 is drawn', () => {
  const lengths: number[] = []
  const keys = new Set<string>()
  for (let count = 0; count < 40; count++) {
    const { garbage, pair } = drawOwnHalf(crypto, seededRandom(`own ${count}`))
    lengths.push(garbage.length)
    keys.add(encodeHex(pair.key.subarray(0, 8)))
  }
  expect(keys.size).toBe(40)
  expect(Math.max(...lengths)).toBeLessThanOrEqual(4_095)
  expect(Math.max(...lengths)).toBeGreaterThan(3_500)
  expect(Math.min(...lengths)).toBeLessThan(600)
  const always = (garbageBytes: number) => ({
    ...seededRandom('limits'),
    below: (limit: number) => (limit === 4_096 ? garbageBytes : seededRandom('b').below(limit)),
  })
  for (const bytes of [0, 4_095]) {
    expect(drawOwnHalf(crypto, always(bytes)).garbage).toHaveLength(bytes)
  }
})

describe('a listener', () => {
  test('is silent while the bytes may be v1’s, and wrote nothing where they are', () => {
    const listener = startSide('listener')
    listener.channel.start()
    for (const byte of V1_PREFIX) {
      expect(listener.said).toEqual([])
      listener.feed(Uint8Array.of(byte))
      expect(listener.writtenBytes()).toBe(0)
    }
    listener.feed(hex('0102'))
    expect(listener.said[0]).toBe('v1')
    expect(listener.buffer.take(18)).toEqual(concatBytes(V1_PREFIX, hex('0102')))
    expect([listener.writtenBytes(), listener.jobs]).toEqual([0, []])
  })

  test('writes nothing to a v1 peer of another network that says so at once', () => {
    const listener = startSide('listener', { magic: hex('f9beb4d9') })
    expect(() => {
      listener.feed(V1_PREFIX)
    }).toThrow(expect.objectContaining({ detail: 'other-network' }) as Error)
    expect(listener.writtenBytes()).toBe(0)
  })
})

test('those of two networks never find the end of the other’s garbage', () => {
  const dialler = startSide('dialler')
  const listener = startSide('listener', { magic: hex('f9beb4d9') })
  dialler.channel.start()
  settle(dialler, listener)
  expect([dialler.said, listener.said]).toEqual([[], []])
  expect(() => {
    listener.feed(new Uint8Array(4_111))
  }).toThrow(expect.objectContaining({ detail: 'garbage-unterminated' }) as Error)
})

test.each([0, 63])('a key that is changed in byte %i on its way is no session', (index) => {
  const { dialler, listener } = startPair()
  const [first = hex('')] = dialler.takeWritten()
  const changed = first.map((byte, at) => (at === index ? byte ^ 1 : byte))
  try {
    listener.feed(changed)
    settle(dialler, listener)
  } catch (error) {
    expect(error).toMatchObject({ name: 'WireError', action: 'close' })
  }
  expect([dialler.said, listener.said]).toEqual([[], []])
})

describe('while the job is out', () => {
  test('nothing is read, and all that came is read once it is answered', () => {
    const { dialler, listener } = startPair({ holdsJobs: true })
    listener.feed(concatBytes(...dialler.takeWritten()))
    expect(listener.jobs).toHaveLength(1)
    dialler.feed(concatBytes(...listener.takeWritten()))
    dialler.answer()
    dialler.channel.write([packetOf(hex('0a'))])
    const rest = concatBytes(...dialler.takeWritten())
    listener.feed(rest)
    expect(listener.channel.read()).toEqual({ kind: 'more' })
    expect([listener.said, listener.channel.isReady]).toEqual([[], false])
    listener.answer()
    listener.readAll()
    expect(listener.said).toEqual([expect.stringMatching(/^secured/), '0a'])
  })

  test('it is our fault, and no peer’s, where its answer is none', () => {
    const { dialler, listener } = startPair({ holdsJobs: true })
    listener.feed(concatBytes(...dialler.takeWritten()))
    for (const wrong of [undefined, true]) {
      expect(() => {
        listener.channel.resume(wrong)
      }).toThrow('the job gave no shared secret')
    }
    listener.answer()
    expect(listener.channel.isReady).toBe(true)
  })

  test('the private key and the answer are overwritten when it is answered', () => {
    const { dialler, listener } = startPair({ holdsJobs: true })
    listener.feed(concatBytes(...dialler.takeWritten()))
    const [job] = listener.jobs
    if (job?.operation !== 'sharedX') throw new Error('another job than was awaited')
    const sharedX = performJob(crypto, job)
    expect(job.privateKey).not.toEqual(new Uint8Array(32))
    listener.channel.resume(sharedX)
    expect([job.privateKey, sharedX]).toEqual([new Uint8Array(32), new Uint8Array(32)])
  })
})

test.each(ROLES)('a %s refuses what its owner does out of turn', (role) => {
  const { channel } = startSide(role)
  expect(channel.isReady).toBe(false)
  expect(() => {
    channel.resume(new Uint8Array(32))
  }).toThrow('no job is out')
  expect(() => {
    channel.write([packetOf(hex('01'))])
  }).toThrow('there are no keys')
})

test('a channel that is wiped holds no key, wherever it was', () => {
  const own = (seed: string) => drawOwnHalf(crypto, seededRandom(seed))
  const halves = [own('one'), own('two')] as const
  const begun = startSide('dialler', { own: halves[0] })
  begun.channel.start()
  begun.channel.wipe()
  expect(halves[0].pair.privateKey).toEqual(new Uint8Array(32))

  const agreeing = startSide('dialler', { own: halves[1], holdsJobs: true })
  agreeing.channel.start()
  agreeing.feed(new Uint8Array(64).fill(5))
  agreeing.channel.wipe()
  expect(halves[1].pair.privateKey).toEqual(new Uint8Array(32))

  const { watched, wiped } = watchedCrypto()
  const { dialler, listener } = startPair({ crypto: watched })
  settle(dialler, listener)
  expect(wiped()).toEqual([false, false, false, false])
  for (const { channel } of [dialler, listener, begun, agreeing, startSide('listener')]) {
    channel.wipe()
    channel.wipe()
    expect(channel.isReady).toBe(false)
    expect(() => channel.read()).toThrow('wiped')
    expect(() => {
      channel.write([packetOf(hex('01'))])
    }).toThrow('there are no keys')
  }
  expect(wiped()).toEqual([true, true, true, true])
})

describe.each(SESSIONS.map((session) => [session.session_id.slice(0, 8), session] as const))(
  'the derived session %s',
  (_, session) => {
    const magic = hex(session.network_magic)
    const sides = { dialler: session.initiator, listener: session.responder }

    test.each(ROLES)('a %s reads all that the other side sent', (role) => {
      const own = sides[role]
      const far = sides[role === 'dialler' ? 'listener' : 'dialler']
      const side = startSide(role, {
        magic,
        own: {
          pair: { privateKey: hex(own.privkey), key: hex(own.ellswift) },
          garbage: hex(own.garbage),
        },
      })
      side.channel.start()
      const wires = far.packets.map(({ wire }) => hex(wire))
      const bytes = concatBytes(
        ...[hex(far.ellswift), hex(far.garbage), hex(far.garbage_terminator)],
        ...wires,
      )
      for (const piece of cutAt(bytes, [3, 70, 71, 200, 1_000, 5_003])) side.feed(piece)
      expect(side.said).toEqual(
        far.packets.map(({ contents, kind }) => {
          if (kind === 'version') return `secured ${session.session_id}`
          return kind === 'decoy' ? 'decoy' : contents
        }),
      )
      const [first, second] = side.takeWritten()
      expect(encodeHex(first ?? hex(''))).toBe(own.ellswift + own.garbage)
      expect(encodeHex(second?.subarray(0, 16) ?? hex(''))).toBe(own.garbage_terminator)
    })

    test.each(ROLES)('what a %s sends is sealed to the same bytes', (role) => {
      const own = sides[role]
      const far = sides[role === 'dialler' ? 'listener' : 'dialler']
      const pair = { privateKey: hex(own.privkey), key: hex(own.ellswift) }
      const sharedX = performJob(crypto, sharedXJob(pair, hex(far.ellswift)))
      if (!(sharedX instanceof Uint8Array)) throw new Error('the job gave no bytes')
      const [ownKey, theirKey] = [pair.key, hex(far.ellswift)]
      const { send } = deriveKeys(crypto, { role, magic, ownKey, theirKey, sharedX })
      const sealed = createPacketSealer(crypto, send, hex(own.garbage)).seal(
        own.packets.map(({ contents, kind }) => packetOf(hex(contents), kind === 'decoy')),
      )
      expect(encodeHex(sealed)).toBe(own.packets.map(({ wire }) => wire).join(''))
    })
  },
)

test('random bytes make either side write no more than its beginning, and throw what is typed', () => {
  const cases = fc.tuple(fc.constantFrom(...ROLES), anyBytes(5_000), fc.array(fc.nat()))
  holds(
    fc.property(cases, ([role, bytes, draws]) => {
      const side = startSide(role)
      side.channel.start()
      try {
        for (const piece of cutAt(bytes, draws)) side.feed(piece)
      } catch (error) {
        expect(error).toMatchObject({ name: 'WireError', action: 'close' })
      }
      expect(side.said.filter((one) => one !== 'v1')).toEqual([])
      expect(side.writtenBytes()).toBeLessThanOrEqual(64 + 4_095 + 16 + 20)
    }),
    60,
  )
})
