/**
 * Which Disconnecting says why a session ends. There is none before the keys: silence tells a stranger
 * nothing. A record that does not authenticate gets none either, and none answers another.
 * @module
 */
import type { DisconnectingMessage } from '../../codec/botd/messages.ts'
import { REASON_CODES } from '../../codec/botd/reason-codes.ts'
import type { ReasonName } from '../../codec/botd/reason-codes.ts'
import type { BotdDetail, BotdFacts } from '../../machines/handshakes/botd.ts'
import type { CloseDetail } from '../../machines/reasons.ts'

/** What is not listed ends without a word. */
const REASONS: Readonly<Partial<Record<CloseDetail<BotdDetail>, ReasonName>>> = {
  'bad-envelope': 'protocol-error',
  'wrong-confirm': 'protocol-error',
  'pongs-unasked': 'protocol-error',
  'ping-too-often': 'ping-rate',
  'pong-missing': 'response-stalling',
  'no-progress': 'response-stalling',
  'record-exhausted': 'shutdown',
  banned: 'banned',
  disconnected: 'shutdown',
  paused: 'shutdown',
  stopping: 'shutdown',
  duplicate: 'already-connected',
  displaced: 'not-accepting',
  evicted: 'not-accepting',
  exchanged: 'not-accepting',
  'lane-full': 'not-accepting',
  'not-admitted': 'not-accepting',
  'slots-full': 'not-accepting',
}

export function farewellOf(
  detail: CloseDetail<BotdDetail>,
  { farewellId }: BotdFacts,
): DisconnectingMessage | undefined {
  const name = REASONS[detail]
  if (name === undefined) return undefined
  return { type: 'disconnecting', id: farewellId, reason: REASON_CODES[name], text: '' }
}
