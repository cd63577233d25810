/**
 * A world in which nothing happens but what the benchmark enters: what the core costs, and nothing
 * of a platform.
 * @module
 */
import { memoryStore } from '../store/memory.ts'
import { chooseCrypto } from '../transport/crypto/choose.ts'
import { seededRandom } from '../transport/random.ts'
import type { ListenerInput, StreamInput } from '../world/streams.ts'
import type { World } from '../world/world.ts'

export interface StubWorld {
  readonly world: World
  enter(input: ListenerInput | StreamInput): void
  /** The clock goes on; no alarm rings. */
  pass(ms: number): void
}

export function stubWorld(): StubWorld {
  const nothing = (): void => undefined
  let enter: (input: ListenerInput | StreamInput) => void = nothing
  let nowMs = 0
  const world: World = {
    clock: {
      start: nothing,
      monotonicMs: () => nowMs,
      wallMs: () => 1_700_000_000_000 + nowMs,
      setAlarm: nothing,
      askEndOfTurn: nothing,
      stop: nothing,
    },
    crypto: chooseCrypto(),
    jobs: { start: nothing, run: nothing, stop: nothing },
    names: { start: nothing, resolve: nothing, forget: nothing },
    random: seededRandom('bench'),
    store: memoryStore(),
    streams: {
      start(input) {
        enter = input
      },
      open: nothing,
      listen: nothing,
      unlisten: nothing,
      write: nothing,
      pause: nothing,
      resume: nothing,
      report: nothing,
      end: nothing,
      destroy: nothing,
      held: () => ({ streams: 0, listeners: 0 }),
    },
  }
  return {
    world,
    enter: (input) => {
      enter(input)
    },
    pass(ms) {
      nowMs += ms
    },
  }
}
