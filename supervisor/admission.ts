/**
 * Who may come in: decided before any cryptography and before the newcomer is counted, so that no
 * limit is exceeded, not for one step. Also counts what is pending the other way.
 *
 * When all pending places are taken, a newcomer displaces the pending connection that has sent least,
 * oldest first, from the fullest group, once it is a second old. That alone would let whoever knocks
 * most often have every place that turns over. So a group that knocks too often is not heard; one
 * whose last connection came to nothing displaces nobody for a while; and where nobody is a second old
 * yet, whoever's group has knocked least displaces one of the group that has knocked most. What knocks
 * as seldom as an honest peer, from thousands of groups, is told from it only once they are spent. In a
 * group that is full by itself, one of its own that has said nothing for that second is displaced:
 * whoever shares an address with others is not kept out by silence. A decision costs O(log n), and a
 * look at each pending connection where a group that is not spent finds none old.
 * @module
 */
import type { AdmissionLimits } from '../actors/protocol.ts'
import type { RefusalReason } from '../actors/protocol.ts'
import { createHeap } from './heap.ts'
import type { Heap, Placed } from './heap.ts'
import { CORE_LIMITS } from './limits.ts'
import { createRecencyMap } from './recency-map.ts'
import { createTokenBucket } from './token-bucket.ts'
import type { TokenRate } from './token-bucket.ts'

export interface Arrival {
  /** The name that its connection will have. */
  readonly name: string
  readonly host: string
  /** The host's group by the network's rule. */
  readonly group: string
  /** No ban and no discouragement holds for it, and nobody displaces it. */
  readonly isExempt: boolean
}

export type Decision =
  /** It is counted from now on. What it displaces is not any more, and has to be closed in this step. */
  | { readonly admit: true; readonly displace?: string }
  | { readonly admit: false; readonly reason: RefusalReason }

export interface Admission {
  decide(arrival: Arrival, nowMs: number): Decision
  /** A dial begins. False, and not counted, where as many are pending as may be. */
  dial(name: string): boolean
  /** It became active: not pending any more, but still of its group. */
  activated(name: string): void
  /**
   * It is gone, and this is all that it sent us. To be told once of each; what is unknown or was
   * displaced is ignored.
   */
  ended(name: string, nowMs: number, receivedBytes: number): void
  readonly pendingInbound: number
  readonly pendingOutbound: number
  /** Groups remembered, for the audit. */
  readonly groups: number
}

export interface AdmissionOptions {
  readonly limits: AdmissionLimits
  isBanned(host: string): boolean
  isDiscouraged(host: string): boolean
  /** Inbound slots that nobody holds. A connection holds one from its admission on. */
  freeSlots(): number
  /** Asked where no slot is free: whether somebody would make room. Evicting comes after the decision. */
  mayEvict(): boolean
  /** All that a connection has sent us so far; it never falls. Asked while it is pending. */
  receivedBytesOf(name: string): number
  /**
   * How many handshakes may be begun. Above it newcomers are refused, not queued: in a queue they
   * would hold a descriptor while their deadline runs, and come to their turn too late to use it.
   */
  readonly handshakes?: TokenRate
  readonly displaceAfterMs?: number
  readonly groupSpentMs?: number
  readonly groupsMax?: number
}

/** So long a group has to be quiet for its insistence to be forgotten: a peer that comes back waits no longer. */
const QUIET_MS = 60_000
/** Forgotten groups are looked for with each arrival, so many at a time: more than can be added. */
const SWEPT_AT_ONCE = 2
/** A discouraged host never takes the last free slot. */
const SLOTS_LEFT_TO_OTHERS = 1

interface Group extends Placed {
  readonly name: string
  pending: number
  active: number
  /** When its last connections knocked, as a ring of the limit's size. */
  readonly knocks: number[]
  nextKnock: number
  lastKnockMs: number
  /** How often it knocked since it was last quiet for `QUIET_MS`. */
  insistence: number
  spentUntilMs: number
  /** Its pending connections that are old enough to be displaced. */
  readonly old: Heap<Pending>
}

interface Pending extends Placed {
  readonly name: string
  readonly group: Group
  /** 0, 1, 2 ... in the order of arrival. */
  readonly sequence: number
  readonly startedMs: number
  readonly isExempt: boolean
  /** As it was when last looked at. */
  receivedBytes: number
  gone: boolean
}

const hasSentLess = (one: Pending, other: Pending): boolean =>
  one.receivedBytes < other.receivedBytes ||
  (one.receivedBytes === other.receivedBytes && one.sequence < other.sequence)

