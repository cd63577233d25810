/**
 * A node over the last minutes: what went over its connections, how many there were, how long handshakes
 * and pings took, how late its event loop was. One point a second, and less often where points are dear,
 * from counters and what connections say of themselves; no message is looked at.
 * @module
 */
import type { Counters } from '../actors/counters.ts'
import type { ProtocolTypes } from '../machines/session.ts'
import type { Inside } from '../supervisor/inside.ts'
import type { SeriesAnswer, SeriesPoint } from './messages.ts'

const POINT_MS = 1_000
/** Points take at most a hundredth of the time, whether or not somebody looks: looking has another one. */
const POINT_SHARE = 100
/** Five minutes: what is older is for metrics. */
const POINTS_MAX = 300
/** Of one point; a node does fifty a second. */
const HANDSHAKES_MAX = 1_000

/** How late the event loop was since it was asked before; undefined where nobody knows. */
export type LoopDelay = () => { readonly median: number; readonly max: number } | undefined

interface Sums {
  readonly receivedMessages: number
  readonly sentMessages: number
  readonly receivedBytes: number
  readonly sentBytes: number
  readonly droppedMessages: number
}

const SUM_NAMES = [
  'receivedMessages',
  'sentMessages',
  'receivedBytes',
  'sentBytes',
  'droppedMessages',
] as const satisfies readonly (keyof Sums)[]

const none = (): Record<keyof Sums, number> => ({
  ...{ receivedMessages: 0, sentMessages: 0 },
  ...{ receivedBytes: 0, sentBytes: 0, droppedMessages: 0 },
})

function add(sums: Record<keyof Sums, number>, counters: Readonly<Counters>): void {
  sums.receivedMessages += counters.receivedMessages
  sums.sentMessages += counters.sentMessages
  sums.receivedBytes += counters.receivedBytes
  sums.sentBytes += counters.sentBytes
  // They are as many as there were reasons: mostly none.
  for (const reason in counters.dropped) {
    sums.droppedMessages += counters.dropped[reason as keyof typeof counters.dropped] ?? 0
  }
}

export function medianOf(numbers: readonly number[]): number {
  const sorted = numbers.toSorted((one, other) => one - other)
  return sorted[Math.floor(sorted.length / 2)] ?? 0
}

/** Of what each connection says its last ping took; null where none does. */
function pingOf(sorted: Float64Array): SeriesPoint['pingMs'] {
  const at = (share: number): number => sorted[Math.floor(sorted.length * share)] ?? 0
  if (sorted.length === 0) return null
  return { count: sorted.length, median: at(0.5), percentile90: at(0.9) }
}

export interface Series {
  /** A connection is gone; what it counted stays in the sums. */
  ended(counters: Readonly<Counters> | undefined): void
  active(handshakeMs: number): void
  point(nowMs: number, atMs: number): void
  /** How long after a point that took so long the next one is due. */
  pauseAfter(costMs: number): number
  read(): SeriesAnswer
}

export function createSeries<T extends ProtocolTypes>(
  inside: Pick<Inside<T>, 'connections'>,
  loopDelay: LoopDelay,
): Series {
  const ended = none()
  let points: SeriesPoint[] = []
  let before: { readonly atMs: number; readonly sums: Sums } | undefined
  let handshakes: number[] = []
  let everyMs = POINT_MS

  const handshakeOf = (): SeriesPoint['handshakeMs'] => {
    if (handshakes.length === 0) return null
    const max = handshakes.reduce((most, ms) => Math.max(most, ms), 0)
    return { count: handshakes.length, median: medianOf(handshakes), max }
  }

  return {
    ended(counters) {
      if (counters !== undefined) add(ended, counters)
    },
    active(handshakeMs) {
      if (handshakes.length < HANDSHAKES_MAX) handshakes.push(handshakeMs)
    },
    point(nowMs, atMs) {
      const sums = { ...ended }
      const connections = inside.connections()
      const pings = new Float64Array(connections.length)
      let [active, pinged] = [0, 0]
      for (const { counters, view } of connections) {
        add(sums, counters)
        if (view.phase !== 'active') continue
        active++
        const pingMs = view.about?.['pingMs']
        if (typeof pingMs === 'number') pings[pinged++] = pingMs
      }
      if (before !== undefined && nowMs > before.atMs) {
        const seconds = (nowMs - before.atMs) / 1_000
        const rates = none()
        for (const name of SUM_NAMES) {
          rates[name] = Math.round((sums[name] - before.sums[name]) / seconds)
        }
        const delay = loopDelay() ?? null
        const counts = { connections: connections.length, active }
        points.push({
          ...{ atMs, ...counts, ...rates, loopDelayMs: delay, handshakeMs: handshakeOf() },
          pingMs: pingOf(pings.subarray(0, pinged).sort()),
        })
        if (points.length >= POINTS_MAX * 2) points = points.slice(-POINTS_MAX)
      }
      handshakes = []
      before = { atMs: nowMs, sums }
    },
    pauseAfter(costMs) {
      everyMs = Math.max(POINT_MS, Math.ceil(costMs * POINT_SHARE))
      return everyMs
    },
    read: () => ({ view: 'series', points: points.slice(-POINTS_MAX), everyMs }),
  }
}
