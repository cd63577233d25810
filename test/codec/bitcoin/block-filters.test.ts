import { describe, expect, test } from 'vitest'
import { BASIC_FILTER, filterHashOf, filterHeaderOf } from '../../../codec/bitcoin/block-filters.ts'
import { parseHash, printHash, ZERO_HASH } from '../../../codec/bitcoin/hashes.ts'
import { encodeHex } from '../../../codec/bytes.ts'
import { hex } from '../../support/hex.ts'
import { decode, encode } from './encoding.ts'
import { bytesOfFile, jsonOfFile, sha256 } from './vectors.ts'

const hashOf = (text: string) => parseHash(text) ?? ZERO_HASH
const headerOf = (filter: Uint8Array, previousHeader: string) =>
  printHash(filterHeaderOf(filterHashOf(filter, sha256), hashOf(previousHeader), sha256))

/** BIP 158's first row: of the first block of testnet3. */
const GENESIS = {
  blockHash: '000000000933ea01ad0ee984209779baaec3ced90fa3f408719526f8d77f4943',
  filter: '019dfca8',
  header: '21584579b7eb08997773e5aeff3a7f932700042d0ed2a6129012b7d7ae81b750',
}

describe('a filter', () => {
  test('has a header that follows from it and the one before', () => {
    expect(headerOf(hex(GENESIS.filter), '00'.repeat(32))).toBe(GENESIS.header)
  })

  test('is bytes in a message, with its kind and its block before it', () => {
    const blockHash = hashOf(GENESIS.blockHash)
    const payload = hex(`00 ${encodeHex(blockHash)} 04 ${GENESIS.filter}`)
    const message = {
      type: 'cfilter',
      filterKind: BASIC_FILTER,
      blockHash,
      filter: hex(GENESIS.filter),
    } as const
    expect(decode('cfilter', payload)).toEqual(message)
    expect(encodeHex(encode(message))).toBe(encodeHex(payload))
  })

  test('is asked for by a height and a block', () => {
    const stopHash = hashOf(GENESIS.blockHash)
    const payload = hex(`00 e8030000 ${encodeHex(stopHash)}`)
    for (const type of ['getcfilters', 'getcfheaders'] as const) {
      const message = { type, filterKind: 0, startHeight: 1_000, stopHash }
      expect(decode(type, payload)).toEqual(message)
      expect(encodeHex(encode(message))).toBe(encodeHex(payload))
    }
  })
})

const rows = (
  (jsonOfFile('bip158/testnet-19.json') ?? []) as readonly (readonly unknown[])[]
).slice(1)
test.skipIf(rows.length === 0)(
  'BIP 158’s filters have these headers (needs the folder of vectors)',
  () => {
    for (const row of rows) {
      const [, , , , previousHeader, filter, header] = row.map(String)
      expect(headerOf(hex(filter ?? ''), previousHeader ?? '')).toBe(header)
    }
  },
)

interface Facts {
  readonly filter_hash: string
  readonly size: number
}
const facts = Object.entries(
  (jsonOfFile('derived/filter-facts.json') ?? {}) as Readonly<Record<string, Facts>>,
)
test.skipIf(facts.length === 0).each(facts)(
  '%s has this hash, and comes through a message (needs the folder of vectors)',
  (name, fact) => {
    const filter = bytesOfFile(`derived/${name}`)
    expect(filter).toHaveLength(fact.size)
    expect(printHash(filterHashOf(filter, sha256))).toBe(fact.filter_hash)
    const message = { type: 'cfilter', filterKind: 0, blockHash: ZERO_HASH, filter } as const
    expect(decode('cfilter', encode(message))).toEqual(message)
  },
)
