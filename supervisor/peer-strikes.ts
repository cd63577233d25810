/**
 * How strikes add up to bans. Strikes are counted under the key that a verdict names; so many within a
 * time are a ban, which clears them, and each further ban soon after the last is twice as long.
 *
 * The kinds of keys are kept apart: a stranger can claim names without end, and must not push out
 * what is held against proven identities.
 * @module
 */
import type { StrikeRule } from '../actors/protocol.ts'
import { doubled } from './backoff.ts'
import { printBanKey } from './ban-records.ts'
import type { BanKey } from './ban-records.ts'
import { CORE_LIMITS } from './limits.ts'
import { createRecencyMap } from './recency-map.ts'
import type { RecencyMap } from './recency-map.ts'

export interface StrikeOutcome {
  /** Strikes that stand, this one included. */
  readonly count: number
  /** Set where this strike was one too many: the ban's length. */
  readonly banMs: number | undefined
}

export interface Strikes {
  strike(key: BanKey, nowMs: number): StrikeOutcome
  /** A ban for another reason clears the strikes too. */
  clear(key: BanKey): void
  /** As if the key had never been seen: what lifting a ban by hand means. */
  forgive(key: BanKey): void
  count(key: BanKey, nowMs: number): number
  /** Keys held, for the audit. */
  readonly size: number
}

interface Record {
  /** Not older than the rule's time, oldest first; fewer than the rule's count. */
  times: readonly number[]
  /** Bans in a row, each within a day of the end of the one before. */
  bans: number
  /** When the last of them ends. */
  bannedUntilMs: number
}

export function createStrikes(
  rule: StrikeRule,
  keysMax: number = CORE_LIMITS.strikeKeysMax,
): Strikes {
  const tables: { readonly [Kind in BanKey['kind']]: RecencyMap<Record> } = {
    identity: createRecencyMap(),
    address: createRecencyMap(),
    claim: createRecencyMap(),
    // Always empty: whoever is charged is at one address.
    range: createRecencyMap(),
  }

  const recent = (times: readonly number[], nowMs: number): readonly number[] =>
    times.filter((timeMs) => nowMs - timeMs < rule.withinMs)

  return {
    strike(key, nowMs) {
      const table = tables[key.kind]
      const text = printBanKey(key)
      const record = table.get(text) ?? { times: [], bans: 0, bannedUntilMs: -Infinity }
      table.set(text, record)
      if (table.size > keysMax) {
        const oldest = table.oldest()
        if (oldest !== undefined) table.delete(oldest[0])
      }

      const times = [...recent(record.times, nowMs), nowMs]
      if (times.length < rule.count) {
        record.times = times
        return { count: times.length, banMs: undefined }
      }
      // From the end of the last ban, else the longest one would forget itself.
      if (nowMs - record.bannedUntilMs > CORE_LIMITS.banDoublingMs) record.bans = 0
      const banMs = doubled(rule.banMs, record.bans, rule.banMsMax)
      record.times = []
      record.bans++
      record.bannedUntilMs = nowMs + banMs
      return { count: times.length, banMs }
    },
    clear(key) {
      const record = tables[key.kind].get(printBanKey(key))
      if (record !== undefined) record.times = []
    },
    forgive(key) {
      tables[key.kind].delete(printBanKey(key))
    },
    count: (key, nowMs) =>
      recent(tables[key.kind].get(printBanKey(key))?.times ?? [], nowMs).length,
    get size() {
      return tables.identity.size + tables.address.size + tables.claim.size
    },
  }
}
