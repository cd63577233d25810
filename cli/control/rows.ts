/**
 * What a node knows, as rows: for the socket, for lines of JSON, for tables.
 * @module
 */
import type { Ban, ConnectionInfo, PeerView } from '../../index.ts'
import { printBanKey } from '../../supervisor/ban-records.ts'
import type { Row } from './protocol.ts'

export interface ConnectionRow extends Row {
  readonly event: 'connection'
  readonly connection: string
  /** The proven identity. */
  readonly peer: string | null
  readonly address: string
  readonly direction: 'in' | 'out'
  readonly phase: string
  /** Since it began. */
  readonly ageMs: number
  readonly receivedBytes: number
  readonly receivedMessages: number
  readonly sentBytes: number
  readonly sentMessages: number
}

export const connectionRow = (info: ConnectionInfo, nowMs: number): ConnectionRow => ({
  event: 'connection',
  connection: info.name,
  peer: info.identity ?? null,
  address: info.address,
  direction: info.role === 'dialler' ? 'out' : 'in',
  phase: info.phase,
  ageMs: Math.max(0, Math.round(nowMs - info.startedMs)),
  receivedBytes: info.counters.receivedBytes,
  receivedMessages: info.counters.receivedMessages,
  sentBytes: info.counters.sentBytes,
  sentMessages: info.counters.sentMessages,
})

/** Totals are of connections that are over. */
export const peerRow = (view: PeerView, nowMs: number): Row => ({
  event: 'peer',
  peer: view.identity ?? null,
  address: view.address ?? null,
  activeConnections: view.activeConnections,
  failures: view.failures,
  refused: view.refused,
  dialInMs: Math.max(0, Math.round(view.dialFromMs - nowMs)),
  receivedBytes: view.totals.receivedBytes,
  receivedMessages: view.totals.receivedMessages,
  sentBytes: view.totals.sentBytes,
  sentMessages: view.totals.sentMessages,
})

/** `subject` is what `unban` takes. */
export const banRow = ({ key, manual, reason, sinceMs, untilMs }: Ban): Row => ({
  event: 'ban',
  subject: printBanKey(key),
  reason,
  sinceMs,
  untilMs: untilMs ?? null,
  manual,
})
