import { describe, expect, test } from 'vitest'
import { decodeBlock, transactionsOf } from '../../../codec/bitcoin/block.ts'
import { createBlockHeader } from '../../../codec/bitcoin/block-header.ts'
import type { CompactBlockMessage } from '../../../codec/bitcoin/compact-blocks.ts'
import {
  compactLayout,
  createCompactBlock,
  shortIdAt,
  shortIdCountOf,
  shortIdKeyOf,
  shortIdOf,
} from '../../../codec/bitcoin/short-ids.ts'
import {
  decodeTransaction,
  transactionIdOf,
  witnessIdOf,
} from '../../../codec/bitcoin/transaction.ts'
import { encodeHex } from '../../../codec/bytes.ts'
import { hex } from '../../support/hex.ts'
import { decode, encode } from './encoding.ts'
import { bytesOfFile, COMPACT_BLOCK, filesThere, FIRST_BLOCK } from './vectors.ts'
import { jsonOfFile, sha256, WITNESS_TRANSACTION } from './vectors.ts'

function read(payload: Uint8Array): CompactBlockMessage {
  const message = decode('cmpctblock', payload)
  if (message.type !== 'cmpctblock') throw new Error('it is one')
  return message
}
const idsOf = (message: CompactBlockMessage) =>
  Array.from({ length: shortIdCountOf(message) }, (_, index) => shortIdAt(message, index))

describe('a compact block of a testnet', () => {
  const message = read(COMPACT_BLOCK)

  test('has nine short ids and a coinbase', () => {
    expect(message.nonce).toBe(0xb266_6d80_8bd3_e5f0n)
    expect(shortIdCountOf(message)).toBe(9)
    expect(shortIdAt(message, 0)).toBe(125_673_511_480_291)
    expect(message.prefilled.map(({ index }) => index)).toEqual([0])
    expect(encodeHex(encode(message))).toBe(encodeHex(COMPACT_BLOCK))
  })

  test('has no short id beside the nine', () => {
    for (const index of [-1, 9, 100, 0.5 - 1, Number.NaN]) expect(shortIdAt(message, index)).toBe(0)
  })

  test('has ten places', () => {
    const places = compactLayout(message)
    expect(places?.map((place) => typeof place)).toEqual([
      'object',
      ...Array<string>(9).fill('number'),
    ])
    expect(places?.slice(1)).toEqual(idsOf(message))
  })
})

describe('the places of a compact block', () => {
  const block = decodeBlock(FIRST_BLOCK)
  const { header } = block
  const [coinbase] = transactionsOf(block)
  if (coinbase === undefined) throw new Error('there is one')
  const message = (shortIdCount: number, ...indexes: readonly number[]): CompactBlockMessage => ({
    type: 'cmpctblock',
    header,
    nonce: 0n,
    shortIds: Uint8Array.from({ length: shortIdCount * 6 }, (_, at) =>
      at % 6 === 0 ? at / 6 + 1 : 0,
    ),
    prefilled: indexes.map((index) => ({ index, transaction: coinbase })),
  })
  const layout = (...of: Parameters<typeof message>) =>
    compactLayout(message(...of))?.map((place) => (typeof place === 'number' ? place : 'x'))

  test.each([
    [3, [], [1, 2, 3]],
    [0, [0], ['x']],
    [0, [0, 1, 2], ['x', 'x', 'x']],
    [3, [0], ['x', 1, 2, 3]],
    [3, [3], [1, 2, 3, 'x']],
    [3, [1, 4], [1, 'x', 2, 3, 'x']],
    [2, [1, 2], [1, 'x', 'x', 2]],
  ])('are for %i short ids and transactions at %j: %j', (count, indexes, expected) => {
    expect(layout(count, ...indexes)).toEqual(expected)
  })

  test.each([
    ['nothing', 0, []],
    ['a transaction behind all', 0, [1]],
    ['one behind the short ids', 3, [4]],
    ['a gap between two', 1, [0, 3]],
    ['one that is not there', 0, [65_536]],
  ])('are none for %s', (_, count, indexes) => {
    expect(layout(count, ...indexes)).toBeUndefined()
  })

  test('are none for an empty transaction, and without a header', () => {
    const empty = decodeTransaction(hex('01000000 00 00 00000000'))
    const one = message(1, 0)
    expect(compactLayout({ ...one, prefilled: [{ index: 0, transaction: empty }] })).toBeUndefined()
    const previousHash = new Uint8Array(32)
    const none = createBlockHeader({ ...header, bits: 0, previousHash, merkleRoot: previousHash })
    expect(compactLayout({ ...one, header: none })).toBeUndefined()
  })

  test('may be numbered beyond the end by a stranger, and then are not written again', () => {
    const stranger = read(
      Uint8Array.of(
        ...FIRST_BLOCK.subarray(0, 80),
        ...new Uint8Array(8),
        ...[0, 2, 0xfd, 0xff, 0xff],
        ...coinbase.raw,
        ...[0],
        ...coinbase.raw,
      ),
    )
    expect(stranger.prefilled.map(({ index }) => index)).toEqual([65_535, 65_536])
    expect(compactLayout(stranger)).toBeUndefined()
    expect(() => encode(stranger)).toThrow(RangeError)
  })

  test('may all be of transactions of nothing, which no block has', () => {
    const empty = `00 01000000 0000 00000000`
    const header80 = encodeHex(header.raw)
    const stranger = read(hex(`${header80} 0000000000000000 00 14 ${empty.repeat(20)}`))
    expect(stranger.prefilled).toHaveLength(20)
    expect(compactLayout(stranger)).toBeUndefined()
  })

  test('need whole short ids', () => {
    expect(() => encode({ ...message(1), shortIds: new Uint8Array(7) })).toThrow(RangeError)
  })
})

