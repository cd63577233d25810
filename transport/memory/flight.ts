/**
 * What of one direction of a stream is on its way: segments, each with the time of its arrival, in
 * order. It moves no bytes: these stay in the pipe, which is told how far they have come.
 * @module
 */
import type { Pipe } from './pipe.ts'
import type { Direction, LinkPolicy } from './policy.ts'

/**
 * Bytes that leave together and have one time of arrival: what a system hands to its network card at
 * once. With more the first byte of a long write would wait for the last one's turn on a narrow way.
 */
const SEGMENT_BYTES_MAX = 16 * 1_024

interface Segment {
  /** How far the stream has come with it: a total. */
  readonly uptoBytes: number
  readonly dueMs: number
  readonly isEnd: boolean
  next: Segment | undefined
}

export interface Flight {
  readonly direction: Direction
  /** All that the window has taken since leaves now; the end too, behind the last byte. */
  depart(): void
  /** Nothing arrives any more. */
  cut(): void
}

export interface FlightOptions {
  readonly pipe: Pipe
  readonly direction: Direction
  readonly policy: LinkPolicy
  /** Something has come; never called inside `depart`. */
  readonly onArrival: () => void
}

export function startFlight({ pipe, direction, policy, onArrival }: FlightOptions): Flight {
  let first: Segment | undefined
  let last: Segment | undefined
  let leftBytes = 0
  let isEndLeft = false
  let isArmed = false
  let isHeld = false
  let isCut = false

  const arm = (): void => {
    if (isArmed || isHeld || first === undefined) return
    isArmed = true
    policy.at(first.dueMs, ring)
  }

  const ring = (): void => {
    isArmed = false
    isHeld = !isCut && direction.isHeld(retry)
    if (isCut || isHeld) return
    const { nowMs } = policy
    let hasCome = false
    for (; first !== undefined && first.dueMs <= nowMs; first = first.next) {
      pipe.arrive(first.uptoBytes, first.isEnd)
      hasCome = true
    }
    arm()
    if (hasCome) onArrival()
  }

  const retry = (): void => {
    isHeld = false
    ring()
  }

  const leave = (bytes: number, isEnd: boolean): void => {
    leftBytes += bytes
    const dueMs = direction.arrivalMs(bytes)
    const segment: Segment = { uptoBytes: leftBytes, dueMs, isEnd, next: undefined }
    if (first === undefined || last === undefined) first = segment
    else last.next = segment
    last = segment
  }

  return {
    direction,
    depart() {
      const { writtenBytes } = pipe
      // As a rule when a reader makes room for which nothing waits.
      if (isCut || (leftBytes === writtenBytes && (isEndLeft || !pipe.isEnded))) return
      const { sentBytes } = pipe
      while (leftBytes < sentBytes) leave(Math.min(SEGMENT_BYTES_MAX, sentBytes - leftBytes), false)
      if (!isEndLeft && pipe.isEnded && leftBytes === writtenBytes) {
        isEndLeft = true
        leave(0, true)
      }
      arm()
    },
    cut() {
      isCut = true
      first = undefined
    },
  }
}
