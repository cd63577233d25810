/**
 * The timers of one node: a queue ordered by due time, then by the order in which they were set.
 * The platform rings one alarm; which timers that means is decided here, the same in every run.
 * @module
 */

export interface Timer {
  readonly dueMs: number
  readonly sequence: number
  readonly ring: () => void
  /** Its place in the heap; -1 when it is not waiting. */
  place: number
}

export interface Timers {
  /** @throws {RangeError} a time that is no number: the order of all others would be lost */
  set(dueMs: number, ring: () => void): Timer
  /** Cancelling what has rung or was cancelled changes nothing. */
  cancel(timer: Timer): void
  /** When the next one is due. */
  nextDueMs(): number | undefined
  /** The sequence that the next timer will have. */
  readonly nextSequence: number
  /** Takes the next timer that is due at `nowMs` and, if that is given, was set before a sequence. */
  take(nowMs: number, beforeSequence?: number): Timer | undefined
  readonly count: number
}

const before = (one: Timer, other: Timer): boolean =>
  one.dueMs < other.dueMs || (one.dueMs === other.dueMs && one.sequence < other.sequence)

/** A binary heap that knows where each timer stands, so that cancelling leaves nothing behind. */
export function createTimers(): Timers {
  const heap: Timer[] = []
  let sequence = 0

  const put = (timer: Timer, place: number): void => {
    heap[place] = timer
    timer.place = place
  }

  const rise = (timer: Timer): void => {
    let place = timer.place
    while (place > 0) {
      const above = heap[(place - 1) >> 1]
      if (above === undefined || !before(timer, above)) break
      const freed = above.place
      put(above, place)
      place = freed
    }
    put(timer, place)
  }

  const sink = (timer: Timer): void => {
    let place = timer.place
    for (;;) {
      const left = heap[2 * place + 1]
      const right = heap[2 * place + 2]
      const below = right !== undefined && left !== undefined && before(right, left) ? right : left
      if (below === undefined || !before(below, timer)) break
      const freed = below.place
      put(below, place)
      place = freed
    }
    put(timer, place)
  }

  const remove = (timer: Timer): void => {
    const place = timer.place
    timer.place = -1
    const last = heap.pop()
    if (last === undefined || last === timer) return
    put(last, place)
    rise(last)
    sink(last)
  }

  return {
    set(dueMs, ring) {
      if (Number.isNaN(dueMs)) throw new RangeError('a timer without a time')
      const timer: Timer = { dueMs, sequence: sequence++, ring, place: heap.length }
      heap.push(timer)
      rise(timer)
      return timer
    },
    cancel(timer) {
      if (timer.place >= 0) remove(timer)
    },
    nextDueMs: () => heap[0]?.dueMs,
    get nextSequence() {
      return sequence
    },
    take(nowMs, beforeSequence = Infinity) {
      const first = heap[0]
      if (first === undefined || first.dueMs > nowMs) return undefined
      if (first.sequence >= beforeSequence) return undefined
      remove(first)
      return first
    },
    get count() {
      return heap.length
    },
  }
}
