/**
 * Who is kept out, until when and why. To ban is to close, to refuse, to persist and to say so: this
 * is the list, and its owner does the rest. It also holds the discouraged addresses, in memory only.
 *
 * Ends of bans are wall-clock times, so that a ban outlives a restart; each call that looks is told
 * the time.
 * @module
 */
import { encodeHex } from '../codec/bytes.ts'
import { canonicalRange } from '../codec/host-range.ts'
import type { HostRange } from '../codec/host-range.ts'
import type { StoreChange, StoreEntry } from '../world/store.ts'
import { decodeBan, encodeBanKey, encodeBanValue } from './ban-records.ts'
import { isTimeMs, printBanKey, shortReason } from './ban-records.ts'
import type { Ban, BanFault, BanKey } from './ban-records.ts'
import { createHostRanges } from './host-ranges.ts'
import { CORE_LIMITS } from './limits.ts'
import { createRecencyMap } from './recency-map.ts'

export const BANS_TABLE = 'bans'
/** Records that are read at start: as many bans as there may be, and as many that cannot be read and stay. */
export const BANS_READ_MAX = 2 * CORE_LIMITS.bansMax

/** What is known of a peer that may be banned under any of its keys. */
export interface BanSubject {
  readonly identity?: string | undefined
  readonly host?: string | undefined
  readonly claim?: { readonly group: string; readonly identity: string } | undefined
}

export type NewBan =
  | {
      readonly manual: true
      readonly reason: string
      /** Left out: for good. */
      readonly untilMs?: number | undefined
    }
  | { readonly manual: false; readonly reason: string; readonly untilMs: number }

export type BanOutcome =
  | {
      readonly banned: Ban
      /** The oldest timed ban, which made room. */
      readonly dropped?: Ban
    }
  /** In plain words. */
  | { readonly refused: string }

export interface LoadedBans {
  readonly loaded: number
  /** Their time was over: they go out of the store with the next changes. */
  readonly expired: number
  /** What could not be read. It stays in the store: a later version may know it. */
  readonly skipped: readonly { readonly key: string; readonly wrong: BanFault | 'no-room' }[]
}

export interface Bans {
  /** A manual ban replaces any; another never shortens what stands. */
  ban(key: BanKey, ban: NewBan, wallMs: number): BanOutcome
  /** Whether a manual ban of it can be kept: what is over takes no room. */
  hasRoomFor(key: BanKey, wallMs: number): boolean
  /** False where it was not banned. */
  unban(key: BanKey): boolean
  find(key: BanKey, wallMs: number): Ban | undefined
  /** The longest of the bans under any of the keys, and of those whose range the host is in. */
  findAny(subject: BanSubject, wallMs: number): Ban | undefined
  /** For how long it still lasts, Infinity for good; undefined: there is none. */
  restMs(subject: BanSubject, wallMs: number): number | undefined
  list(wallMs: number): readonly Ban[]
  /** Forgets what has expired, for memory alone; returns what it was. */
  sweep(wallMs: number): readonly Ban[]
  /** What has changed since the last call. To be asked at the end of each step that changes bans. */
  changes(): readonly StoreChange[]
  /** Once, before any ban. Of more than there is room for, the oldest timed ones go. */
  load(entries: Iterable<StoreEntry>, wallMs: number): LoadedBans
  readonly size: number

  /** Not dialled, and let in only while there is room to spare. Forgotten with the process. */
  discourage(host: string): void
  isDiscouraged(host: string): boolean
  /** Banned or discouraged. */
  isKeptOut(host: string, wallMs: number): boolean
  encourage(host: string): boolean
  readonly discouragedCount: number
}

export interface BansOptions {
  readonly bansMax?: number
  readonly discouragedMax?: number
}

interface Entry {
  readonly ban: Ban
  readonly storeKey: Uint8Array
}

/** The keys of a ban that a subject can be under, less the ranges. */
function banKeysOf({ identity, host, claim }: BanSubject): readonly BanKey[] {
  const keys: BanKey[] = []
  if (identity !== undefined) keys.push({ kind: 'identity', identity })
  if (host !== undefined) keys.push({ kind: 'address', host })
  if (claim !== undefined) keys.push({ kind: 'claim', ...claim })
  return keys
}

const rangeOf = (key: BanKey): HostRange | undefined =>
  key.kind === 'range' ? canonicalRange(key.range) : undefined

const endOf = ({ untilMs }: Ban): number => untilMs ?? Infinity

