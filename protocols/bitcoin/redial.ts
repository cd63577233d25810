/**
 * When a peer that was dialled with v2 is dialled once more with v1: Core's rule. A peer that knows v1 alone
 * has read 24 bytes as a header with a wrong beginning, and closed without a word.
 * @module
 */
import type { Ended } from '../../actors/protocol.ts'
import { V1_HEADER_BYTES } from '../../codec/bitcoin/v1-frame.ts'
import type { BitcoinTransport } from '../../codec/bitcoin/wire.ts'
import type { BitcoinTypes } from '../../machines/handshakes/bitcoin/contract.ts'

/** It was us who wanted no more of it. */
const OURS: ReadonlySet<string> = new Set([
  'banned',
  'discouraged',
  'disconnected',
  'exchanged',
  'killed',
  'paused',
  'stopping',
])

export function redialOf({
  detail,
  dial,
  receivedBytes,
  role,
  sentBytes,
}: Ended<BitcoinTypes>): BitcoinTransport | undefined {
  if (role !== 'dialler' || dial !== 'v2' || OURS.has(detail)) return undefined
  return receivedBytes === 0 && sentBytes >= V1_HEADER_BYTES ? 'v1' : undefined
}
