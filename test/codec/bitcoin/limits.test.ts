import { describe, expect, test } from 'vitest'
import { decodeBlock } from '../../../codec/bitcoin/block.ts'
import { MESSAGE_CODECS } from '../../../codec/bitcoin/message-codec.ts'
import type { BitcoinMessage, KnownMessage } from '../../../codec/bitcoin/messages.ts'
import { VIOLATION_REACTIONS, WIRE_REACTIONS } from '../../../codec/bitcoin/wire-details.ts'
import { concatBytes } from '../../../codec/bytes.ts'
import { hex } from '../../support/hex.ts'
import { compactSize, decode, encode, skips } from './encoding.ts'
import { FIRST_BLOCK } from './vectors.ts'

/** A count, and as many of the same. */
const list = (count: number, element: Uint8Array, ...after: readonly Uint8Array[]) => {
  const elements = new Uint8Array(count * element.length)
  for (let index = 0; index < count; index++) elements.set(element, index * element.length)
  return concatBytes(compactSize(count), elements, ...after)
}
const violation = (command: string, detail: keyof typeof VIOLATION_REACTIONS) => ({
  type: 'violation',
  command,
  detail,
})

const INVENTORY = concatBytes(hex('01000000'), new Uint8Array(32).fill(7))
const HASH = new Uint8Array(32).fill(9)
const V1_ENTRY = hex('00f15365 0900000000000000 00000000000000000000ffff01020304 208d')
const V2_ENTRY = hex('00f15365 09 01 04 01020304 208d')
const HEADER = FIRST_BLOCK.slice(0, 80)

interface Limit {
  readonly command: keyof typeof MESSAGE_CODECS
  readonly max: number
  readonly detail: keyof typeof VIOLATION_REACTIONS
  readonly payload: (count: number) => Uint8Array
  readonly countOf: (message: BitcoinMessage) => number
}

const entriesOf = (message: BitcoinMessage) => ('entries' in message ? message.entries.length : -1)
const locatorOf = (message: BitcoinMessage) => ('locator' in message ? message.locator.length : -1)

const locator = (command: 'getheaders' | 'getblocks'): Limit => ({
  command,
  max: 101,
  detail: 'locator-too-long',
  payload: (count) => concatBytes(hex('80110100'), list(count, HASH, HASH)),
  countOf: locatorOf,
})

const LIMITS: readonly Limit[] = [
  {
    command: 'inv',
    max: 50_000,
    detail: 'too-many-inventories',
    payload: (count) => list(count, INVENTORY),
    countOf: entriesOf,
  },
  {
    command: 'getdata',
    max: 50_000,
    detail: 'too-many-inventories',
    payload: (count) => list(count, INVENTORY),
    countOf: entriesOf,
  },
  {
    command: 'addr',
    max: 1_000,
    detail: 'too-many-addresses',
    payload: (count) => list(count, V1_ENTRY),
    countOf: entriesOf,
  },
  {
    command: 'addrv2',
    max: 1_000,
    detail: 'too-many-addresses',
    payload: (count) => list(count, V2_ENTRY),
    countOf: entriesOf,
  },
  {
    command: 'headers',
    max: 2_000,
    detail: 'too-many-headers',
    payload: (count) => list(count, concatBytes(HEADER, hex('00'))),
    countOf: (message) => ('headers' in message ? message.headers.length : -1),
  },
  locator('getheaders'),
  locator('getblocks'),
  {
    command: 'filterload',
    max: 36_000,
    detail: 'filter-too-large',
    payload: (count) => list(count, hex('ff'), hex('32000000 00000000 00')),
    countOf: (message) => ('functionCount' in message ? message.filter.length : -1),
  },
  {
    command: 'filteradd',
    max: 520,
    detail: 'filter-item-too-long',
    payload: (count) => list(count, hex('ff')),
    countOf: (message) => ('item' in message ? message.item.length : -1),
  },
]

const cases = LIMITS.map((limit) => [limit.command, limit.max, limit] as const)

