/**
 * What outlives a connection. A peer is its proven identity, else the address; it holds failures and
 * the time of the next dial, refusals, strikes and totals. What a verdict asks for is handed back as
 * data: nothing is closed, dialled or banned here.
 *
 * Failures before an identity is proven count against the dialled address alone: whoever spreads a
 * wrong address of somebody cannot keep us from dialling the right one.
 * @module
 */
import type { Counters } from '../actors/counters.ts'
import { addCounters, createCounters } from '../actors/counters.ts'
import type { StrikeRule } from '../actors/protocol.ts'
import type { Role } from '../codec/wire.ts'
import type { Charged, Verdict } from '../machines/reasons.ts'
import type { Random } from '../world/random.ts'
import { backoffMs } from './backoff.ts'
import type { BackoffLimits } from './backoff.ts'
import type { BanKey } from './ban-records.ts'
import { CORE_LIMITS } from './limits.ts'
import { createRecencyMap } from './recency-map.ts'
import type { RecencyMap } from './recency-map.ts'
import { createStrikes } from './peer-strikes.ts'

/** Who is at the far end of a connection, as far as it is known. */
export interface PeerAbout {
  readonly role: Role
  /** The key of the address that was dialled, or that a connection came from. */
  readonly address: string
  readonly host: string
  readonly group: string
  /** Proven. */
  readonly identity: string | undefined
  /** Claimed, and perhaps never proven. */
  readonly claim: string | undefined
  /** An operator named this peer: it is not discouraged. */
  readonly manual: boolean
  /** The network says that nothing is charged to whoever is there. */
  readonly exempt: boolean
  /** The network says that others may be at this host: what is not proven is charged to nobody. */
  readonly shared: boolean
}

/** What a verdict asks of the supervisor. */
export type Consequence =
  /** Ban the key and close what it covers. */
  | { readonly do: 'ban'; readonly key: BanKey; readonly forMs: number }
  /** To be told; no ban yet. */
  | { readonly do: 'note-strike'; readonly key: BanKey; readonly strikes: number }
  /** Close every connection of the host, and keep it discouraged. */
  | { readonly do: 'discourage'; readonly host: string }
  /** Dial once more, in the same slot. */
  | { readonly do: 'redial'; readonly address: string }
  /** Not before this monotonic time; dialling is the governor's. */
  | { readonly do: 'dial-after'; readonly address: string; readonly atMs: number }
  | { readonly do: 'refuse'; readonly address: string }

export interface Occasion {
  readonly nowMs: number
  /** False for a unit that was refused while the connection goes on: then only strikes, bans and discouragement follow. */
  readonly ended: boolean
}

export interface PeerView {
  readonly identity: string | undefined
  /** The last one used with it. */
  readonly address: string | undefined
  readonly activeConnections: number
  readonly failures: number
  /** Monotonic milliseconds; in the past: at any time. */
  readonly dialFromMs: number
  readonly refused: boolean
  readonly totals: Readonly<Counters>
}

export interface Peers {
  /** A connection became active. */
  ready(about: PeerAbout): void
  /**
   * A connection is gone: to be told before its verdict is applied. `activeMs` is how long it was
   * active, undefined if it never was.
   */
  ended(about: PeerAbout, activeMs: number | undefined, counters: Readonly<Counters>): void
  applyVerdict(verdict: Verdict, about: PeerAbout, occasion: Occasion): readonly Consequence[]
  /** When an address may be dialled, monotonic; undefined: when the application asks. */
  dialFromMs(address: string, identity: string | undefined): number | undefined
  /** The identity that was last proven at an address. */
  identityAt(address: string): string | undefined
  /** The application asks for this peer: failures, waits and refusals are forgotten. */
  allow(address: string, identity: string | undefined): void
  /** Forgets what grew from failures. Refusals, strikes and waits of a stated length stay. */
  clearBackoff(): void
  /** A ban was lifted by hand. */
  forgive(key: BanKey): void
  strikes(key: BanKey, nowMs: number): number
  list(): readonly PeerView[]
  counts(): { readonly addresses: number; readonly identities: number; readonly strikes: number }
}

export interface PeersOptions {
  readonly random: Random
  readonly strikes: StrikeRule
  readonly backoff?: BackoffLimits
  readonly backoffResetMs?: number
  /** Addresses, and again identities, without an active connection. */
  readonly peersMax?: number
}

