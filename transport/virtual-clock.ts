/**
 * Time that a test moves. One virtual clock serves several nodes: it visits each due time in order,
 * and hands out what happens there as one input after the other, the same in every run.
 *
 * At one instant it goes in rounds, as a platform's turns do: first what was ready to be delivered
 * when the round began, then the turn's end for each node that asked for it. When a round would have
 * nothing, the next arrival that is due comes, alone, and when there is none the next alarm rings,
 * alone. Only when none is due does time go on.
 * @module
 */
import type { Clock, ClockInput } from '../world/clock.ts'
import { createTimers } from '../world/timers.ts'
import type { Timer } from '../world/timers.ts'
import { createDeliveryQueue, notStarted } from './later.ts'
import type { DeliveryQueue } from './later.ts'

/**
 * How many turn ends and alarms may follow each other at one instant with nothing delivered in between.
 * Honest code asks for a turn's end because it has something to send; this many are a node that asks
 * itself for the next for ever.
 */
const IDLE_INPUTS_MAX = 100_000
/** 128 MiB between two nodes a byte at a time is above this; nothing that is sensible to wait for is. */
const INPUTS_AT_ONE_INSTANT_MAX = 50_000_000

export interface VirtualClockOptions {
  /** Monotonic milliseconds at the start. Default: 0. */
  readonly startMs?: number
  /** Unix milliseconds at the start. Default: 2025-01-01T00:00:00Z. */
  readonly wallMs?: number
  /** Where transports put what is to be delivered. Default: one of its own. */
  readonly queue?: DeliveryQueue
}

export interface VirtualNodeOptions {
  /** By how much the node's wall clock is ahead of the others. Default: 0. */
  readonly wallAheadMs?: number
}

export interface VirtualClock {
  readonly nowMs: number
  readonly queue: DeliveryQueue
  forNode(options?: VirtualNodeOptions): Clock
  /**
   * Something comes at this time, or now if that is over; at one instant in the order of asking.
   * It is no delivery of the queue: what is on its way for a while waits here.
   */
  at(dueMs: number, run: () => void): void
  /** One input, without time going on; false when nothing is left at this instant. */
  step(): boolean
  /**
   * Everything that is left at this instant.
   * @throws {Error} it has no end; the text says what went on
   */
  settle(): void
  /**
   * Everything up to `ms` from now, at its time. @throws {Error} as `settle`
   * @throws {RangeError} time does not go back
   */
  advance(ms: number): void
  /** Until `isDone`, asked after each input, or `withinMs` are over: then false. @throws {Error} as `settle` */
  runUntil(isDone: () => boolean, limit: { readonly withinMs: number }): boolean
}

/** 2025-01-01T00:00:00Z: a time that protocols accept, and the same in every run. */
const WALL_MS = 1_735_689_600_000

interface VirtualNode {
  enter: (input: ClockInput) => void
  alarm: Timer | undefined
  asksTurn: boolean
}

/** Never less than what it is given: a product that is rounded down to a whole number is one too few. */
function wholeMicroseconds(ms: number): number {
  const count = Math.ceil(ms * 1_000)
  return count / 1_000 < ms ? (count + 1) / 1_000 : count / 1_000
}

