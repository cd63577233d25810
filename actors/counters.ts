/**
 * The accounts of one connection: plain integers. received = handled + dropped, always.
 * @module
 */

/** Why a message that was received was not handled. */
export type DropReason =
  /** A datagram of somebody who is kept out. */
  | 'banned'
  /** The connection is closing and this type is not read any more. */
  | 'closing'
  /** Nobody subscribed to its type. */
  | 'no-consumer'
  /** What should have given it to its consumers threw. */
  | 'our-fault'
  /** A datagram above its group's rate, or one that came while consumers held all credit. */
  | 'overload'
  /** A unit that the wire refused and passed over. */
  | 'refused'
  /** Its only consumer is being restarted and its inlet is full. */
  | 'restarting'

export interface Counters {
  receivedBytes: number
  sentBytes: number
  receivedMessages: number
  handledMessages: number
  sentMessages: number
  /** Never sent: gossip whose lane was full, and what was still queued at the end. */
  unsentMessages: number
  readonly dropped: Partial<Record<DropReason, number>>
}

export const createCounters = (): Counters => ({
  receivedBytes: 0,
  sentBytes: 0,
  receivedMessages: 0,
  handledMessages: 0,
  sentMessages: 0,
  unsentMessages: 0,
  dropped: {},
})

export function countDrop(counters: Counters, reason: DropReason): void {
  counters.dropped[reason] = (counters.dropped[reason] ?? 0) + 1
}

export function addCounters(totals: Counters, counters: Readonly<Counters>): void {
  totals.receivedBytes += counters.receivedBytes
  totals.sentBytes += counters.sentBytes
  totals.receivedMessages += counters.receivedMessages
  totals.handledMessages += counters.handledMessages
  totals.sentMessages += counters.sentMessages
  totals.unsentMessages += counters.unsentMessages
  for (const reason of Object.keys(counters.dropped) as DropReason[]) {
    totals.dropped[reason] = (totals.dropped[reason] ?? 0) + (counters.dropped[reason] ?? 0)
  }
}
