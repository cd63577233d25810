import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { createBlockHeader } from '../../../codec/bitcoin/block-header.ts'
import { decodeBlock, transactionsOf } from '../../../codec/bitcoin/block.ts'
import type { MerkleBlockMessage } from '../../../codec/bitcoin/bloom-filters.ts'
import { printHash } from '../../../codec/bitcoin/hashes.ts'
import { createMerkleBlock, merkleMatches } from '../../../codec/bitcoin/merkle-block.ts'
import { merkleRoot } from '../../../codec/bitcoin/merkle-root.ts'
import { transactionIdOf } from '../../../codec/bitcoin/transaction.ts'
import { encodeHex } from '../../../codec/bytes.ts'
import { holds } from '../../support/properties.ts'
import { decode, encode } from './encoding.ts'
import { bytesOfFile, filesThere, MERKLE_BLOCK, sha256 } from './vectors.ts'

function read(payload: Uint8Array): MerkleBlockMessage {
  const message = decode('merkleblock', payload)
  if (message.type !== 'merkleblock') throw new Error('it is one')
  return message
}

const leaf = (index: number) => sha256(Uint8Array.of(index & 0xff, index >> 8))
const leaves = (count: number) => Array.from({ length: count }, (_, index) => leaf(index))
const headerOf = (ids: readonly Uint8Array[]) =>
  createBlockHeader({
    ...{ version: 1, timeSeconds: 1, bits: 1, nonce: 1 },
    previousHash: new Uint8Array(32),
    merkleRoot: merkleRoot(ids, sha256).hash,
  })
const proofOf = (ids: readonly Uint8Array[], ...matching: readonly number[]) =>
  createMerkleBlock(headerOf(ids), ids, (index) => matching.includes(index), sha256)

describe('a proof of the main network', () => {
  const message = read(MERKLE_BLOCK)

  test('is about two of 461 transactions', () => {
    expect(message).toMatchObject({ transactionCount: 461 })
    expect(message.hashes).toHaveLength(10)
    expect(encodeHex(message.flags)).toBe('f57a00')
    const matches = merkleMatches(message, sha256) ?? []
    expect(matches.map(({ index, transactionId }) => [index, printHash(transactionId)])).toEqual([
      [396, '5708f3c63be2baf9d478256cded8787c84f1eb8262c6751993a84cd04cf89373'],
      [397, '5ceec2d8ee90cb4b956870fac6055bead9333570f656ec3014307031de518cec'],
    ])
    expect(encodeHex(encode(message))).toBe(encodeHex(MERKLE_BLOCK))
  })

  test('proves nothing where any bit of it is changed', () => {
    const { hashes, flags } = message
    for (let bit = 0; bit < 19; bit++) {
      const changed = flags.slice()
      changed[bit >> 3] = (changed[bit >> 3] ?? 0) ^ (1 << (bit & 7))
      const matches = merkleMatches({ ...message, flags: changed }, sha256)
      // Whether a leaf matches is the sender's to say: the last bits of the two pairs of leaves.
      const said = matches?.map(({ index }) => index)
      if (said !== undefined) expect([[396], [397]]).toContainEqual(said)
    }
    for (let index = 0; index < hashes.length; index++) {
      const changed = hashes.map((hash, at) => (at === index ? leaf(0) : hash))
      expect(merkleMatches({ ...message, hashes: changed }, sha256)).toBeUndefined()
    }
  })

  test.each([
    ['no transactions', { transactionCount: 0 }],
    ['more transactions than a block has', { transactionCount: 16_667 }],
    ['billions of them', { transactionCount: 0xffff_ffff }],
    ['fewer transactions than hashes', { transactionCount: 9 }],
    ['a hash too few', { hashes: message.hashes.slice(1) }],
    ['a hash too many', { hashes: [...message.hashes, leaf(1)] }],
    ['no hashes', { hashes: [] }],
    ['no flags', { flags: new Uint8Array(0) }],
    ['flags that end early', { flags: message.flags.subarray(0, 2) }],
    ['a byte of flags too many', { flags: Uint8Array.of(...message.flags, 0) }],
    ['another header', { header: headerOf(leaves(3)) }],
  ])('proves nothing with %s', (_, change) => {
    expect(merkleMatches({ ...message, ...change }, sha256)).toBeUndefined()
  })

  const [path] = filesThere('bcoin/block300025.raw')
  test.skipIf(path === undefined)('is made so of its block (needs the folder of vectors)', () => {
    const block = decodeBlock(bytesOfFile(path ?? ''))
    const { header } = block
    const ids = transactionsOf(block).map((one) => transactionIdOf(one, sha256))
    const made = createMerkleBlock(header, ids, (index) => index === 396 || index === 397, sha256)
    expect(encodeHex(encode(made))).toBe(encodeHex(MERKLE_BLOCK))
  })
})

describe('a proof', () => {
  test('of any transactions of a block is about these', () => {
    const counts = fc.integer({ min: 1, max: 40 })
    const marked = counts.chain((count) =>
      fc.tuple(fc.constant(count), fc.subarray([...leaves(count).keys()])),
    )
    holds(
      fc.property(marked, ([count, matching]) => {
        const ids = leaves(count)
        const message = proofOf(ids, ...matching)
        expect(read(encode(message))).toEqual(message)
        const matches = merkleMatches(message, sha256)
        expect(matches).toEqual(matching.map((index) => ({ index, transactionId: ids[index] })))
      }),
    )
  })

  test('of nothing is the root alone', () => {
    const message = proofOf(leaves(7))
    expect(message).toMatchObject({ hashes: [merkleRoot(leaves(7), sha256).hash] })
    expect(encodeHex(message.flags)).toBe('00')
    expect(merkleMatches(message, sha256)).toEqual([])
  })

  test('may be about as many as a block has, and no more', () => {
    const ids = Array<Uint8Array>(16_666).fill(leaf(1))
    expect(() => createMerkleBlock(headerOf([]), [...ids, leaf(2)], () => false, sha256)).toThrow(
      RangeError,
    )
    expect(() => createMerkleBlock(headerOf([]), [], () => false, sha256)).toThrow(RangeError)
    const message = { ...proofOf(leaves(2)), transactionCount: 16_666 }
    expect(merkleMatches(message, sha256)).toEqual([])
  })

  test('whose branches are the same is about two lists, and proves nothing', () => {
    // Six leaves, of which the last pair is said twice: the root of eight.
    const ids = [...leaves(6), ...leaves(6).slice(4)]
    expect(merkleRoot(ids, sha256).hash).toEqual(merkleRoot(leaves(6), sha256).hash)
    expect(merkleMatches(proofOf(ids, 7), sha256)).toBeUndefined()
    expect(merkleMatches(proofOf(leaves(6), 5), sha256)).toHaveLength(1)
  })
})
