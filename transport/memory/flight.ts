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
  let segments: Segment[] = []
  let head = 0
  let leftBytes = 0
  let isEndLeft = false
  let isArmed = false
  let isCut = false

  const arm = (): void => {
    const first = segments[head]
    if (isArmed || first === undefined) return
    isArmed = true
    policy.at(first.dueMs, ring)
  }

  const next = (): void => {
    head++
    if (head < segments.length / 2) return
    segments = segments.slice(head)
    head = 0
  }

  const ring = (): void => {
    isArmed = false
    if (isCut || direction.isHeld(retry)) return
    const { nowMs } = policy
    let hasCome = false
    for (let first = segments[head]; first !== undefined; first = segments[head]) {
      if (first.dueMs > nowMs) break
      pipe.arrive(first.uptoBytes, first.isEnd)
      hasCome = true
      next()
    }
    arm()
    if (hasCome) onArrival()
  }

  const retry = (): void => {
    if (!isArmed) ring()
  }

  const leave = (bytes: number, isEnd: boolean): void => {
    leftBytes += bytes
    segments.push({ uptoBytes: leftBytes, dueMs: direction.arrivalMs(bytes), isEnd })
  }

  return {
    direction,
    depart() {
      if (isCut) return
      while (leftBytes < pipe.sentBytes) {
        leave(Math.min(SEGMENT_BYTES_MAX, pipe.sentBytes - leftBytes), false)
      }
      if (!isEndLeft && pipe.isEnded && leftBytes === pipe.writtenBytes) {
        isEndLeft = true
        leave(0, true)
      }
      arm()
    },
    cut() {
      isCut = true
      segments = []
      head = 0
    },
  }
}
