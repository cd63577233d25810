import { describe, expect, test } from 'vitest'
import {
  blockHashOf,
  createBlockHeader,
  merkleRootOf,
  previousHashOf,
} from '../../../codec/bitcoin/block-header.ts'
import type { BlockHeader } from '../../../codec/bitcoin/block-header.ts'
import {
  blockWeightOf,
  blockWithoutWitness,
  createBlock,
  decodeBlock,
  isMutatedBlock,
  transactionsOf,
  witnessCommitmentOf,
} from '../../../codec/bitcoin/block.ts'
import { doubleSha256, printHash } from '../../../codec/bitcoin/hashes.ts'
import type { HeadersMessage } from '../../../codec/bitcoin/headers.ts'
import { merkleRoot } from '../../../codec/bitcoin/merkle-root.ts'
import {
  decodeTransaction,
  hasWitness,
  transactionIdOf,
  withoutWitness,
  witnessIdOf,
} from '../../../codec/bitcoin/transaction.ts'
import type { Transaction } from '../../../codec/bitcoin/transaction.ts'
import { createTransaction, inputsOf } from '../../../codec/bitcoin/transaction-parts.ts'
import { concatBytes, encodeHex } from '../../../codec/bytes.ts'
import { hex } from '../../support/hex.ts'
import { compactSize, decode, encode, skips } from './encoding.ts'
import { bytesOfFile, filesThere, FIRST_BLOCK, jsonOfFile } from './vectors.ts'
import { sha256, WITNESS_TRANSACTION } from './vectors.ts'

const hashOf = (header: BlockHeader) => printHash(blockHashOf(header, sha256))

/** The same header with another root. */
const headed = (header: BlockHeader, transactions: readonly Transaction[]) =>
  createBlockHeader({
    ...header,
    previousHash: previousHashOf(header),
    merkleRoot: merkleRoot(
      transactions.map((one) => transactionIdOf(one, sha256)),
      sha256,
    ).hash,
  })
const blockOf = (...transactions: readonly Transaction[]) =>
  createBlock(headed(decodeBlock(FIRST_BLOCK).header, transactions), transactions)

describe('the first block', () => {
  const block = decodeBlock(FIRST_BLOCK)

  test('says this', () => {
    expect(hashOf(block.header)).toBe(
      '00000000839a8e6886ab5951d76f411475428afc90947ee320161bbf18eb6048',
    )
    expect(printHash(previousHashOf(block.header))).toBe(
      '000000000019d6689c085ae165831e934ff763ae46a2a6c172b3f1b60a8ce26f',
    )
    expect(printHash(merkleRootOf(block.header))).toBe(
      '0e3e2357e806b6cdb1f70b54c3a3a17b6714ee1f0e68bebb44a74b1efd512098',
    )
    expect(block.header).toMatchObject({
      ...{ version: 1, timeSeconds: 1_231_469_665, bits: 0x1d00_ffff, nonce: 2_573_394_689 },
    })
    expect(transactionsOf(block)).toHaveLength(1)
    expect(block.transactionCount).toBe(1)
    expect(blockWeightOf(block)).toBe(4 * 215)
    expect(isMutatedBlock(block, sha256, true)).toBe(false)
  })

  test('is cut nowhere', () => {
    for (let length = 0; length < FIRST_BLOCK.length; length++) {
      const cut = () => decodeBlock(FIRST_BLOCK.subarray(0, length))
      expect(cut, `${length} bytes`).toThrow(skips('malformed'))
    }
    expect(() => decodeBlock(concatBytes(FIRST_BLOCK, hex('00')))).toThrow(skips('malformed'))
  })

  test('may be followed by one of hundreds of thousands of nothing, which is walked', () => {
    const count = 300_000
    const bytes = new Uint8Array(85 + count * 10)
    bytes.set(FIRST_BLOCK.subarray(0, 80))
    bytes.set(compactSize(count), 80)
    const nothing = decodeBlock(bytes)
    expect(nothing.transactionCount).toBe(count)
    expect(nothing.raw).toHaveLength(bytes.length)
    expect(() => decodeBlock(bytes.subarray(0, -1))).toThrow(skips('malformed'))
  })

  test('has a header with a sign, which comes back', () => {
    const fields = {
      ...{ version: -2, timeSeconds: 0xffff_ffff, bits: 0xffff_ffff, nonce: 0 },
      previousHash: new Uint8Array(32).fill(1),
      merkleRoot: new Uint8Array(32).fill(2),
    }
    const header = createBlockHeader(fields)
    expect(previousHashOf(header)).toEqual(fields.previousHash)
    expect(merkleRootOf(header)).toEqual(fields.merkleRoot)
    const message: HeadersMessage = { type: 'headers', headers: [header, block.header] }
    expect(decode('headers', encode(message))).toEqual(message)
    expect(() => createBlockHeader({ ...fields, version: 2 ** 31 })).toThrow(RangeError)
    expect(() => createBlockHeader({ ...fields, merkleRoot: new Uint8Array(31) })).toThrow(
      RangeError,
    )
  })
})

