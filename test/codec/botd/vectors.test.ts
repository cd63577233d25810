import { createPublicKey, verify } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { concatBytes, encodeHex, joinedPieces } from '../../../codec/bytes.ts'
import { sessionKeysOf, signedBytes, transcriptOf } from '../../../codec/botd/handshake-bytes.ts'
import type { BotdKeys } from '../../../codec/botd/handshake-bytes.ts'
import { RECORD_PARAMETERS } from '../../../codec/botd/handshake-bytes.ts'
import type { BotdMessage } from '../../../codec/botd/messages.ts'
import { botdWire } from '../../../codec/botd/wire.ts'
import type { Outgoing, Role } from '../../../codec/wire.ts'
import { seededRandom } from '../../../transport/random.ts'
import type { CryptoBackend } from '../../../world/crypto.ts'
import { BACKENDS } from '../../support/crypto-backends.ts'
import { ACK_PAYLOAD, ALICE, BOB, idOf, INIT_PAYLOAD, VECTORS } from './vectors.ts'

const CONFIRMS = {
  dialler: { type: 'sessionConfirm', id: idOf('5'), handshakeId: idOf('2') },
  listener: { type: 'sessionConfirm', id: idOf('6'), handshakeId: idOf('1') },
} as const satisfies Record<Role, BotdMessage>
const PING: BotdMessage = { type: 'ping', id: idOf('3') }
const PONG: BotdMessage = { type: 'pong', id: idOf('4'), pingId: idOf('3') }

/** What a wire writes, a write at a time. */
function startWire(crypto: CryptoBackend, role: Role, rekeyFrames = 65_536) {
  const written: Uint8Array[] = []
  const wire = botdWire(
    {
      ...{ role, crypto, target: undefined, dial: undefined },
      random: seededRandom('wire'),
      out: (bytes) => written.push(joinedPieces(bytes)),
    },
    { ...RECORD_PARAMETERS, rekeyFrames },
  )
  return {
    wire,
    write(message: Outgoing<BotdMessage>) {
      wire.write([message])
      return encodeHex(written.splice(0).reduce((one, next) => concatBytes(one, next)))
    },
    read(...chunks: readonly Uint8Array[]): BotdMessage {
      wire.push(concatBytes(...chunks))
      const read = wire.read()
      if (read.kind !== 'message') throw new Error(read.kind)
      return read.message
    },
  }
}

