import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { decodeBlock, transactionsOf } from '../../../codec/bitcoin/block.ts'
import { printHash } from '../../../codec/bitcoin/hashes.ts'
import {
  bytesWithoutWitness,
  decodeTransaction,
  hasWitness,
  isCoinbase,
  transactionIdOf,
  weightOf,
  withoutWitness,
  witnessIdOf,
} from '../../../codec/bitcoin/transaction.ts'
import type { Transaction } from '../../../codec/bitcoin/transaction.ts'
import {
  createTransaction,
  inputsOf,
  outputsOf,
  witnessOf,
} from '../../../codec/bitcoin/transaction-parts.ts'
import type { TransactionParts } from '../../../codec/bitcoin/transaction-parts.ts'
import { concatBytes, encodeHex } from '../../../codec/bytes.ts'
import { hex } from '../../support/hex.ts'
import { holds } from '../../support/properties.ts'
import { skips } from './encoding.ts'
import { anyParts } from './samples.ts'
import { bytesOfFile, filesThere, FIRST_BLOCK, jsonOfFile } from './vectors.ts'
import { sha256, WITNESS_TRANSACTION } from './vectors.ts'

const partsOf = (transaction: Transaction): TransactionParts => ({
  version: transaction.version,
  inputs: inputsOf(transaction),
  outputs: outputsOf(transaction),
  witness: witnessOf(transaction),
  lockTime: transaction.lockTime,
})
const idOf = (transaction: Transaction) => printHash(transactionIdOf(transaction, sha256))

describe('a transaction with witness', () => {
  const transaction = decodeTransaction(WITNESS_TRANSACTION)

  test('has these names, and this weight', () => {
    expect(hasWitness(transaction)).toBe(true)
    expect(idOf(transaction)).toBe(
      'dcb0287611afbbd267db95e975fcd75cc09363a8375fd4991a37c1b6a7eed466',
    )
    expect(printHash(witnessIdOf(transaction, sha256))).toBe(
      '69b973824bc02696a80df73f37ccf6b3d6061cef9f4dd1c982e92d84c5a8b8b0',
    )
    expect(weightOf(transaction)).toBe(3_563)
    expect(bytesWithoutWitness(transaction)).toBe(780)
    expect([transaction.inputCount, transaction.outputCount]).toEqual([4, 3])
  })

  test('is made of parts, and made of them again', () => {
    const again = createTransaction(partsOf(transaction))
    expect(encodeHex(again.raw)).toBe(encodeHex(WITNESS_TRANSACTION))
    expect(again).toEqual(transaction)
  })

  test('without it is another form of the same', () => {
    const bare = withoutWitness(transaction)
    expect(bare.raw).toHaveLength(780)
    expect(decodeTransaction(bare.raw)).toEqual(bare)
    expect(idOf(bare)).toBe(idOf(transaction))
    expect(witnessIdOf(bare, sha256)).toEqual(transactionIdOf(transaction, sha256))
    expect(weightOf(bare)).toBe(4 * 780)
    expect({ ...partsOf(bare), witness: [] }).toEqual({ ...partsOf(transaction), witness: [] })
    expect(withoutWitness(bare)).toBe(bare)
    expect(witnessOf(bare)).toEqual([])
  })

  test('is nothing where it is cut, or has something behind it', () => {
    for (let length = 0; length < WITNESS_TRANSACTION.length; length++) {
      const cut = () => decodeTransaction(WITNESS_TRANSACTION.subarray(0, length))
      expect(cut, `${length} bytes`).toThrow(skips('malformed'))
    }
    const longer = concatBytes(WITNESS_TRANSACTION, hex('00'))
    expect(() => decodeTransaction(longer)).toThrow(skips('malformed'))
  })

  test('is read as views, whatever is asked of it', () => {
    const { buffer } = transaction.raw
    const views = [
      ...inputsOf(transaction).flatMap(({ script, transactionId }) => [script, transactionId]),
      ...outputsOf(transaction).map(({ script }) => script),
      ...witnessOf(transaction).flat(),
    ]
    expect(views.length).toBeGreaterThan(11)
    for (const view of views) expect(view.buffer).toBe(buffer)
  })
})

