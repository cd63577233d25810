import { createHash, createPublicKey, verify } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { encodeHex, encodeUtf8 } from '../../../codec/bytes.ts'
import {
  broadcastBytes,
  itemBytes,
  publicationIdOf,
} from '../../../codec/native/publication-bytes.ts'
import { BACKENDS } from '../../support/crypto-backends.ts'
import { hex } from '../../support/hex.ts'
import { ALICE, ALICE_BROADCAST, ALICE_ITEM, NETWORK, VECTORS } from './vectors.ts'

describe.each(BACKENDS.map((crypto) => [crypto.name, crypto] as const))(
  'what Alice publishes, with %s',
  (_, crypto) => {
    test.each([
      [
        'broadcast',
        broadcastBytes(crypto, NETWORK, ALICE_BROADCAST),
        127,
        VECTORS.broadcastId,
        VECTORS.broadcastSignature,
      ],
      ['item', itemBytes(crypto, NETWORK, ALICE_ITEM), 122, VECTORS.itemId, VECTORS.itemSignature],
    ])('has the pinned id and signature: a %s', (_type, signed, length, id, signature) => {
      expect(signed).toHaveLength(length)
      expect(encodeHex(publicationIdOf(crypto, signed))).toBe(id)
      expect(encodeHex(crypto.sign(signed, ALICE.privateKey))).toBe(signature)
      expect(crypto.verify(signed, hex(signature), ALICE.publicKey)).toBe(true)
    })

    const id = (network: string, changed: Partial<typeof ALICE_BROADCAST>) =>
      encodeHex(
        publicationIdOf(
          crypto,
          broadcastBytes(crypto, network, { ...ALICE_BROADCAST, ...changed }),
        ),
      )

    test.each([
      ['network', 'testnet/other', {}],
      ['origin', NETWORK, { originId: new Uint8Array(32) }],
      ['sequence', NETWORK, { sequence: 2n }],
      ['timestamp', NETWORK, { timestampMs: 1n }],
      ['topic', NETWORK, { topic: 'new' }],
      ['payload', NETWORK, { payload: encodeUtf8('hello ') }],
    ])('is another one with another %s', (_field, network, changed) => {
      expect(id(network, changed)).not.toBe(VECTORS.broadcastId)
    })

    test('is no item with the number of a broadcast', () => {
      const { sequence: number, ...rest } = ALICE_BROADCAST
      const signed = itemBytes(crypto, NETWORK, { ...rest, number })
      expect(encodeHex(publicationIdOf(crypto, signed))).not.toBe(VECTORS.broadcastId)
    })

    test('has room for the longest of names', () => {
      const topic = 'é'.repeat(64)
      const signed = itemBytes(crypto, 'n'.repeat(64), { ...ALICE_ITEM, topic })
      expect(signed).toHaveLength(122 + (64 - NETWORK.length) + (128 - 4))
    })

    test.each([-1n, 2n ** 64n])('has no room for the number %i', (sequence) => {
      expect(() => id(NETWORK, { sequence })).toThrow(RangeError)
    })
  },
)

/** None of our code below: node:crypto, and the layouts written out once more. */
describe('what Alice publishes, computed by other code', () => {
  const sha256 = (bytes: Uint8Array): Buffer => createHash('sha256').update(bytes).digest()
  const u64 = (value: bigint): Buffer => {
    const bytes = Buffer.alloc(8)
    bytes.writeBigUInt64BE(value)
    return bytes
  }
  const lp = (text: string): Buffer => {
    const bytes = Buffer.from(text, 'utf8')
    const length = Buffer.alloc(2)
    length.writeUInt16BE(bytes.length)
    return Buffer.concat([length, bytes])
  }
  const publicKey = Buffer.from(VECTORS.alicePublicKey, 'hex')
  const originId = sha256(Buffer.concat([Buffer.from('node-network/id/v1\u0001'), publicKey]))
  const signedOf = (kind: string, number: bigint, timestampMs: bigint) =>
    Buffer.concat([
      lp(`node-network/${kind}/v1`),
      lp('testnet/demo'),
      originId,
      u64(number),
      u64(timestampMs),
      lp('news'),
      sha256(Buffer.from('hello')),
    ])
  const key = createPublicKey({
    key: Buffer.concat([
      Buffer.from('3036301006072a8648ce3d020106052b8104000a032200', 'hex'),
      publicKey,
    ]),
    format: 'der',
    type: 'spki',
  })

  test.each([
    [
      'broadcast',
      signedOf('broadcast', 1n, 1_700_000_000_500n),
      VECTORS.broadcastId,
      VECTORS.broadcastSignature,
    ],
    ['item', signedOf('item', 0n, 1_700_000_000_600n), VECTORS.itemId, VECTORS.itemSignature],
  ])('has the pinned id, and a signature that holds: a %s', (_, signed, id, signature) => {
    expect(sha256(signed).toString('hex')).toBe(id)
    const given = Buffer.from(signature, 'hex')
    expect(verify('sha256', signed, { key, dsaEncoding: 'ieee-p1363' }, given)).toBe(true)
    const other = Buffer.concat([signed, Buffer.alloc(1)])
    expect(verify('sha256', other, { key, dsaEncoding: 'ieee-p1363' }, given)).toBe(false)
  })
})
