import { describe, expect, test } from 'vitest'
import { concatBytes, encodeAscii } from '../../codec/bytes.ts'
import { encodeEnvelope } from '../../codec/botd/envelope-codec.ts'
import { RECORD_PARAMETERS, sessionKeysOf, transcriptOf } from '../../codec/botd/handshake-bytes.ts'
import { encodeAck, encodeInit } from '../../codec/botd/handshake-codec.ts'
import type { InitMessage } from '../../codec/botd/messages.ts'
import { createFrameBuffer } from '../../codec/frame-buffer.ts'
import { createOpener, createSealer, deriveDirectionKeys } from '../../codec/sealed-records.ts'
import { checkInit } from '../../protocols/botd/checks.ts'
import { nobleCrypto } from '../../transport/crypto/noble.ts'
import { inlineJobs } from '../../transport/jobs.ts'
import type { CryptoBackend } from '../../world/crypto.ts'
import { OTHER, OURS, plainFrame, RAW, ROLES, startScene } from './botd-raw.ts'
import type { RawStream } from './botd-raw.ts'

const crypto = nobleCrypto()
const PING = { type: 'ping', id: 'p' } as const

/** How often a signature was looked at. */
function countingCrypto() {
  const counts = { verified: 0 }
  const cryptoBackend: CryptoBackend = {
    ...crypto,
    verify(...given) {
      counts.verified++
      return crypto.verify(...given)
    },
  }
  return { counts, cryptoBackend }
}

/** Of an Ack with an id as our node draws it. */
const ACK_PAYLOAD_BYTES = 169
const ACK_FRAME_BYTES = 8 + ACK_PAYLOAD_BYTES

/** The payloads of a raw dialler's Init and of the Ack that came to it. */
const exchangeOf = (raw: RawStream) => ({
  init: encodeInit(raw.initOf()),
  ack: raw.came().slice(8, ACK_FRAME_BYTES),
})

describe('Replay of Init', () => {
  test('a copy costs no signature check', () => {
    const { counts, cryptoBackend } = countingCrypto()
    const scene = startScene({ cryptoBackend })
    const first = scene.establish()
    expect(counts.verified).toBe(1)
    scene.dial('10.0.0.66').greet(encodeInit(first.initOf()))
    expect(scene.details()).toEqual(['replayed-init'])
    expect(counts.verified).toBe(1)
  })

  test('of two copies that are looked at in the same instant one is answered', () => {
    const held: (() => void)[] = []
    const jobs = inlineJobs(crypto, { later: (run) => held.push(run), sliceMs: 0 })
    const scene = startScene({ jobs })
    const first = scene.dial('10.0.0.66')
    const second = scene.dial('10.0.0.67')
    const init = encodeInit(first.initOf())
    for (const raw of [first, second]) raw.greet(init)
    // Neither signature has been found right yet.
    for (let run = held.shift(); run !== undefined; run = held.shift()) {
      run()
      scene.world.settle()
    }
    expect(scene.details()).toEqual(['replayed-init'])
    expect([first, second].map((raw) => raw.came().length > 0)).toEqual([true, false])
  })
})

describe('Replay of Ack', () => {
  test('an ephemeral key is drawn for one connection, also where Init is a copy', () => {
    const scene = startScene({ limits: { initsMax: 0 } })
    const first = scene.dial()
    first.greet()
    const copy = scene.dial('10.0.0.66')
    copy.greet(encodeInit(first.initOf()))
    scene.world.settle()
    const [one, other] = [first, copy].map((raw) => raw.ackHeard())
    expect(one?.ephemeralKey).not.toEqual(other?.ephemeralKey)
  })
})

describe('Reflection, role confusion', () => {
  test('the two directions have keys that share nothing', () => {
    const sharedX = new Uint8Array(32).fill(1)
    const transcript = new Uint8Array(32).fill(2)
    const dialler = sessionKeysOf(crypto, 'dialler', sharedX, transcript)
    const listener = sessionKeysOf(crypto, 'listener', sharedX, transcript)
    expect(dialler.send).toEqual(listener.receive)
    expect(dialler.receive).toEqual(listener.send)
    expect(dialler.send.key).not.toEqual(dialler.receive.key)
    expect(dialler.send.iv).not.toEqual(dialler.receive.iv)
  })
})

