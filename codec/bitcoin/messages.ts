/**
 * All messages of the Bitcoin network, each by the name of its command; and two that are none: a command
 * that is not known here, and one that holds what it may not.
 *
 * What was read holds views of the bytes that it was read from: whoever keeps a message makes an owned
 * copy of it first.
 * @module
 */
import type { AddressMessages } from './addresses.ts'
import type { BlockFilterMessages } from './block-filters.ts'
import type { BlockMessages } from './blocks.ts'
import type { BloomFilterMessages } from './bloom-filters.ts'
import type { CompactBlockMessages } from './compact-blocks.ts'
import type { HeaderMessages } from './headers.ts'
import type { InventoryMessages } from './inventory.ts'
import type { NegotiationMessages } from './negotiation.ts'
import type { PingMessages } from './pings.ts'
import type { PoolMessages } from './pools.ts'
import type { ViolationMessage } from './violation.ts'

/** By its command. */
export interface BitcoinMessages
  extends
    NegotiationMessages,
    PingMessages,
    AddressMessages,
    InventoryMessages,
    HeaderMessages,
    BlockMessages,
    PoolMessages,
    CompactBlockMessages,
    BloomFilterMessages,
    BlockFilterMessages {}

export type BitcoinCommand = keyof BitcoinMessages

/** It is ignored, by whoever gets it: so new commands come into the network. */
export interface UnknownMessage {
  readonly type: 'unknown'
  readonly command: string
  readonly payload: Uint8Array
}

export type KnownMessage = BitcoinMessages[BitcoinCommand]

export type BitcoinMessage = KnownMessage | UnknownMessage | ViolationMessage
