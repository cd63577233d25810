/**
 * Why a connection is as it is, or why it ended: plain data for `explain`.
 * @module
 */
import type { Connection, HistoryEntry } from '../actors/connection-contract.ts'
import type { Counters } from '../actors/counters.ts'
import { ruleOf, verdictOf } from '../machines/reasons.ts'
import type { CloseReason, DetailRule, Phase, Verdict } from '../machines/reasons.ts'
import type { FlightEntry } from './flight-contract.ts'
import type { ProtocolTypes } from '../machines/session.ts'

export interface Explanation {
  readonly connection: string
  readonly address: string
  readonly role: 'dialler' | 'listener'
  readonly identity: string | undefined
  /** Monotonic milliseconds. */
  readonly startedMs: number
  readonly phase: Phase | 'closed'
  readonly ended?: {
    /** When it was decided, monotonic milliseconds. */
    readonly atMs: number
    /** Who ended it. */
    readonly by: 'us' | 'peer' | 'platform'
    readonly reason: CloseReason
    readonly detail: string
    /** Where it had come to: the connection's state and the session's. */
    readonly phase: Phase
    readonly sessionState: string
    /** What the rule of the detail says follows. */
    readonly verdict: Verdict
  }
  readonly counters: Readonly<Counters>
  /** The last transitions of both charts, oldest first. */
  readonly history: readonly HistoryEntry[]
  /** What the flight recorder has of it; nothing where it is off. */
  readonly flight?: readonly FlightEntry[]
}

const BY: Readonly<Record<CloseReason, 'us' | 'peer' | 'platform'>> = {
  asked: 'us',
  deadline: 'us',
  'our-fault': 'us',
  overload: 'us',
  'peer-fault': 'us',
  'peer-left': 'peer',
  'refused-by-peer': 'peer',
  'refused-by-us': 'us',
  shutdown: 'us',
  transport: 'platform',
}

export function explanationOf<T extends ProtocolTypes>(
  connection: Connection<T>,
  details: Readonly<Record<T['detail'], DetailRule>>,
): Explanation {
  const { ending, view } = connection
  const common = {
    connection: connection.name,
    address: connection.peer.address,
    role: view.role,
    identity: view.identity,
    startedMs: view.startedMs,
    phase: view.phase,
    counters: { ...connection.counters, dropped: { ...connection.counters.dropped } },
    history: [...connection.history],
  }
  if (ending === undefined) return common
  const { atMs, reason, detail, phase, sessionState } = ending
  const verdict = verdictOf(ruleOf(details, detail), phase)
  return {
    ...common,
    ended: { atMs, by: BY[reason], reason, detail, phase, sessionState, verdict },
  }
}
