import { describe, expect, test } from 'vitest'
import { identityOf, isNodeId, nodeIdOf } from '../../../codec/native/identity.ts'
import { nobleCrypto } from '../../../transport/crypto/noble.ts'
import { hex } from '../../support/hex.ts'
import { ALICE, VECTORS } from './vectors.ts'

const crypto = nobleCrypto()
const ID = VECTORS.aliceId

describe('an identity', () => {
  test('is the hash of its key, and of what kind of key it is', () => {
    expect(nodeIdOf(crypto, 1, ALICE.publicKey)).toEqual(hex(ID))
    expect(nodeIdOf(crypto, 2, ALICE.publicKey)).not.toEqual(hex(ID))
  })

  test('keeps a copy of the private key', () => {
    const privateKey = ALICE.privateKey.slice()
    const identity = identityOf(crypto, privateKey)
    privateKey.fill(0)
    expect(identity).toEqual(ALICE)
  })

  test.each([
    ['31 bytes', new Uint8Array(31).fill(1)],
    ['zero', new Uint8Array(32)],
    [
      'the order of the curve',
      hex('fffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141'),
    ],
  ])('is not made of %s', (_, privateKey) => {
    expect(() => identityOf(crypto, privateKey)).toThrow(RangeError)
  })

  test.each([ID.toUpperCase(), ID.slice(2), `${ID}00`, ` ${ID}`, `0x${ID.slice(2)}`, ''])(
    'is not written as %j',
    (text) => {
      expect(isNodeId(text)).toBe(false)
    },
  )
})
