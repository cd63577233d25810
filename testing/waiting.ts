/**
 * Waiting for a promise of the public API in a world that a test moves: nothing in such a world
 * happens by itself, and nobody who awaits can move it.
 * @module
 */
import type { VirtualWorld } from './virtual-world.ts'

/** Far above what a node here answers in; it is virtual time, and costs next to none. */
const WITHIN_MS = 120_000
/** How far the world is moved between two looks where nothing is due: whoever waits for real time gets some. */
const IDLE_MS = 10

/** What a promise's own callbacks do has been done when this settles. */
const turn = (): Promise<void> =>
  new Promise((resolve) => {
    setImmediate(resolve)
  })

export interface WaitingOptions {
  /** In the world's own time. Default: two minutes. */
  readonly withinMs?: number
}

/**
 * Moves the world until the promise has settled, no farther than it has to: time goes on only when
 * nothing is left at the present instant.
 * @returns what the promise came to; it throws what that rejected with
 * @throws {Error} the time is up
 */
export async function until<Value>(
  world: VirtualWorld,
  waiting: Promise<Value>,
  { withinMs = WITHIN_MS }: WaitingOptions = {},
): Promise<Value> {
  let hasSettled = false
  const note = (): void => {
    hasSettled = true
  }
  waiting.then(note, note)
  const limitMs = world.clock.nowMs + withinMs
  for (;;) {
    world.settle()
    // A handler may answer in a turn of its own, and what it answers has to be told to the node.
    await turn()
    if (hasSettled) return waiting
    if (world.clock.step()) continue
    const fromMs = world.clock.nowMs
    if (fromMs >= limitMs) {
      throw new Error(`${withinMs} ms of the virtual world were waited for in vain`)
    }
    // As far as the next thing that is due, which may be what is waited for.
    const hasMoved = (): boolean => world.clock.nowMs > fromMs
    world.runUntil(hasMoved, { withinMs: Math.min(IDLE_MS, limitMs - fromMs) })
  }
}