interface Record {
  active: number
  failures: number
  /** Until then by our own backoff, which isolation clears. Monotonic, 0 at first. */
  backoffUntilMs: number
  /** Until then because a verdict said for how long. */
  waitUntilMs: number
  refused: boolean
  /** The last end was answered by a redial: a second in a row is a failure. */
  redialled: boolean
  /** Of an address: the identity last proven there. Of an identity: the address last used. */
  other: string | undefined
  readonly totals: Counters
}

type Table = RecencyMap<Record>

const dialFrom = ({ backoffUntilMs, waitUntilMs }: Record): number =>
  Math.max(backoffUntilMs, waitUntilMs)

/** A victim is the best of so many of the oldest: enough to pass by those that wait, and O(1). */
const VICTIMS_LOOKED_AT = 16

export function createPeers({
  random,
  strikes: rule,
  backoff = { baseMs: CORE_LIMITS.backoffBaseMs, maxMs: CORE_LIMITS.backoffMaxMs },
  backoffResetMs = CORE_LIMITS.backoffResetMs,
  peersMax = CORE_LIMITS.peersMax,
}: PeersOptions): Peers {
  const addresses: Table = createRecencyMap()
  const identities: Table = createRecencyMap()
  const strikes = createStrikes(rule)
  /** The latest time heard of: what a victim's wait is compared with. */
  let latestMs = 0

  /** What is lost with a record: nothing, a count of failures, a running wait, a refusal. */
  const worth = (record: Record): number => {
    if (record.refused) return 3
    if (dialFrom(record) > latestMs) return 2
    return record.failures > 0 ? 1 : 0
  }

  /** Those with an active connection are as few as there are slots: they do not count, and stay. */
  const makeRoom = (table: Table): void => {
    let looked = 0
    let victim: string | undefined
    let least = Infinity
    for (const [key, record] of table.entries()) {
      if (record.active > 0) {
        table.touch(key)
        continue
      }
      const value = worth(record)
      if (value < least) {
        least = value
        victim = key
      }
      if (value === 0 || ++looked === VICTIMS_LOOKED_AT) break
    }
    if (victim !== undefined) table.delete(victim)
  }

  const recordOf = (table: Table, key: string): Record => {
    const known = table.get(key)
    if (known !== undefined) {
      table.touch(key)
      return known
    }
    if (table.size >= peersMax) makeRoom(table)
    const record: Record = {
      active: 0,
      failures: 0,
      backoffUntilMs: 0,
      waitUntilMs: 0,
      refused: false,
      redialled: false,
      other: undefined,
      totals: createCounters(),
    }
    table.set(key, record)
    return record
  }

  /**
   * The record that an end concerns. A stranger that came in and proved nothing has none: its port
   * is gone with it, and nobody would dial it.
   */
  const charged = (about: PeerAbout): Record | undefined => {
    if (about.identity !== undefined) return recordOf(identities, about.identity)
    return about.role === 'dialler' ? recordOf(addresses, about.address) : undefined
  }

  const keyOf = (whom: Charged, about: PeerAbout): BanKey | undefined => {
    if (whom === 'identity' && about.identity !== undefined) {
      return { kind: 'identity', identity: about.identity }
    }
    // Of many behind one host the wrong one would be kept out, and a claim is all that names him.
    if (about.shared) return undefined
    if (whom === 'address') return { kind: 'address', host: about.host }
    // What is not proven is charged together with where it came from, never the name alone.
    const claimed = about.claim ?? about.identity
    if (claimed === undefined) return undefined
    return { kind: 'claim', group: about.group, identity: claimed }
  }

  const chargeFailure = (record: Record, nowMs: number): void => {
    record.failures++
    record.backoffUntilMs = nowMs + backoffMs(random, record.failures, backoff)
  }

  /** What an ended connection means for dialling the peer again. */
  const afterEnd = (
    verdict: Verdict,
    about: PeerAbout,
    record: Record,
    nowMs: number,
  ): Consequence | undefined => {
    const dialled = about.role === 'dialler'
    if (verdict.do === 'refuse') {
      record.refused = true
      // What was dialled led to a peer that is refused, whoever proves to be there next time.
      if (dialled) recordOf(addresses, about.address).refused = true
      return dialled ? { do: 'refuse', address: about.address } : undefined
    }
    if (verdict.do === 'redial' && dialled && !record.redialled) {
      record.redialled = true
      return { do: 'redial', address: about.address }
    }
    if (verdict.do === 'nothing' || (verdict.do === 'redial' && !dialled)) {
      // Nothing is charged, and still nobody is dialled in a tight loop.
      const retry = Math.max(1, record.failures)
      if (dialled) record.backoffUntilMs = nowMs + backoffMs(random, retry, backoff)
    } else if (verdict.do === 'wait' && verdict.ms !== undefined) {
      record.waitUntilMs = nowMs + Math.max(verdict.ms, backoff.baseMs / 2)
    } else chargeFailure(record, nowMs)
    record.redialled = false
    if (!dialled) return undefined
    return { do: 'dial-after', address: about.address, atMs: dialFrom(record) }
  }

  return {
    ready(about) {
      const { address, identity } = about
      const atAddress = identity === undefined || about.role === 'dialler'
      if (atAddress) {
        const record = recordOf(addresses, address)
        record.other = identity
        record.redialled = false
        if (identity === undefined) record.active++
      }
      if (identity !== undefined) {
        const record = recordOf(identities, identity)
        record.active++
        record.other = address
        record.redialled = false
      }
    },
    ended(about, activeMs, counters) {
      const { address, identity } = about
      // Who was dialled and is not wanted a second time is known by now: his address is not tried on.
      if (identity !== undefined && about.role === 'dialler' && activeMs === undefined) {
        recordOf(addresses, address).other = identity
      }
      const key = identity ?? address
      const table = identity === undefined ? addresses : identities
      const record = table.get(key) ?? charged(about)
      if (record === undefined) return
      addCounters(record.totals, counters)
      if (activeMs === undefined) return
      record.active = Math.max(0, record.active - 1)
      if (activeMs < backoffResetMs) return
      record.failures = 0
      const dialled = addresses.get(address)
      if (dialled !== undefined) dialled.failures = 0
    },
    applyVerdict(verdict, about, { nowMs, ended }) {
      latestMs = Math.max(latestMs, nowMs)
      const consequences: Consequence[] = []
      if (verdict.do === 'discourage' && !about.manual && !about.exempt) {
        consequences.push({ do: 'discourage', host: about.host })
      }
      if ((verdict.do === 'strike' || verdict.do === 'ban') && !about.exempt) {
        const key = keyOf(verdict.whom, about)
        if (key !== undefined && verdict.do === 'ban') {
          strikes.clear(key)
          consequences.push({ do: 'ban', key, forMs: verdict.ms })
        } else if (key !== undefined) {
          const { count, banMs } = strikes.strike(key, nowMs)
          consequences.push({ do: 'note-strike', key, strikes: count })
          if (banMs !== undefined) consequences.push({ do: 'ban', key, forMs: banMs })
        }
      }
      const record = ended ? charged(about) : undefined
      const next = record && afterEnd(verdict, about, record, nowMs)
      if (next !== undefined) consequences.push(next)
      return consequences
    },
    dialFromMs(address, identity) {
      const there = addresses.get(address)
      const known = identity ?? there?.other
      const peer = known === undefined ? undefined : identities.get(known)
      if (there?.refused === true || peer?.refused === true) return undefined
      return Math.max(there ? dialFrom(there) : 0, peer ? dialFrom(peer) : 0)
    },
    identityAt: (address) => addresses.get(address)?.other,
    allow(address, identity) {
      const there = addresses.get(address)
      const known = identity ?? there?.other
      for (const record of [there, known === undefined ? undefined : identities.get(known)]) {
        if (record === undefined) continue
        record.refused = false
        record.failures = 0
        record.backoffUntilMs = 0
        record.waitUntilMs = 0
      }
    },
    clearBackoff() {
      for (const table of [addresses, identities]) {
        for (const [, record] of table.entries()) {
          record.failures = 0
          record.backoffUntilMs = 0
        }
      }
    },
    forgive: strikes.forgive,
    strikes: strikes.count,
    list() {
      const view = (key: string, record: Record, proven: boolean): PeerView => ({
        identity: proven ? key : record.other,
        address: proven ? record.other : key,
        activeConnections: record.active,
        failures: record.failures,
        dialFromMs: dialFrom(record),
        refused: record.refused,
        totals: { ...record.totals, dropped: { ...record.totals.dropped } },
      })
      return [
        ...[...identities.entries()].map(([key, record]) => view(key, record, true)),
        // An address where an identity was proven is that peer's.
        ...[...addresses.entries()]
          .filter(([, { other }]) => other === undefined || !identities.get(other))
          .map(([key, record]) => view(key, record, false)),
      ]
    },
    counts: () => ({
      addresses: addresses.size,
      identities: identities.size,
      strikes: strikes.size,
    }),
  }
}
