/**
 * Why a connection of the native network ends, and what follows (native protocol, sections 8 and 9).
 *
 * A strike is charged to the node id once the session is verified. Before that it is charged to the
 * claim, which is an address's prefix together with the claimed id: else anybody could have a node
 * banned by sending garbage in its name. What can be caused by whoever is on the path is no strike.
 * @module
 */
import type { NativeDetail } from '../../machines/handshakes/native.ts'
import type { CloseReason, DetailRule, Phase, Verdict } from '../../machines/reasons.ts'

/** Section 8: 404 and 406 are not tried again before an hour. */
const HOUR_MS = 3_600_000
/** Section 9: the shortest ban and the throttle; what the Error itself says is not known here. */
const SHORTEST_BAN_MS = 300_000
const THROTTLE_MS = 60_000

const NOTHING: Verdict = { do: 'nothing' }
const WAIT: Verdict = { do: 'wait' }
const REFUSE: Verdict = { do: 'refuse' }
const STRIKE_CLAIM: Verdict = { do: 'strike', whom: 'claim' }
const STRIKE_IDENTITY: Verdict = { do: 'strike', whom: 'identity' }
const waitMs = (ms: number): Verdict => ({ do: 'wait', ms })

const strikeByPhase = (phase: Phase): Verdict =>
  phase === 'active' ? STRIKE_IDENTITY : STRIKE_CLAIM

const rule = (reason: CloseReason, verdict: DetailRule['verdict']): DetailRule => ({
  reason,
  verdict,
})
const brokenProtocol = rule('peer-fault', strikeByPhase)
const badHandshake = rule('peer-fault', STRIKE_CLAIM)
const forgeable = rule('peer-fault', WAIT)
const told = (verdict: Verdict): DetailRule => rule('refused-by-peer', verdict)

export const NATIVE_DETAILS: Readonly<Record<NativeDetail, DetailRule>> = {
  malformed: brokenProtocol,
  'handshake-required': brokenProtocol,
  'message-too-large': brokenProtocol,
  'unexpected-confirm': brokenProtocol,
  'record-too-short': forgeable,
  'record-too-long': forgeable,
  'record-unauthentic': forgeable,
  'record-exhausted': rule('overload', { do: 'redial' }),
  'refused-provisional': told(NOTHING),

  'publication-invalid': brokenProtocol,
  'publication-flood': brokenProtocol,
  'unasked-answers': brokenProtocol,
  'pongs-unasked': brokenProtocol,
  'sync-flood': brokenProtocol,
  // What counts is when we read a ping, and it may be us who read the one before it late.
  'ping-too-often': rule('peer-fault', WAIT),
  'pong-missing': rule('deadline', WAIT),

  'handshake-timeout': rule('deadline', WAIT),
  'no-progress': rule('deadline', WAIT),

  'invalid-id': badHandshake,
  'invalid-signature': badHandshake,
  'own-id': badHandshake,
  'replayed-nonce': badHandshake,
  'unexpected-id': badHandshake,
  'wrong-recipient': badHandshake,
  // Who was taken off the list while its session was up has done nothing.
  'not-allowed': rule('refused-by-us', (phase) => (phase === 'active' ? NOTHING : STRIKE_CLAIM)),
  // A wrong clock or another version is no misbehaviour; its rate is held down by the throttle.
  'expired-timestamp': rule('refused-by-us', WAIT),
  'future-timestamp': rule('refused-by-us', WAIT),
  'network-mismatch': rule('refused-by-us', waitMs(HOUR_MS)),
  'version-mismatch': rule('refused-by-us', waitMs(HOUR_MS)),
  'claim-banned': rule('refused-by-us', NOTHING),
  'identity-banned': rule('refused-by-us', NOTHING),
  'session-exists': rule('refused-by-us', NOTHING),
  'inbound-full': rule('overload', NOTHING),
  'outbound-full': rule('overload', WAIT),
  'nonces-full': rule('overload', WAIT),
  throttled: rule('overload', NOTHING),

  // What an Error of the other side tells, before verification by anybody: it shapes our retry alone.
  'told-malformed': told(WAIT),
  'told-invalid-signature': told(REFUSE),
  'told-expired-timestamp': told(WAIT),
  'told-handshake-required': told(WAIT),
  'told-unknown-node': told(waitMs(HOUR_MS)),
  'told-invalid-id': told(REFUSE),
  'told-protocol-mismatch': told(waitMs(HOUR_MS)),
  'told-network-timeout': told(WAIT),
  'told-replay': told(WAIT),
  'told-duplicate-connection': told(NOTHING),
  'told-too-large': told(WAIT),
  'told-wrong-recipient': told(REFUSE),
  'told-banned': told(waitMs(SHORTEST_BAN_MS)),
  'told-rate-limited': told(waitMs(THROTTLE_MS)),
  'told-handler-failed': told(WAIT),
  'told-no-handler': told(WAIT),
  'told-busy': told(WAIT),
  'told-unknown-code': told(WAIT),
}
