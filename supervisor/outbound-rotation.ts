/**
 * Which connections a node keeps of those that it dialled by itself, where it does not fill all slots of
 * a kind. It holds `fill` peers that it found; now and then one of them gives way to another one, so that
 * parts of a network that were cut off from each other grow together again, and nobody stays a stranger.
 * The older half stays: who fills the address book with addresses of his own does not get all places.
 *
 * Seeds are there to find others. A node that has found its peers lets go of them, for those to come:
 * everybody knows the seeds, and without that a network larger than their slots could not grow. Now and
 * then it asks one again, who may know of nodes that nobody here has heard of.
 *
 * It keeps count and decides; the dial governor asks. Nothing is said of peers that the application
 * wanted: they stay.
 * @module
 */
import type { DialMotive } from '../actors/protocol.ts'
import type { Random } from '../world/random.ts'
import { CORE_LIMITS } from './limits.ts'
import type { FreeSlots } from './slots.ts'

/** A connection that was dialled and is active. */
interface Held {
  readonly slot: string
  readonly motive: DialMotive
  readonly sinceMs: number
}

export interface OutboundRotation {
  hold(address: string, held: Held): void
  /** Why it was held; undefined: it was not. */
  release(address: string): DialMotive | undefined
  /** The application wants it from now on: if it is held, it stays. */
  keep(address: string): void
  /** How many found peers may be dialled for slots of the kind, with so many under way. */
  room(slots: FreeSlots, underway: number, nowMs: number): number
  /** How many seeds may be dialled for slots of the kind, with so many found ones under way. */
  seedRoom(slots: FreeSlots, underway: number, nowMs: number): number
  /** Addresses to be left now, and when to ask again at the latest. */
  turn(
    kinds: readonly FreeSlots[],
    nowMs: number,
  ): { readonly leave: readonly string[]; readonly nextMs: number }
}

/** When one more is dialled than are kept, and which. */
interface Turn {
  readonly dueMs: number
  readonly motive: 'found' | 'seed'
}

/**
 * One turn in so many is a seed's. A thousand nodes that stay half a minute every eight minutes take 60
 * places of their seeds.
 */
const SEED_TURNS = 4

export interface OutboundRotationOptions {
  readonly random: Random
  readonly rotateMs?: number
  readonly stayMs?: number
}

export function createOutboundRotation({
  random,
  rotateMs = CORE_LIMITS.rotateMs,
  stayMs = CORE_LIMITS.stayMs,
}: OutboundRotationOptions): OutboundRotation {
  const held = new Map<string, Held>()
  /** By kind of slot. */
  const turns = new Map<string, Turn>()

  /** In the order in which they became active. */
  const of = (slot: string, motive: DialMotive): [string, Held][] =>
    [...held].filter(([, one]) => one.slot === slot && one.motive === motive)

  const draw = (nowMs: number): Turn => ({
    dueMs: nowMs + rotateMs * (0.5 + random.unit()),
    motive: random.below(SEED_TURNS) === 0 ? 'seed' : 'found',
  })

  const isDue = (name: string, motive: Turn['motive'], nowMs: number): boolean => {
    const turn = turns.get(name)
    return turn?.motive === motive && nowMs >= turn.dueMs
  }

  /** Those of the younger half that had their time; as many as are above `fill`. */
  const surplus = (found: readonly [string, Held][], fill: number, nowMs: number): string[] => {
    const young = found
      .slice(Math.floor(fill / 2))
      .filter(([, { sinceMs }]) => nowMs >= sinceMs + stayMs)
    const leave: string[] = []
    while (leave.length < found.length - fill && young.length > 0) {
      const [drawn] = young.splice(random.below(young.length), 1)
      if (drawn !== undefined) leave.push(drawn[0])
    }
    return leave
  }

  return {
    hold(address, one) {
      held.set(address, one)
    },
    release(address) {
      const motive = held.get(address)?.motive
      held.delete(address)
      return motive
    },
    keep(address) {
      const one = held.get(address)
      if (one !== undefined) held.set(address, { ...one, motive: 'wanted' })
    },
    room({ fill, free, name }, underway, nowMs) {
      if (fill === undefined) return free
      const missing = fill - of(name, 'found').length - underway
      const extra = missing === 0 && isDue(name, 'found', nowMs) ? 1 : 0
      return Math.min(free, Math.max(extra, missing))
    },
    seedRoom({ fill, free, name }, underway, nowMs) {
      if (fill === undefined) return free
      const found = of(name, 'found').length
      // Seeds are left when `fill` others are there: these need their places beside the seeds.
      const beside = Math.max(0, free - Math.max(0, fill - found - underway))
      if (found < Math.ceil(fill / 2)) return beside
      return Math.min(beside, isDue(name, 'seed', nowMs) ? 1 : 0)
    },
    turn(kinds, nowMs) {
      const leave: string[] = []
      let nextMs = Infinity
      for (const { fill, name } of kinds) {
        if (fill === undefined) continue
        const last = turns.get(name)
        const next = last === undefined || nowMs >= last.dueMs ? draw(nowMs) : last
        turns.set(name, next)
        nextMs = Math.min(nextMs, next.dueMs)
        const found = of(name, 'found')
        if (found.length < fill) continue
        const seeds = of(name, 'seed')
        for (const [address, { sinceMs }] of seeds) {
          if (nowMs >= sinceMs + stayMs) leave.push(address)
        }
        leave.push(...surplus(found, fill, nowMs))
        const waiting = [...seeds, ...(found.length > fill ? found : [])]
          .map(([, { sinceMs }]) => sinceMs + stayMs)
          .filter((atMs) => atMs > nowMs)
        nextMs = Math.min(nextMs, ...waiting)
      }
      // What is left does not count any more, however long its farewell takes.
      for (const address of leave) held.delete(address)
      return { leave, nextMs }
    },
  }
}
