/**
 * Any message of each command, as a peer may send it; and one of each, for tests that go through it byte
 * by byte.
 * @module
 */
import fc from 'fast-check'
import { concatBytes } from '../../../codec/bytes.ts'
import { createBlock } from '../../../codec/bitcoin/block.ts'
import { createBlockHeader } from '../../../codec/bitcoin/block-header.ts'
import type { BitcoinCommand, BitcoinMessages } from '../../../codec/bitcoin/messages.ts'
import { ADDRESS_BYTES, NO_ADDRESS } from '../../../codec/bitcoin/network-address.ts'
import type { NetworkAddress, PeerNetwork } from '../../../codec/bitcoin/network-address.ts'
import { createTransaction } from '../../../codec/bitcoin/transaction-parts.ts'
import { anyBytes, bytesOf } from '../../support/properties.ts'

const anyUint = (max: number) => fc.oneof(fc.nat({ max }), fc.nat({ max: Math.min(max, 300) }))
const u8 = anyUint(0xff)
const u16 = anyUint(0xffff)
const u32 = anyUint(0xffff_ffff)
const i32 = fc.integer()
const u64 = fc.oneof(fc.bigInt(0n, 2n ** 64n - 1n), fc.bigInt(0n, 70_000n))
const i64 = fc.bigInt(-(2n ** 63n), 2n ** 63n - 1n)
const hash = bytesOf(32)
const hashes = fc.array(hash, { maxLength: 5 })
const byteText = (lengths: { readonly minLength?: number; readonly maxLength: number }) =>
  fc.array(u8, lengths).map((codes) => String.fromCharCode(...codes))

/** Not a form of another network: those are read as none. */
const isPlain = (bytes: Uint8Array) => bytes[0] !== 0 && bytes[0] !== 0xfd

const addressOf = (network: PeerNetwork): fc.Arbitrary<NetworkAddress> => {
  const bytes = bytesOf(ADDRESS_BYTES[network])
  const plain =
    network === 'cjdns' ? bytes.map((all) => Uint8Array.of(0xfc, ...all.subarray(1))) : bytes
  return fc.record({
    network: fc.constant(network),
    bytes: network === 'ipv6' ? plain.filter(isPlain) : plain,
    port: u16,
  })
}
const none: fc.Arbitrary<NetworkAddress> = u16.map((port) => ({ ...NO_ADDRESS, port }))
const v1Address = fc.oneof(addressOf('ipv4'), addressOf('ipv6'))
const v2Address = fc.oneof(
  v1Address,
  ...(['onion', 'i2p', 'cjdns'] as const).map((network) => addressOf(network)),
)
const entries = (address: fc.Arbitrary<NetworkAddress>) =>
  fc.array(fc.record({ seenSeconds: u32, services: u64, address }), { maxLength: 5 })

const inventory = fc.array(fc.record({ kind: u32, hash }), { maxLength: 5 })

export const anyHeader = fc
  .record({
    version: i32,
    previousHash: hash,
    merkleRoot: hash,
    timeSeconds: u32,
    bits: u32,
    nonce: u32,
  })
  .map(createBlockHeader)

const anyInput = fc.record({
  transactionId: hash,
  outputIndex: u32,
  script: anyBytes(300),
  sequence: u32,
})
const anyOutput = fc.record({ value: i64, script: anyBytes(300) })
const anyStack = fc.array(anyBytes(20), { maxLength: 3 })

/** With a stack for each input, or with none at all. */
export const anyParts = fc
  .record({
    version: u32,
    inputs: fc.array(anyInput, { minLength: 1, maxLength: 4 }),
    outputs: fc.array(anyOutput, { maxLength: 4 }),
    stacks: fc.option(fc.array(anyStack, { minLength: 4, maxLength: 4 }), { nil: undefined }),
    lockTime: u32,
  })
  .map(({ stacks = [], ...parts }) => {
    const witness = stacks.slice(0, parts.inputs.length)
    return { ...parts, witness: witness.some(({ length }) => length > 0) ? witness : [] }
  })

export const anyTransaction = anyParts.map(createTransaction)
const anyTransactions = fc.array(anyTransaction, { maxLength: 4 })

const indexesOf = (steps: readonly number[]): readonly number[] => {
  let index = -1
  return steps.map((step) => (index += step + 1))
}
const steps = fc.array(fc.nat({ max: 1_000 }), { maxLength: 20 })

const locator = { version: u32, locator: hashes, stop: hash }
const range = { filterKind: u8, startHeight: u32, stopHash: hash }
const constant = <Type extends string>(type: Type) => fc.constant({ type })

