/**
 * Whom to dial and when, so that outbound slots stay filled without a storm: manual peers first, then
 * seeds, then addresses that were learnt. It decides and keeps count; its owner dials and tells.
 *
 * Dead addresses, however many, cannot keep a seed waiting: seeds come first, and while nobody is
 * connected a part of every resource is not for learnt addresses. Nor do dead seeds, however many, keep
 * the others waiting: while somebody is connected, a part of the dials is for these. What a child chose is dialled once, in
 * the slot that it names. A dial that never settles is given up. A node that finds itself isolated forgets its backoff: every seed that is neither banned nor
 * refused is dialled within `isolatedMs`, or when a place is free, and a token's time for each seed
 * before it.
 * @module
 */
import type { DialMotive } from '../actors/protocol.ts'
import type { Random } from '../world/random.ts'
import { CORE_LIMITS } from './limits.ts'
import { createOutboundRotation } from './outbound-rotation.ts'
import type { Peers } from './peers.ts'
import { createRecencyMap } from './recency-map.ts'
import type { FreeSlots } from './slots.ts'
import { createTokenBucket } from './token-bucket.ts'
import type { TokenRate } from './token-bucket.ts'

/** `chosen`: by a child, which decides anew once that dial is over. */
export type DialSource = 'manual' | 'seed' | 'chosen' | 'learnt'

export interface Candidate {
  /** The address's key. */
  readonly address: string
  /** The identity that the address demands, where it names one. */
  readonly identity?: string | undefined
  /** The kind of slot it is for; left out: the first with room of those that the view offers. */
  readonly slot?: string | undefined
}

export interface Dial {
  readonly address: string
  readonly source: DialSource
  readonly motive: DialMotive
  /** The kind of slot to take. */
  readonly slot: string
}

export interface DialView {
  /** Active connections of either role. */
  readonly active: number
  /** The kinds of slots to be filled, in order of preference. */
  readonly slots: readonly FreeSlots[]
  /** Whether there is a connection, in any phase, with the address or the identity. */
  isConnected(address: string, identity: string | undefined): boolean
  /** For how many milliseconds more it may not be dialled (banned, discouraged); Infinity for good. */
  barredMs(address: string, identity: string | undefined): number | undefined
}

export interface DialPlan {
  /** All to be dialled in this step: they count from now on. */
  readonly dials: readonly Dial[]
  /** Dials that did not settle. They are forgotten here; their connections are to be killed. */
  readonly overdue: readonly string[]
  /** Active connections that are one too many: they are to be left, and do not count any more. */
  readonly leave: readonly string[]
  /** When to plan again if nothing happens before, monotonic; undefined: not before something does. */
  readonly nextMs: number | undefined
}

export interface DialGovernor {
  /** For ever, with backoff. An address that stands in another list moves to this one. False: no room. */
  addManual(candidate: Candidate): boolean
  addSeed(candidate: Candidate): boolean
  /** False where it is known already or there is no room: what was never tried is not pushed out. */
  learn(candidate: Candidate): boolean
  /**
   * Dialled once, as soon as a token allows, and whatever its backoff; forgotten when that dial is over.
   * False where it may not be dialled, is connected or listed, or the slots are taken.
   */
  choose(candidate: Candidate & { readonly slot: string }, nowMs: number, view: DialView): boolean
  /** How many learnt addresses could be dialled now, those that wait here among them. */
  room(nowMs: number, view: DialView): number
  /**
   * The application wants to talk to it: it is dialled beyond what a node fills by itself, as often as a
   * learnt one, and stays.
   */
  want(address: string): void
  /** Not dialled again unless it is added again. */
  forget(address: string): void
  plan(nowMs: number, view: DialView): DialPlan
  /**
   * Whether a dial that has ended may be made once more, now, in the slot that it has. It comes before
   * all else and takes no token: each stands for a dial that took one. True stands for `ended`, which
   * is then told of the second dial alone; false does not.
   */
  redial(address: string, slot: string, nowMs: number, view: DialView): boolean
  /** The dial did not come as far as the address: it is not one of its tries. `ended` is told as well. */
  notTried(address: string): void
  /** The dial became a connection that is active. */
  activated(address: string, nowMs: number): void
  /** The dial failed, or its connection is gone. `activeMs`: how long it was active, if it ever was. */
  ended(address: string, activeMs: number | undefined): void
  sourceOf(address: string): DialSource | undefined
  /** Dials of the address since it was last active for long enough, the one at hand included. */
  triesOf(address: string): number
  counts(): { readonly dialling: number } & Readonly<Record<DialSource, number>>
}