describe('what is told of too much', () => {
  test.each(cases)('%s holds %i, and with one more it is a violation', (command, max, limit) => {
    const { countOf, payload, detail } = limit
    expect(countOf(decode(command, payload(0)))).toBe(0)
    expect(countOf(decode(command, payload(max)))).toBe(max)
    expect(decode(command, payload(max + 1))).toEqual(violation(command, detail))
  })

  test.each(cases)('%s with more than %i that are not all there', (command, max, limit) => {
    const cut = limit.payload(max + 1).subarray(0, -1)
    // Core counts headers before it reads one, and all others when it has read them.
    const told = {
      headers: violation('headers', 'too-many-headers'),
      filterload: violation('filterload', 'malformed'),
      filteradd: violation('filteradd', 'malformed'),
    } as const
    if (command === 'headers' || command === 'filterload' || command === 'filteradd') {
      expect(decode(command, cut)).toEqual(told[command])
    } else {
      expect(() => decode(command, cut)).toThrow(skips('malformed'))
    }
  })

  test.each(cases)('%s of billions is nothing that is waited for or made', (command, _, limit) => {
    const start = limit.payload(0)
    const at = start.indexOf(0, command.startsWith('get') && command !== 'getdata' ? 4 : 0)
    const huge = (count: string) =>
      concatBytes(start.subarray(0, at), hex(count), new Uint8Array(200))
    const read = (count: string) => () => decode(command, huge(count))
    const isTold = command === 'filterload' || command === 'filteradd'
    // 2^25 is the most that a count may say anywhere.
    for (const count of [
      'fe01000002',
      'feffffffff',
      'ffffffffffffffffff',
      'fdfc00',
      'fe00010000',
    ]) {
      if (isTold) expect(read(count)()).toEqual(violation(command, 'malformed'))
      else expect(read(count), count).toThrow(skips('malformed'))
    }
    if (command === 'headers')
      expect(read('fe00000002')()).toEqual(violation(command, limit.detail))
    else if (isTold) expect(read('fe00000002')()).toEqual(violation(command, 'malformed'))
    else expect(read('fe00000002')).toThrow(skips('malformed'))
  })

  test('filterload has at most 50 functions', () => {
    const load = (functions: string) =>
      decode('filterload', hex(`01ff ${functions}000000 01020304 05`))
    expect(load('32')).toEqual({
      type: 'filterload',
      filter: hex('ff'),
      functionCount: 50,
      tweak: 0x0403_0201,
      flags: 5,
    })
    expect(load('33')).toEqual(violation('filterload', 'filter-too-large'))
  })

  test('addrv2 of too many is malformed all the same where one of them is', () => {
    const bad = hex('00f15365 09 01 05 0102030405 208d')
    const entries = [...Array<Uint8Array>(1_200).fill(V2_ENTRY), bad]
    const payload = concatBytes(compactSize(entries.length), ...entries)
    expect(() => decode('addrv2', payload)).toThrow(skips('malformed'))
    const strange = hex('00f15365 ff0000000001000000 63 05 0102030405 208d')
    const passed = concatBytes(compactSize(1_001), ...Array<Uint8Array>(1_001).fill(strange))
    expect(decode('addrv2', passed)).toEqual(violation('addrv2', 'too-many-addresses'))
  })
})

test('blocktxn holds 65,536 transactions, as many as can be asked for', () => {
  const empty = hex('01000000 0000 00000000')
  const answer = (count: number) => concatBytes(HASH, list(count, empty))
  const read = decode('blocktxn', answer(65_536))
  expect(read.type === 'blocktxn' ? read.transactions.length : -1).toBe(65_536)
  expect(Buffer.compare(encode(read), answer(65_536))).toBe(0)
  const more = answer(65_537)
  expect(decode('blocktxn', more).type).toBe('violation')
  expect(decode('blocktxn', more)).toEqual(violation('blocktxn', 'too-many-transactions'))
  expect(() => decode('blocktxn', more.subarray(0, -1))).toThrow(skips('malformed'))
  if (read.type !== 'blocktxn') throw new Error('it is one')
  const transactions = [...read.transactions, ...read.transactions]
  expect(() => encode({ ...read, transactions })).toThrow(RangeError)
})

