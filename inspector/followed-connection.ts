/**
 * One connection that a page has opened: what it did and what passed over it since, and before that what
 * the flight recorder has. It is the node's stream, of this connection alone.
 * @module
 */
import type { ProtocolTypes } from '../machines/session.ts'
import type { FlightEntry } from '../supervisor/flight-contract.ts'
import type { Supervisor } from '../supervisor/supervisor-contract.ts'
import type { MessageEntry, PathEntry } from './messages.ts'
import { attachStream } from './stream.ts'
import type { StreamEvent } from './stream-events.ts'

/** Of one answer: a screen or two of a sequence diagram. */
const MESSAGES_MAX = 200
/** A handshake has ten; a chart in which more is to be seen goes round. */
const PATH_MAX = 200
/** Messages that are kept of one second: more passes than anybody sees. */
const PER_SECOND_MAX = 200

export interface FollowedConnection {
  path(): readonly PathEntry[]
  readonly pathLeftOut: number
  messages(): readonly MessageEntry[]
  readonly messagesPassedOver: number
  stop(): void
}

export interface FollowOptions<T extends ProtocolTypes> {
  readonly supervisor: Pick<
    Supervisor<T>,
    'actor' | 'connections' | 'explain' | 'flight' | 'inside' | 'port' | 'state'
  >
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
}: FollowOptions<T>): FollowedConnection {
  const path = createTail<PathEntry>(PATH_MAX)
  const messages = createTail<MessageEntry>(MESSAGES_MAX)
  let number = 0
  let told = 0
  const counted = (): number => {
    const { receivedMessages = 0, sentMessages = 0 } =
      supervisor.explain(connection)?.counters ?? {}
    return receivedMessages + sentMessages
  }
  const countedBefore = counted()

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
    told++
    messages.push({ number, atMs: at, direction, type, bytes, count: 1 })
  }

  const take = (event: StreamEvent): void => {
    switch (event.of) {
      case 'message':
        push(event.atMs, event.direction, event.type, event.bytesOnWire)
        return
      case 'refused':
        push(event.atMs, 'received', `refused: ${event.detail}`, event.bytesOnWire)
        return
      case 'state':
        if (event.chart === 'root') return
        path.push({
          ...{ atMs: event.atMs, chart: event.chart },
          ...{ event: event.event, state: event.state },
        })
        return
      case 'passed-over':
        number += event.counts.messages
        return
      default:
        return
    }
  }

  const detach = attachStream(
    {
      ...{ supervisor, wallMs, perSecondMax: PER_SECOND_MAX },
      shows: (name) => name === connection,
    },
    take,
  )
  return {
    path: path.read,
    get pathLeftOut() {
      return path.leftOut
    },
    messages: messages.read,
    get messagesPassedOver() {
      return Math.max(0, counted() - countedBefore - told)
    },
    stop: detach,
  }
}
