/**
 * Answering ranges: what is held of the numbers that a neighbour asks for, in their order, as fast as
 * its lane takes it. One range of a neighbour is answered at a time; a few more wait.
 *
 * A range may have all the numbers there are. What it costs is bounded by the items that are held.
 * @module
 */
import type { ChildTools } from '../../actors/child.ts'
import { encodeHex } from '../../codec/bytes.ts'
import type { RangeMessage } from '../../codec/native/messages.ts'
import type { NativeTypes } from '../../machines/handshakes/native.ts'
import type { ItemStore } from './item-store.ts'
import type { NativeLimits } from './limits.ts'

/** Read together: with the largest payloads 1 MiB, a quarter of the lane. */
const ITEMS_A_STEP = 16
/** The lane was full. Time for a line of 1 MB/s to take 50 KB. */
const FULL_LANE_MS = 50

interface Answer {
  readonly origin: string
  next: bigint
  readonly last: bigint
  /** Items that it may still have. */
  left: number
}

export interface Answers {
  onRange(connection: string, range: RangeMessage): void
  onGone(connection: string): void
}

type Tools = Pick<ChildTools<NativeTypes>, 'after' | 'monotonicMs' | 'send'>

export function createAnswers(
  tools: Tools,
  store: Pick<ItemStore, 'read'>,
  {
    drainMs,
    rangeItemsMax,
    rangesQueuedMax,
  }: Pick<NativeLimits, 'drainMs' | 'rangeItemsMax' | 'rangesQueuedMax'>,
): Answers {
  /** Of each neighbour the ranges that wait, the one that is being answered first. Never empty. */
  const neighbours = new Map<string, Answer[]>()

  const goOn = (
    connection: string,
    answers: Answer[],
    afterMs: number,
    fullSinceMs?: number,
  ): void => {
    tools.after(afterMs, () => {
      if (neighbours.get(connection) === answers) answer(connection, answers, fullSinceMs)
    })
  }

  const end = (connection: string, answers: Answer[]): void => {
    answers.shift()
    if (answers.length > 0) goOn(connection, answers, 0)
    else neighbours.delete(connection)
  }

  function answer(connection: string, answers: Answer[], fullSinceMs?: number): void {
    const [current] = answers
    if (current === undefined) return
    const { last, next, origin } = current
    // Whether there is room is tried with one item: what is read in vain is read again.
    const some = fullSinceMs === undefined ? ITEMS_A_STEP : 1
    const read = store.read(origin, next, last, Math.min(some, current.left))
    let sinceMs = fullSinceMs
    for (const item of read.items) {
      const outcome = tools.send(connection, item)
      if (outcome === 'gone') {
        neighbours.delete(connection)
        return
      }
      if (outcome === 'full') {
        const nowMs = tools.monotonicMs()
        sinceMs ??= nowMs
        // It takes nothing any more; what it still wants it asks for again.
        if (nowMs - sinceMs >= drainMs) end(connection, answers)
        else goOn(connection, answers, FULL_LANE_MS, sinceMs)
        return
      }
      sinceMs = undefined
      current.next = item.number + 1n
      current.left--
    }
    if (read.next === undefined || current.left <= 0) {
      end(connection, answers)
      return
    }
    current.next = read.next
    goOn(connection, answers, 0)
  }

  return {
    onRange(connection, { first, last, originId }) {
      const wanted = { origin: encodeHex(originId), next: first, last, left: rangeItemsMax }
      const waiting = neighbours.get(connection)
      if (waiting !== undefined) {
        if (waiting.length < rangesQueuedMax) waiting.push(wanted)
        return
      }
      const answers = [wanted]
      neighbours.set(connection, answers)
      answer(connection, answers)
    },
    onGone(connection) {
      neighbours.delete(connection)
    },
  }
}