test('a header may be said to have transactions, and has none', () => {
  const header = FIRST_BLOCK.subarray(0, 80)
  const read = decode('headers', concatBytes(hex('02'), header, hex('fdfd00'), header, hex('00')))
  expect(read).toMatchObject({ type: 'headers', headers: [{ raw: header }, { raw: header }] })
  expect(() => decode('headers', concatBytes(hex('01'), header, hex('fdfc00')))).toThrow(
    skips('malformed'),
  )
})

describe('a block is mutated', () => {
  const [coinbase] = transactionsOf(decodeBlock(FIRST_BLOCK))
  if (coinbase === undefined) throw new Error('there is one')
  const witnessed = decodeTransaction(WITNESS_TRANSACTION)
  const plain = withoutWitness(witnessed)
  const numbered = (lockTime: number) =>
    createTransaction({
      ...{ version: 1, inputs: inputsOf(plain), outputs: [], witness: [], lockTime },
    })
  const isMutated = (...transactions: readonly Transaction[]) =>
    isMutatedBlock(blockOf(...transactions), sha256, true)

  test('not if it is what its header means', () => {
    expect(isMutated(coinbase, plain, numbered(1))).toBe(false)
  })

  test('if its header means other transactions', () => {
    const { header } = blockOf(coinbase, plain)
    expect(isMutatedBlock(createBlock(header, [coinbase, numbered(1)]), sha256, true)).toBe(true)
    expect(isMutatedBlock(createBlock(header, [plain, coinbase]), sha256, true)).toBe(true)
    expect(isMutatedBlock(createBlock(header, []), sha256, true)).toBe(true)
  })

  test('if its end is said twice, on any level', () => {
    const [one, two, three] = [numbered(1), numbered(2), numbered(3)]
    const originals = [
      [coinbase, one, two],
      [coinbase, one, two, three, plain, numbered(4)],
    ]
    for (const original of originals) {
      const { header } = blockOf(...original)
      const doubled = [...original, ...original.slice(original.length === 3 ? -1 : -2)]
      const block = createBlock(header, doubled)
      expect(merkleRootOf(headed(header, doubled))).toEqual(merkleRootOf(header))
      expect(isMutatedBlock(block, sha256, false)).toBe(true)
    }
  })

  test('if it has more transactions than a block has weight for, and nothing is hashed then', () => {
    const inputs = inputsOf(plain)
      .slice(0, 1)
      .map((input) => ({ ...input, script: hex('') }))
    const many = Array.from({ length: 16_667 }, (_, lockTime) =>
      createTransaction({ version: 1, inputs, outputs: [], witness: [], lockTime }),
    )
    const [most, tooMany] = [blockOf(...many.slice(1)), blockOf(...many)]
    let hashed = 0
    const counted = (...parts: readonly Uint8Array[]) => {
      hashed++
      return sha256(...parts)
    }
    expect(isMutatedBlock(tooMany, counted, false)).toBe(true)
    expect(hashed).toBe(0)
    expect(isMutatedBlock(most, counted, false)).toBe(false)
    expect(hashed).toBeLessThan(5 * 16_666)
  })

  test('if no coinbase stands first, and two hashes could be a transaction', () => {
    const [input] = inputsOf(coinbase)
    if (input === undefined) throw new Error('there is one')
    const spending = { ...input, outputIndex: 0, script: new Uint8Array(4) }
    const output = { value: 0n, script: new Uint8Array(0) }
    const small = (scriptBytes: number) =>
      createTransaction({
        ...{ version: 1, inputs: [spending], witness: [], lockTime: 0 },
        outputs: [{ ...output, script: new Uint8Array(scriptBytes) }],
      })
    expect(small(0).raw.length).toBe(64)
    expect(isMutated(small(0), plain)).toBe(true)
    expect(isMutated(small(1), plain)).toBe(false)
    expect(isMutated(coinbase, small(0))).toBe(false)
  })

  describe('by its witness', () => {
    const reserved = new Uint8Array(32).fill(5)
    const commitmentOf = (...others: readonly Transaction[]) =>
      doubleSha256(
        sha256,
        merkleRoot([new Uint8Array(32), ...others.map((one) => witnessIdOf(one, sha256))], sha256)
          .hash,
        reserved,
      )
    const committing = (commitments: readonly Uint8Array[], witness: readonly Uint8Array[]) =>
      createTransaction({
        ...{ version: 1, inputs: inputsOf(coinbase), lockTime: 0, witness: [witness] },
        outputs: commitments.map((script) => ({ value: 0n, script })),
      })
    const scriptOf = (commitment: Uint8Array, ...more: readonly Uint8Array[]) =>
      concatBytes(hex('6a24aa21a9ed'), commitment, ...more)
    const right = commitmentOf(witnessed, plain)
    const wrong = new Uint8Array(32)

    test('not if the coinbase commits to it', () => {
      const first = committing([scriptOf(right)], [reserved])
      expect(witnessCommitmentOf(first)).toEqual(right)
      expect(isMutated(first, witnessed, plain)).toBe(false)
      expect(
        isMutated(committing([scriptOf(right, hex('0102'))], [reserved]), witnessed, plain),
      ).toBe(false)
    })

    test('the last commitment counts', () => {
      const both = [scriptOf(wrong), scriptOf(right), hex('6a')]
      expect(isMutated(committing(both, [reserved]), witnessed, plain)).toBe(false)
      expect(isMutated(committing(both.toReversed(), [reserved]), witnessed, plain)).toBe(true)
    })

    test.each([
      ['a witness that is committed to wrongly', [scriptOf(wrong)], [reserved]],
      ['a commitment of 31 bytes', [scriptOf(right).subarray(0, 37)], [reserved]],
      ['a reserved value of 31 bytes', [scriptOf(right)], [reserved.subarray(1)]],
      ['two reserved values', [scriptOf(right)], [reserved, reserved]],
      ['no reserved value', [scriptOf(right)], []],
      ['no commitment', [hex('51')], [reserved]],
    ])('with %s it is', (_, scripts, witness) => {
      expect(isMutated(committing(scripts, witness), witnessed, plain)).toBe(true)
    })

    test('where witnesses do not count yet, there are none', () => {
      const block = blockOf(committing([scriptOf(right)], [reserved]), witnessed, plain)
      expect(isMutatedBlock(block, sha256, true)).toBe(false)
      expect(isMutatedBlock(block, sha256, false)).toBe(true)
      expect(isMutatedBlock(blockWithoutWitness(block), sha256, false)).toBe(false)
      // The commitment stands, and what it commits to is gone.
      expect(isMutatedBlock(blockWithoutWitness(block), sha256, true)).toBe(true)
    })
  })
})

