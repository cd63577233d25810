/**
 * What one connection still has to send: three lanes with a budget of bytes each, control before
 * requests before gossip. Messages wait decoded, or as a function that makes them when their turn
 * comes, and are counted with an estimate of their bytes.
 * @module
 */
import type { Lane } from './protocol.ts'

/** A message, or what makes it at departure (times, blocks that are loaded then). */
export type Departing<Message> = Message | (() => Message)

export type LaneBudgets = Readonly<Record<Lane, number>>

interface Entry<Message> {
  readonly departing: Departing<Message>
  readonly bytes: number
}

/** Data and no methods: there are three a connection. */
export interface LaneQueue<Message> {
  entries: (Entry<Message> | undefined)[]
  /** Entries before this one have left, and are no longer held; the array is cut when half of it has. */
  first: number
  bytes: number
  /** Room that was promised to a sender whose command waits for the end of this step. */
  reservedBytes: number
  readonly bytesMax: number
  /** It was found full, and has not had room since. */
  isWaitedFor: boolean
  /** The protocol itself queued more than the lane holds, and it still does. */
  isOverBudget: boolean
}

export type Lanes<Message> = Readonly<Record<Lane, LaneQueue<Message>>>

export const LANE_ORDER: readonly Lane[] = ['control', 'requests', 'gossip']
/** Cutting the front of an array costs its length: do it when that many have left. */
const CUT_AT = 64

const createQueue = <Message>(bytesMax: number): LaneQueue<Message> => ({
  entries: [],
  first: 0,
  bytes: 0,
  reservedBytes: 0,
  bytesMax,
  isWaitedFor: false,
  isOverBudget: false,
})

export const createLanes = <Message extends object>(budgets: LaneBudgets): Lanes<Message> => ({
  control: createQueue(budgets.control),
  requests: createQueue(budgets.requests),
  gossip: createQueue(budgets.gossip),
})

/** Whether so many more bytes fit; one message always fits an empty lane. */
export function fitsLane(
  { bytes, bytesMax, reservedBytes }: LaneQueue<object>,
  more: number,
): boolean {
  const used = bytes + reservedBytes
  return used === 0 || used + more <= bytesMax
}

/** Whether a lane that was full is under half now. */
export const isUnderHalf = ({ bytes, bytesMax, reservedBytes }: LaneQueue<object>): boolean =>
  bytes + reservedBytes <= bytesMax / 2

export function pushToLane<Message>(
  queue: LaneQueue<Message>,
  departing: Departing<Message>,
  bytes: number,
): void {
  queue.entries.push({ departing, bytes })
  queue.bytes += bytes
}

/** Takes the first entry, which is this one. */
function leave<Message>(queue: LaneQueue<Message>, { bytes }: Entry<Message>): void {
  queue.entries[queue.first++] = undefined
  queue.bytes -= bytes
  if (queue.first === queue.entries.length) {
    queue.entries = []
    queue.first = 0
  } else if (queue.first >= CUT_AT && queue.first * 2 >= queue.entries.length) {
    queue.entries = queue.entries.slice(queue.first)
    queue.first = 0
  }
}

/** The next messages in order of lanes, up to `bytesMax` by estimate, at least one. */
export function takeFromLanes<Message extends object>(
  lanes: Lanes<Message>,
  bytesMax: number,
): Message[] {
  const messages: Message[] = []
  let bytes = 0
  for (const lane of LANE_ORDER) {
    const queue = lanes[lane]
    for (;;) {
      const entry = queue.entries[queue.first]
      if (entry === undefined) break
      if (messages.length > 0 && bytes + entry.bytes > bytesMax) return messages
      leave(queue, entry)
      bytes += entry.bytes
      const { departing } = entry
      messages.push(typeof departing === 'function' ? departing() : departing)
    }
  }
  return messages
}

const isEmpty = ({ entries, first }: LaneQueue<object>): boolean => first === entries.length

export const areLanesEmpty = ({ control, gossip, requests }: Lanes<object>): boolean =>
  isEmpty(control) && isEmpty(requests) && isEmpty(gossip)

export const isAnyOverBudget = ({ control, gossip, requests }: Lanes<object>): boolean =>
  control.isOverBudget || requests.isOverBudget || gossip.isOverBudget

export const isAnyWaitedFor = ({ control, gossip, requests }: Lanes<object>): boolean =>
  control.isWaitedFor || requests.isWaitedFor || gossip.isWaitedFor

/** Forgets all; how many messages that were. */
export function clearLanes(lanes: Lanes<object>): number {
  let count = 0
  for (const lane of LANE_ORDER) {
    const queue = lanes[lane]
    count += queue.entries.length - queue.first
    queue.entries = []
    queue.first = 0
    queue.bytes = 0
    queue.reservedBytes = 0
  }
  return count
}
