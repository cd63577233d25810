/**
 * Why a connection of the Bitcoin network ends, and what follows.
 *
 * There are no points that add up: what Core leaves a peer for, we leave it for, and what it shuns an address
 * for, we do. Nobody proves who he is, so that it is always the address.
 * @module
 */
import { VIOLATION_REACTIONS, WIRE_REACTIONS } from '../../codec/bitcoin/wire-details.ts'
import type { BitcoinReaction } from '../../codec/bitcoin/wire-details.ts'
import type { BitcoinDetail } from '../../machines/handshakes/bitcoin/contract.ts'
import type { CloseReason, DetailRule, Verdict } from '../../machines/reasons.ts'

const NOTHING: Verdict = { do: 'nothing' }
const WAIT: Verdict = { do: 'wait' }

const rule = (reason: CloseReason, verdict: Verdict): DetailRule => ({ reason, verdict })

const VERDICTS: Readonly<Record<BitcoinReaction, Verdict>> = {
  ignore: NOTHING,
  disconnect: WAIT,
  discourage: { do: 'discourage' },
}

const fault = (reaction: BitcoinReaction): DetailRule => rule('peer-fault', VERDICTS[reaction])
const late = rule('deadline', WAIT)
const done = rule('asked', NOTHING)

export const BITCOIN_DETAILS: Readonly<Record<BitcoinDetail, DetailRule>> = {
  'wrong-magic': fault(WIRE_REACTIONS['wrong-magic']),
  'message-too-long': fault(WIRE_REACTIONS['message-too-long']),
  'bad-checksum': fault(WIRE_REACTIONS['bad-checksum']),
  'bad-command': fault(WIRE_REACTIONS['bad-command']),
  'no-command': fault(WIRE_REACTIONS['no-command']),
  malformed: fault(WIRE_REACTIONS.malformed),
  'out-of-range': fault(WIRE_REACTIONS['out-of-range']),

  'other-network': fault('disconnect'),
  'garbage-unterminated': fault('disconnect'),
  'packet-too-long': fault('disconnect'),
  'packet-unauthentic': fault('disconnect'),
  'v1-not-spoken': rule('refused-by-us', WAIT),

  'self-connection': rule('refused-by-us', { do: 'refuse' }),
  'version-too-old': rule('refused-by-us', WAIT),
  'services-missing': rule('refused-by-us', WAIT),
  'handshake-timeout': late,

  'too-many-addresses': fault(VIOLATION_REACTIONS['too-many-addresses']),
  'too-many-inventories': fault(VIOLATION_REACTIONS['too-many-inventories']),
  'too-many-headers': fault(VIOLATION_REACTIONS['too-many-headers']),
  'locator-too-long': fault(VIOLATION_REACTIONS['locator-too-long']),
  'filter-too-large': fault(VIOLATION_REACTIONS['filter-too-large']),
  'filter-item-too-long': fault(VIOLATION_REACTIONS['filter-item-too-long']),
  'bad-feature': fault(VIOLATION_REACTIONS['bad-feature']),
  'late-negotiation': fault('disconnect'),
  'early-feature': fault('disconnect'),
  'service-not-offered': fault('disconnect'),
  'unwanted-transaction': fault('disconnect'),
  'bad-announcement': fault('discourage'),
  'bad-reconciliation': fault('disconnect'),

  'ping-timeout': late,
  'no-progress': late,

  'feeler-done': done,
  'addresses-fetched': done,
  'addresses-not-told': done,
}
