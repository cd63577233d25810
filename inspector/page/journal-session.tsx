/**
 * A journal that is open: step by step, or along all of it, with the charts as they stood behind each
 * step; and forked into a test.
 * @module
 */
import { useEffect, useRef, useState } from 'preact/hooks'
import type { JournalChart, JournalOpened, JournalStep, PathEntry } from '../messages.ts'
import { ChartPicture } from './chart-picture.tsx'
import { useChart, useView } from './hooks.ts'
import { Fork } from './journal-fork.tsx'
import { litOf } from './lit.ts'
import { Path } from './path.tsx'
import { Section, State, Time, Waiting } from './parts.tsx'
import { Sequence } from './sequence.tsx'
import { useServer } from './server.ts'
import type { Server } from './server.ts'
import { countWords } from './words.ts'

/** Steps that follow each other, as far back as they were seen; the last one is shown. */
type Shown = readonly JournalStep[]

/** Steps that are kept, so that one back and forth costs nothing. */
const KEPT_MAX = 64

/** @throws {Error} with a sentence for the person */
async function readStep(
  server: Server,
  journal: string,
  step: number,
  kept: Map<number, JournalStep>,
): Promise<JournalStep> {
  const known = kept.get(step)
  if (known !== undefined) return known
  const answer = await server.journal({ step, journal })
  if (!('at' in answer)) {
    throw new Error('refused' in answer ? answer.refused.message : 'There is no such step.')
  }
  if (kept.size >= KEPT_MAX) kept.clear()
  kept.set(step, answer.at)
  return answer.at
}

/** The step that is wanted is asked for once the one before it was answered: scrubbing asks for few. */
function useStep(journal: string, wanted: number) {
  const server = useServer()
  const [shown, setShown] = useState<Shown>()
  const [wrong, setWrong] = useState<string>()
  const kept = useRef(new Map<number, JournalStep>())
  const latest = useRef(wanted)
  const isAsking = useRef(false)
  latest.current = wanted
  useEffect(() => {
    const read = async (asked: number): Promise<Shown> => {
      const step = await readStep(server, journal, asked, kept.current)
      if (asked > 0) await readStep(server, journal, asked - 1, kept.current)
      const steps = [step]
      for (let at = asked - 1; ; at--) {
        const before = kept.current.get(at)
        if (before === undefined) return steps.reverse()
        steps.push(before)
      }
    }
    const ask = (asked: number): void => {
      isAsking.current = true
      const done = (sentence?: string): void => {
        isAsking.current = false
        setWrong(sentence)
        if (latest.current !== asked) ask(latest.current)
      }
      read(asked).then(
        (next) => {
          setShown(next)
          done()
        },
        (error: unknown) => {
          done(error instanceof Error ? error.message : String(error))
        },
      )
    }
    if (!isAsking.current) ask(wanted)
  }, [server, journal, wanted])
  return { shown, wrong }
}

/** What led a chart to where it stands, from where it stood behind the first of the steps. */
function pathOf(steps: Shown, chart: JournalChart): readonly PathEntry[] {
  const kind = chart.chart === 'connection' ? 'connection' : 'session'
  const [first, ...rest] = steps
  const from = first?.charts.find((one) => keyOf(one) === keyOf(chart))
  const begin =
    first === undefined || from === undefined
      ? []
      : [{ atMs: first.atMs, chart: kind, event: '', state: from.state } as const]
  const moved = rest.flatMap(({ path }) =>
    path.filter((entry) => entry.connection === chart.of && entry.chart === kind),
  )
  return [...begin, ...moved]
}

function Scrubber(props: {
  readonly steps: number
  readonly at: number
  readonly onStep: (step: number) => void
}) {
  const { at, onStep, steps } = props
  const last = steps - 1
  const buttons: readonly (readonly [title: string, sign: string, to: number])[] = [
    ['First step', '|◀', 0],
    ['Step before', '◀', at - 1],
    ['Next step', '▶', at + 1],
    ['Last step', '▶|', last],
  ]
  return (
    <div class="scrubber" role="group" aria-label="Steps">
      {buttons.map(([title, sign, to]) => (
        <button
          key={title}
          type="button"
          aria-label={title}
          title={title}
          disabled={to < 0 || to > last || to === at}
          onClick={() => {
            onStep(to)
          }}
        >
          {sign}
        </button>
      ))}
      <input
        type="range"
        aria-label="Step"
        aria-valuetext={`step ${countWords(at)} of ${countWords(last)}`}
        min={0}
        max={last}
        value={at}
        onInput={({ currentTarget }) => {
          onStep(currentTarget.valueAsNumber)
        }}
      />
      <span class="number">{`${countWords(at)} / ${countWords(last)}`}</span>
    </div>
  )
}