describe('the forms', () => {
  const INPUT = `${'11'.repeat(32)} 00000000 00 ffffffff`
  const OUTPUT = '0100000000000000 00'

  test.each([
    ['of nothing', `01000000 00 00 00000000`, 0, 0, false],
    ['without witness', `01000000 01 ${INPUT} 01 ${OUTPUT} 00000000`, 1, 1, false],
    ['without outputs', `01000000 01 ${INPUT} 00 00000000`, 1, 0, false],
    ['with a witness', `01000000 0001 01 ${INPUT} 01 ${OUTPUT} 01 00 00000000`, 1, 1, true],
    ['with a witness and no outputs', `01000000 0001 01 ${INPUT} 00 01 01ff 00000000`, 1, 0, true],
  ])('%s are read', (_, text, inputCount, outputCount, isWitnessed) => {
    const transaction = decodeTransaction(hex(text))
    expect(transaction).toMatchObject({ version: 1, inputCount, outputCount })
    expect(hasWitness(transaction)).toBe(isWitnessed)
    expect(inputsOf(transaction)).toHaveLength(inputCount)
    expect(outputsOf(transaction)).toHaveLength(outputCount)
    expect(encodeHex(createTransaction(partsOf(transaction)).raw)).toBe(encodeHex(hex(text)))
  })

  test.each([
    ['a witness of nothing', `01000000 0001 01 ${INPUT} 01 ${OUTPUT} 00 00000000`],
    ['a witness of no inputs', `01000000 0001 00 00 00000000`],
    ['a flag that is not known', `01000000 0002 01 ${INPUT} 01 ${OUTPUT} 01 00 00000000`],
    ['a second flag', `01000000 0003 01 ${INPUT} 01 ${OUTPUT} 01 00 00000000`],
    ['outputs and no inputs', `01000000 00 01 ${OUTPUT} 00000000`],
    ['a long form of a count', `01000000 fd0100 ${INPUT} 00 00000000`],
    ['more inputs than bytes', `01000000 fe00000002 ${INPUT} 00 00000000`],
    ['a script of billions', `01000000 01 ${'11'.repeat(36)} feffffffff ffffffff 00 00000000`],
    ['a stack of billions', `01000000 0001 01 ${INPUT} 00 fe00000002 00000000`],
  ])('with %s are none', (_, text) => {
    expect(() => decodeTransaction(hex(text))).toThrow(skips('malformed'))
  })

  test('of the shortest parts are read, however many: nothing is taken for longer than it can be', () => {
    const inputs = `14 ${INPUT.repeat(20)}`
    const outputs = `14 ${OUTPUT.repeat(20)}`
    for (const text of [`${inputs} 00`, `${inputs} ${outputs}`, `01 ${INPUT} ${outputs}`]) {
      const bytes = hex(`01000000 ${text} 00000000`)
      expect(decodeTransaction(bytes).raw).toHaveLength(bytes.length)
    }
    const witnessed = hex(`01000000 0001 01 ${INPUT} 00 14 ${'00'.repeat(20)} 00000000`)
    expect(decodeTransaction(witnessed).raw).toHaveLength(witnessed.length)
  })

  test('that would be read as another are not made', () => {
    const parts = partsOf(decodeTransaction(WITNESS_TRANSACTION))
    expect(() => createTransaction({ ...parts, inputs: [], witness: [] })).toThrow(RangeError)
    expect(() => createTransaction({ ...parts, witness: parts.witness.slice(1) })).toThrow(
      RangeError,
    )
    expect(() => createTransaction({ ...parts, version: -1 })).toThrow(RangeError)
    const bare = createTransaction({ ...parts, witness: parts.inputs.map(() => []) })
    expect(hasWitness(bare)).toBe(false)
  })
})