describe('Identity hiding', () => {
  test('whoever guesses a key, or uses that of another, cannot tell why nobody answers', () => {
    const guesses: readonly ((raw: RawStream) => Uint8Array)[] = [
      (raw) => encodeInit(raw.initOf({ recipientKey: OTHER.publicKey })),
      (raw) => encodeInit(raw.initOf({}, OTHER)),
      (raw) => encodeInit(raw.initOf({ senderKey: OURS.publicKey }, OURS)),
      (raw) => encodeInit(raw.initOf()).slice(1),
    ]
    const seen = guesses.map((payloadOf) => {
      const scene = startScene()
      const raw = scene.dial()
      raw.greet(payloadOf(raw))
      scene.world.settle()
      return { state: raw.state(), came: raw.came().length }
    })
    expect(seen).toEqual(guesses.map(() => ({ state: 'ended', came: 0 })))
  })
})

describe('Downgrade', () => {
  const sealedWith = (raw: RawStream, change: 'another version' | 'another cipher') => {
    const { ack, init } = exchangeOf(raw)
    const sharedX = crypto.sharedX(raw.ephemeralPrivateKey, raw.ackHeard().ephemeralKey)
    const keys = deriveDirectionKeys(crypto, {
      ...{ sharedX: sharedX ?? ack, transcript: transcriptOf(crypto, init, ack) },
      initiatorLabel: change === 'another version' ? 'BOTD2 v2 initiator' : 'BOTD2 v1 initiator',
      responderLabel: 'BOTD2 v1 responder',
    })
    const cipher: CryptoBackend =
      change === 'another version' ? crypto : { ...crypto, aes256Gcm: crypto.chacha20Poly1305 }
    return createSealer(cipher, keys.initiator, RECORD_PARAMETERS).seal(encodeEnvelope(PING))
  }

  test.each(['another version', 'another cipher'] as const)(
    '%s of the suite fails at the first frame',
    (change) => {
      const scene = startScene()
      const raw = scene.dial()
      raw.greet()
      scene.world.settle()
      raw.write(sealedWith(raw, change))
      expect(scene.details()).toEqual(['record-unauthentic'])
      expect(scene.active()).toBe(0)
    },
  )

  const TEXT = encodeAscii('in the clear')
  test.each(ROLES)('no message is taken unsealed before there are keys, by a %s', (role) => {
    const scene = startScene()
    const raw = scene.meet(role)
    raw.write(plainFrame(encodeEnvelope({ type: 'app', id: 'a', topic: '', payload: TEXT })))
    expect(scene.details()).toEqual(['bad-handshake'])
    expect(scene.active()).toBe(0)
  })
})