test('a short id is of the witness, too', () => {
  const { header } = decodeBlock(FIRST_BLOCK)
  const key = shortIdKeyOf(header, 5n, sha256)
  const transaction = decodeTransaction(WITNESS_TRANSACTION)
  const id = shortIdOf(key, witnessIdOf(transaction, sha256))
  expect(id).not.toBe(shortIdOf(key, transactionIdOf(transaction, sha256)))
  expect(Number.isSafeInteger(id)).toBe(true)
  expect(shortIdKeyOf(header, 6n, sha256)).not.toEqual(key)
})

interface Facts {
  readonly block: string
  readonly version: number
  readonly nonce_hex_le: string
  readonly siphash_k0: string
  readonly siphash_k1: string
  readonly shortids: readonly string[]
}
const facts = (jsonOfFile('derived/compact-facts.json') ?? {}) as Readonly<Record<string, Facts>>
const there = Object.entries(facts)

const nonceOf = (text: string) =>
  hex(text).reduceRight((nonce, byte) => nonce * 256n + BigInt(byte), 0n)
const wordsOf = (text: string) => [Number(`0x${text.slice(8)}`), Number(`0x${text.slice(0, 8)}`)]

test.skipIf(there.length === 0).each(there)(
  '%s has these short ids, and is made so of its block (needs the folder of vectors)',
  (name, { block: path, version, nonce_hex_le, siphash_k0, siphash_k1, shortids }) => {
    const payload = bytesOfFile(`derived/${name}`)
    const message = read(payload)
    const block = decodeBlock(bytesOfFile(path))
    const nonce = nonceOf(nonce_hex_le)
    expect(message.nonce).toBe(nonce)
    const key = shortIdKeyOf(message.header, nonce, sha256)
    expect([...key]).toEqual([...wordsOf(siphash_k0), ...wordsOf(siphash_k1)])
    expect(idsOf(message)).toEqual(shortids.map((text) => Number(`0x${text}`)))
    expect(encodeHex(encode(message))).toBe(encodeHex(payload))
    const nameOf = version === 2 ? witnessIdOf : transactionIdOf
    const ids = transactionsOf(block)
      .slice(1)
      .map((one) => shortIdOf(key, nameOf(one, sha256)))
    expect(idsOf(message)).toEqual(ids)
    const made = encodeHex(encode(createCompactBlock(block, nonce, sha256)))
    expect(made === encodeHex(payload)).toBe(version === 2)
  },
)

const plain = filesThere('bcoin/compact426884.raw', 'bcoin/compact898352.raw')
test.skipIf(plain.length === 0).each(plain)(
  '%s is made so of its block, which has no witness (needs the folder of vectors)',
  (path) => {
    const message = read(bytesOfFile(path))
    const block = decodeBlock(bytesOfFile(path.replace('compact', 'block')))
    expect(createCompactBlock(block, message.nonce, sha256)).toEqual(message)
  },
)
