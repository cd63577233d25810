/**
 * One way of one stream: a latency that belongs to the pair of hosts, a rate with a queue, and loss,
 * which a stream shows as delay: the lost segment comes later, and what left after it waits for it.
 * @module
 */
import type { Direction } from '../memory/policy.ts'

export interface DirectionOptions {
  readonly nowMs: () => number
  readonly at: (dueMs: number, run: () => void) => void
  /** What the next segment needs from end to end. */
  readonly drawLatencyMs: () => number
  /** What a loss adds to a segment; 0 as a rule. */
  readonly drawRetransmitMs: () => number
  readonly bytesPerMs: number
  readonly isCut: () => boolean
  readonly hold: (run: () => void) => void
}

export function createDirection(options: DirectionOptions): Direction {
  const { nowMs, at, drawLatencyMs, drawRetransmitMs, bytesPerMs, isCut, hold } = options
  /** When the last byte has left, and when it will be there. */
  let freeMs = 0
  let arrivedMs = 0

  const direction: Direction = {
    arrivalMs(bytes) {
      freeMs = Math.max(freeMs, nowMs()) + bytes / bytesPerMs
      arrivedMs = Math.max(arrivedMs, freeMs + drawLatencyMs() + drawRetransmitMs())
      return arrivedMs
    },
    carry(run) {
      const come = (): void => {
        if (!direction.isHeld(come)) run()
      }
      at(nowMs() + drawLatencyMs(), come)
    },
    isHeld(run) {
      if (!isCut()) return false
      // It is sent again when the way is open, and takes as long as anything does.
      hold(() => at(nowMs() + drawLatencyMs(), run))
      return true
    },
  }
  return direction
}
