/**
 * One connection that somebody has opened: what it did and what passed over it since, and before that
 * what the flight recorder has.
 * @module
 */
import type { ProtocolTypes } from '../machines/session.ts'
import type { FlightEntry } from '../supervisor/flight-contract.ts'
import type { Supervisor } from '../supervisor/supervisor-contract.ts'
import type { ConnectionObservation, ConnectionWatch } from './connection-watch.ts'
import type { MessageEntry, PathEntry } from './messages.ts'

/** Of one answer: a screen or two of a sequence diagram. */
const MESSAGES_MAX = 200
/** A handshake has ten; a chart in which more is to be seen goes round. */
const PATH_MAX = 200
/** Messages, and transitions, that are kept of one second: more passes than anybody sees. */
const PER_SECOND_MAX = 200
const SECOND_MS = 1_000

export interface FollowedConnection {
  path(): readonly PathEntry[]
  readonly pathLeftOut: number
  messages(): readonly MessageEntry[]
  readonly messagesPassedOver: number
  stop(): void
}

export interface FollowOptions<T extends ProtocolTypes> {
  readonly supervisor: Pick<Supervisor<T>, 'explain' | 'flight'>
  readonly watch: ConnectionWatch
  readonly connection: string
  /** From the node's monotonic time to Unix milliseconds. */
  atMs(monotonicMs: number): number
  wallMs(): number
}

/** The last so many. */
function createTail<Entry>(max: number) {
  let entries: Entry[] = []
  let leftOut = 0
  return {
    push(entry: Entry): void {
      entries.push(entry)
      if (entries.length < max * 2) return
      leftOut += entries.length - max
      entries = entries.slice(-max)
    },
    read: (): readonly Entry[] => entries.slice(-max),
    get leftOut() {
      return leftOut + Math.max(0, entries.length - max)
    },
  }
}

/** So many a second. */
function createAllowance() {
  let secondMs = -Infinity
  let used = 0
  return (atMs: number): boolean => {
    if (Math.abs(atMs - secondMs) >= SECOND_MS) {
      secondMs = atMs
      used = 0
    }
    return ++used <= PER_SECOND_MAX
  }
}

const messageOf = (entry: FlightEntry): Omit<MessageEntry, 'atMs' | 'number'> | undefined => {
  const { count } = entry
  if (entry.kind === 'message') {
    const { bytesOnWire, direction, type } = entry
    return { direction, type, bytes: bytesOnWire * count, count }
  }
  if (entry.kind !== 'refused') return undefined
  const type = `refused: ${entry.detail}`
  return { direction: 'received', type, bytes: entry.bytesOnWire * count, count }
}

export function followConnection<T extends ProtocolTypes>({
  atMs,
  connection,
  supervisor,
  wallMs,
  watch,
}: FollowOptions<T>): FollowedConnection {
  const path = createTail<PathEntry>(PATH_MAX)
  const messages = createTail<MessageEntry>(MESSAGES_MAX)
  const allowsMessage = createAllowance()
  const allowsTransition = createAllowance()
  let number = 0
  let messagesPassedOver = 0
  let transitionsPassedOver = 0

  for (const { atMs: at, chart, event, state } of supervisor.explain(connection)?.history ?? []) {
    path.push({ atMs: atMs(at), chart, event, state })
  }
  for (const entry of supervisor.flight(connection)) {
    const message = messageOf(entry)
    if (message === undefined) continue
    number += message.count
    messages.push({ ...message, number, atMs: atMs(entry.atMs) })
  }

  const push = (
    at: number,
    direction: MessageEntry['direction'],
    type: string,
    bytes: number,
  ): void => {
    number++
    if (allowsMessage(at)) messages.push({ number, atMs: at, direction, type, bytes, count: 1 })
    else messagesPassedOver++
  }

  const take = (observed: ConnectionObservation, stepMs: number | undefined): void => {
    const at = stepMs ?? wallMs()
    switch (observed.of) {
      case 'message':
        push(at, observed.direction, observed.type, observed.bytesOnWire)
        return
      case 'written':
        push(at, 'sent', observed.type, observed.bytesOnWire)
        return
      case 'refused':
        push(at, 'received', `refused: ${observed.detail}`, observed.bytesOnWire)
        return
      case 'transition': {
        const { chart, event, state } = observed
        if (chart !== 'connection' && chart !== 'session') return
        if (allowsTransition(at)) path.push({ atMs: at, chart, event, state })
        else transitionsPassedOver++
      }
    }
  }

  const leave = watch.follow(connection, take)
  return {
    path: path.read,
    get pathLeftOut() {
      return path.leftOut + transitionsPassedOver
    },
    messages: messages.read,
    get messagesPassedOver() {
      return messagesPassedOver
    },
    stop: leave,
  }
}
