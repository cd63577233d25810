/**
 * Watches the two charts of one connection: each event that one of them is given from outside, what
 * they say to it, which deadlines they arm, and where they stand afterwards. The recorder and its
 * replay both look through this, so that what they compare was seen in the same way.
 * @module
 */
import type { Actor, AnyActorRef, InspectionEvent } from 'xstate'
import { printState } from '../actors/charts.ts'
import type { connectionMachine } from '../machines/connection.ts'
import type { ArmedDeadline, FlightChart } from '../supervisor/flight-contract.ts'
import type { FlightEvent, FlightStates } from '../supervisor/flight-contract.ts'
import { plainCopy } from './flight-copy.ts'

export interface ChartsWatchOptions {
  nowMs(): number
  /** A chart is about to take an event from outside; all before it was told. Not a copy. */
  onInput?(event: { readonly type: string }): void
  /** Told when the next one begins, or by `finish`. `bytes` is about what it takes to keep it. */
  onEvent(event: FlightEvent, bytes: number): void
  /** What one of these threw: nothing is told any more. */
  onFault(error: unknown): void
}

export interface ChartsWatch {
  states(): FlightStates
  /** Deadlines that run. */
  armed(): readonly ArmedDeadline[]
  /** Tells what is not told yet. */
  finish(): void
  stop(): void
}

type Scheduled = ReturnType<
  Actor<typeof connectionMachine>['system']['getSnapshot']
>['_scheduledEvents'][string]

interface EventAtHand {
  readonly atMs: number
  readonly chart: FlightChart
  readonly event: { readonly type: string }
  readonly said: { readonly chart: FlightChart; readonly said: { readonly type: string } }[]
  readonly armed: ArmedDeadline[]
  bytes: number
}

/** What an event costs beside its content, about. */
const EVENT_BYTES = 256

export const isTyped = (value: unknown): value is { readonly type: string } =>
  typeof value === 'object' && value !== null && 'type' in value && typeof value.type === 'string'

/** The session of a connection's actor. @throws {Error} it has none: its own beginning threw */
export function sessionOf(actor: Actor<typeof connectionMachine>): AnyActorRef {
  const session = actor.getSnapshot().children.session as AnyActorRef | undefined
  if (session === undefined) throw new Error('the connection has no session')
  return session
}

function stateOf(ref: AnyActorRef): string {
  const { status, value } = ref.getSnapshot() as {
    readonly status: string
    readonly value?: unknown
  }
  return status === 'error' ? 'failed' : printState(value)
}

export function watchCharts(
  actor: Actor<typeof connectionMachine>,
  options: ChartsWatchOptions,
): ChartsWatch {
  const session = sessionOf(actor)
  let atHand: EventAtHand | undefined
  let scheduled: readonly Scheduled[] = []
  let stopped = false

  const chartOf = (ref: unknown): FlightChart | undefined =>
    ref === actor ? 'connection' : ref === session ? 'session' : undefined

  const armedAs = ({ delay, event, source }: Scheduled): ArmedDeadline => ({
    chart: chartOf(source) ?? 'connection',
    event: event.type,
    ms: delay,
  })

  const lookAtDeadlines = (): void => {
    const now = Object.values(actor.system.getSnapshot()._scheduledEvents)
    for (const one of now) if (!scheduled.includes(one)) atHand?.armed.push(armedAs(one))
    scheduled = now
  }

  const states = (): FlightStates => ({ connection: stateOf(actor), session: stateOf(session) })

  const finish = (): void => {
    if (atHand === undefined) return
    const { bytes, ...event } = atHand
    atHand = undefined
    options.onEvent({ ...event, states: states() }, bytes)
  }

  const begin = (chart: FlightChart, given: { readonly type: string }): void => {
    finish()
    options.onInput?.(given)
    // It brings the input of the chart, which stands in the checkpoint.
    const { bytes, value } = plainCopy(given.type === 'xstate.init' ? { type: given.type } : given)
    if (!isTyped(value)) throw new Error('an event without a type')
    const event = { atMs: options.nowMs(), chart, event: value, said: [], armed: [] }
    atHand = { ...event, bytes: EVENT_BYTES + bytes }
  }

  const inspect = (inspected: InspectionEvent): void => {
    const chart = chartOf(inspected.actorRef)
    if (chart === undefined) return
    if (inspected.type === '@xstate.snapshot') lookAtDeadlines()
    if (inspected.type !== '@xstate.event') return
    const { event, sourceRef } = inspected
    // What the charts tell each other follows from what they are given.
    const isFromOutside = sourceRef === undefined || scheduled.some((one) => one.event === event)
    if (isFromOutside) begin(chart, event)
  }

  const take = (chart: FlightChart) => (emitted: unknown) => {
    contained(() => {
      if (atHand === undefined) return
      const { bytes, value } = plainCopy(emitted)
      if (isTyped(value)) atHand.said.push({ chart, said: value })
      atHand.bytes += bytes
    })
  }

  /** The charts that are watched must not feel it. */
  const contained = (run: () => void): void => {
    if (stopped) return
    try {
      run()
    } catch (error) {
      stop()
      options.onFault(error)
    }
  }

  const subscriptions = [
    actor.system.inspect((inspected) => {
      contained(() => {
        inspect(inspected)
      })
    }),
    actor.on('*', take('connection')),
    session.on('*', take('session')),
  ]
  lookAtDeadlines()

  function stop(): void {
    stopped = true
    for (const subscription of subscriptions) subscription.unsubscribe()
  }

  return {
    states,
    armed: () => scheduled.map(armedAs),
    finish() {
      contained(finish)
    },
    stop,
  }
}
