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

interface Queue<Message> {
  entries: (Entry<Message> | undefined)[]
  /** Entries before this one have left, and are no longer held; the array is cut when half of it has. */
  first: number
  bytes: number
  /** Room that was promised to a sender whose command waits for the end of this step. */
  reservedBytes: number
}

export interface Lanes<Message> {
  /** Whether so many more bytes fit; one message always fits an empty lane. */
  fits(lane: Lane, bytes: number): boolean
  reserve(lane: Lane, bytes: number): void
  unreserve(lane: Lane, bytes: number): void
  push(lane: Lane, departing: Departing<Message>, bytes: number): void
  /** The next messages in order of lanes, up to `bytesMax` by estimate, at least one. */
  take(bytesMax: number): Message[]
  isEmpty(): boolean
  /** Whether a lane that was full is under half now. */
  underHalf(lane: Lane): boolean
  bytesOf(lane: Lane): number
  clear(): number
}

const ORDER: readonly Lane[] = ['control', 'requests', 'gossip']
/** Cutting the front of an array costs its length: do it when that many have left. */
const CUT_AT = 64

export function createLanes<Message extends object>(budgets: LaneBudgets): Lanes<Message> {
  const empty = (): Queue<Message> => ({ entries: [], first: 0, bytes: 0, reservedBytes: 0 })
  const queues: Record<Lane, Queue<Message>> = {
    control: empty(),
    requests: empty(),
    gossip: empty(),
  }

  /** Takes the first entry, which is this one. */
  const leave = (queue: Queue<Message>, { bytes }: Entry<Message>): void => {
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

  return {
    fits(lane, bytes) {
      const used = queues[lane].bytes + queues[lane].reservedBytes
      return used === 0 || used + bytes <= budgets[lane]
    },
    reserve(lane, bytes) {
      queues[lane].reservedBytes += bytes
    },
    unreserve(lane, bytes) {
      queues[lane].reservedBytes -= bytes
    },
    push(lane, departing, bytes) {
      queues[lane].entries.push({ departing, bytes })
      queues[lane].bytes += bytes
    },
    take(bytesMax) {
      const messages: Message[] = []
      let bytes = 0
      for (const lane of ORDER) {
        const queue = queues[lane]
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
    },
    isEmpty: () => ORDER.every((lane) => queues[lane].first === queues[lane].entries.length),
    underHalf: (lane) => queues[lane].bytes + queues[lane].reservedBytes <= budgets[lane] / 2,
    bytesOf: (lane) => queues[lane].bytes,
    clear() {
      let count = 0
      for (const lane of ORDER) {
        const queue = queues[lane]
        count += queue.entries.length - queue.first
        queues[lane] = empty()
      }
      return count
    },
  }
}