describe('Forward secrecy', () => {
  test('who has both static keys and all that was said cannot read it', () => {
    const scene = startScene()
    const raw = scene.establish()
    const { ack, init } = exchangeOf(raw)
    const record = raw.came().slice(ACK_FRAME_BYTES)
    const pairs = [
      [OURS.privateKey, RAW.publicKey],
      [OURS.privateKey, raw.ephemeralKey],
      [RAW.privateKey, raw.ackHeard().ephemeralKey],
      // With which it can be read, so that the test can tell.
      [raw.ephemeralPrivateKey, raw.ackHeard().ephemeralKey],
    ] as const
    const readable = pairs.map(([privateKey, publicKey]) => {
      const sharedX = crypto.sharedX(privateKey, publicKey) ?? new Uint8Array(32)
      const keys = sessionKeysOf(crypto, 'dialler', sharedX, transcriptOf(crypto, init, ack))
      const buffer = createFrameBuffer()
      buffer.push(record)
      try {
        createOpener(crypto, keys.receive, RECORD_PARAMETERS).read(buffer)
        return true
      } catch {
        return false
      }
    })
    expect(readable).toEqual([false, false, false, true])
  })

  test('a change of keys leaves nothing of the old ones', () => {
    const derived: Uint8Array[] = []
    const watched: CryptoBackend = {
      ...crypto,
      hkdfSha256(...given) {
        const bytes = crypto.hkdfSha256(...given)
        derived.push(bytes)
        return bytes
      },
    }
    const [sharedX, transcript] = [new Uint8Array(32).fill(1), new Uint8Array(32).fill(2)]
    const { send } = sessionKeysOf(watched, 'dialler', sharedX, transcript)
    derived.length = 0
    const sealer = createSealer(watched, send, { ...RECORD_PARAMETERS, rekeyFrames: 2 })
    for (let count = 0; count < 4; count++) sealer.seal(encodeEnvelope(PING))
    expect(derived).toHaveLength(2)
    const isWiped = (bytes: Uint8Array) => bytes.every((byte) => byte === 0)
    expect([send.key, send.iv, ...derived].map(isWiped)).toEqual([true, true, true, false])
  })
})

describe('Stolen static key', () => {
  test('its thief cannot speak to its owner as somebody else, or as itself', () => {
    const scene = startScene()
    const asOther = scene.dial()
    asOther.greet(encodeInit(asOther.initOf({}, OURS)))
    const asOwner = scene.dial()
    asOwner.greet(encodeInit(asOwner.initOf({ senderKey: OURS.publicKey }, OURS)))
    expect(scene.details()).toEqual(['invalid-signature', 'own-key'])
  })
})

describe('Denial of service', () => {
  test('what is wrong without its signature costs no look at that', () => {
    const changes: readonly Partial<InitMessage>[] = [
      { recipientKey: OTHER.publicKey },
      { senderKey: OURS.publicKey },
      { ephemeralKey: RAW.publicKey },
      { ephemeralKey: Uint8Array.of(2, ...new Uint8Array(31), 5) },
      { signature: new Uint8Array(63) },
      { id: '' },
    ]
    const { counts, cryptoBackend } = countingCrypto()
    const scene = startScene({ cryptoBackend })
    for (const [index, change] of changes.entries()) {
      const raw = scene.dial(`10.0.1.${String(index)}`)
      raw.greet(encodeInit({ ...raw.initOf(), ...change }))
    }
    const crowded = scene.dial('10.0.1.99')
    crowded.write(plainFrame(encodeInit(crowded.initOf())), Uint8Array.of(1))
    expect(scene.details()).toHaveLength(changes.length + 1)
    expect(counts.verified).toBe(0)
    // And so it is with an Ack.
    const out = scene.attract('10.0.2.1')
    out.greet(encodeAck(out.ackOf({ initId: '9'.repeat(32) })))
    expect(scene.details()).toContain('wrong-init-id')
    expect(counts.verified).toBe(0)
  })
})

describe('Timing', () => {
  /** Counts the bytes that are read of it. */
  function counted(bytes: Uint8Array) {
    const read = new Set<string>()
    const proxy = new Proxy(bytes, {
      get(target, name) {
        if (typeof name === 'string' && /^\d+$/.test(name)) read.add(name)
        return Reflect.get(target, name) as unknown
      },
    })
    return { bytes: proxy, count: () => read.size }
  }
  const points = { isPublicKey: () => true }

  test('all of a key that is compared with ours is read, wherever it differs first', () => {
    const wrong = counted(
      concatBytes(Uint8Array.of(3 ^ (OURS.publicKey[0] ?? 0)), OTHER.publicKey.slice(1)),
    )
    const raw = startScene().dial()
    const init: InitMessage = { ...raw.initOf(), recipientKey: wrong.bytes }
    const given = { bufferedBytes: 0, crypto: points, ownKey: OURS.publicKey }
    expect(checkInit(init, given)).toBe('wrong-recipient')
    expect(wrong.count()).toBe(33)
  })
})
