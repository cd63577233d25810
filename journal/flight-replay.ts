/**
 * A recorded flight once more, from a checkpoint, at the level of messages: the charts get the events
 * that they got, and have to say the same, arm the same deadlines and stand where they stood. No wire
 * is there and no ciphertext: that is never reproduced.
 *
 * XState arms no deadline of a restored chart. The recorded event of one that rang is given to the
 * chart in its place.
 * @module
 */
import { isDeepStrictEqual } from 'node:util'
import { createActor } from 'xstate'
import type { AnyActorRef, Snapshot } from 'xstate'
import type { Protocol } from '../actors/protocol.ts'
import { connectionMachine } from '../machines/connection.ts'
import type { ConnectionInput } from '../machines/connection.ts'
import type { ProtocolTypes } from '../machines/session.ts'
import { fillSession } from '../machines/slot.ts'
import type { ArmedDeadline, FlightChart } from '../supervisor/flight-contract.ts'
import type { FlightCheckpoint, FlightEvent } from '../supervisor/flight-contract.ts'
import type { FlightRecording, FlightStates } from '../supervisor/flight-contract.ts'
import { sessionOf, watchCharts } from './flight-charts.ts'
import { plainCopy } from './flight-copy.ts'

export const XSTATE_INIT = 'xstate.init'
export const XSTATE_AFTER = 'xstate.after.'

/** What followed from one event. */
export type FlightOutcome = FlightStates & Pick<FlightEvent, 'armed' | 'said'>

export interface ResumedFlight {
  readonly states: FlightStates
  /** Starts the charts: the first event of a flight that is recorded from its start. */
  start(): FlightOutcome
  /** @throws {Error} a deadline that is not armed */
  give(
    chart: FlightChart,
    event: { readonly type: string } & Readonly<Record<string, unknown>>,
  ): FlightOutcome
}

export interface FlightReplayOptions<T extends ProtocolTypes> {
  readonly protocol: Protocol<T>
  /** Another chart of connections than the core's. */
  readonly chart?: typeof connectionMachine
}

export interface FlightDifference {
  /** Counted over all blocks. */
  readonly event: number
  readonly what: 'armed' | 'deadline' | 'said' | 'states'
  readonly expected: unknown
  readonly got: unknown
}

export interface FlightReplay {
  readonly events: number
  /** The first one, or undefined where everything was the same. */
  readonly difference: FlightDifference | undefined
  /** Never more than that: what went over the wire is in no flight recording. */
  readonly level: 'messages, without ciphertext'
}

const isSnapshot = (value: unknown): value is Snapshot<unknown> =>
  typeof value === 'object' && value !== null && 'status' in value && value.status === 'active'

const inputOf = <T extends ProtocolTypes>(
  checkpoint: FlightCheckpoint,
  { deadlines }: Protocol<T>,
): ConnectionInput => ({
  name: 'flight',
  role: checkpoint.from === 'start' ? checkpoint.role : 'listener',
  target: checkpoint.from === 'start' ? checkpoint.target : undefined,
  dial: checkpoint.from === 'start' ? checkpoint.dial : undefined,
  slot: checkpoint.from === 'start' ? checkpoint.slot : '',
  startedMs: checkpoint.from === 'start' ? checkpoint.startedMs : 0,
  connectMs: deadlines.connectMs,
  establishMs: deadlines.establish.ms,
  establishDetail: deadlines.establish.detail,
  flushMs: deadlines.flushMs,
})

