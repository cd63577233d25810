import { expect, test } from 'vitest'
import { INVENTORY_KINDS } from '../../../codec/bitcoin/inventory.ts'
import { encodeHex } from '../../../codec/bytes.ts'
import { hex } from '../../support/hex.ts'
import { decode, encode } from './encoding.ts'

const HASH = '000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f'

test('the kinds have these numbers', () => {
  expect(INVENTORY_KINDS).toEqual({
    ...{ transaction: 1, block: 2, filteredBlock: 3, compactBlock: 4, witnessTransactionId: 5 },
    ...{ transactionWithWitness: 2 ** 30 + 1, blockWithWitness: 2 ** 30 + 2 },
  })
})

test.each(['inv', 'getdata', 'notfound'] as const)('%s is kinds and hashes', (type) => {
  const payload = hex(`02 02000040 ${HASH} ffffffff ${'ee'.repeat(32)}`)
  const entries = [
    { kind: INVENTORY_KINDS.blockWithWitness, hash: hex(HASH) },
    // Whoever reads the list passes over what it does not know.
    { kind: 0xffff_ffff, hash: new Uint8Array(32).fill(0xee) },
  ]
  expect(decode(type, payload)).toEqual({ type, entries })
  expect(encodeHex(encode({ type, entries }))).toBe(encodeHex(payload))
})
