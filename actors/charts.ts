/**
 * The two charts of one connection, running: the connection's and its session's. They say what shall
 * be done; it is done after the transition, in the order in which it was said.
 *
 * What is done for the session never re-enters it: its next event waits until everything it said was
 * carried out. What the connection's chart says is carried out at once.
 * @module
 */
import { createActor } from 'xstate'
import type { Actor, AnyActorRef } from 'xstate'
import type { connectionMachine, ConnectionEvent } from '../machines/connection.ts'
import type { ConnectionInput, ConnectionSaid, Ending } from '../machines/connection.ts'
import { HOLDING } from '../machines/session.ts'
import type { ProtocolTypes, SessionEvent, SessionSaid } from '../machines/session.ts'
import { asSessionRef } from '../machines/slot.ts'
import type { SessionRef } from '../machines/slot.ts'
import type { PatientClock } from './patient-clock.ts'

export type ChartName = 'connection' | 'session'

/** What a chart and its session can say or take in one go; more is a chart that talks to itself. */
const SAID_MAX = 10_000

export interface ChartsOptions<T extends ProtocolTypes> {
  readonly chart: typeof connectionMachine
  readonly clock: Pick<PatientClock, 'setTimeout' | 'clearTimeout'>
  readonly input: ConnectionInput
  performChart(said: ConnectionSaid): void
  performSession(said: SessionSaid<T>): void
  onState(chart: ChartName, event: string, state: string): void
  onSessionError(error: unknown): void
  /** The connection's chart itself failed: it says nothing more. */
  onChartError(error: unknown): void
}

export interface Charts<T extends ProtocolTypes> {
  readonly actor: Actor<typeof connectionMachine>
  start(): void
  sendChart(event: ConnectionEvent): void
  postSession(event: SessionEvent<T>): void
  /** Runs a timer of one of the charts. */
  ring(run: () => void): void
  /** Whether the session is in a state that holds the pull. */
  isHolding(): boolean
  /** What it was in when what is being carried out came about: what ends a connection may end the session. */
  sessionState(): string
  /** Why it ended, as the chart saw it: a deadline of its own. */
  chartEnding(): Ending
  stop(): void
}

/** States of regions are joined by `|`, inner ones by `.`. */
export const printState = (value: unknown): string =>
  typeof value === 'object' && value !== null
    ? Object.entries(value)
        .map(([state, inner]) => `${state}.${printState(inner)}`)
        .join('|')
    : String(value)

/**
 * A chart whose own beginning throws has none; it is told of when it is started. A function of its
 * own: the first snapshot would be held for as long as the connection lives.
 */
function sessionOf<T extends ProtocolTypes>(
  actor: Actor<typeof connectionMachine>,
): SessionRef<T> | undefined {
  const { children, status } = actor.getSnapshot()
  if (status === 'error') return undefined
  return asSessionRef<T>(children.session as AnyActorRef | undefined)
}

export function createCharts<T extends ProtocolTypes>(options: ChartsOptions<T>): Charts<T> {
  const { input } = options
  const actor = createActor(options.chart, { clock: options.clock, id: input.name, input })
  const session = sessionOf<T>(actor)
  let chartSaid: ConnectionSaid[] = []
  let sessionSaid: SessionSaid<T>[] = []
  const sessionEvents: SessionEvent<T>[] = []
  let eventAtHand = 'start'
  /** Where the session was before what it is told now; undefined: it is told nothing. */
  let before: unknown
  let pumping = false
  let holding = false
  let stopped = false

  const carryOutChart = (): void => {
    while (chartSaid.length > 0) {
      const said = chartSaid
      chartSaid = []
      for (const one of said) options.performChart(one)
    }
  }

  const carryOutSession = (): void => {
    const said = sessionSaid
    sessionSaid = []
    // A session that failed makes the connection's chart speak.
    carryOutChart()
    for (const one of said) {
      if (stopped) return
      options.performSession(one)
    }
  }

  const pump = (): void => {
    if (pumping) return
    pumping = true
    try {
      let count = 0
      carryOutSession()
      for (let event = sessionEvents.shift(); event !== undefined; event = sessionEvents.shift()) {
        if (stopped) return
        if (++count > SAID_MAX) throw new RangeError('the session answers itself without end')
        eventAtHand = event.type
        before = session?.state()
        session?.send(event)
        carryOutSession()
      }
    } finally {
      pumping = false
      before = undefined
      holding = !stopped && session?.hasTag(HOLDING) === true
    }
  }

  return {
    actor,
    start() {
      if (session === undefined) {
        options.onChartError(actor.getSnapshot().error)
        return
      }
      actor.on('*', (said) => {
        chartSaid.push(said)
      })
      session.onSaid((said) => {
        sessionSaid.push(said)
      })
      session.onState((value) => {
        options.onState('session', eventAtHand, printState(value))
      }, options.onSessionError)
      actor.subscribe({
        next: (snapshot) => {
          options.onState('connection', eventAtHand, printState(snapshot.value))
        },
        error: options.onChartError,
      })
      actor.start()
      carryOutChart()
      pump()
    },
    sendChart(event) {
      if (stopped) return
      eventAtHand = event.type
      actor.send(event)
      carryOutChart()
    },
    postSession(event) {
      if (stopped) return
      sessionEvents.push(event)
      pump()
    },
    ring(run) {
      if (stopped) return
      eventAtHand = 'after'
      before = session?.state()
      run()
      carryOutChart()
      pump()
    },
    isHolding: () => holding,
    sessionState: () => (session === undefined ? 'none' : printState(before ?? session.state())),
    chartEnding: () => actor.getSnapshot().context.ending,
    stop() {
      stopped = true
      holding = false
      sessionEvents.length = 0
      chartSaid = []
      sessionSaid = []
      if (actor.getSnapshot().status === 'active') actor.stop()
    },
  }
}
