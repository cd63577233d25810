/**
 * Which Error says why a connection ends (native protocol, section 8). Texts are fixed:
 * nothing of a key, a path or a system stands in them.
 *
 * An Error never answers an Error, and a record that does not authenticate gets no answer at all.
 * @module
 */
import type { RefusalReason } from '../../actors/protocol.ts'
import type { Refusal } from '../../actors/requests-contract.ts'
import { ERROR_CODES } from '../../codec/native/error-codes.ts'
import type { ErrorName } from '../../codec/native/error-codes.ts'
import type { ErrorMessage } from '../../codec/native/messages.ts'
import type { NativeDetail, NativeRefusal } from '../../machines/handshakes/native.ts'
import type { CloseDetail, Phase } from '../../machines/reasons.ts'

type Fixed = readonly [name: ErrorName, text: string]

/** Said by the session, which knows the moment's numbers. */
const REFUSALS: Readonly<Record<NativeRefusal, Fixed>> = {
  'claim-banned': ['banned', 'this node id is banned from this address'],
  'expired-timestamp': ['expired-timestamp', 'the timestamp is too old'],
  'future-timestamp': ['expired-timestamp', 'the timestamp is in the future'],
  'identity-banned': ['banned', 'this node is banned'],
  'inbound-full': ['busy', 'no inbound session is free'],
  'invalid-id': ['invalid-id', 'the node id does not belong to the key, or a key is no point'],
  'invalid-signature': ['invalid-signature', 'the signature is wrong'],
  'network-mismatch': ['protocol-mismatch', 'this is another network'],
  'nonces-full': ['busy', 'too many handshakes'],
  'not-allowed': ['unknown-node', 'this node is not on the allow list'],
  'outbound-full': ['busy', 'no outbound session is free'],
  'own-id': ['invalid-id', 'this is the own node id of the node that was asked'],
  'replayed-nonce': ['replay', 'this handshake was seen before'],
  'session-exists': ['duplicate-connection', 'a session with this node exists'],
  throttled: ['rate-limited', 'too many failed handshakes from this address'],
  'unexpected-id': ['invalid-id', 'this is not the node that was dialled'],
  'version-mismatch': ['protocol-mismatch', 'this major version is not spoken'],
  'wrong-recipient': ['wrong-recipient', 'the handshake is for another node'],
}

/** Said by the connection as it closes. What is not listed ends without a word. */
const FAREWELLS: Readonly<Partial<Record<CloseDetail<NativeDetail>, Fixed>>> = {
  malformed: ['malformed', 'malformed message'],
  'handshake-required': ['handshake-required', 'the handshake comes first'],
  'message-too-large': ['too-large', 'a field is above its limit'],
  'record-too-short': ['malformed', 'malformed record'],
  'record-too-long': ['too-large', 'the record is too long'],
  'unexpected-confirm': ['malformed', 'unexpected confirm'],
  'handshake-timeout': ['network-timeout', 'the handshake took too long'],
  'no-progress': ['network-timeout', 'nothing arrived for too long'],
  'pong-missing': ['network-timeout', 'a ping was not answered'],
  'ping-too-often': ['rate-limited', 'too many pings'],
  'pongs-unasked': ['malformed', 'pongs that answer no ping'],
  banned: ['banned', 'banned'],
  displaced: ['busy', 'the place was needed'],
  duplicate: ['duplicate-connection', 'another session with this node stays'],
  evicted: ['busy', 'the place was needed'],
  'lane-full': ['busy', 'too much is waiting to be sent'],
  'not-admitted': ['busy', 'too many connections'],
  'slots-full': ['busy', 'no session is free'],
}

/** Said in answer to a direct: the session goes on. */
const REQUEST_REFUSALS: Readonly<Record<Refusal, Fixed>> = {
  busy: ['busy', 'too many requests are being answered'],
  'handler-failed': ['handler-failed', 'the handler failed'],
  'no-handler': ['no-handler', 'nobody answers requests of this protocol'],
  'rate-limited': ['rate-limited', 'too many requests'],
  'timed-out': ['network-timeout', 'the handler took too long'],
  'too-large': ['too-large', 'a field of the request is above its limit'],
}

/** Said to whom the node does not let in: nothing was heard of it yet. */
const CLOSED_DOORS: Readonly<Record<RefusalReason, Fixed>> = {
  banned: ['banned', 'this address is banned'],
  discouraged: ['busy', 'too many connections'],
  'group-full': ['busy', 'too many connections of this address'],
  'handshake-budget': ['busy', 'too many handshakes'],
  'pending-full': ['busy', 'too many connections'],
  rate: ['rate-limited', 'too many connections of this address'],
  'slots-full': ['busy', 'no session is free'],
}

/** What some Errors carry beyond their text. */
export type ErrorExtras = Partial<
  Pick<ErrorMessage, 'retryAfterMs' | 'localMajor' | 'localMinor' | 'localTimeMs'>
>

function errorOf([name, text]: Fixed, extras: ErrorExtras = {}): ErrorMessage {
  return {
    type: 'error',
    code: ERROR_CODES[name],
    message: text,
    requestId: undefined,
    retryAfterMs: extras.retryAfterMs,
    localMajor: extras.localMajor,
    localMinor: extras.localMinor,
    localTimeMs: extras.localTimeMs,
  }
}

export const requestErrorOf = (
  refusal: Refusal,
  requestId: Uint8Array,
  extras?: ErrorExtras,
): ErrorMessage => ({ ...errorOf(REQUEST_REFUSALS[refusal], extras), requestId })

export const refusalOf = (detail: NativeRefusal, extras?: ErrorExtras): ErrorMessage =>
  errorOf(REFUSALS[detail], extras)

/** Section 8: a ban is waited for at most so long. */
const RETRY_AFTER_MS_MAX = 86_400_000

export const retryAfter = (leftMs: number): ErrorExtras => ({
  retryAfterMs: Math.ceil(Math.min(leftMs, RETRY_AFTER_MS_MAX)),
})

export const closedDoorOf = (why: RefusalReason, leftMs: number | undefined): ErrorMessage =>
  errorOf(CLOSED_DOORS[why], leftMs === undefined ? {} : retryAfter(leftMs))

/** Undefined where nothing is said, or the session has said it. */
export function farewellErrorOf(
  detail: CloseDetail<NativeDetail>,
  phase: Phase,
): ErrorMessage | undefined {
  // In a handshake the session has said it.
  const isTakenOff = detail === 'not-allowed' && phase === 'active'
  const fixed = isTakenOff ? REFUSALS[detail] : FAREWELLS[detail]
  return fixed === undefined ? undefined : errorOf(fixed)
}
