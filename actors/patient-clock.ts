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

export interface PatientClock {
  /** XState's clock. `ms` counts patient milliseconds. A wait that is no chart's has a name. */
  setTimeout(ring: (...parameters: never[]) => void, ms: number, name?: string): number
  clearTimeout(id: number): void
  /** Time stands still from now on. Holding twice is holding once. */
  hold(): void
  release(): void
  /** Forgets every wait: nothing rings afterwards. */
  stop(): void
  count(): number
  /** @param nowMs monotonic; between two steps the last one's time is behind it */
  running(nowMs: number): readonly RunningWait[]
}

/** `within` runs a ring: the owner's way to carry out what the chart says in answer. */
export function createPatientClock(
  loop: StepLoop,
  within: (ring: () => void) => void,
): PatientClock {
  const waits = new Map<number, Wait>()
  let nextId = 1
  let held = false
  let stopped = false

  const arm = (id: number, wait: Wait): void => {
    wait.armedMs = loop.step.monotonicMs
    wait.armedStalledMs = loop.stalledMs
    wait.timer = loop.after(wait.leftMs, () => {
      wait.timer = undefined
      wait.leftMs = loop.stalledMs - wait.armedStalledMs
      if (wait.leftMs >= CLOCK_STEP_MS) {
        arm(id, wait)
        return
      }
      waits.delete(id)
      within(wait.ring)
    })
  }

  const leftAt = (wait: Wait, nowMs: number): number => {
    const passedMs = nowMs - wait.armedMs
    const stalledMs = loop.stalledMs - wait.armedStalledMs
    return Math.max(0, wait.leftMs - Math.max(0, passedMs - stalledMs))
  }

  const disarm = (wait: Wait): void => {
    if (wait.timer === undefined) return
    loop.cancel(wait.timer)
    wait.timer = undefined
    wait.leftMs = leftAt(wait, loop.step.monotonicMs)
  }

  return {
    setTimeout(ring, ms, name) {
      const id = nextId++
      if (stopped) return id
      const armed = { armedMs: 0, armedStalledMs: 0, timer: undefined }
      const wait: Wait = { name, ms, leftMs: ms, ...armed, ring }
      waits.set(id, wait)
      if (!held) arm(id, wait)
      return id
    },
    clearTimeout(id) {
      const wait = waits.get(id)
      if (wait?.timer !== undefined) loop.cancel(wait.timer)
      waits.delete(id)
    },
    hold() {
      if (held) return
      held = true
      for (const wait of waits.values()) disarm(wait)
    },
    release() {
      if (!held) return
      held = false
      for (const [id, wait] of waits) arm(id, wait)
    },
    stop() {
      stopped = true
      for (const wait of waits.values()) if (wait.timer !== undefined) loop.cancel(wait.timer)
      waits.clear()
    },
    count: () => waits.size,
    running: (nowMs) =>
      [...waits.values()].map((wait) => ({
        name: wait.name,
        ms: wait.ms,
        leftMs: wait.timer === undefined ? wait.leftMs : leftAt(wait, nowMs),
      })),
  }
}