/** Both have somebody to lose. */
const isFuller = (one: Group, other: Group): boolean => {
  if (one.pending !== other.pending) return one.pending > other.pending
  const [first, second] = [one.old.first(), other.old.first()]
  return first !== undefined && (second === undefined || hasSentLess(first, second))
}

export function createAdmission({
  limits,
  isBanned,
  isDiscouraged,
  freeSlots,
  mayEvict,
  receivedBytesOf,
  handshakes: rate = {
    perSecond: CORE_LIMITS.handshakesPerSecond,
    burst: CORE_LIMITS.handshakesBurst,
  },
  displaceAfterMs = CORE_LIMITS.displaceAfterMs,
  groupSpentMs = CORE_LIMITS.groupSpentMs,
  groupsMax = CORE_LIMITS.groupsMax,
}: AdmissionOptions): Admission {
  const { count: knocksMax, withinMs: knocksWithinMs } = limits.acceptedPerGroup
  const rememberedMs = Math.max(QUIET_MS, knocksWithinMs)
  const handshakes = createTokenBucket(rate)
  /** Groups with a connection. */
  const present = new Map<string, Group>()
  /** Groups that are only remembered, by their last knock. */
  const absent = createRecencyMap<Group>()
  /** Groups with somebody old enough to be displaced. */
  const crowds = createHeap<Group>(isFuller)
  const pending = new Map<string, Pending>()
  const active = new Map<string, Group>()
  const dials = new Set<string>()
  /** In the order of arrival; those before `firstYoung` have aged. */
  let young: Pending[] = []
  let firstYoung = 0
  let nextSequence = 0

  const isForgotten = ({ lastKnockMs, spentUntilMs }: Group, nowMs: number): boolean =>
    nowMs - lastKnockMs >= rememberedMs && spentUntilMs <= nowMs

  const sweepAbsent = (nowMs: number): void => {
    for (let swept = 0; swept < SWEPT_AT_ONCE; swept++) {
      const oldest = absent.oldest()
      if (oldest === undefined) return
      if (absent.size <= groupsMax && !isForgotten(oldest[1], nowMs)) return
      absent.delete(oldest[0])
    }
  }

  const groupOf = (name: string): Group =>
    present.get(name) ??
    absent.get(name) ?? {
      name,
      pending: 0,
      active: 0,
      knocks: [],
      nextKnock: 0,
      lastKnockMs: -Infinity,
      insistence: 0,
      spentUntilMs: -Infinity,
      old: createHeap<Pending>(hasSentLess),
      place: -1,
    }

  /** Puts it where it belongs after its counts changed. */
  const file = (group: Group): void => {
    if (group.pending + group.active > 0) {
      absent.delete(group.name)
      present.set(group.name, group)
    } else {
      present.delete(group.name)
      absent.set(group.name, group)
    }
    if (group.old.size === 0) crowds.remove(group)
    else if (group.place < 0) crowds.push(group)
    else crowds.update(group)
  }

  /** Notes a knock. Whether there were as many within the window as the limit allows, without it. */
  const knocksTooOften = (group: Group, nowMs: number): boolean => {
    const nthLastMs = group.knocks[group.nextKnock] ?? -Infinity
    const often = knocksMax < 1 || nowMs - nthLastMs < knocksWithinMs
    if (knocksMax >= 1) {
      group.knocks[group.nextKnock] = nowMs
      group.nextKnock = (group.nextKnock + 1) % knocksMax
    }
    if (nowMs - group.lastKnockMs >= QUIET_MS) group.insistence = 0
    group.insistence++
    group.lastKnockMs = nowMs
    return often
  }

  const age = (nowMs: number): void => {
    for (;;) {
      const next = young[firstYoung]
      if (next === undefined) break
      if (!next.gone && nowMs - next.startedMs < displaceAfterMs) break
      firstYoung++
      if (next.gone || next.isExempt) continue
      next.receivedBytes = receivedBytesOf(next.name)
      next.group.old.push(next)
      file(next.group)
    }
    if (firstYoung * 2 >= young.length) {
      young = young.slice(firstYoung)
      firstYoung = 0
    }
  }

  /** Brings what is known of the group's first up to date, until the first is known as it is. */
  const refresh = (group: Group): boolean => {
    const first = group.old.first()
    if (first === undefined) return false
    const receivedBytes = receivedBytesOf(first.name)
    if (receivedBytes === first.receivedBytes) return false
    first.receivedBytes = receivedBytes
    group.old.update(first)
    return true
  }

  /**
   * Who makes room for one of this group. Bytes only grow, so whoever is still first when its count
   * is brought up to date has sent least; each look that changes something stands for bytes that came.
   */
  const loserTo = (newcomer: Group): Pending | undefined => {
    let fullest = crowds.first()
    while (fullest !== undefined && refresh(fullest)) {
      crowds.update(fullest)
      fullest = crowds.first()
    }
    // Nobody gains a place over a group that has no more of them: it would be taken in turns.
    if (fullest !== undefined && fullest.pending > newcomer.pending) return fullest.old.first()
    while (refresh(newcomer));
    file(newcomer)
    return newcomer.old.first() ?? mostInsistentBut(newcomer)
  }

  /** The last that came of those whose group has knocked most, and more often than this one. */
  const mostInsistentBut = (newcomer: Group): Pending | undefined => {
    let found: Pending | undefined
    for (const entry of pending.values()) {
      if (entry.isExempt) continue
      if (entry.group.insistence >= (found?.group ?? newcomer).insistence) found = entry
    }
    return found !== undefined && found.group.insistence > newcomer.insistence ? found : undefined
  }

  const leavePending = (entry: Pending, nowMs: number): void => {
    const { group } = entry
    entry.gone = true
    pending.delete(entry.name)
    group.old.remove(entry)
    group.pending--
    group.spentUntilMs = nowMs + groupSpentMs
    file(group)
  }

  const isFull = (group: Group): boolean =>
    group.pending >= limits.pendingPerGroup ||
    group.pending + group.active >= limits.inboundPerGroup

  /** Who makes room within a full group: whoever shares its address is not to be kept out by silence. */
  const silentOf = (group: Group): Pending | undefined => {
    while (refresh(group));
    file(group)
    const first = group.old.first()
    return first?.receivedBytes === 0 ? first : undefined
  }

  const decideFor = (arrival: Arrival, group: Group, nowMs: number): Decision => {
    const { host, isExempt, name } = arrival
    if (knocksTooOften(group, nowMs)) return { admit: false, reason: 'rate' }
    // Its place, among all and in the slots, is the newcomer's: nobody else loses one.
    let loser = isFull(group) ? silentOf(group) : undefined
    if (loser === undefined && isFull(group)) return { admit: false, reason: 'group-full' }
    const free = freeSlots()
    if (free <= SLOTS_LEFT_TO_OTHERS && !isExempt && isDiscouraged(host)) {
      return { admit: false, reason: 'discouraged' }
    }
    const pendingFull = pending.size >= limits.pendingInbound
    if (loser === undefined && (pendingFull || (free <= 0 && !mayEvict()))) {
      loser = group.spentUntilMs > nowMs ? undefined : loserTo(group)
      if (loser === undefined) {
        return { admit: false, reason: pendingFull ? 'pending-full' : 'slots-full' }
      }
    }
    // Whoever was silent cost no cryptography: the newcomer has what was set aside for it.
    const inherits = loser !== undefined && receivedBytesOf(loser.name) === 0
    if (!inherits && !handshakes.take(nowMs)) return { admit: false, reason: 'handshake-budget' }
    if (loser !== undefined) leavePending(loser, nowMs)
    const entry: Pending = {
      name,
      group,
      sequence: nextSequence++,
      startedMs: nowMs,
      isExempt,
      receivedBytes: 0,
      gone: false,
      place: -1,
    }
    pending.set(name, entry)
    young.push(entry)
    group.pending++
    return loser === undefined ? { admit: true } : { admit: true, displace: loser.name }
  }

  return {
    decide(arrival, nowMs) {
      if (!arrival.isExempt && isBanned(arrival.host)) return { admit: false, reason: 'banned' }
      age(nowMs)
      const group = groupOf(arrival.group)
      const decision = decideFor(arrival, group, nowMs)
      file(group)
      sweepAbsent(nowMs)
      return decision
    },
    dial(name) {
      if (dials.size >= limits.pendingOutbound) return false
      dials.add(name)
      return true
    },
    activated(name) {
      dials.delete(name)
      const entry = pending.get(name)
      if (entry === undefined) return
      const { group } = entry
      entry.gone = true
      pending.delete(name)
      group.old.remove(entry)
      group.pending--
      group.active++
      // It has shown what it is worth: its group is not held back for what came before.
      group.spentUntilMs = -Infinity
      active.set(name, group)
      file(group)
    },
    ended(name, nowMs, receivedBytes) {
      dials.delete(name)
      const entry = pending.get(name)
      if (entry !== undefined) {
        if (receivedBytes === 0) handshakes.giveBack()
        leavePending(entry, nowMs)
      }
      const group = active.get(name)
      if (group === undefined) return
      active.delete(name)
      group.active--
      file(group)
    },
    get pendingInbound() {
      return pending.size
    },
    get pendingOutbound() {
      return dials.size
    },
    get groups() {
      return present.size + absent.size
    },
  }
}