export function createBans({
  bansMax = CORE_LIMITS.bansMax,
  discouragedMax = CORE_LIMITS.discouragedMax,
}: BansOptions = {}): Bans {
  /** Manual bans stand apart: they are never looked at when room is needed. */
  const manual = createRecencyMap<Entry>()
  const timed = createRecencyMap<Entry>()
  const discouraged = createRecencyMap<true>()
  /** The texts of the keys that are ranges. */
  const ranges = createHostRanges<string>()
  let changed = new Map<string, StoreChange>()

  const size = (): number => manual.size + timed.size

  const remove = (text: string): Entry | undefined => {
    const entry = manual.get(text) ?? timed.get(text)
    if (entry === undefined) return undefined
    manual.delete(text)
    timed.delete(text)
    const range = rangeOf(entry.ban.key)
    if (range !== undefined) ranges.delete(range)
    changed.set(text, { table: BANS_TABLE, key: entry.storeKey })
    return entry
  }

  const findText = (text: string, wallMs: number): Ban | undefined => {
    const entry = manual.get(text) ?? timed.get(text)
    if (entry === undefined) return undefined
    if (endOf(entry.ban) > wallMs) return entry.ban
    remove(text)
    return undefined
  }

  const find = (key: BanKey, wallMs: number): Ban | undefined => findText(printBanKey(key), wallMs)

  const isManualFull = (wallMs: number): boolean => {
    if (manual.size < bansMax) return false
    for (const [, { ban }] of manual.entries()) if (endOf(ban) <= wallMs) return false
    return true
  }

  /** What has to go for one more; `refused` where only manual bans are left. */
  const makeRoom = (): Ban | 'refused' | undefined => {
    if (size() < bansMax) return undefined
    const oldest = timed.oldest()
    if (oldest === undefined) return 'refused'
    return remove(oldest[0])?.ban
  }

  const insert = (entry: Entry): void => {
    const table = entry.ban.manual ? manual : timed
    const { key } = entry.ban
    const text = printBanKey(key)
    table.set(text, entry)
    const range = rangeOf(key)
    if (range !== undefined) ranges.set(range, text)
  }

  const sweep = (wallMs: number): readonly Ban[] => {
    const gone: Ban[] = []
    for (const table of [manual, timed]) {
      for (const [text, { ban }] of table.entries()) {
        if (endOf(ban) > wallMs) continue
        remove(text)
        gone.push(ban)
      }
    }
    return gone
  }

  const findAny = (subject: BanSubject, wallMs: number): Ban | undefined => {
    let longest: Ban | undefined
    const { host } = subject
    const covering = host === undefined ? [] : ranges.covering(host)
    for (const text of [...banKeysOf(subject).map(printBanKey), ...covering]) {
      const ban = findText(text, wallMs)
      if (ban !== undefined && (longest === undefined || endOf(ban) > endOf(longest))) {
        longest = ban
      }
    }
    return longest
  }

  return {
    ban(key, asked, wallMs) {
      const { reason, untilMs } = asked
      const storeKey = encodeBanKey(key)
      if (storeKey === undefined) return { refused: 'this is empty, too long, or no range' }
      if (untilMs !== undefined && !isTimeMs(untilMs)) {
        return { refused: 'the end of a ban is a whole number of Unix milliseconds' }
      }
      if (untilMs !== undefined && untilMs <= wallMs) {
        return { refused: 'the ban would be over before it began' }
      }
      const standing = find(key, wallMs)
      if (standing !== undefined && !asked.manual) {
        if (standing.manual || endOf(standing) > asked.untilMs) return { banned: standing }
      }
      const text = printBanKey(key)
      if (standing !== undefined) remove(text)
      // What is over makes room before anything that holds.
      if (size() >= bansMax) sweep(wallMs)
      const dropped = makeRoom()
      if (dropped === 'refused') {
        return {
          refused: `there are ${size()} manual bans, and no more can be kept: lift one of them first`,
        }
      }
      const ban: Ban = {
        key,
        reason: shortReason(reason),
        sinceMs: Math.max(0, Math.trunc(wallMs)),
        untilMs,
        manual: asked.manual,
      }
      insert({ ban, storeKey })
      changed.set(text, { table: BANS_TABLE, key: storeKey, value: encodeBanValue(ban) })
      return dropped === undefined ? { banned: ban } : { banned: ban, dropped }
    },
    hasRoomFor: (key, wallMs) =>
      !isManualFull(wallMs) || manual.get(printBanKey(key)) !== undefined,
    unban: (key) => remove(printBanKey(key)) !== undefined,
    find,
    findAny,
    restMs(subject, wallMs) {
      const ban = findAny(subject, wallMs)
      return ban && endOf(ban) - wallMs
    },
    list: (wallMs) =>
      [...manual.entries(), ...timed.entries()]
        .map(([, { ban }]) => ban)
        .filter((ban) => endOf(ban) > wallMs),
    sweep,
    changes() {
      const changes = [...changed.values()]
      changed = new Map()
      return changes
    },
    load(entries, wallMs) {
      const read: Entry[] = []
      let expired = 0
      const skipped: { key: string; wrong: BanFault | 'no-room' }[] = []
      for (const entry of entries) {
        const [storeKey] = entry
        const decoded = decodeBan(entry)
        if ('wrong' in decoded) {
          skipped.push({ key: encodeHex(storeKey), wrong: decoded.wrong })
        } else if (endOf(decoded.ban) <= wallMs) {
          expired++
          changed.set(printBanKey(decoded.ban.key), { table: BANS_TABLE, key: storeKey })
        } else read.push({ ban: decoded.ban, storeKey })
      }
      // A store gives them in the order of their keys; which is the oldest is in the record.
      read.sort((one, other) => one.ban.sinceMs - other.ban.sinceMs)
      for (const entry of read) {
        const { ban, storeKey } = entry
        if (makeRoom() !== 'refused') insert(entry)
        else if (ban.manual) skipped.push({ key: encodeHex(storeKey), wrong: 'no-room' })
        else changed.set(printBanKey(ban.key), { table: BANS_TABLE, key: storeKey })
      }
      return { loaded: size(), expired, skipped }
    },
    get size() {
      return size()
    },

    discourage(host) {
      discouraged.set(host, true)
      if (discouraged.size <= discouragedMax) return
      const oldest = discouraged.oldest()
      if (oldest !== undefined) discouraged.delete(oldest[0])
    },
    isDiscouraged: (host) => discouraged.get(host) !== undefined,
    isKeptOut: (host, wallMs) =>
      discouraged.get(host) !== undefined || findAny({ host }, wallMs) !== undefined,
    encourage: (host) => discouraged.delete(host),
    get discouragedCount() {
      return discouraged.size
    },
  }
}