export function virtualClock(options: VirtualClockOptions = {}): VirtualClock {
  const { startMs = 0, wallMs = WALL_MS, queue = createDeliveryQueue() } = options
  const alarms = createTimers()
  const arrivals = createTimers()
  let nowMs = wholeMicroseconds(startMs)
  let isRunning = false
  /** What is left of the round: deliveries, then the ends of turns. */
  let deliveriesLeft = 0
  let ending: VirtualNode[] = []
  let asking: VirtualNode[] = []
  let isRoundOpen = false
  let inputsHere = 0
  let idleInputs = 0

  const count = (isIdle: boolean): void => {
    inputsHere++
    idleInputs = isIdle ? idleInputs + 1 : 0
    if (idleInputs > IDLE_INPUTS_MAX) {
      throw new Error(
        `the virtual clock stands at ${nowMs} ms: ${IDLE_INPUTS_MAX} alarms and turn ends in a row, ` +
          'and nothing was delivered',
      )
    }
    if (inputsHere > INPUTS_AT_ONE_INSTANT_MAX) {
      throw new Error(
        `the virtual clock stands at ${nowMs} ms: more than ${INPUTS_AT_ONE_INSTANT_MAX} inputs`,
      )
    }
  }

  /** One input of the round; opens the next round. False: there is nothing to deliver or to end. */
  const stepRound = (): boolean => {
    for (;;) {
      if (deliveriesLeft > 0) {
        deliveriesLeft--
        count(false)
        if (queue.deliver()) return true
        // Somebody ran the queue from outside.
        deliveriesLeft = 0
      }
      if (isRoundOpen) {
        isRoundOpen = false
        ending = asking
        asking = []
      }
      for (let node = ending.shift(); node !== undefined; node = ending.shift()) {
        if (!node.asksTurn) continue
        node.asksTurn = false
        count(true)
        node.enter({ kind: 'clock.turn-ended' })
        return true
      }
      if (queue.pending === 0 && asking.length === 0) return false
      deliveriesLeft = queue.pending
      isRoundOpen = true
    }
  }

  const ringNext = (): boolean => {
    const alarm = alarms.take(nowMs)
    if (alarm === undefined) return false
    count(true)
    alarm.ring()
    return true
  }

  const arriveNext = (): boolean => {
    const arrival = arrivals.take(nowMs)
    if (arrival === undefined) return false
    count(false)
    arrival.ring()
    return true
  }

  const stepHere = (): boolean => stepRound() || arriveNext() || ringNext()

  const goTo = (ms: number): void => {
    if (ms <= nowMs) return
    nowMs = ms
    inputsHere = 0
    idleInputs = 0
  }

  /** Goes to the next arrival or alarm up to a time; false when there is none, and that time is reached. */
  const goOn = (limitMs: number): boolean => {
    const dueMs = Math.min(alarms.nextDueMs() ?? Infinity, arrivals.nextDueMs() ?? Infinity)
    // An alarm may ring late, never early: times have whole microseconds, due times need not.
    const nextMs = dueMs === Infinity ? Infinity : wholeMicroseconds(dueMs)
    goTo(Math.min(nextMs, limitMs))
    return nextMs <= limitMs
  }

  const alone = <Result>(run: () => Result): Result => {
    if (isRunning) throw new Error('the virtual clock was run from inside an input')
    isRunning = true
    try {
      return run()
    } finally {
      isRunning = false
    }
  }

  const limitOf = (ms: number): number => {
    if (!(ms >= 0)) throw new RangeError(`the virtual clock cannot go on by ${ms} ms`)
    return wholeMicroseconds(nowMs + ms)
  }

  return {
    get nowMs() {
      return nowMs
    },
    queue,
    forNode({ wallAheadMs = 0 } = {}) {
      const node: VirtualNode = { enter: notStarted, alarm: undefined, asksTurn: false }
      let isStopped = false
      const clearAlarm = (): void => {
        if (node.alarm !== undefined) alarms.cancel(node.alarm)
        node.alarm = undefined
      }
      return {
        start(enter) {
          node.enter = enter
        },
        monotonicMs: () => nowMs,
        wallMs: () => Math.floor(wallMs + wallAheadMs + nowMs - startMs),
        setAlarm(dueMs) {
          clearAlarm()
          if (isStopped || dueMs === undefined) return
          node.alarm = alarms.set(dueMs, () => {
            node.alarm = undefined
            node.enter({ kind: 'clock.alarm' })
          })
        },
        askEndOfTurn() {
          if (isStopped || node.asksTurn) return
          node.asksTurn = true
          asking.push(node)
        },
        stop() {
          isStopped = true
          node.asksTurn = false
          clearAlarm()
        },
      }
    },
    at(dueMs, run) {
      arrivals.set(dueMs, run)
    },
    step: () => alone(stepHere),
    settle: () =>
      alone(() => {
        while (stepHere());
      }),
    advance(ms) {
      const limitMs = limitOf(ms)
      alone(() => {
        for (;;) {
          if (!stepHere() && !goOn(limitMs)) return
        }
      })
    },
    runUntil(isDone, { withinMs }) {
      const limitMs = limitOf(withinMs)
      return alone(() => {
        for (;;) {
          if (isDone()) return true
          if (stepHere()) continue
          if (nowMs >= limitMs || !goOn(limitMs)) return isDone()
        }
      })
    },
  }
}
