/**
 * Why a connection of the BOTD network ends, and what follows.
 *
 * A strike is charged to the static key once the session is confirmed. Before that it is charged to the
 * claim, which is an address's prefix together with the claimed key: else anybody could have a node banned
 * in whose name he sends garbage. Where nothing is claimed yet nobody is charged: one address may be that
 * of many. Once there are keys, what whoever is on the path can cause is no strike; before that nothing
 * tells him from the peer.
 * @module
 */
import type { BotdDetail } from '../../machines/handshakes/botd.ts'
import type { CloseReason, DetailRule, Phase, Verdict } from '../../machines/reasons.ts'

const HOUR_MS = 3_600_000
/** As long as our own shortest ban: what theirs is, they do not say. */
const BAN_MS = 300_000

const NOTHING: Verdict = { do: 'nothing' }
const WAIT: Verdict = { do: 'wait' }
const REFUSE: Verdict = { do: 'refuse' }
const waitMs = (ms: number): Verdict => ({ do: 'wait', ms })
const strike = (whom: 'claim' | 'identity'): Verdict => ({ do: 'strike', whom })

const rule = (reason: CloseReason, verdict: DetailRule['verdict']): DetailRule => ({
  reason,
  verdict,
})
const badHandshake = rule('peer-fault', strike('claim'))
const brokenSession = rule('peer-fault', (phase: Phase) =>
  strike(phase === 'active' ? 'identity' : 'claim'),
)
const forgeable = rule('peer-fault', WAIT)
const late = rule('deadline', WAIT)
const told = (verdict: Verdict): DetailRule => rule('refused-by-peer', verdict)

export const BOTD_DETAILS: Readonly<Record<BotdDetail, DetailRule>> = {
  'frame-length': badHandshake,
  'bad-checksum': badHandshake,
  'bad-handshake': badHandshake,
  'bad-envelope': brokenSession,
  'record-too-short': forgeable,
  'record-too-long': forgeable,
  'record-unauthentic': forgeable,
  'record-exhausted': rule('overload', { do: 'redial' }),

  'early-bytes': badHandshake,
  'invalid-key': badHandshake,
  'invalid-signature': badHandshake,
  'own-key': badHandshake,
  'replayed-init': badHandshake,
  'wrong-init-id': badHandshake,
  // Whoever has been told an old key of ours sends this, after each backoff anew.
  'wrong-recipient': rule('peer-fault', NOTHING),
  'identity-banned': rule('refused-by-us', NOTHING),
  'wrong-confirm': brokenSession,

  // What counts is when we read a ping, and it may be us who read the one before it late.
  'ping-too-often': rule('peer-fault', WAIT),
  'pongs-unasked': brokenSession,
  'pong-missing': late,

  'no-init': late,
  'no-ack': late,
  'no-confirm': late,
  'handshake-timeout': late,
  'no-progress': late,

  'told-response-stalling': told(WAIT),
  'told-incompatible-version': told(waitMs(HOUR_MS)),
  'told-unexpected-identity': told(REFUSE),
  'told-connected-to-self': told(REFUSE),
  'told-not-accepting': told(WAIT),
  'told-banned': told(waitMs(BAN_MS)),
  'told-already-connected': told(NOTHING),
  'told-shutdown': rule('peer-left', WAIT),
  'told-invalid-target': told(REFUSE),
  'told-invalid-signature': told(WAIT),
  'told-protocol-error': told(WAIT),
  'told-ping-rate': told(WAIT),
  'told-unknown-reason': told(WAIT),
}
