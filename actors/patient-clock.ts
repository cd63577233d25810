/**
 * The clock of one connection: what its charts wait with. It is patient: time in which our own
 * process did not come to look, or in which we did not read that peer, does not count.
 *
 * It stands in for XState's clock, so that a chart's `after` is one of the node's timers and every
 * ring is part of a step.
 * @module
 */
import { CLOCK_STEP_MS } from '../world/clock.ts'
import type { StepLoop } from '../world/step-loop.ts'
import type { Timer } from '../world/timers.ts'

interface Wait {
  readonly id: number
  /** Of what is no chart's. */
  readonly name: string | undefined
  readonly ms: number
  leftMs: number
  armedMs: number
  armedStalledMs: number
  timer: Timer | undefined
  readonly ring: () => void
}

/** A wait that runs, for whoever looks. */
export interface RunningWait {
  /** Undefined: one of the charts, in the order in which XState armed them. */
  readonly name: string | undefined
  /** Patient milliseconds: all of it, and what is left. */
  readonly ms: number
  readonly leftMs: number
}

/** XState's clock, and the rest is data: there is one a connection. */
export interface PatientClock {
  /** `ms` counts patient milliseconds. A wait that is no chart's has a name. */
  setTimeout(ring: (...parameters: never[]) => void, ms: number, name?: string): number
  clearTimeout(id: number): void
  readonly loop: StepLoop
  /** Runs a ring: the owner's way to carry out what the chart says in answer. */
  readonly within: (ring: () => void) => void
  /** A few, in the order in which they began. */
  waits: readonly Wait[]
  isHeld: boolean
  isStopped: boolean
}

export function createPatientClock(
  loop: StepLoop,
  within: (ring: () => void) => void,
): PatientClock {
  let nextId = 1
  const clock: PatientClock = {
    loop,
    within,
    waits: [],
    isHeld: false,
    isStopped: false,
    setTimeout(ring, ms, name) {
      const id = nextId++
      if (clock.isStopped) return id
      const armed = { armedMs: 0, armedStalledMs: 0, timer: undefined }
      const wait: Wait = { id, name, ms, leftMs: ms, ...armed, ring }
      clock.waits = [...clock.waits, wait]
      if (!clock.isHeld) arm(clock, wait)
      return id
    },
    clearTimeout(id) {
      const wait = clock.waits.find((one) => one.id === id)
      if (wait === undefined) return
      if (wait.timer !== undefined) loop.cancel(wait.timer)
      forget(clock, wait)
    },
  }
  return clock
}

function forget(clock: PatientClock, wait: Wait): void {
  clock.waits = clock.waits.filter((one) => one !== wait)
}

function arm(clock: PatientClock, wait: Wait): void {
  const { loop } = clock
  wait.armedMs = loop.step.monotonicMs
  wait.armedStalledMs = loop.stalledMs
  wait.timer = loop.after(wait.leftMs, () => {
    wait.timer = undefined
    wait.leftMs = loop.stalledMs - wait.armedStalledMs
    if (wait.leftMs >= CLOCK_STEP_MS) {
      arm(clock, wait)
      return
    }
    forget(clock, wait)
    clock.within(wait.ring)
  })
}

function leftAt(loop: StepLoop, wait: Wait, nowMs: number): number {
  const passedMs = nowMs - wait.armedMs
  const stalledMs = loop.stalledMs - wait.armedStalledMs
  return Math.max(0, wait.leftMs - Math.max(0, passedMs - stalledMs))
}

function disarm({ loop }: PatientClock, wait: Wait): void {
  if (wait.timer === undefined) return
  loop.cancel(wait.timer)
  wait.timer = undefined
  wait.leftMs = leftAt(loop, wait, loop.step.monotonicMs)
}

/** Whether time stands still from now on. */
export function holdClock(clock: PatientClock, isHeld: boolean): void {
  if (clock.isHeld === isHeld) return
  clock.isHeld = isHeld
  for (const wait of clock.waits) {
    if (isHeld) disarm(clock, wait)
    else arm(clock, wait)
  }
}

/** Forgets every wait: nothing rings afterwards. */
export function stopClock(clock: PatientClock): void {
  clock.isStopped = true
  for (const { timer } of clock.waits) if (timer !== undefined) clock.loop.cancel(timer)
  clock.waits = []
}

/** @param nowMs monotonic; between two steps the last one's time is behind it */
export const runningWaits = (
  { loop, waits }: PatientClock,
  nowMs: number,
): readonly RunningWait[] =>
  waits.map((wait) => ({
    name: wait.name,
    ms: wait.ms,
    leftMs: wait.timer === undefined ? wait.leftMs : leftAt(loop, wait, nowMs),
  }))