function Chart(props: {
  readonly node: string
  readonly chart: JournalChart
  readonly path: readonly PathEntry[]
}) {
  const { chart, node, path } = props
  const state = useChart(node, chart.chart)
  if (state.is === 'loading') return <Waiting words="The chart is fetched …" />
  if (state.is === 'failed') return <p class="bad">{state.message}</p>
  const { geometry, chart: description } = state.laidOut
  return (
    <ChartPicture
      geometry={geometry}
      lit={litOf(description, { ...chart, next: [] }, path)}
      deadlines={[]}
      words={`The chart ${chart.chart} of ${chart.of}. It is in ${chart.state.replaceAll('.', ', in it ')}.`}
    />
  )
}

const keyOf = ({ chart, of }: JournalChart): string => `${of} ${chart}`

/** Which of several charts: that of the person, else the last one, which moved most lately. */
function chosenOf(charts: readonly JournalChart[], key: string | undefined) {
  return charts.find((chart) => keyOf(chart) === key) ?? charts.at(-1)
}

export function JournalSession(props: {
  readonly opened: JournalOpened
  /** Null: the node has no folder of recordings; undefined: it has not said yet. */
  readonly recordDir: string | null | undefined
  readonly onClose: () => void
}) {
  const { onClose, opened, recordDir } = props
  const [at, setAt] = useState(0)
  const [chosen, setChosen] = useState<string>()
  const { shown, wrong } = useStep(opened.journal, at)
  const step = shown?.at(-1)
  const { view } = useView({ view: 'nodes' })
  const nodes = view?.answer.nodes ?? []
  // Charts are those of a node that speaks the same network: the journal has none of its own.
  const node = (nodes.find(({ protocol }) => protocol === opened.protocol) ?? nodes[0])?.node
  const chart = chosenOf(step?.charts ?? [], chosen)
  return (
    <>
      <h1>
        {opened.name} <span class="tag">{opened.of}</span>
      </h1>
      <p class="faint">
        {`${opened.protocol}, ${countWords(opened.steps)} steps `}
        <button type="button" onClick={onClose}>
          Close it
        </button>
      </p>
      {opened.incomplete === null ? null : <p class="notice">{opened.incomplete}</p>}
      <Scrubber steps={opened.steps} at={at} onStep={setAt} />
      {wrong === undefined ? null : (
        <p class="notice is-bad" role="alert">
          {wrong}
        </p>
      )}
      {shown === undefined || step === undefined ? (
        <Waiting words="The step is made …" />
      ) : (
        <>
          <p aria-live="polite">
            {`Step ${countWords(step.step)}, `}
            <Time atMs={step.atMs} /> <span class="mono">{step.input}</span>
          </p>
          <div class="columns">
            <Section
              title="Statechart"
              aside={
                step.charts.length === 0 ? null : (
                  <label class="choice">
                    of{' '}
                    <select
                      value={chart === undefined ? '' : keyOf(chart)}
                      onChange={({ currentTarget }) => {
                        setChosen(currentTarget.value)
                      }}
                    >
                      {step.charts.map((one) => (
                        <option key={keyOf(one)} value={keyOf(one)}>
                          {`${one.of}, ${one.chart}: ${one.state}`}
                        </option>
                      ))}
                    </select>
                  </label>
                )
              }
            >
              {chart === undefined || node === undefined ? (
                <p class="faint">No chart runs yet.</p>
              ) : (
                <Chart node={node} chart={chart} path={pathOf(shown, chart)} />
              )}
            </Section>
            <div class="stack">
              <Section title="Where the charts stand">
                <ul class="next">
                  {step.charts.map((one) => (
                    <li key={keyOf(one)}>
                      <span class="mono">{one.of}</span>
                      <span class="target">
                        {one.chart} <State state={one.state} />
                      </span>
                    </li>
                  ))}
                </ul>
                {step.chartsLeftOut === 0 ? null : (
                  <p class="faint">{`${countWords(step.chartsLeftOut)} more are not shown`}</p>
                )}
              </Section>
              <Section title="What happened in this step">
                <Path path={step.path} leftOut={0} none="No chart moved." />
                {step.leftOut === 0 ? null : (
                  <p class="faint">{`${countWords(step.leftOut)} more are not shown`}</p>
                )}
              </Section>
              <Section title="Fork">
                <Fork opened={opened} step={at} recordDir={recordDir} />
              </Section>
            </div>
          </div>
          <Section title="Messages in this step">
            <Sequence
              messages={step.messages}
              passedOver={0}
              us="us"
              peer="peer"
              none="None was said in this step."
            />
          </Section>
        </>
      )}
    </>
  )
}
