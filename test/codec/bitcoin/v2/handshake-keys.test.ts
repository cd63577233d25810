import { describe, expect, test } from 'vitest'
import { encodeHex } from '../../../../codec/bytes.ts'
import { decodeEllswift } from '../../../../codec/bitcoin/v2/ellswift.ts'
import {
  deriveKeys,
  drawKeyPair,
  sharedSecretOf,
  sharedXJob,
} from '../../../../codec/bitcoin/v2/handshake-keys.ts'
import type { V2Keys } from '../../../../codec/bitcoin/v2/handshake-keys.ts'
import { modelCrypto } from '../../../../testing/simulator/model-crypto.ts'
import { seededRandom } from '../../../../transport/random.ts'
import type { CryptoBackend } from '../../../../world/crypto.ts'
import { performJob } from '../../../../world/jobs.ts'
import type { Random } from '../../../../world/random.ts'
import { ABSENT, BACKENDS } from '../../../support/crypto-backends.ts'
import { hex } from '../../../support/hex.ts'
import { field, PACKET_ROWS } from './vectors.ts'

const MAINNET = hex('f9beb4d9')

function sharedXOf(crypto: CryptoBackend, privateKey: Uint8Array, theirKey: Uint8Array) {
  const result = performJob(crypto, sharedXJob({ privateKey, key: hex('') }, theirKey))
  if (!(result instanceof Uint8Array)) throw new Error('the job gave no bytes')
  return result
}

const textsOf = ({ send, receive, sessionId }: V2Keys) =>
  [send, receive]
    .flatMap(({ lengthKey, packetKey, terminator }) => [lengthKey, packetKey, terminator])
    .concat(sessionId)
    .map(encodeHex)

for (const { name, why } of ABSENT) {
  test.skip(`${name} (skipped: absent on this machine, ${why})`, () => {})
}

const backends = BACKENDS.map((crypto) => [crypto.name, crypto] as const)

describe.each(backends)('on %s', (_, crypto) => {
  test.each(PACKET_ROWS.map((row) => [field(row, 'in_priv_ours').slice(0, 8), row] as const))(
    'the published session of the key %s: its secret, its keys and its id',
    (_key, row) => {
      const of = (name: string) => field(row, name)
      const isInitiator = of('in_initiating') === '1'
      const role = isInitiator ? 'dialler' : 'listener'
      const privateKey = hex(of('in_priv_ours'))
      const [ownKey, theirKey] = [hex(of('in_ellswift_ours')), hex(of('in_ellswift_theirs'))]
      expect(encodeHex(decodeEllswift(ownKey))).toBe(of('mid_x_ours'))
      expect(encodeHex(crypto.publicKeyOf(privateKey).subarray(1))).toBe(of('mid_x_ours'))
      expect(encodeHex(decodeEllswift(theirKey))).toBe(of('mid_x_theirs'))

      const sharedX = sharedXOf(crypto, privateKey, theirKey)
      expect(encodeHex(sharedX)).toBe(of('mid_x_shared'))
      const agreement = { role, magic: MAINNET, ownKey, theirKey, sharedX } as const
      expect(encodeHex(sharedSecretOf(crypto, agreement))).toBe(of('mid_shared_secret'))

      const [own, their] = isInitiator ? ['initiator', 'responder'] : ['responder', 'initiator']
      expect(textsOf(deriveKeys(crypto, agreement))).toEqual([
        ...[of(`mid_${own}_l`), of(`mid_${own}_p`), of('mid_send_garbage_terminator')],
        ...[of(`mid_${their}_l`), of(`mid_${their}_p`), of('mid_recv_garbage_terminator')],
        of('out_session_id'),
      ])
    },
  )

  test('two who drew their keys come to the same, each the other way around', () => {
    const random = seededRandom('both')
    const [one, other] = [drawKeyPair(crypto, random), drawKeyPair(crypto, random)]
    const sharedX = sharedXOf(crypto, one.privateKey, other.key)
    expect(sharedXOf(crypto, other.privateKey, one.key)).toEqual(sharedX)
    const here = deriveKeys(crypto, {
      ...{ role: 'dialler', magic: MAINNET, sharedX: sharedX.slice() },
      ...{ ownKey: one.key, theirKey: other.key },
    })
    const there = deriveKeys(crypto, {
      ...{ role: 'listener', magic: MAINNET, sharedX: sharedX.slice() },
      ...{ ownKey: other.key, theirKey: one.key },
    })
    expect(here.send).toEqual(there.receive)
    expect(here.receive).toEqual(there.send)
    expect(here.sessionId).toEqual(there.sessionId)
    expect(new Set(textsOf(here)).size).toBe(7)
  })
})

const [, crypto] = backends[0] ?? ['', modelCrypto()]

/** An agreement of which a test changes one part. */
function startAgreement() {
  const random = seededRandom('parts')
  const [own, their] = [drawKeyPair(crypto, random), drawKeyPair(crypto, random)]
  return {
    role: 'dialler' as const,
    magic: MAINNET,
    ownKey: own.key,
    theirKey: their.key,
    sharedX: sharedXOf(crypto, own.privateKey, their.key),
  }
}

test('other networks, roles, forms of a key and secrets have other keys in all parts', () => {
  const agreement = startAgreement()
  const changes = [
    { magic: hex('fabfb5da') },
    { role: 'listener' as const },
    { ownKey: agreement.ownKey.slice().fill(1, 63) },
    { theirKey: agreement.theirKey.slice().fill(1, 63) },
    { sharedX: agreement.sharedX.slice().fill(1, 31) },
  ]
  const derived = [{}, ...changes].flatMap((change) =>
    textsOf(deriveKeys(crypto, { ...agreement, sharedX: agreement.sharedX.slice(), ...change })),
  )
  expect(new Set(derived).size).toBe(7 * 6)
})

test('the shared secret of the curve is overwritten, and so is what comes of it on the way', () => {
  const seen: Uint8Array[] = []
  const agreement = startAgreement()
  const watched: CryptoBackend = {
    ...crypto,
    hkdfSha256(input, ...rest) {
      seen.push(input)
      return crypto.hkdfSha256(input, ...rest)
    },
  }
  deriveKeys(watched, agreement)
  expect(agreement.sharedX).toEqual(new Uint8Array(32))
  expect(seen).toHaveLength(6)
  for (const secret of seen) expect(secret).toEqual(new Uint8Array(32))
})

test('cryptography of simulations, of whose keys half are on no curve, agrees as well', () => {
  const model = modelCrypto()
  const random = seededRandom('model')
  for (let count = 0; count < 8; count++) {
    const [one, other] = [drawKeyPair(model, random), drawKeyPair(model, random)]
    expect(sharedXOf(model, one.privateKey, other.key)).toEqual(
      sharedXOf(model, other.privateKey, one.key),
    )
  }
})

test('twenty keys in a row that are on no curve are no fault (seed 15 of twenty simulated nodes)', () => {
  let draws = 0
  const unlucky: CryptoBackend = {
    ...modelCrypto(),
    // No point has this x.
    publicKeyOf: (key) => (++draws <= 20 ? new Uint8Array(33) : crypto.publicKeyOf(key)),
  }
  expect(drawKeyPair(unlucky, seededRandom('unlucky')).key).toHaveLength(64)
  expect(draws).toBe(21)
})

test('a source of chance that gives no private key is found out', () => {
  const zeros: Random = { ...seededRandom('zeros'), bytes: (count) => new Uint8Array(count) }
  expect(() => drawKeyPair(crypto, zeros)).toThrow('no private key')
})
