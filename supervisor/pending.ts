/**
 * Admission: who may come in, decided before any cryptography and before the newcomer is counted, so
 * that no cap is exceeded, not for one step.
 * @module
 */
import type { AdmissionLimits } from '../actors/protocol.ts'
import type { RefusalReason } from './events.ts'
import { CORE_LIMITS } from './limits.ts'
import { createRecencyMap } from './recency-map.ts'
import { createTokenBucket } from './token-bucket.ts'

/** What is known of a pending connection when it may have to make room. */
export interface PendingState {
  readonly receivedBytes: number
  readonly startedMs: number
}

export type Admission =
  | { readonly refuse: RefusalReason; readonly displace?: undefined }
  | { readonly refuse?: undefined; readonly displace?: string }

export interface Pending {
  decide(
    group: string,
    nowMs: number,
    stateOf: (name: string) => PendingState | undefined,
  ): Admission
  addInbound(name: string, group: string, nowMs: number): void
  addOutbound(name: string): void
  /** It is active: not pending any more, but still of its group. */
  activate(name: string): void
  remove(name: string, nowMs: number): void
  readonly outbound: number
  readonly size: number
}

interface Group {
  pending: Set<string>
  inbound: number
  /** When its connections of the last minute came. */
  accepted: number[]
  /** A connection of it came to nothing: it displaces nobody until then. */
  spentUntilMs: number
}

const MINUTE_MS = 60_000

export function createPending(limits: AdmissionLimits): Pending {
  const groups = createRecencyMap<Group>()
  const inbound = new Map<string, string>()
  const pendingInbound = new Set<string>()
  const pendingOutbound = new Set<string>()
  const handshakes = createTokenBucket({
    perSecond: CORE_LIMITS.handshakesPerSecond,
    burst: CORE_LIMITS.handshakesBurst,
  })

  const groupOf = (name: string): Group => {
    const known = groups.get(name)
    const group = known ?? {
      pending: new Set<string>(),
      inbound: 0,
      accepted: [],
      spentUntilMs: -Infinity,
    }
    groups.set(name, group)
    if (groups.size > CORE_LIMITS.groupsMax) {
      for (const [oldest, entry] of groups.entries()) {
        if (entry.inbound > 0) continue
        groups.delete(oldest)
        break
      }
    }
    return group
  }

  /** From the fullest group the one that has sent least, oldest first, once it is old enough. */
  const loser = (
    nowMs: number,
    stateOf: (name: string) => PendingState | undefined,
  ): string | undefined => {
    let best: { name: string; crowd: number; bytes: number; startedMs: number } | undefined
    for (const name of pendingInbound) {
      const state = stateOf(name)
      if (state === undefined || nowMs - state.startedMs < CORE_LIMITS.displaceAfterMs) continue
      const crowd = groups.get(inbound.get(name) ?? '')?.pending.size ?? 0
      const { receivedBytes: bytes, startedMs } = state
      if (
        best === undefined ||
        crowd > best.crowd ||
        (crowd === best.crowd &&
          (bytes < best.bytes || (bytes === best.bytes && startedMs < best.startedMs)))
      ) {
        best = { name, crowd, bytes, startedMs }
      }
    }
    return best?.name
  }

  return {
    decide(name, nowMs, stateOf) {
      const group = groupOf(name)
      group.accepted = group.accepted.filter((timeMs) => nowMs - timeMs < MINUTE_MS)
      if (group.accepted.length >= limits.acceptedPerGroupPerMinute) return { refuse: 'rate' }
      if (group.inbound >= limits.inboundPerGroup) return { refuse: 'group-full' }
      if (group.pending.size >= limits.pendingPerGroup) return { refuse: 'group-full' }
      if (pendingInbound.size >= limits.pendingInbound) {
        if (group.spentUntilMs > nowMs) return { refuse: 'pending-full' }
        const displace = loser(nowMs, stateOf)
        if (displace === undefined) return { refuse: 'pending-full' }
        return handshakes.take(nowMs) ? { displace } : { refuse: 'handshake-budget' }
      }
      return handshakes.take(nowMs) ? {} : { refuse: 'handshake-budget' }
    },
    addInbound(name, groupName, nowMs) {
      const group = groupOf(groupName)
      group.inbound++
      group.pending.add(name)
      group.accepted.push(nowMs)
      inbound.set(name, groupName)
      pendingInbound.add(name)
    },
    addOutbound(name) {
      pendingOutbound.add(name)
    },
    activate(name) {
      pendingOutbound.delete(name)
      pendingInbound.delete(name)
      groups.get(inbound.get(name) ?? '')?.pending.delete(name)
    },
    remove(name, nowMs) {
      pendingOutbound.delete(name)
      const groupName = inbound.get(name)
      if (groupName === undefined) return
      inbound.delete(name)
      const group = groups.get(groupName)
      if (group === undefined) return
      group.inbound--
      group.pending.delete(name)
      if (pendingInbound.delete(name)) group.spentUntilMs = nowMs + CORE_LIMITS.groupSpentMs
    },
    get outbound() {
      return pendingOutbound.size
    },
    get size() {
      return pendingInbound.size + pendingOutbound.size
    },
  }
}