interface Facts {
  readonly hash: string
  readonly transactions: number
  readonly witnessed: number
  readonly weight?: number
}

const BLOCKS: Readonly<Record<string, Facts>> = {
  'bcoin/block300025.raw': {
    hash: '0000000000000000821c4e0acc40f88bedbce3b73ba2358b5ade58a9022cc78c',
    ...{ transactions: 461, witnessed: 0, weight: 4 * 284_231 },
  },
  'bcoin/block426884.raw': {
    hash: '00000000000000000431d0ead6e0bd9f90ff0d469e9b05d51e3d04971f472973',
    ...{ transactions: 409, witnessed: 0, weight: 4 * 996_444 },
  },
  'bcoin/block482683.raw': {
    hash: '000000000000000000c238240ef6dcb26c37e75e16514e6ffc0aef7eee73e747',
    ...{ transactions: 12, witnessed: 2, weight: 35_715 },
  },
  'bcoin/block898352.raw': {
    hash: '00000000c269ad542ed9ac684cb5fa6df340d5feee0e040590225c7332b98fca',
    ...{ transactions: 10, witnessed: 0 },
  },
  'bcoin/block928828.raw': {
    hash: '00000000000cee3a01a2821fe68eaa06000e8c744320efca8fcff9c4b9cf76c2',
    ...{ transactions: 201, witnessed: 0, weight: 2_481_560 },
  },
  'bcoin/block928848.raw': {
    hash: '00000000000001dc1c2cbd9c2419e9fd396449be12176b3b7c78c2784eb2f5e7',
    ...{ transactions: 676, witnessed: 669, weight: 3_992_537 },
  },
  'bcoin/block1087400.raw': {
    hash: '0000000003db83e6ab01a6ebb26ad2b1481688009141c9afc204c54284e1ba66',
    ...{ transactions: 97, witnessed: 3 },
  },
}

