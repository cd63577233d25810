import { describe, expect, test } from 'vitest'
import { decodeBlock, transactionsOf } from '../../../codec/bitcoin/block.ts'
import type { BitcoinMessage } from '../../../codec/bitcoin/messages.ts'
import { estimatePayloadBytes } from '../../../codec/bitcoin/payload-size.ts'
import { decodeTransaction } from '../../../codec/bitcoin/transaction.ts'
import { encode } from './encoding.ts'
import { FIRST_BLOCK, WITNESS_TRANSACTION } from './vectors.ts'

const HASH = new Uint8Array(32)
const block = decodeBlock(FIRST_BLOCK)
const transaction = decodeTransaction(WITNESS_TRANSACTION)
const many = <Element>(count: number, element: Element) => Array<Element>(count).fill(element)
const entry = { kind: 1, hash: HASH }
const address = (network: 'ipv4' | 'onion', bytes: number) => ({
  seenSeconds: 1,
  services: 9n,
  address: { network, bytes: new Uint8Array(bytes), port: 1 },
})

describe('the size of a large message is told', () => {
  const exact: readonly BitcoinMessage[] = [
    { type: 'block', block },
    { type: 'tx', transaction },
    { type: 'headers', headers: many(2_000, block.header) },
    { type: 'inv', entries: many(1_000, entry) },
    { type: 'getdata', entries: many(1_000, entry) },
    { type: 'notfound', entries: many(1_000, entry) },
    { type: 'addr', entries: many(1_000, address('ipv4', 4)) },
    { type: 'unknown', command: 'x', payload: new Uint8Array(10_000) },
  ]
  test.each(exact.map((message) => [message.type, message] as const))(
    'exactly: %s',
    (_, message) => {
      expect(estimatePayloadBytes(message)).toBe(encode(message).length)
    },
  )

  const indexes = Array.from({ length: 1_000 }, (_, index) => index * 300)
  const near: readonly BitcoinMessage[] = [
    { type: 'blocktxn', blockHash: HASH, transactions: many(300, transaction) },
    {
      ...{ type: 'cmpctblock', header: block.header, nonce: 1n, shortIds: new Uint8Array(60_000) },
      prefilled: transactionsOf(block).map((one) => ({ index: 0, transaction: one })),
    },
    { type: 'getblocktxn', blockHash: HASH, indexes: indexes.slice(0, 200) },
    { type: 'getheaders', version: 1, locator: many(101, HASH), stop: HASH },
    { type: 'cfilter', filterKind: 0, blockHash: HASH, filter: new Uint8Array(20_000) },
    { type: 'cfcheckpt', filterKind: 0, stopHash: HASH, filterHeaders: many(1_000, HASH) },
    {
      ...{ type: 'cfheaders', filterKind: 0, stopHash: HASH, previousHeader: HASH },
      filterHashes: many(2_000, HASH),
    },
    {
      ...{ type: 'merkleblock', header: block.header, transactionCount: 9_000, flags: HASH },
      hashes: many(5_000, HASH),
    },
    { type: 'filteradd', item: new Uint8Array(520) },
    { type: 'feature', id: 'x'.repeat(60), data: new Uint8Array(512) },
    { type: 'filterload', functionCount: 1, tweak: 0, flags: 0, filter: new Uint8Array(30_000) },
  ]
  test.each(near.map((message) => [message.type, message] as const))(
    'to within a hundred bytes: %s',
    (_, message) => {
      const bytes = encode(message).length
      expect(estimatePayloadBytes(message)).toBeGreaterThanOrEqual(bytes)
      expect(estimatePayloadBytes(message)).toBeLessThan(bytes + 100)
    },
  )

  test('to within eight bytes an address', () => {
    for (const one of [address('ipv4', 4), address('onion', 32)]) {
      const message = { type: 'addrv2', entries: many(1_000, one) } as const
      expect(estimatePayloadBytes(message) - encode(message).length).toBe(8_000)
    }
  })
})
