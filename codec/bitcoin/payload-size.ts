/**
 * About how many bytes a message takes: for queues that count what waits in them, and for memory that is
 * allocated once. Exact for what is large, and never below by more than what a small message has.
 * @module
 */
import { V1_ENTRY_BYTES } from './addresses.ts'
import { BLOCK_HEADER_BYTES } from './block-header.ts'
import { HASH_BYTES } from './hashes.ts'
import type { BitcoinMessage } from './messages.ts'
import type { Transaction } from './transaction.ts'

/** More than any message has that is not listed below, a `version` with a long user agent left aside. */
const SMALL_BYTES = 128
/** With services of nine bytes, which some have and most have not. */
const V2_ENTRY_FIELDS_BYTES = 4 + 9 + 1 + 1 + 2
/** Counts and fields beside what is counted. */
const BESIDE_BYTES = 96

export function estimatePayloadBytes(message: BitcoinMessage): number {
  switch (message.type) {
    case 'block':
      return message.block.raw.length
    case 'tx':
      return message.transaction.raw.length
    case 'blocktxn':
      return BESIDE_BYTES + sum(message.transactions)
    case 'cmpctblock': {
      const prefilled = message.prefilled.map(({ transaction }) => transaction)
      return BESIDE_BYTES + message.shortIds.length + sum(prefilled)
    }
    case 'getblocktxn':
      return BESIDE_BYTES + 3 * message.indexes.length
    case 'headers':
      return 3 + message.headers.length * (BLOCK_HEADER_BYTES + 1)
    case 'inv':
    case 'getdata':
    case 'notfound':
      return 3 + message.entries.length * (4 + HASH_BYTES)
    case 'addr':
      return 3 + message.entries.length * V1_ENTRY_BYTES
    case 'addrv2':
      return message.entries.reduce(
        (bytes, { address }) => bytes + V2_ENTRY_FIELDS_BYTES + address.bytes.length,
        3,
      )
    case 'getheaders':
    case 'getblocks':
      return BESIDE_BYTES + message.locator.length * HASH_BYTES
    case 'merkleblock':
      return BESIDE_BYTES + message.hashes.length * HASH_BYTES + message.flags.length
    case 'filterload':
      return BESIDE_BYTES + message.filter.length
    case 'filteradd':
      return BESIDE_BYTES + message.item.length
    case 'cfilter':
      return BESIDE_BYTES + message.filter.length
    case 'cfheaders':
      return BESIDE_BYTES + message.filterHashes.length * HASH_BYTES
    case 'cfcheckpt':
      return BESIDE_BYTES + message.filterHeaders.length * HASH_BYTES
    case 'unknown':
      return message.payload.length
    case 'version':
      return SMALL_BYTES + (message.userAgent?.length ?? 0)
    case 'feature':
      return SMALL_BYTES + message.data.length
    case 'verack':
    case 'wtxidrelay':
    case 'sendaddrv2':
    case 'sendheaders':
    case 'sendtxrcncl':
    case 'ping':
    case 'pong':
    case 'getaddr':
    case 'mempool':
    case 'feefilter':
    case 'sendcmpct':
    case 'filterclear':
    case 'getcfilters':
    case 'getcfheaders':
    case 'getcfcheckpt':
    case 'violation':
      return SMALL_BYTES
  }
}

const sum = (transactions: readonly Transaction[]): number =>
  transactions.reduce((bytes, { raw }) => bytes + raw.length, 0)