export interface DialGovernorOptions {
  readonly peers: Pick<Peers, 'clearBackoff' | 'dialFromMs' | 'identityAt'>
  readonly random: Random
  /** Dials that have not settled, all in all. */
  readonly dialsMax: number
  readonly rate?: TokenRate
  readonly isolatedMs?: number
  readonly overdueMs?: number
  readonly triesMax?: number
  readonly learntMax?: number
  readonly backoffResetMs?: number
  /** A learnt address that is not tried any more. */
  readonly onForgotten?: (address: string) => void
}

interface Known extends Candidate {
  readonly source: DialSource
  /** Dials since it was last active for long enough. */
  tries: number
  /** Until it is active: then its connection is held as wanted. */
  isWanted: boolean
}

interface Dialling {
  readonly known: Known
  readonly slot: string
  readonly identity: string | undefined
  readonly startedMs: number
}

interface Due {
  readonly known: Known
  readonly identity: string | undefined
  readonly dueMs: number
}

const motiveOf = ({ isWanted, source }: Known): DialMotive => {
  if (isWanted || source === 'manual') return 'wanted'
  return source === 'seed' ? 'seed' : 'found'
}

const takes = (kind: FreeSlots, motive: DialMotive): boolean =>
  kind.takes === undefined || kind.takes.includes(motive)

const byDue = (one: Due, other: Due): number => one.dueMs - other.dueMs

