/**
 * Messages and bytes by the type of message. That is counted nowhere else, so it is counted only while
 * somebody scrapes: from the first scrape on, and until there was none for `IDLE_MS`. What was counted
 * stays.
 * @module
 */
import type { Observation, ObservationPort } from '../world/observation.ts'

/** Longer than any usual interval between scrapes, which is a minute at most. */
const IDLE_MS = 600_000
/** More than any network here has (Bitcoin: 37). What a peer could make up goes under `OTHER`. */
const TYPES_MAX = 100
const OTHER = 'other'

export interface TypeCount {
  messages: number
  bytes: number
}

type Direction = 'received' | 'sent'

export interface TypeCounts {
  /** By type; counts from now on, if it did not. */
  read(): Readonly<Record<Direction, ReadonlyMap<string, Readonly<TypeCount>>>>
  /** Nothing is counted any more. What was can still be read. */
  stop(): void
}

export function createTypeCounts(
  port: ObservationPort,
  onFault: (error: unknown) => void,
): TypeCounts {
  const counts = {
    received: new Map<string, TypeCount>(),
    sent: new Map<string, TypeCount>(),
  }
  let unwatch: (() => void) | undefined
  let idle: NodeJS.Timeout | undefined
  let isStopped = false

  const countOf = (types: Map<string, TypeCount>, type: string): TypeCount => {
    const known = types.get(type)
    if (known !== undefined) return known
    if (types.size >= TYPES_MAX && type !== OTHER) return countOf(types, OTHER)
    const made = { messages: 0, bytes: 0 }
    types.set(type, made)
    return made
  }

  const count = (observation: Observation): void => {
    if (observation.of !== 'message' && observation.of !== 'written') return
    const direction = observation.of === 'written' ? 'sent' : observation.direction
    const one = countOf(counts[direction], observation.type)
    one.messages++
    one.bytes += observation.bytesOnWire
  }

  const rest = (): void => {
    clearTimeout(idle)
    unwatch?.()
    unwatch = undefined
  }

  return {
    read() {
      if (isStopped) return counts
      unwatch ??= port.watch(count, { kinds: ['message', 'written'], onFault })
      clearTimeout(idle)
      idle = setTimeout(rest, IDLE_MS)
      idle.unref()
      return counts
    },
    stop() {
      isStopped = true
      rest()
    },
  }
}