/** @throws {Error} the checkpoint holds no snapshot, or not one of these charts */
export function resumeFlight<T extends ProtocolTypes>(
  protocol: Protocol<T>,
  checkpoint: FlightCheckpoint,
  chart: typeof connectionMachine = connectionMachine,
): ResumedFlight {
  interface Ring {
    readonly chart: FlightChart
    readonly event: string
    readonly run: () => void
  }
  const rings = new Map<number, Ring>()
  const known = new Set<unknown>()
  let nextId = 1
  let carried: readonly ArmedDeadline[] = checkpoint.from === 'snapshot' ? checkpoint.armed : []
  let told: FlightEvent | undefined
  let fault: unknown

  const kept = checkpoint.from === 'snapshot' ? plainCopy(checkpoint.snapshot).value : undefined
  if (checkpoint.from === 'snapshot' && !isSnapshot(kept)) {
    throw new Error('the checkpoint holds no snapshot')
  }
  const actor = createActor(fillSession(chart, protocol.session), {
    input: inputOf(checkpoint, protocol),
    ...(isSnapshot(kept) ? { snapshot: kept } : {}),
    clock: {
      setTimeout(run: () => void) {
        const scheduled = Object.values(actor.system.getSnapshot()._scheduledEvents)
        const [added] = scheduled.filter((one) => !known.has(one))
        known.add(added)
        const id = nextId++
        if (added === undefined) return id
        const of = added.source === actor ? 'connection' : 'session'
        rings.set(id, { chart: of, event: added.event.type, run })
        return id
      },
      clearTimeout(id: number) {
        rings.delete(id)
      },
    },
  })
  const first = actor.getSnapshot()
  if (first.status === 'error') throw new Error('the charts do not begin', { cause: first.error })
  const session = sessionOf(actor)
  const watch = watchCharts(actor, {
    nowMs: () => 0,
    onEvent(event) {
      told = event
    },
    onFault(error) {
      fault = error
    },
  })
  // What a chart throws shows in its state.
  const nothing = (): void => undefined
  actor.subscribe({ error: nothing })
  session.subscribe({ error: nothing })
  if (checkpoint.from === 'snapshot') actor.start()

  const outcomeOf = (run: () => void): FlightOutcome => {
    watch.finish()
    told = undefined
    run()
    watch.finish()
    if (fault !== undefined) throw new Error('the charts cannot be watched', { cause: fault })
    // Whoever is over takes nothing, and nothing follows.
    const { armed = [], said = [], states = watch.states() } = told ?? {}
    return { ...states, said, armed }
  }

  const ringOf = (of: FlightChart, type: string): (() => void) | undefined => {
    for (const [id, ring] of rings) {
      if (ring.chart !== of || ring.event !== type) continue
      rings.delete(id)
      return ring.run
    }
    return undefined
  }

  return {
    get states() {
      return watch.states()
    },
    start: () =>
      outcomeOf(() => {
        actor.start()
      }),
    give(of, event) {
      const ring = ringOf(of, event.type)
      if (ring !== undefined) return outcomeOf(ring)
      const isCarried = carried.some((one) => one.chart === of && one.event === event.type)
      if (!isCarried && event.type.startsWith(XSTATE_AFTER)) {
        throw new Error(`the deadline ${event.type} of the ${of} is not armed`)
      }
      carried = carried.filter((one) => one.chart !== of || one.event !== event.type)
      return outcomeOf(() => {
        const chartRef: AnyActorRef = of === 'session' ? session : actor
        chartRef.send(event)
      })
    },
  }
}

type What = FlightDifference['what']

/** What is compared, in the order in which a reader wants to hear of it. */
const partsOf = ({ armed, connection, said, session }: FlightOutcome): [What, unknown][] => [
  ['states', { connection, session }],
  ['said', said],
  ['armed', armed],
]

function differenceAt(
  event: number,
  expected: FlightOutcome,
  got: FlightOutcome,
): FlightDifference | undefined {
  const gotParts = partsOf(got)
  for (const [at, [what, part]] of partsOf(expected).entries()) {
    const gotPart = gotParts[at]?.[1]
    if (!isDeepStrictEqual(part, gotPart)) return { event, what, expected: part, got: gotPart }
  }
  return undefined
}

export const outcomeOfEvent = ({ armed, said, states }: FlightEvent): FlightOutcome => ({
  ...states,
  said,
  armed,
})

/** Gives the charts what they were given and compares what follows. */
export function replayFlight<T extends ProtocolTypes>(
  recording: FlightRecording,
  { chart, protocol }: FlightReplayOptions<T>,
): FlightReplay {
  const level = 'messages, without ciphertext'
  let events = 0
  for (const block of recording.blocks) {
    const flight = resumeFlight(protocol, block.checkpoint, chart)
    for (const recorded of block.events) {
      const expected = outcomeOfEvent(recorded)
      const at = events++
      try {
        const isStart = recorded.event.type === XSTATE_INIT
        const got = isStart ? flight.start() : flight.give(recorded.chart, recorded.event)
        const difference = differenceAt(at, expected, got)
        if (difference !== undefined) return { events, difference, level }
      } catch (error) {
        const got = error instanceof Error ? error.message : String(error)
        const what: What = 'deadline'
        return {
          events,
          difference: { event: at, what, expected: recorded.event.type, got },
          level,
        }
      }
    }
  }
  return { events, difference: undefined, level }
}