export function createDialGovernor({
  peers,
  random,
  dialsMax,
  rate = { perSecond: CORE_LIMITS.dialsPerSecond, burst: CORE_LIMITS.dialsBurst },
  isolatedMs = CORE_LIMITS.isolatedMs,
  overdueMs = CORE_LIMITS.dialOverdueMs,
  triesMax = CORE_LIMITS.learntTriesMax,
  learntMax = CORE_LIMITS.learntMax,
  backoffResetMs = CORE_LIMITS.backoffResetMs,
  onForgotten = () => undefined,
}: DialGovernorOptions): DialGovernor {
  const tokens = createTokenBucket(rate)
  const rotation = createOutboundRotation({ random })
  const manual = new Map<string, Known>()
  const seeds = new Map<string, Known>()
  const learnt = createRecencyMap<Known>()
  /** Bounded by the slots that they wait for. */
  const chosen = new Map<string, Known>()
  /** In the order in which they were begun. */
  const dialling = new Map<string, Dialling>()
  /** Since when nobody is connected; undefined while somebody is. */
  let aloneSinceMs: number | undefined
  let isolationNoted = false
  /** Tokens that listed addresses took since another one had its last. */
  let listedInARow = 0

  const find = (address: string): Known | undefined =>
    manual.get(address) ?? seeds.get(address) ?? chosen.get(address) ?? learnt.get(address)

  /** As it is listed now: the application may ask by name for whom the node is dialling already. */
  const current = (known: Known): Known => find(known.address) ?? known

  const list = (table: Map<string, Known>, candidate: Candidate, source: DialSource): boolean => {
    if (!table.has(candidate.address) && table.size >= CORE_LIMITS.listedMax) return false
    table.set(candidate.address, { ...candidate, source, tries: 0, isWanted: false })
    return true
  }

  const isDialling = (address: string, identity: string | undefined): boolean => {
    if (dialling.has(address)) return true
    if (identity === undefined) return false
    for (const dial of dialling.values()) if (dial.identity === identity) return true
    return false
  }

  /** When it may be dialled; undefined: not before something changes. */
  const dueOf = (known: Known, nowMs: number, view: DialView): Due | undefined => {
    const { address } = known
    const identity = known.identity ?? peers.identityAt(address)
    if (isDialling(address, identity) || view.isConnected(address, identity)) return undefined
    const fromMs = peers.dialFromMs(address, identity)
    const barredMs = view.barredMs(address, identity)
    if (fromMs === undefined || barredMs === Infinity) return undefined
    // Whoever chose it has reasons of its own to try again so soon.
    const waitedMs = known.source === 'chosen' ? -Infinity : fromMs
    return { known, identity, dueMs: Math.max(waitedMs, nowMs + (barredMs ?? -Infinity)) }
  }

  const settle = (address: string): void => {
    dialling.delete(address)
  }

  const noteEnd = (known: Known | undefined, activeMs: number | undefined): void => {
    if (known === undefined) return
    chosen.delete(known.address)
    if (activeMs !== undefined && activeMs >= backoffResetMs) known.tries = 0
    // Nobody waits so long: a seed that was down is no reason to hold it for good when it is back.
    if (known.tries >= triesMax) known.isWanted = false
    if (known.source === 'learnt' && known.tries >= triesMax) {
      learnt.delete(known.address)
      onForgotten(known.address)
    }
  }

  const takeOverdue = (nowMs: number): readonly string[] => {
    const overdue: string[] = []
    for (const [address, { known, startedMs }] of dialling) {
      if (nowMs < startedMs + overdueMs) break
      settle(address)
      noteEnd(known, undefined)
      overdue.push(address)
    }
    return overdue
  }

  /** Whether the node has just become isolated: then all that grew from failures is forgotten. */
  const noteIsolation = (nowMs: number, active: number): void => {
    if (active > 0) {
      aloneSinceMs = undefined
      isolationNoted = false
      return
    }
    aloneSinceMs ??= nowMs
    if (isolationNoted || nowMs < aloneSinceMs + isolatedMs) return
    isolationNoted = true
    peers.clearBackoff()
  }

  const learntDials = (): number => {
    let count = 0
    for (const { known } of dialling.values()) if (known.source === 'learnt') count++
    return count
  }

  /** What learnt addresses leave of `total` places while nobody is connected and others are listed. */
  const reserved = (total: number, alone: boolean): number =>
    alone && total > 1 && manual.size + seeds.size > 0
      ? Math.max(1, Math.floor(total / CORE_LIMITS.seedShare))
      : 0

  const begin = (due: Due, slot: string, nowMs: number): void => {
    const { known, identity } = due
    known.tries++
    dialling.set(known.address, { known, slot, identity, startedMs: nowMs })
  }

  /** Those that wait to be dialled for it: whoever is connected holds a slot already. */
  const chosenFor = (slot: string, view: DialView): number => {
    let count = 0
    for (const known of chosen.values()) {
      const { address, identity } = known
      if (known.slot !== slot || dialling.has(address)) continue
      if (!view.isConnected(address, identity)) count++
    }
    return count
  }

  const foundUnderway = (name: string): number => {
    let count = 0
    for (const { known, slot } of dialling.values()) {
      if (slot === name && motiveOf(current(known)) === 'found') count++
    }
    return count
  }

  /** Of each kind of slot: how many may be filled with whom the node found by itself. */
  const roomOf = (nowMs: number, { slots }: DialView): Map<string, number> =>
    new Map(
      slots.map((kind) => [
        kind.name,
        takes(kind, 'found') ? rotation.room(kind, foundUnderway(kind.name), nowMs) : 0,
      ]),
    )

  return {
    addManual(candidate) {
      if (!list(manual, candidate, 'manual')) return false
      seeds.delete(candidate.address)
      learnt.delete(candidate.address)
      rotation.keep(candidate.address)
      return true
    },
    addSeed(candidate) {
      if (manual.has(candidate.address)) return true
      if (!list(seeds, candidate, 'seed')) return false
      learnt.delete(candidate.address)
      return true
    },
    learn(candidate) {
      if (find(candidate.address) !== undefined) return false
      if (learnt.size >= learntMax) {
        const oldest = learnt.oldest()
        if (oldest === undefined || oldest[1].tries === 0) return false
        learnt.delete(oldest[0])
        onForgotten(oldest[0])
      }
      learnt.set(candidate.address, { ...candidate, source: 'learnt', tries: 0, isWanted: false })
      return true
    },
    choose(candidate, nowMs, view) {
      const { address, slot } = candidate
      if (find(address) !== undefined) return false
      const known: Known = { ...candidate, source: 'chosen', tries: 0, isWanted: false }
      const due = dueOf(known, nowMs, view)
      const free = view.slots.find(({ name }) => name === slot)?.free ?? 0
      if (due === undefined || due.dueMs > nowMs || free <= chosenFor(slot, view)) return false
      chosen.set(address, known)
      return true
    },
    room: (nowMs, view) => [...roomOf(nowMs, view).values()].reduce((sum, count) => sum + count, 0),
    want(address) {
      const known = find(address)
      if (known === undefined || known.isWanted) return
      known.isWanted = true
      known.tries = 0
    },
    forget(address) {
      manual.delete(address)
      seeds.delete(address)
      learnt.delete(address)
      chosen.delete(address)
    },
    plan(nowMs, view) {
      const overdue = takeOverdue(nowMs)
      noteIsolation(nowMs, view.active)

      const alone = view.active === 0
      const free = new Map(view.slots.map(({ name, free }) => [name, free]))
      const room = roomOf(nowMs, view)
      const seedRoom = new Map(
        view.slots.map((kind) => [
          kind.name,
          rotation.seedRoom(kind, foundUnderway(kind.name), nowMs),
        ]),
      )
      const open = [...free.values()].reduce((sum, count) => sum + count, 0) + dialling.size
      const learntMaxNow = Math.min(
        open - reserved(open, alone),
        dialsMax - reserved(dialsMax, alone),
      )
      const tokensLeft = reserved(rate.burst, alone)
      const dials: Dial[] = []
      let learning = learntDials()
      let nextMs = Infinity

      /** What a dial takes from. */
      const roomsOf = (known: Known) =>
        known.source === 'chosen'
          ? [free]
          : { found: [free, room], seed: [free, seedRoom], wanted: [free] }[motiveOf(known)]

      const slotFor = (known: Known): string | undefined => {
        const rooms = roomsOf(known)
        const isChosen = known.source === 'chosen'
        const fits = (kind: FreeSlots): boolean =>
          (known.slot === undefined ? takes(kind, motiveOf(known)) : known.slot === kind.name) &&
          (free.get(kind.name) ?? 0) > (isChosen ? 0 : (kind.spare ?? 0)) &&
          rooms.every((left) => (left.get(kind.name) ?? 0) > 0)
        return view.slots.find(fits)?.name
      }

      /** Returns how many it dialled. */
      const fill = (source: DialSource, known: Iterable<Known>, most = Infinity): number => {
        const isListed = source === 'manual' || source === 'seed'
        const dues: Due[] = []
        let count = 0
        for (const one of known) {
          const due = dueOf(one, nowMs, view)
          if (due === undefined) continue
          if (due.dueMs > nowMs) nextMs = Math.min(nextMs, due.dueMs)
          else dues.push(due)
        }
        // Whoever has waited longest comes first: nobody is passed over for ever.
        for (const due of dues.sort(byDue)) {
          if (count >= most || dialling.size >= dialsMax) break
          if (source === 'learnt' && learning >= learntMaxNow) break
          const slot = slotFor(due.known)
          if (slot === undefined || isDialling(due.known.address, due.identity)) continue
          const leave = source === 'learnt' ? tokensLeft : 0
          if (!tokens.take(nowMs, leave)) {
            nextMs = Math.min(nextMs, tokens.readyMs(leave))
            break
          }
          count++
          listedInARow = isListed ? listedInARow + 1 : 0
          begin(due, slot, nowMs)
          for (const left of roomsOf(due.known)) left.set(slot, (left.get(slot) ?? 0) - 1)
          dials.push({ address: due.known.address, source, motive: motiveOf(due.known), slot })
          if (source === 'learnt') learning++
        }
        return count
      }

      const fillOthers = (most: number): number => {
        const count = fill('chosen', chosen.values(), most)
        if (count >= most || learning >= learntMaxNow) return count
        const known = [...learnt.entries()].map(([, one]) => one)
        return count + fill('learnt', known, most - count)
      }

      // Seeds that are dead, and many, would take every token.
      const isTheirTurn = !alone && listedInARow >= CORE_LIMITS.seedShare - 1
      const hadTurn = isTheirTurn && fillOthers(1) > 0
      fill('manual', manual.values())
      fill('seed', seeds.values())
      if (hadTurn || !isTheirTurn) fillOthers(Infinity)
      for (const { address } of dials) learnt.touch(address)

      const [first] = dialling.values()
      if (first !== undefined) nextMs = Math.min(nextMs, first.startedMs + overdueMs)
      if (aloneSinceMs !== undefined && !isolationNoted) {
        nextMs = Math.min(nextMs, aloneSinceMs + isolatedMs)
      }
      const turn = rotation.turn(view.slots, nowMs)
      nextMs = Math.min(nextMs, turn.nextMs)
      return { dials, overdue, leave: turn.leave, nextMs: nextMs === Infinity ? undefined : nextMs }
    },
    redial(address, slot, nowMs, view) {
      settle(address)
      const motive = rotation.release(address)
      const known = find(address)
      if (known === undefined || dialling.size >= dialsMax) return false
      const due = dueOf(known, nowMs, view)
      if (due === undefined || due.dueMs > nowMs) return false
      begin(due, slot, nowMs)
      known.tries--
      if (motive === 'wanted') known.isWanted = true
      return true
    },
    notTried(address) {
      const known = find(address)
      if (known !== undefined) known.tries = Math.max(0, known.tries - 1)
    },
    activated(address, nowMs) {
      const dial = dialling.get(address)
      settle(address)
      if (dial === undefined) return
      const known = current(dial.known)
      rotation.hold(address, { slot: dial.slot, motive: motiveOf(known), sinceMs: nowMs })
      // From now on it is asked for again: also while this connection says its farewell.
      known.isWanted = false
    },
    ended(address, activeMs) {
      settle(address)
      rotation.release(address)
      noteEnd(find(address), activeMs)
    },
    sourceOf: (address) => find(address)?.source,
    triesOf: (address) => find(address)?.tries ?? 0,
    counts: () => ({
      dialling: dialling.size,
      manual: manual.size,
      seed: seeds.size,
      chosen: chosen.size,
      learnt: learnt.size,
    }),
  }
}
