/**
 * A message in memory of its own. What was read are views of one payload: who keeps a hash would keep a
 * block alive, and find other bytes in it once the payload's memory is used again.
 * @module
 */
import type { AddressEntry } from './addresses.ts'
import type { BlockHeader } from './block-header.ts'
import { readBlockHeader } from './block-header.ts'
import type { Block } from './block.ts'
import { createPayloadReader } from './fields.ts'
import type { InventoryEntry } from './inventory.ts'
import type { BitcoinMessage } from './messages.ts'
import type { NetworkAddress } from './network-address.ts'
import type { Transaction } from './transaction.ts'

/** Copies each byte string, and leaves out nothing. */
export function ownedMessage(message: BitcoinMessage): BitcoinMessage {
  switch (message.type) {
    case 'version':
      return { ...message, receiver: ownedAddress(message.receiver) }
    case 'feature':
      return { ...message, data: message.data.slice() }
    case 'addr':
      return { ...message, entries: message.entries.map(ownedAddressEntry) }
    case 'addrv2':
      return { ...message, entries: message.entries.map(ownedAddressEntry) }
    case 'inv':
      return { ...message, entries: message.entries.map(ownedInventoryEntry) }
    case 'getdata':
      return { ...message, entries: message.entries.map(ownedInventoryEntry) }
    case 'notfound':
      return { ...message, entries: message.entries.map(ownedInventoryEntry) }
    case 'getheaders':
    case 'getblocks':
      return { ...message, locator: owned(message.locator), stop: message.stop.slice() }
    case 'headers':
      return { ...message, headers: message.headers.map(ownedHeader) }
    case 'tx':
      return { ...message, transaction: ownedTransaction(message.transaction) }
    case 'block':
      return { ...message, block: ownedBlock(message.block) }
    case 'cmpctblock':
      return {
        ...message,
        header: ownedHeader(message.header),
        shortIds: message.shortIds.slice(),
        prefilled: message.prefilled.map(({ index, transaction }) => ({
          index,
          transaction: ownedTransaction(transaction),
        })),
      }
    case 'getblocktxn':
      return { ...message, blockHash: message.blockHash.slice() }
    case 'blocktxn':
      return {
        ...message,
        blockHash: message.blockHash.slice(),
        transactions: message.transactions.map(ownedTransaction),
      }
    case 'merkleblock':
      return {
        ...message,
        header: ownedHeader(message.header),
        hashes: owned(message.hashes),
        flags: message.flags.slice(),
      }
    case 'filterload':
      return { ...message, filter: message.filter.slice() }
    case 'filteradd':
      return { ...message, item: message.item.slice() }
    case 'getcfilters':
    case 'getcfheaders':
    case 'getcfcheckpt':
      return { ...message, stopHash: message.stopHash.slice() }
    case 'cfilter':
      return {
        ...message,
        blockHash: message.blockHash.slice(),
        filter: message.filter.slice(),
      }
    case 'cfheaders':
      return {
        ...message,
        stopHash: message.stopHash.slice(),
        previousHeader: message.previousHeader.slice(),
        filterHashes: owned(message.filterHashes),
      }
    case 'cfcheckpt':
      return {
        ...message,
        stopHash: message.stopHash.slice(),
        filterHeaders: owned(message.filterHeaders),
      }
    case 'unknown':
      return { ...message, payload: message.payload.slice() }
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
    case 'violation':
      return message
  }
}

const owned = (hashes: readonly Uint8Array[]): readonly Uint8Array[] =>
  hashes.map((hash) => hash.slice())

const ownedAddress = (address: NetworkAddress): NetworkAddress => ({
  ...address,
  bytes: address.bytes.slice(),
})

const ownedAddressEntry = (entry: AddressEntry): AddressEntry => ({
  ...entry,
  address: ownedAddress(entry.address),
})

const ownedInventoryEntry = ({ kind, hash }: InventoryEntry): InventoryEntry => ({
  kind,
  hash: hash.slice(),
})

const ownedHeader = (header: BlockHeader): BlockHeader => ({ ...header, raw: header.raw.slice() })

const ownedTransaction = (transaction: Transaction): Transaction => ({
  ...transaction,
  raw: transaction.raw.slice(),
})

/** One copy: the header is a view of it, as it was of the other. */
function ownedBlock({ raw, transactionCount }: Block): Block {
  const copy = raw.slice()
  return { raw: copy, header: readBlockHeader(createPayloadReader(copy)), transactionCount }
}