describe('what is passed over', () => {
  test('notfound with more than 5,016', () => {
    expect(entriesOf(decode('notfound', list(5_016, INVENTORY)))).toBe(5_016)
    expect(() => decode('notfound', list(5_017, INVENTORY))).toThrow(skips('out-of-range'))
  })

  test('cfheaders with more than 2,000', () => {
    const headers = (count: number) => concatBytes(hex('00'), HASH, HASH, list(count, HASH))
    expect(decode('cfheaders', headers(2_000))).toMatchObject({ type: 'cfheaders' })
    expect(() => decode('cfheaders', headers(2_001))).toThrow(skips('out-of-range'))
  })

  test('cfcheckpt with more than 10,000, and merkleblock with more than 16,666', () => {
    const checkpoints = (count: number) => concatBytes(hex('00'), HASH, list(count, HASH))
    expect(decode('cfcheckpt', checkpoints(10_000))).toMatchObject({ type: 'cfcheckpt' })
    expect(() => decode('cfcheckpt', checkpoints(10_001))).toThrow(skips('out-of-range'))
    const proof = (count: number) =>
      concatBytes(HEADER, hex('ffffffff'), list(count, HASH), hex('00'))
    expect(decode('merkleblock', proof(16_666))).toMatchObject({ type: 'merkleblock' })
    expect(() => decode('merkleblock', proof(16_667))).toThrow(skips('out-of-range'))
  })

  test.each([
    ['0000000000000000', 0],
    ['0040075af0750700', 2_100_000_000_000_000],
    ['0140075af0750700', undefined],
    ['ffffffffffffffff', undefined],
    ['0000000000000080', undefined],
  ])('feefilter of %s: %s', (payload, feeRate) => {
    if (feeRate === undefined) {
      expect(() => decode('feefilter', hex(payload))).toThrow(skips('out-of-range'))
    } else {
      expect(decode('feefilter', hex(payload))).toEqual({ type: 'feefilter', feeRate })
    }
  })

  test('cmpctblock with more than 65,535 transactions', () => {
    const prefilled = concatBytes(hex('00'), FIRST_BLOCK.subarray(81))
    const block = (shortIds: number, count: number) =>
      concatBytes(
        HEADER,
        new Uint8Array(8),
        list(shortIds, hex('010203040506')),
        list(count, prefilled),
      )
    expect(decode('cmpctblock', block(65_534, 1))).toMatchObject({ type: 'cmpctblock' })
    expect(() => decode('cmpctblock', block(65_535, 1))).toThrow(skips('malformed'))
    expect(() => decode('cmpctblock', block(65_536, 0))).toThrow(skips('malformed'))
  })

  test('getblocktxn beyond the index 65,535', () => {
    const request = (...steps: readonly string[]) =>
      decode('getblocktxn', concatBytes(HASH, compactSize(steps.length), hex(steps.join(''))))
    expect(request('fdffff')).toMatchObject({ indexes: [65_535] })
    expect(request('fdfeff', '00')).toMatchObject({ indexes: [65_534, 65_535] })
    expect(() => request('fdffff', '00')).toThrow(skips('malformed'))
    expect(() => request('00', 'fdffff')).toThrow(skips('malformed'))
    expect(() => request('fe00000100')).toThrow(skips('malformed'))
  })

  test('getblocktxn of all indexes, which is the longest there is', () => {
    const indexes = Array.from({ length: 65_536 }, (_, index) => index)
    const message: BitcoinMessage = { type: 'getblocktxn', blockHash: HASH, indexes }
    const payload = encode(message)
    expect(payload.length).toBe(MESSAGE_CODECS.getblocktxn.payloadBytesMax)
    expect(decode('getblocktxn', payload)).toEqual(message)
  })
})

