/**
 * What is counted of a run for its last line: ends, drops, bans, and how publications spread.
 * @module
 */
import type { ProtocolTypes } from '../../machines/session.ts'
import type { Happening } from '../../supervisor/waits.ts'
import type { Published } from './ledger.ts'
import type { Life } from './simulated-node.ts'

export type Counts = Readonly<Record<string, number>>

export interface Tally<T extends ProtocolTypes> {
  happened(happening: Happening): void
  /** What it received is lost with it, and so are its connections. */
  killed(life: Life<T>): void
  readonly connections: number
  readonly activeConnections: number
  readonly receivedMessages: number
  readonly dropped: Counts
  readonly reasons: Counts
  readonly details: Counts
  readonly refusals: Counts
  readonly notes: Counts
  readonly bans: number
  readonly strikes: number
}

export function createTally<T extends ProtocolTypes>(): Tally<T> {
  const dropped: Record<string, number> = {}
  const reasons: Record<string, number> = {}
  const details: Record<string, number> = {}
  const refusals: Record<string, number> = {}
  const notes: Record<string, number> = {}
  let [connections, activeConnections, receivedMessages, bans, strikes] = [0, 0, 0, 0, 0]

  const add = (counts: Record<string, number>, name: string, count = 1): void => {
    counts[name] = (counts[name] ?? 0) + count
  }
  const addDrops = (drops: Readonly<Partial<Record<string, number>>>): void => {
    for (const [reason, count] of Object.entries(drops)) add(dropped, reason, count)
  }

  return {
    happened(happening) {
      switch (happening.type) {
        case 'connection.started':
          connections++
          return
        case 'connection.active':
          activeConnections++
          return
        case 'connection.closed':
          add(reasons, happening.reason)
          add(details, happening.detail)
          addDrops(happening.dropped)
          receivedMessages += happening.receivedMessages
          return
        case 'connection.refused':
          add(refusals, happening.why)
          return
        case 'peer.banned':
          bans++
          return
        case 'peer.struck':
          strikes++
          return
        case 'child.noted':
          add(notes, `${happening.child} ${happening.what}`)
          return
        default:
          return
      }
    },
    killed({ node }) {
      for (const { counters } of node.connections()) {
        addDrops(counters.dropped)
        receivedMessages += counters.receivedMessages
      }
    },
    get connections() {
      return connections
    },
    get activeConnections() {
      return activeConnections
    },
    get receivedMessages() {
      return receivedMessages
    },
    dropped,
    reasons,
    details,
    refusals,
    notes,
    get bans() {
      return bans
    },
    get strikes() {
      return strikes
    },
  }
}

/** How far publications of one kind came: of a hundred nodes that could have had it. */
export interface Coverage {
  readonly published: number
  readonly meanPercent: number
  readonly leastPercent: number
}

/** By kind. Of those that their publisher was told are out. */
export function coverageOf(published: readonly Published[]): Readonly<Record<string, Coverage>> {
  const shares: Record<string, number[]> = {}
  for (const { delivered, id, kind, others } of published) {
    if (id === undefined || others < 1) continue
    // Nodes that started later have what is kept as well.
    ;(shares[kind] ??= []).push(Math.min(1, delivered / others) * 100)
  }
  return Object.fromEntries(
    Object.entries(shares).map(([kind, percents]) => [
      kind,
      {
        published: percents.length,
        meanPercent: percents.reduce((sum, percent) => sum + percent, 0) / percents.length,
        leastPercent: percents.reduce((least, percent) => Math.min(least, percent), 100),
      },
    ]),
  )
}

export interface Percentiles {
  readonly p50: number
  readonly p90: number
  readonly p99: number
  readonly max: number
}

/** Undefined where nothing was measured. */
export function percentilesOf(values: readonly number[]): Percentiles | undefined {
  const sorted = Float64Array.from(values).sort()
  const at = (percent: number): number =>
    sorted[Math.min(sorted.length - 1, Math.floor((sorted.length * percent) / 100))] ?? 0
  return sorted.length === 0 ? undefined : { p50: at(50), p90: at(90), p99: at(99), max: at(100) }
}