describe.each(BACKENDS.map((crypto) => [crypto.name, crypto] as const))(
  'G10: the worked example, with %s,',
  (_, crypto) => {
    const keysOf = (role: Role): BotdKeys => {
      const sharedX = crypto.sharedX(ALICE.ephemeralPrivateKey, BOB.ephemeralKey)
      if (sharedX === undefined) throw new Error('no point')
      return sessionKeysOf(crypto, role, sharedX, transcriptOf(crypto, INIT_PAYLOAD, ACK_PAYLOAD))
    }

    test('has these keys', () => {
      expect([ALICE, BOB].map(({ publicKey }) => encodeHex(publicKey))).toEqual([
        VECTORS.aliceKey,
        VECTORS.bobKey,
      ])
      expect([ALICE, BOB].map(({ ephemeralKey }) => encodeHex(ephemeralKey))).toEqual([
        VECTORS.aliceEphemeralKey,
        VECTORS.bobEphemeralKey,
      ])
    })

    test('signs these digests to these signatures', () => {
      const init = signedBytes(ALICE.publicKey, BOB.publicKey, ALICE.ephemeralKey)
      const ack = signedBytes(BOB.publicKey, ALICE.publicKey, BOB.ephemeralKey)
      expect(init).toHaveLength(99)
      expect(encodeHex(crypto.sha256(init))).toBe(VECTORS.initDigest)
      expect(encodeHex(crypto.sha256(ack))).toBe(VECTORS.ackDigest)
      expect(encodeHex(crypto.sign(init, ALICE.privateKey))).toBe(VECTORS.initSignature)
      expect(encodeHex(crypto.sign(ack, BOB.privateKey))).toBe(VECTORS.ackSignature)
    })

    test('frames Init and Ack so', () => {
      const init = startWire(crypto, 'dialler').write({ raw: INIT_PAYLOAD })
      const ack = startWire(crypto, 'listener').write({ raw: ACK_PAYLOAD })
      expect(INIT_PAYLOAD).toHaveLength(VECTORS.initPayloadBytes)
      expect(ACK_PAYLOAD).toHaveLength(VECTORS.ackPayloadBytes)
      expect(init.slice(0, 16)).toBe(VECTORS.initHeader)
      expect(encodeHex(crypto.sha256(Uint8Array.from(Buffer.from(init, 'hex'))))).toBe(
        VECTORS.initFrameHash,
      )
      expect(ack).toBe(VECTORS.ackHeader + encodeHex(ACK_PAYLOAD))
    })

    test('derives these keys', () => {
      const sharedX = crypto.sharedX(BOB.ephemeralPrivateKey, ALICE.ephemeralKey)
      const transcript = transcriptOf(crypto, INIT_PAYLOAD, ACK_PAYLOAD)
      expect(encodeHex(sharedX ?? new Uint8Array(0))).toBe(VECTORS.sharedX)
      expect(encodeHex(transcript)).toBe(VECTORS.transcript)
      expect(encodeHex(crypto.hmacSha256(transcript, sharedX ?? transcript))).toBe(VECTORS.prk)
      const { receive, send } = keysOf('dialler')
      expect([send.key, send.iv, receive.key, receive.iv].map(encodeHex)).toEqual([
        ...[VECTORS.diallerKey, VECTORS.diallerIv, VECTORS.acceptorKey, VECTORS.acceptorIv],
      ])
      const other = keysOf('listener')
      expect([other.receive.key, other.send.key].map(encodeHex)).toEqual([
        ...[VECTORS.diallerKey, VECTORS.acceptorKey],
      ])
    })

    test('seals these records, and reads them', () => {
      const [dialler, listener] = [startWire(crypto, 'dialler'), startWire(crypto, 'listener')]
      dialler.wire.secure(keysOf('dialler'))
      listener.wire.secure(keysOf('listener'))
      const fromDialler = [dialler.write(CONFIRMS.dialler), dialler.write(PING)]
      const fromListener = [listener.write(CONFIRMS.listener), listener.write(PONG)]
      expect(fromDialler).toEqual([VECTORS.diallerConfirm, VECTORS.diallerPing])
      expect(fromListener).toEqual([VECTORS.acceptorConfirm, VECTORS.acceptorPong])
      const bytesOf = (hex: string) => Uint8Array.from(Buffer.from(hex, 'hex'))
      expect(fromDialler.map((hex) => listener.read(bytesOf(hex)))).toEqual([
        CONFIRMS.dialler,
        PING,
      ])
      expect(fromListener.map((hex) => dialler.read(bytesOf(hex)))).toEqual([
        CONFIRMS.listener,
        PONG,
      ])
    })

    test('moves on to these keys after the last frame of the first ones', () => {
      const { key } = keysOf('dialler').send
      const label = Uint8Array.from(Buffer.from(RECORD_PARAMETERS.rekeyLabel))
      const next = crypto.hkdfSha256(key, new Uint8Array(0), label, 44)
      expect(encodeHex(next)).toBe(VECTORS.rekeyedKey + VECTORS.rekeyedIv)
      const dialler = startWire(crypto, 'dialler', 1)
      dialler.wire.secure(keysOf('dialler'))
      dialler.write(CONFIRMS.dialler)
      expect(dialler.write(PING)).toBe(VECTORS.rekeyedPing)
    })
  },
)

test('G10: the signatures of the worked example verify with node:crypto', () => {
  /** SubjectPublicKeyInfo of a compressed secp256k1 point. */
  const prefix = Buffer.from('3036301006072a8648ce3d020106052b8104000a032200', 'hex')
  const isSigned = (key: Uint8Array, parts: readonly Uint8Array[], signature: string): boolean =>
    verify(
      'sha256',
      concatBytes(...parts),
      {
        key: createPublicKey({ key: Buffer.concat([prefix, key]), format: 'der', type: 'spki' }),
        dsaEncoding: 'ieee-p1363',
      },
      Buffer.from(signature, 'hex'),
    )
  const init = [ALICE.publicKey, BOB.publicKey, ALICE.ephemeralKey]
  const ack = [BOB.publicKey, ALICE.publicKey, BOB.ephemeralKey]
  expect(isSigned(ALICE.publicKey, init, VECTORS.initSignature)).toBe(true)
  expect(isSigned(BOB.publicKey, ack, VECTORS.ackSignature)).toBe(true)
  expect(isSigned(BOB.publicKey, init, VECTORS.initSignature)).toBe(false)
})
