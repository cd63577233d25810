/**
 * What a node has counted since it was made, and what it holds now: plain integers that go on when a
 * connection ends. Whoever shows them (metrics, the inspector) asks; nothing is told, and a message costs
 * nothing here: its connection counts it, and what a connection counted is added up at its end.
 * @module
 */
import type { Connection } from '../actors/connection-contract.ts'
import { addCounters, createCounters } from '../actors/counters.ts'
import type { Counters } from '../actors/counters.ts'
import type { Lane } from '../actors/protocol.ts'
import type { Role } from '../codec/wire.ts'
import type { CloseReason, Phase } from '../machines/reasons.ts'
import type { ProtocolTypes } from '../machines/session.ts'
import type { SupervisorEvent } from './events.ts'

/** How often, by name. The names are those of closed lists: reasons, faults, children. */
export type Tally = Readonly<Record<string, number>>

export interface ClosedTally {
  readonly reason: CloseReason
  /** The core's or the network's: a closed list each. */
  readonly detail: string
  readonly count: number
}

/** Counts since the node was made: none of them ever goes down. */
export interface NodeTotals {
  /** Of all connections, those that are gone among them. */
  readonly traffic: Readonly<Counters>
  /** Undefined where the network or its transport speaks none. */
  readonly datagrams: Readonly<Counters> | undefined
  readonly started: Readonly<Record<Role, number>>
  /** Those that became active. */
  readonly active: Readonly<Record<Role, number>>
  readonly closed: readonly ClosedTally[]
  /** Streams that became no connection, by why. */
  readonly refused: Tally
  readonly strikes: number
  readonly bans: number
  readonly unbans: number
  /** By child. */
  readonly restarts: Tally
  /** Parts of ours that threw. */
  readonly faults: number
  /** Of the application's handlers and subscribers, by why. */
  readonly handlerFailures: Tally
  /** Of listeners, by the transport's fault. */
  readonly overloads: Tally
  /** Batches of the store, by its fault. */
  readonly storeFailures: Tally
}

/** What is there at this moment. */
export interface NodeLevels {
  /** Connections, by role and by how far they are. */
  readonly connections: Readonly<Record<Role, Readonly<Record<Phase, number>>>>
  /** What waits in the lanes of all connections, in bytes by estimate. */
  readonly laneBytes: Readonly<Record<Lane, number>>
  /** What the transport was given and the system has not taken. */
  readonly unsentBytes: number
  /** Connections that are not read, because of us. */
  readonly held: number
}

export interface NodeCounts {
  readonly node: string
  readonly network: string
  readonly totals: NodeTotals
  readonly levels: NodeLevels
}

export interface TotalsKeeper {
  note(event: SupervisorEvent): void
  /** A connection is gone: once each, when its counters stand still. */
  retire(counters: Readonly<Counters>): void
  /** Of what is gone, and of the connections that are there. */
  read<T extends ProtocolTypes>(
    connections: readonly Connection<T>[],
    datagrams: Readonly<Counters> | undefined,
  ): Pick<NodeCounts, 'levels' | 'totals'>
}

const noPhases = (): Record<Phase, number> => ({
  connecting: 0,
  handshaking: 0,
  active: 0,
  closing: 0,
})

const increment = (tally: Record<string, number>, name: string): void => {
  tally[name] = (tally[name] ?? 0) + 1
}

function levelsOf<T extends ProtocolTypes>(connections: readonly Connection<T>[]): NodeLevels {
  const phases = { dialler: noPhases(), listener: noPhases() }
  const laneBytes = { control: 0, requests: 0, gossip: 0 }
  let unsentBytes = 0
  let held = 0
  for (const connection of connections) {
    const { phase, role } = connection.view
    if (phase !== 'closed') phases[role][phase]++
    const waiting = connection.laneBytes()
    laneBytes.control += waiting.control
    laneBytes.requests += waiting.requests
    laneBytes.gossip += waiting.gossip
    unsentBytes += connection.unsentBytes()
    if (connection.isHeld()) held++
  }
  return { connections: phases, laneBytes, unsentBytes, held }
}

export function createTotals(): TotalsKeeper {
  const gone = createCounters()
  const started = { dialler: 0, listener: 0 }
  const active = { dialler: 0, listener: 0 }
  const closed = new Map<string, { reason: CloseReason; detail: string; count: number }>()
  const refused: Record<string, number> = {}
  const restarts: Record<string, number> = {}
  const handlerFailures: Record<string, number> = {}
  const overloads: Record<string, number> = {}
  const storeFailures: Record<string, number> = {}
  let strikes = 0
  let bans = 0
  let unbans = 0
  let faults = 0

  return {
    note(event) {
      switch (event.type) {
        case 'connection.started':
          started[event.role]++
          return
        case 'connection.active':
          active[event.role]++
          return
        case 'connection.closed': {
          const { detail, reason } = event
          const tally = closed.get(detail) ?? { reason, detail, count: 0 }
          tally.count++
          closed.set(detail, tally)
          return
        }
        case 'connection.refused':
          increment(refused, event.why)
          return
        case 'peer.struck':
          strikes++
          return
        case 'peer.banned':
          bans++
          return
        case 'peer.unbanned':
          unbans++
          return
        case 'child.restarted':
          increment(restarts, event.child)
          return
        case 'fault':
          faults++
          return
        case 'handler.failed':
          increment(handlerFailures, event.why)
          return
        case 'listener.overloaded':
          increment(overloads, event.fault)
          return
        case 'store.failed':
          increment(storeFailures, event.fault)
          return
        default:
          return
      }
    },
    retire(counters) {
      addCounters(gone, counters)
    },
    read(connections, datagrams) {
      const traffic = createCounters()
      addCounters(traffic, gone)
      for (const { counters } of connections) addCounters(traffic, counters)
      return {
        levels: levelsOf(connections),
        totals: {
          traffic,
          datagrams: datagrams && { ...datagrams, dropped: { ...datagrams.dropped } },
          started: { ...started },
          active: { ...active },
          closed: [...closed.values()].map((tally) => ({ ...tally })),
          refused: { ...refused },
          ...{ strikes, bans, unbans, faults },
          restarts: { ...restarts },
          handlerFailures: { ...handlerFailures },
          overloads: { ...overloads },
          storeFailures: { ...storeFailures },
        },
      }
    },
  }
}
