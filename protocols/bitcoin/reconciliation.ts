/**
 * Whether a peer is told that transactions could be reconciled with it (BIP 330), and what its own word of
 * it comes to. It is negotiated and no more: nothing is compared yet, and transactions are announced as
 * ever. Off unless it is asked for, as in Core.
 * @module
 */
import type { BitcoinMessage } from '../../codec/bitcoin/messages.ts'
import { viewOf } from '../../codec/bytes.ts'
import { NEGOTIATION_VERSION } from '../../machines/handshakes/bitcoin.ts'
import type {
  BitcoinPeer,
  ReconciliationStance,
} from '../../machines/handshakes/bitcoin/contract.ts'
import type { Random } from '../../world/random.ts'
import { relaysTransactions, SLOTS } from './slots.ts'

/** TXRECONCILIATION_VERSION. */
const VERSION = 1

export interface ReconciliationTerms {
  readonly slot: string
  readonly blocksOnly: boolean
  readonly peer: Pick<BitcoinPeer, 'commonVersion' | 'relay'>
}

/** @param random where our salt is drawn from, if one is */
export function reconciliationStance(
  { blocksOnly, peer, slot }: ReconciliationTerms,
  random: Random,
): ReconciliationStance {
  const wantsTransactions = !blocksOnly && relaysTransactions(slot)
  if (!wantsTransactions || !peer.relay) return { kind: 'barred' }
  if (slot === SLOTS.addressFetch || peer.commonVersion < NEGOTIATION_VERSION) {
    return { kind: 'not-offered' }
  }
  return { kind: 'offered', salt: viewOf(random.bytes(8)).getBigUint64(0, true) }
}

/** What is said of it before `verack`. */
export const reconciliationOffer = (
  stance: ReconciliationStance | undefined,
): readonly BitcoinMessage[] =>
  stance?.kind === 'offered' ? [{ type: 'sendtxrcncl', version: VERSION, salt: stance.salt }] : []