describe('we write no more than we read:', () => {
  const many = <Element>(count: number, element: Element) => Array<Element>(count).fill(element)
  const entry = { kind: 1, hash: HASH }
  const peer = {
    seenSeconds: 1,
    services: 9n,
    address: { network: 'ipv4', bytes: Uint8Array.of(1, 2, 3, 4), port: 1 },
  } as const
  const onion = {
    ...peer,
    services: 2n ** 64n - 1n,
    address: { network: 'onion', bytes: HASH, port: 1 },
  } as const
  const { header } = decodeBlock(FIRST_BLOCK)
  const filter = { type: 'filterload', functionCount: 50, tweak: 0, flags: 0 } as const

  const PAIRS: readonly (readonly [what: string, most: BitcoinMessage, more: BitcoinMessage])[] = [
    [
      'inventories',
      { type: 'inv', entries: many(50_000, entry) },
      { type: 'inv', entries: many(50_001, entry) },
    ],
    [
      'what is not found',
      { type: 'notfound', entries: many(5_016, entry) },
      { type: 'notfound', entries: many(5_017, entry) },
    ],
    [
      'addresses',
      { type: 'addr', entries: many(1_000, peer) },
      { type: 'addr', entries: many(1_001, peer) },
    ],
    [
      'addresses of other networks',
      { type: 'addrv2', entries: many(1_000, onion) },
      { type: 'addrv2', entries: many(1_001, onion) },
    ],
    [
      'headers',
      { type: 'headers', headers: many(2_000, header) },
      { type: 'headers', headers: many(2_001, header) },
    ],
    [
      'a locator',
      { type: 'getheaders', version: 1, locator: many(101, HASH), stop: HASH },
      { type: 'getheaders', version: 1, locator: many(102, HASH), stop: HASH },
    ],
    [
      'a filter',
      { ...filter, filter: new Uint8Array(36_000) },
      { ...filter, filter: new Uint8Array(36_001) },
    ],
    [
      'an item of a filter',
      { type: 'filteradd', item: new Uint8Array(520) },
      { type: 'filteradd', item: new Uint8Array(521) },
    ],
  ]

  test.each(PAIRS)('%s', (_, most, more) => {
    const payload = encode(most)
    // Bytes, and not values: there are tens of thousands.
    expect(Buffer.compare(encode(decode(most.type, payload)), payload)).toBe(0)
    if (most.type !== 'violation' && most.type !== 'unknown') {
      const { payloadBytesMax } = MESSAGE_CODECS[most.type]
      expect(payload.length).toBe(payloadBytesMax)
    }
    expect(() => encode(more)).toThrow(RangeError)
  })

  test.each([
    {
      ...{ type: 'version', protocolVersion: 1, services: 1n, unixSeconds: 1n, relay: true },
      ...{ receiverServices: 1n, nonce: 1n, userAgent: 'x'.repeat(256), height: 1 },
      receiver: peer.address,
    },
    { type: 'feature', id: 'x'.repeat(80), data: new Uint8Array(512) },
    { type: 'sendtxrcncl', version: 1, salt: 1n },
    { type: 'sendcmpct', announce: 1, version: 2n },
    { type: 'ping', nonce: 1n },
    { type: 'pong', nonce: 1n },
    { type: 'feefilter', feeRate: 1 },
    { type: 'verack' },
    { type: 'getcfilters', filterKind: 0, startHeight: 1, stopHash: HASH },
    { type: 'getcfheaders', filterKind: 0, startHeight: 1, stopHash: HASH },
    { type: 'getcfcheckpt', filterKind: 0, stopHash: HASH },
    { type: 'cfcheckpt', filterKind: 0, stopHash: HASH, filterHeaders: many(10_000, HASH) },
    {
      ...{ type: 'cfheaders', filterKind: 0, stopHash: HASH, previousHeader: HASH },
      filterHashes: many(2_000, HASH),
    },
  ] satisfies readonly KnownMessage[])('the longest $type', (message) => {
    expect(encode(message).length).toBe(MESSAGE_CODECS[message.type].payloadBytesMax)
  })

  test('nor what has no form', () => {
    const none = {
      ...peer,
      address: { network: 'none', bytes: new Uint8Array(0), port: 1 },
    } as const
    expect(() => encode({ type: 'addr', entries: [onion] })).toThrow(RangeError)
    expect(() => encode({ type: 'addr', entries: [none] })).toThrow(RangeError)
    expect(() => encode({ type: 'addrv2', entries: [none] })).toThrow(RangeError)
    expect(() => encode({ type: 'feefilter', feeRate: 2_100_000_000_000_001 })).toThrow(RangeError)
    expect(() => encode({ type: 'feefilter', feeRate: -1 })).toThrow(RangeError)
    expect(() => encode({ ...filter, functionCount: 51, filter: HASH })).toThrow(RangeError)
    expect(() => encode({ type: 'inv', entries: [{ kind: 1, hash: HASH.subarray(1) }] })).toThrow(
      RangeError,
    )
    const indexes = (...all: readonly number[]): BitcoinMessage => ({
      type: 'getblocktxn',
      blockHash: HASH,
      indexes: all,
    })
    expect(() => encode(indexes(3, 3))).toThrow(RangeError)
    expect(() => encode(indexes(4, 3))).toThrow(RangeError)
    expect(() => encode(indexes(65_536))).toThrow(RangeError)
  })
})

test('each detail has a consequence, and none adds up', () => {
  expect(WIRE_REACTIONS).toMatchObject({ 'wrong-magic': 'disconnect', malformed: 'ignore' })
  const worst = Object.entries(VIOLATION_REACTIONS).filter(([, then]) => then === 'discourage')
  expect(worst.map(([detail]) => detail)).toEqual([
    ...['too-many-addresses', 'too-many-inventories', 'too-many-headers'],
    ...['filter-too-large', 'filter-item-too-long'],
  ])
})
