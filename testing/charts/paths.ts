/**
 * Tests from a chart: the shortest path to each of its transitions, driven against real parts. What
 * the observation port tells of the chart is compared, event by event, with the chart alone.
 * @module
 */
import type { AnyActorLogic } from 'xstate'
import { transitionIds } from '../../inspector/chart-description.ts'
import type { ContractCase } from '../suite.ts'
import { namedStimuli, pathsOf, startModel } from './model.ts'
import type { Path, Timely } from './model.ts'
import type { AnyStimuli, Seen } from './stimuli.ts'

/** One way in which a chart begins, and what it can be told then. */
export interface Beginning<Stage> {
  readonly input: unknown
  readonly stimuli: AnyStimuli<Stage>
  /** What is particular about a delay. Left out: it comes wherever the chart waits for it. */
  readonly timely?: Timely<Stage>
}

/** Real parts, set up for one path. */
export interface Performance<Stage> {
  readonly stage: Stage
  /** From the chart's beginning on. */
  readonly seen: readonly Seen[]
  /** The transitions that the running chart took since then, as `recordTransitions` finds them. */
  taken(): readonly string[]
  /** Lets happen what is to happen, until `isDone` says so, or nothing more happens in a while. */
  run(isDone: () => boolean): void
}

export interface ChartPaths<Stage> {
  readonly logic: AnyActorLogic
  readonly beginnings: Readonly<Record<string, Beginning<Stage>>>
  /** Time alone passes: whoever might say something is silent from now on. */
  passTime(stage: Stage): void
  /**
   * Starts the real parts and hands them to `drive`; afterwards it ends them. `ahead` names the steps
   * of the path, so that a peer can be what the path needs.
   */
  perform(
    beginning: string,
    ahead: readonly string[],
    drive: (performance: Performance<Stage>) => void,
  ): Promise<void>
  /** By the id of a transition, why no node comes to it. Neither longer nor shorter than the truth. */
  readonly unreachable: Readonly<Record<string, string>>
}

/** Of the id of such a transition. */
const ALWAYS = /: always(?: [0-9]+)?$/

interface Planned<Stage> extends Path<Stage> {
  readonly beginning: string
}

/** The shortest over all beginnings. */
function planOf<Stage>(paths: ChartPaths<Stage>): ReadonlyMap<string, Planned<Stage>> {
  const plan = new Map<string, Planned<Stage>>()
  for (const [beginning, { input, stimuli, timely }] of Object.entries(paths.beginnings)) {
    const named = namedStimuli(paths.logic, stimuli, paths.passTime, timely)
    for (const path of pathsOf(paths.logic, input, named)) {
      const known = plan.get(path.transition)
      if (known === undefined || known.steps.length > path.steps.length) {
        plan.set(path.transition, { ...path, beginning })
      }
    }
  }
  return plan
}

function drive<Stage>(
  paths: ChartPaths<Stage>,
  { beginning, steps, transition }: Planned<Stage>,
  { run, seen, stage, taken }: Performance<Stage>,
): void {
  const begun = paths.beginnings[beginning]
  if (begun === undefined) throw new Error(`no beginning ${beginning}`)
  const model = startModel(paths.logic, begun.input)
  const spontaneous = namedStimuli<Stage>(paths.logic, begun.stimuli, () => undefined).filter(
    ({ isSpontaneous }) => isSpontaneous === true,
  )
  let at = 0

  const wrong = (what: string): Error =>
    new Error(`${what}; seen: ${seen.map(({ event, state }) => `${event} -> ${state}`).join(', ')}`)

  const compare = (entry: Seen): void => {
    if (entry.state === model.state) return
    throw wrong(`after ${entry.event} the chart alone is in ${model.state}, not in ${entry.state}`)
  }

  run(() => seen.length > 0)
  const first = seen[at++]
  if (first === undefined) throw wrong('it did not begin')
  compare(first)

  for (const [index, step] of steps.entries()) {
    const name = step.seenAs ?? step.event.type
    // What comes by itself may have come before its turn.
    if (model.taken.includes(transition)) break
    let isBrought = false
    for (;;) {
      if (at === seen.length && !isBrought) {
        isBrought = true
        step.bring?.(
          stage,
          steps.slice(index + 1).map((next) => next.name),
        )
      }
      run(() => seen.length > at)
      const entry = seen[at++]
      if (entry === undefined) throw wrong(`${step.name} did not happen`)
      const other = spontaneous.find(({ event }) => event.type === entry.event)
      // What the chart does not hear in its state is told it all the same.
      if (entry.event !== name && other === undefined && !model.hears(entry.event)) continue
      if (entry.event !== name && other === undefined) {
        throw wrong(`${entry.event} happened in place of ${step.name}`)
      }
      const isIt = entry.event === name
      model.tell(isIt || other === undefined ? step.event : other.event)
      compare(entry)
      if (isIt) break
    }
  }
  if (!model.taken.includes(transition)) throw wrong('the path did not lead there')
  // What needs no event is seen in the state alone.
  if (ALWAYS.test(transition) || taken().includes(transition)) return
  throw wrong(`it took ${taken().join(' | ')}`)
}

const sorted = (names: Iterable<string>): readonly string[] => [...names].toSorted()

/** A case for each transition, and one for the list of those that nobody comes to. */
export function chartPathCases<Stage>(paths: ChartPaths<Stage>): readonly ContractCase[] {
  const plan = planOf(paths)
  const ids = [...transitionIds(paths.logic).values()]
  return [
    {
      title: 'each transition is come to, or it is said why nobody does',
      run() {
        const missed = sorted(ids.filter((id) => !plan.has(id)))
        const said = sorted(Object.keys(paths.unreachable))
        if (missed.join() === said.join()) {
          return Promise.resolve(`${plan.size} transitions, ${missed.length} out of reach`)
        }
        const unsaid = missed.filter((id) => !said.includes(id))
        const untrue = said.filter((id) => !missed.includes(id))
        return Promise.reject(
          new Error(
            `not reached, and not said why: ${unsaid.join(' | ') || 'none'}; ` +
              `said to be out of reach, and not: ${untrue.join(' | ') || 'none'}`,
          ),
        )
      },
    },
    ...[...plan.values()].map((planned): ContractCase => {
      const names = planned.steps.map(({ name }) => name)
      const way = names.length === 0 ? 'its beginning' : names.join(', ')
      return {
        title: `(${planned.transition}) is come to by ${way} (${planned.beginning})`,
        async run() {
          let isDriven = false
          await paths.perform(planned.beginning, names, (performance) => {
            drive(paths, planned, performance)
            isDriven = true
          })
          if (!isDriven) throw new Error('nobody drove it')
        },
      }
    }),
  ]
}