test('any parts make a transaction that has these parts', () => {
  holds(
    fc.property(anyParts, (parts) => {
      const transaction = createTransaction(parts)
      expect(decodeTransaction(transaction.raw)).toEqual(transaction)
      expect(partsOf(transaction)).toEqual(parts)
      expect(idOf(withoutWitness(transaction))).toBe(idOf(transaction))
    }),
    200,
  )
})

test('a coinbase is the one that spends nothing', () => {
  const [coinbase] = transactionsOf(decodeBlock(FIRST_BLOCK))
  if (coinbase === undefined) throw new Error('there is one')
  expect(isCoinbase(coinbase)).toBe(true)
  expect(idOf(coinbase)).toBe('0e3e2357e806b6cdb1f70b54c3a3a17b6714ee1f0e68bebb44a74b1efd512098')
  expect(isCoinbase(decodeTransaction(WITNESS_TRANSACTION))).toBe(false)
  const parts = partsOf(coinbase)
  const [input] = parts.inputs
  if (input === undefined) throw new Error('there is one')
  const none = [
    { ...parts, inputs: [input, input] },
    { ...parts, inputs: [{ ...input, outputIndex: 0 }] },
    { ...parts, inputs: [{ ...input, transactionId: new Uint8Array(32).fill(1, 31) }] },
  ]
  for (const changed of none) expect(isCoinbase(createTransaction(changed))).toBe(false)
  const witnessed = createTransaction({ ...parts, witness: [[new Uint8Array(32)]] })
  expect(isCoinbase(witnessed)).toBe(true)
})

/** Name, bytes, inputs, outputs. */
const FILES: Readonly<
  Record<string, readonly [id: string, bytes: number, ins: number, outs: number]>
> = {
  'bcoin/tx1.raw': ['ff80fe4937e2de16411c3a2bc534d661dc8b4f8aad75e6fbc4b1ec6060d9ef1c', 481, 1, 5],
  'bcoin/tx3.raw': ['2c63aa814701cef5dbd4bbaddab3fea9117028f2434dddcdab8339141e9b14d1', 354, 2, 1],
  'bcoin/tx5.raw': [
    ...([
      'c532af06b9a81d9171618fb0b30075ddb3a6fca68c9b89536e6e34b0beddcc23',
      62_138,
      5,
      1_980,
    ] as const),
  ],
  'bcoin/tx8.raw': [
    'a93fc123a3f2cee3f1bd7f60d498280277032ab20ed190004c346bdc69e65794',
    1_155,
    4,
    1,
  ],
  'bcoin/tx10.raw': ['5ceec2d8ee90cb4b956870fac6055bead9333570f656ec3014307031de518cec', 534, 3, 1],
}

describe('of the folder of vectors', () => {
  const there = filesThere(...Object.keys(FILES))
  test.skipIf(there.length === 0).each(there)(
    '%s is read (needs the folder of vectors)',
    (path) => {
      const bytes = bytesOfFile(path)
      const transaction = decodeTransaction(bytes)
      const { inputCount, outputCount } = transaction
      const [id, length, ins, outs] = FILES[path] ?? []
      expect([idOf(transaction), bytes.length]).toEqual([id, length])
      expect([inputCount, outputCount]).toEqual([ins, outs])
      expect(encodeHex(createTransaction(partsOf(transaction)).raw)).toBe(encodeHex(bytes))
    },
  )

  const rows = ['core/tx_valid.json', 'core/tx_invalid.json'].flatMap((path) => {
    const all = (jsonOfFile(path) ?? []) as readonly (readonly unknown[])[]
    return all.filter((row) => row.length === 3).map(([, text]) => String(text))
  })
  test.skipIf(rows.length === 0)(
    'Core’s transactions all come back (needs the folder of vectors)',
    () => {
      expect(rows.length).toBeGreaterThan(200)
      for (const text of rows) {
        const bytes = hex(text)
        const transaction = decodeTransaction(bytes)
        expect(createTransaction(partsOf(transaction))).toEqual(transaction)
        for (const length of [0, 5, bytes.length - 5, bytes.length - 1]) {
          expect(() => decodeTransaction(bytes.subarray(0, length))).toThrow(skips('malformed'))
        }
      }
    },
  )
})
