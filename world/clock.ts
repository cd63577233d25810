/**
 * Time, as the core may ask for it. There is one alarm: the timers of a node stand in its own
 * deterministic queue (`timers.ts`), so that a recording needs no record of each of them.
 * @module
 */

/**
 * What a clock tells apart. A time computed by subtraction may miss by its last digits: what is left
 * below this is nothing, and waiting for it would be waiting for ever.
 */
export const CLOCK_STEP_MS = 0.001

export type ClockInput =
  /** The time that the alarm was set for has come. */
  | { readonly kind: 'clock.alarm' }
  /** The platform's turn is over: what it had ready to deliver has been delivered. */
  | { readonly kind: 'clock.turn-ended' }

export interface Clock {
  /** Once, before all else: where inputs go. */
  start(enter: (input: ClockInput) => void): void
  /** Milliseconds that never go back, in steps of a microsecond or coarser. */
  monotonicMs(): number
  /** Unix milliseconds, whole. May jump. */
  wallMs(): number
  /** Sets the one alarm, in monotonic milliseconds; undefined clears it. It may ring late, never early. */
  setAlarm(dueMs: number | undefined): void
  /** Asks for one `clock.turn-ended`. Asking again before it came changes nothing. */
  askEndOfTurn(): void
  /** Releases the alarm and the turn; nothing is delivered afterwards. */
  stop(): void
}
