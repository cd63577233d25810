/**
 * A running chart as it stands: the states that are lit, the deadlines that run, and what can happen
 * next, under the ids of its description. It reads, and runs nothing; a guard is named, not asked.
 * @module
 */
import { getNextTransitions } from 'xstate'
import type { AnyActorRef, AnyMachineSnapshot } from 'xstate'
import { printState } from '../actors/charts.ts'
import type { RunningWait } from '../actors/patient-clock.ts'
import type { ProtocolTypes } from '../machines/session.ts'
import type { InsideConnection } from '../supervisor/inside.ts'
import { describeChart, statePath, transitionIds } from './chart-description.ts'
import type { DescribedTransition } from './chart-description.ts'
import { chartOf, edgesOf, statesIn } from './chart-nodes.ts'
import type { ChartEdge, ChartNode } from './chart-nodes.ts'
import { shortTriggerText } from './chart-text.ts'
import type { ChartNow, PossibleTransition, RunningDeadline } from './messages.ts'

/** What is looked up of a chart again and again, whoever runs it. */
interface ReadChart {
  readonly name: string
  /** By what they are in the running chart. */
  readonly ids: ReadonlyMap<ChartEdge, string>
  readonly transitions: ReadonlyMap<string, DescribedTransition>
  /** By the event that XState gives itself when the time is up. */
  readonly byEvent: ReadonlyMap<string, ChartEdge>
}

const readCharts = new WeakMap<object, ReadChart>()

function readChart(logic: object): ReadChart {
  const known = readCharts.get(logic)
  if (known !== undefined) return known
  const { id, root } = chartOf(logic)
  const edges = statesIn(root).flatMap(edgesOf)
  const read: ReadChart = {
    name: id,
    ids: transitionIds(logic),
    transitions: new Map(describeChart(logic).transitions.map((one) => [one.id, one])),
    byEvent: new Map(edges.map((edge) => [edge.eventType, edge])),
  }
  readCharts.set(logic, read)
  return read
}

const nextOf = (snapshot: AnyMachineSnapshot, chart: ReadChart): readonly PossibleTransition[] =>
  getNextTransitions(snapshot).flatMap((edge: ChartEdge) => {
    const described = chart.transitions.get(chart.ids.get(edge) ?? '')
    if (described === undefined) return []
    const { guard, id, on, targets } = described
    return [{ transition: id, trigger: shortTriggerText(on), guard: guard?.name ?? null, targets }]
  })

/** Both charts of a connection have one clock; whose deadline it is, is known to XState alone. */
interface Scheduled {
  readonly source: unknown
  readonly delay: number
  readonly event: { readonly type: string }
}

/** XState arms them in the order in which it lists them. */
function waitOf(one: Scheduled, waits: RunningWait[]): RunningWait | undefined {
  const at = waits.findIndex(({ ms }) => ms === one.delay)
  return at < 0 ? undefined : waits.splice(at, 1)[0]
}

interface OfChart {
  readonly ref: AnyActorRef
  readonly snapshot: AnyMachineSnapshot
  readonly chart: ReadChart
}

/** Undefined for a chart whose own beginning threw. */
function ofChart(ref: AnyActorRef | undefined): OfChart | undefined {
  const snapshot = ref?.getSnapshot() as AnyMachineSnapshot | undefined
  if (ref === undefined || snapshot?.machine === undefined) return undefined
  return { ref, snapshot, chart: readChart(snapshot.machine) }
}

function deadlinesOf(
  { chart, ref }: OfChart,
  running: readonly { readonly one: Scheduled; readonly wait: RunningWait }[],
  isHeld: boolean,
): readonly RunningDeadline[] {
  return running.flatMap(({ one, wait }) => {
    if (one.source !== ref) return []
    const edge = chart.byEvent.get(one.event.type)
    const id = edge === undefined ? undefined : chart.ids.get(edge)
    const on = chart.transitions.get(id ?? '')?.on
    const name = on?.kind === 'after' ? on.delay : one.event.type
    return [{ transition: id ?? null, name, ms: wait.ms, leftMs: Math.ceil(wait.leftMs), isHeld }]
  })
}

function nowOf(of: OfChart, deadlines: readonly RunningDeadline[]): ChartNow {
  const { chart, snapshot } = of
  const lit: readonly ChartNode[] = snapshot._nodes
  return {
    name: chart.name,
    state: printState(snapshot.value),
    active: lit
      .toSorted((one, other) => one.path.length - other.path.length)
      .map((node) => statePath(chart.name, node)),
    deadlines,
    next: snapshot.status === 'active' ? nextOf(snapshot, chart) : [],
  }
}

export interface ChartsNow {
  readonly connection: ChartNow | null
  readonly session: ChartNow | null
}

/** @param nowMs monotonic */
export function chartsNow<T extends ProtocolTypes>(
  connection: Pick<InsideConnection<T>, 'actor' | 'isHeld' | 'waits'>,
  nowMs: number,
): ChartsNow {
  const { actor } = connection
  const own = ofChart(actor)
  const session = ofChart(actor.getSnapshot().children.session as AnyActorRef | undefined)
  const waits = connection.waits(nowMs).filter(({ name }) => name === undefined)
  const scheduled: readonly Scheduled[] = Object.values(actor.system.getSnapshot()._scheduledEvents)
  const running = scheduled.flatMap((one) => {
    const wait = waitOf(one, waits)
    return wait === undefined ? [] : [{ one, wait }]
  })
  const held = connection.isHeld()
  const now = (of: OfChart | undefined): ChartNow | null =>
    of === undefined ? null : nowOf(of, deadlinesOf(of, running, held))
  return { connection: now(own), session: now(session) }
}
