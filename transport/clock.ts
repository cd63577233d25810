/**
 * The platform's time: one timeout that stands for the one alarm, one immediate for the turn's end.
 * @module
 */
import { performance } from 'node:perf_hooks'
import type { Clock, ClockInput } from '../world/clock.ts'
import { enteredBy, notStarted } from './later.ts'
import type { Later } from './later.ts'

/** The longest delay of Node's timers; a longer one would ring at once. */
const DELAY_MS_MAX = 2 ** 31 - 1

/** Whole microseconds: what is finer differs between platforms and is no use to a recording. */
const monotonicMs = (): number => Math.floor(performance.now() * 1_000) / 1_000

export interface SystemClock extends Clock {
  /**
   * Runs when the platform's turn is over, just before that is told: what comes of it leaves with the
   * rest of the turn, not a turn later.
   */
  readonly beforeTurnEnds: Later
}

export function systemClock(): SystemClock {
  let enter: (input: ClockInput) => void = notStarted
  let stopped = false
  let dueMs: number | undefined
  let timeout: NodeJS.Timeout | undefined
  /** When the timeout that runs comes, in monotonic milliseconds. */
  let comesMs = Infinity
  let turn: NodeJS.Immediate | undefined
  let isEnding = false
  let isAsked = false
  let before: (() => void)[] = []

  const disarm = (): void => {
    clearTimeout(timeout)
    timeout = undefined
    comesMs = Infinity
  }

  const arm = (due: number): void => {
    disarm()
    const nowMs = monotonicMs()
    const delayMs = Math.min(Math.max(Math.ceil(due - nowMs), 1), DELAY_MS_MAX)
    comesMs = nowMs + delayMs
    timeout = setTimeout(ring, delayMs)
  }

  const ring = (): void => {
    disarm()
    if (dueMs === undefined) return
    // Node's timers may come up to a millisecond early, and an alarm that was put off comes early too.
    if (monotonicMs() < dueMs) return arm(dueMs)
    dueMs = undefined
    enter({ kind: 'clock.alarm' })
  }

  const awaitEnd = (): void => {
    turn ??= setImmediate(endTurn)
  }

  function endTurn(): void {
    turn = undefined
    const runs = before
    before = []
    isEnding = true
    try {
      for (const run of runs) {
        if (!stopped) run()
      }
    } finally {
      isEnding = false
    }
    if (!isAsked) return
    isAsked = false
    enter({ kind: 'clock.turn-ended' })
  }

  return {
    start(input) {
      enter = enteredBy(enter, input)
    },
    monotonicMs,
    wallMs: () => Date.now(),
    setAlarm(due) {
      if (stopped) return
      dueMs = due
      if (due === undefined) disarm()
      // One that is put off keeps its timeout, which then arms the rest: a node puts off its next
      // deadline with almost every input.
      else if (due < comesMs) arm(due)
    },
    askEndOfTurn() {
      if (stopped) return
      isAsked = true
      if (!isEnding) awaitEnd()
    },
    beforeTurnEnds(run) {
      if (stopped) return
      before.push(run)
      awaitEnd()
    },
    stop() {
      stopped = true
      dueMs = undefined
      disarm()
      clearImmediate(turn)
      turn = undefined
      before = []
      isAsked = false
    },
  }
}
