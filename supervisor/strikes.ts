/**
 * Strikes by subject, and how they add up to a ban.
 * @module
 */
import type { StrikeRule } from '../actors/protocol.ts'
import { doubled } from './backoff.ts'
import { CORE_LIMITS } from './limits.ts'
import { createRecencyMap } from './recency-map.ts'

export interface Strikes {
  /** `banMs` where this strike is the one too many; the strikes are cleared with it. */
  add(subject: string, nowMs: number): { readonly count: number; readonly banMs?: number }
  readonly size: number
}

interface Record {
  times: number[]
  /** Bans so far that count for the next one's length. */
  bans: number
  /** When the last ban ends. */
  banEndMs: number
}

export function createStrikes(rule: StrikeRule): Strikes {
  const records = createRecencyMap<Record>()
  return {
    add(subject, nowMs) {
      const record = records.get(subject) ?? { times: [], bans: 0, banEndMs: -Infinity }
      records.set(subject, record)
      if (records.size > CORE_LIMITS.strikeKeysMax) {
        const oldest = records.oldest()
        if (oldest !== undefined) records.delete(oldest[0])
      }
      record.times = [...record.times.filter((timeMs) => nowMs - timeMs < rule.withinMs), nowMs]
      const count = record.times.length
      if (count < rule.count) return { count }
      if (nowMs - record.banEndMs > CORE_LIMITS.banDoublingMs) record.bans = 0
      const banMs = doubled(rule.banMs, record.bans, rule.banMsMax)
      record.times = []
      record.bans++
      record.banEndMs = nowMs + banMs
      return { count, banMs }
    },
    get size() {
      return records.size
    },
  }
}
