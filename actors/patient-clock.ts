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
  leftMs: number
  armedMs: number
  armedStalledMs: number
  timer: Timer | undefined
  readonly ring: () => void
}

export interface PatientClock {
  /** XState's clock. `ms` counts patient milliseconds. */
  setTimeout(ring: (...parameters: never[]) => void, ms: number): number
  clearTimeout(id: number): void
  /** Time stands still from now on. Holding twice is holding once. */
  hold(): void
  release(): void
  /** Forgets every wait: nothing rings afterwards. */
  stop(): void
  count(): number
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

  const disarm = (wait: Wait): void => {
    if (wait.timer === undefined) return
    loop.cancel(wait.timer)
    wait.timer = undefined
    const passedMs = loop.step.monotonicMs - wait.armedMs
    const stalledMs = loop.stalledMs - wait.armedStalledMs
    wait.leftMs = Math.max(0, wait.leftMs - Math.max(0, passedMs - stalledMs))
  }

  return {
    setTimeout(ring, ms) {
      const id = nextId++
      if (stopped) return id
      const wait: Wait = { leftMs: ms, armedMs: 0, armedStalledMs: 0, timer: undefined, ring }
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
  }
}