export const ANY: {
  readonly [Type in BitcoinCommand]: fc.Arbitrary<BitcoinMessages[Type]>
} = {
  version: fc.record({
    type: fc.constant('version'),
    protocolVersion: i32,
    services: u64,
    unixSeconds: fc.bigInt(0n, 2n ** 63n - 1n),
    receiverServices: u64,
    receiver: fc.oneof(v1Address, none),
    nonce: u64,
    userAgent: byteText({ maxLength: 256 }),
    height: i32,
    relay: fc.boolean(),
  }),
  verack: constant('verack'),
  wtxidrelay: constant('wtxidrelay'),
  sendaddrv2: constant('sendaddrv2'),
  sendheaders: constant('sendheaders'),
  sendtxrcncl: fc.record({ type: fc.constant('sendtxrcncl'), version: u32, salt: u64 }),
  feature: fc.record({
    type: fc.constant('feature'),
    id: byteText({ minLength: 4, maxLength: 80 }),
    data: anyBytes(512),
  }),
  ping: fc.record({ type: fc.constant('ping'), nonce: u64 }),
  pong: fc.record({ type: fc.constant('pong'), nonce: fc.option(u64, { nil: undefined }) }),
  getaddr: constant('getaddr'),
  addr: fc.record({ type: fc.constant('addr'), entries: entries(v1Address) }),
  addrv2: fc.record({ type: fc.constant('addrv2'), entries: entries(v2Address) }),
  inv: fc.record({ type: fc.constant('inv'), entries: inventory }),
  getdata: fc.record({ type: fc.constant('getdata'), entries: inventory }),
  notfound: fc.record({ type: fc.constant('notfound'), entries: inventory }),
  getheaders: fc.record({ type: fc.constant('getheaders'), ...locator }),
  getblocks: fc.record({ type: fc.constant('getblocks'), ...locator }),
  headers: fc.record({
    type: fc.constant('headers'),
    headers: fc.array(anyHeader, { maxLength: 5 }),
  }),
  tx: fc.record({ type: fc.constant('tx'), transaction: anyTransaction }),
  block: fc.record({
    type: fc.constant('block'),
    block: fc
      .tuple(anyHeader, anyTransactions)
      .map(([header, transactions]) => createBlock(header, transactions)),
  }),
  mempool: constant('mempool'),
  feefilter: fc.record({
    type: fc.constant('feefilter'),
    feeRate: fc.nat({ max: 2_100_000_000 }).map((units) => units * 1_000_000),
  }),
  sendcmpct: fc.record({ type: fc.constant('sendcmpct'), announce: fc.nat(1), version: u64 }),
  cmpctblock: fc.record({
    type: fc.constant('cmpctblock'),
    header: anyHeader,
    nonce: u64,
    shortIds: fc.array(bytesOf(6), { maxLength: 5 }).map((ids) => concatBytes(...ids)),
    prefilled: fc.tuple(steps, anyTransactions).map(([gaps, transactions]) =>
      indexesOf(gaps).flatMap((index, at) => {
        const transaction = transactions[at]
        return transaction === undefined ? [] : [{ index, transaction }]
      }),
    ),
  }),
  getblocktxn: fc.record({
    type: fc.constant('getblocktxn'),
    blockHash: hash,
    indexes: steps.map(indexesOf),
  }),
  blocktxn: fc.record({
    type: fc.constant('blocktxn'),
    blockHash: hash,
    transactions: anyTransactions,
  }),
  filterload: fc.record({
    type: fc.constant('filterload'),
    filter: anyBytes(300),
    functionCount: fc.nat({ max: 50 }),
    tweak: u32,
    flags: u8,
  }),
  filteradd: fc.record({ type: fc.constant('filteradd'), item: anyBytes(300) }),
  filterclear: constant('filterclear'),
  merkleblock: fc.record({
    type: fc.constant('merkleblock'),
    header: anyHeader,
    transactionCount: u32,
    hashes,
    flags: anyBytes(5),
  }),
  getcfilters: fc.record({ type: fc.constant('getcfilters'), ...range }),
  cfilter: fc.record({
    type: fc.constant('cfilter'),
    filterKind: u8,
    blockHash: hash,
    filter: anyBytes(300),
  }),
  getcfheaders: fc.record({ type: fc.constant('getcfheaders'), ...range }),
  cfheaders: fc.record({
    type: fc.constant('cfheaders'),
    filterKind: u8,
    stopHash: hash,
    previousHeader: hash,
    filterHashes: hashes,
  }),
  getcfcheckpt: fc.record({ type: fc.constant('getcfcheckpt'), filterKind: u8, stopHash: hash }),
  cfcheckpt: fc.record({
    type: fc.constant('cfcheckpt'),
    filterKind: u8,
    stopHash: hash,
    filterHeaders: hashes,
  }),
}

/** A large one of each: of several draws with one seed the longest. */
export const SAMPLES: readonly (readonly [
  command: BitcoinCommand,
  message: BitcoinMessages[BitcoinCommand],
])[] = Object.entries(ANY).map(([command, any]) => [
  command as BitcoinCommand,
  fc
    .sample<BitcoinMessages[BitcoinCommand]>(any, { seed: 7, numRuns: 20 })
    .reduce((longest, next) => (sizeOf(next) > sizeOf(longest) ? next : longest)),
])

function sizeOf(value: unknown): number {
  if (value instanceof Uint8Array) return value.length
  if (typeof value !== 'object' || value === null) return 1
  return Object.values(value).reduce<number>((sum, part) => sum + sizeOf(part), 1)
}