describe('of the folder of vectors', () => {
  const there = filesThere(...Object.keys(BLOCKS))
  test.skipIf(there.length === 0).each(there)(
    '%s is read (needs the folder of vectors)',
    (path) => {
      const bytes = bytesOfFile(path)
      const message = decode('block', bytes)
      if (message.type !== 'block') throw new Error('it is one')
      const { block } = message
      const facts = BLOCKS[path]
      expect(hashOf(block.header)).toBe(facts?.hash)
      const transactions = transactionsOf(block)
      expect(transactions).toHaveLength(facts?.transactions ?? 0)
      expect(block.transactionCount).toBe(facts?.transactions)
      expect(transactions.filter(hasWitness).length).toBe(facts?.witnessed)
      if (facts?.weight !== undefined) expect(blockWeightOf(block)).toBe(facts.weight)
      expect(isMutatedBlock(block, sha256, true)).toBe(false)
      const bare = blockWithoutWitness(block)
      expect(isMutatedBlock(bare, sha256, true)).toBe((facts?.witnessed ?? 0) > 1)
      expect(isMutatedBlock(bare, sha256, false)).toBe(false)
      expect(Buffer.compare(encode(message), bytes)).toBe(0)
      const made = createBlock(block.header, transactionsOf(block))
      expect(Buffer.compare(made.raw, bytes)).toBe(0)
    },
  )

  const [alternative] = filesThere('derived/mainnet_alt_headers.raw')
  test.skipIf(alternative === undefined)(
    'a chain of headers is read in two messages (needs the folder of vectors)',
    () => {
      const all = bytesOfFile(alternative ?? '')
      const headers: BlockHeader[] = []
      for (let start = 0; start < all.length; start += 2_000 * 80) {
        const parts: Uint8Array[] = []
        for (let at = start; at < Math.min(start + 160_000, all.length); at += 80) {
          parts.push(all.subarray(at, at + 80), hex('00'))
        }
        const payload = concatBytes(compactSize(parts.length / 2), ...parts)
        const message = decode('headers', payload)
        if (message.type !== 'headers') throw new Error('it is one')
        expect(Buffer.compare(encode(message), payload)).toBe(0)
        headers.push(...message.headers)
      }
      expect(headers).toHaveLength(2_016)
      let previous = ''
      for (const header of headers) {
        if (previous !== '') expect(printHash(previousHashOf(header))).toBe(previous)
        previous = hashOf(header)
      }
      expect(previous).toBe('000000000c806553811fd3e6c40bc9c279db53643da7d3b401a9882c074c24b2')
    },
  )

  const chain = jsonOfFile('core/rpc_getblockstats.json') as
    { readonly blocks: readonly string[] } | undefined
  test.skipIf(chain === undefined)(
    'a chain of blocks is read (needs the folder of vectors)',
    () => {
      let previous = ''
      for (const text of chain?.blocks ?? []) {
        const block = decodeBlock(hex(text))
        if (previous !== '') expect(printHash(previousHashOf(block.header))).toBe(previous)
        previous = hashOf(block.header)
        expect(isMutatedBlock(block, sha256, true)).toBe(false)
        expect(encodeHex(createBlock(block.header, transactionsOf(block)).raw)).toBe(text)
      }
      expect(previous).toBe('7474991c2ae3c94c4813d75b4c752028304b773dd4dce8d460dfa2d1e7b542a3')
    },
  )

  const filtered = (jsonOfFile('bip158/testnet-19.json') ?? []) as readonly (readonly unknown[])[]
  test.skipIf(filtered.length === 0)(
    'the blocks of BIP 158 are read (needs the folder of vectors)',
    () => {
      for (const [, hash, text] of filtered.slice(1)) {
        const block = decodeBlock(hex(String(text)))
        expect(hashOf(block.header)).toBe(hash)
        expect(isMutatedBlock(block, sha256, true)).toBe(false)
      }
    },
  )
})
