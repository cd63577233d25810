/**
 * One connection as the running statechart it is: where it stands, which way it came, what it waits
 * for, what can happen next, what was said; and when it is over, why.
 * @module
 */
import { useState } from 'preact/hooks'
import type { ChartNow, Closing, ConnectionAnswer, PossibleTransition } from '../messages.ts'
import { ConnectionActions } from './actions.tsx'
import { banSubjectOf } from './ban-subject.ts'
import { ChartPicture } from './chart-picture.tsx'
import { Deadlines } from './deadlines.tsx'
import { useChart, useView } from './hooks.ts'
import { litOf } from './lit.ts'
import type { View } from './live.ts'
import { Path } from './path.tsx'
import { plainFacts } from './plain.tsx'
import {
  Address,
  Facts,
  Identity,
  NodeLink,
  Refused,
  SampledWords,
  Section,
  State,
  Waiting,
} from './parts.tsx'
import { fragmentOf } from './route.ts'
import { Sequence } from './sequence.tsx'
import { bytesRateWords, bytesWords, countWords, lengthWords, rateWords } from './words.ts'
import { shortAddress, timeWords } from './words.ts'

type ChartKind = 'connection' | 'session'

function Next({ next }: { readonly next: readonly PossibleTransition[] }) {
  if (next.length === 0) return <p class="faint">Nothing: this is the end of it.</p>
  return (
    <ul class="next">
      {next.map(({ guard, targets, transition, trigger }) => (
        <li key={transition}>
          <span class="mono">{trigger}</span>
          {guard === null ? null : <span class="guard">if {guard}</span>}
          <span class="target">
            {targets.length === 0
              ? 'stays'
              : `→ ${targets.map((id) => id.split('.').slice(1).join('.')).join(', ')}`}
          </span>
        </li>
      ))}
    </ul>
  )
}

function Chart(props: {
  readonly node: string
  readonly kind: ChartKind
  readonly now: ChartNow
  readonly answer: ConnectionAnswer
  readonly fromMs: number
}) {
  const { answer, fromMs, kind, node, now } = props
  const state = useChart(node, now.name)
  if (state.is === 'loading') return <Waiting words="The chart is fetched …" />
  if (state.is === 'failed') return <p class="notice is-bad">{state.message}</p>
  const { chart, geometry } = state.laidOut
  const path = answer.path.filter((entry) => entry.chart === kind)
  return (
    <ChartPicture
      geometry={geometry}
      lit={litOf(chart, now, path)}
      deadlines={now.deadlines.map((deadline) => ({ deadline, fromMs }))}
      words={`The chart ${now.name}. It is in ${now.state.replaceAll('.', ', in it ')}.`}
    />
  )
}

/** Of a connection that is over: where its last transition led to, and nothing more. */
function chartNow(answer: ConnectionAnswer, kind: ChartKind): ChartNow | null {
  const now = answer.charts[kind]
  if (now === null || answer.closed === null) return now
  const last = answer.path.findLast(({ chart }) => chart === kind)
  return { name: now.name, state: last?.state ?? now.state, active: [], deadlines: [], next: [] }
}

function Closed({ closed }: { readonly closed: Closing }) {
  return (
    <section class="notice is-closed" aria-label="Why it was closed">
      <h2>Closed at {timeWords(closed.atMs)}</h2>
      {closed.words.map((sentence) => (
        <p key={sentence}>{sentence}</p>
      ))}
      <p class="faint">
        {`${closed.reason}, ${closed.detail}; by ${closed.by}, while ${closed.phase}. What follows: ${closed.verdict}.`}
      </p>
    </section>
  )
}

function Head({
  view,
}: {
  readonly view: View<{ view: 'connection'; node: string; connection: string }>
}) {
  const { closed, row } = view.answer
  return (
    <>
      <h1>
        {row.connection} <State state={closed === null ? row.state : 'closed'} />
        {row.isHeld && closed === null ? <span class="tag">not read</span> : null}
      </h1>
      <Facts
        facts={[
          ['node', <NodeLink node={row.node} />],
          ['direction', [row.direction, row.slot].filter(Boolean).join(', ')],
          ['address', <Address of={row.address} />],
          ['identity', <Identity of={row.identity} />],
          ['age', lengthWords(row.ageMs)],
          ...Object.entries(row.described),
          ['strikes', countWords(row.strikes)],
        ]}
      />
    </>
  )
}

function Counters({ answer }: { readonly answer: ConnectionAnswer }) {
  const { counters, row } = answer
  const dropped = Object.entries(counters.dropped)
  return (
    <Facts
      facts={[
        [
          'in',
          `${rateWords(row.rates.receivedMessages)} /s, ${bytesRateWords(row.rates.receivedBytes)}`,
        ],
        ['out', `${rateWords(row.rates.sentMessages)} /s, ${bytesRateWords(row.rates.sentBytes)}`],
        [
          'received',
          `${countWords(counters.receivedMessages)}, ${bytesWords(counters.receivedBytes)}`,
        ],
        ['handled', countWords(counters.handledMessages)],
        ['sent', `${countWords(counters.sentMessages)}, ${bytesWords(counters.sentBytes)}`],
        ['unsent', countWords(counters.unsentMessages)],
        ...Object.entries(row.queuedBytes).map(
          ([lane, bytes]) => [`queue ${lane}`, bytesWords(bytes)] as const,
        ),
        ...dropped.map(([why, count]) => [`dropped, ${why}`, countWords(count)] as const),
      ]}
    />
  )
}

function FoundOut({ answer }: { readonly answer: ConnectionAnswer }) {
  const facts = [...plainFacts(answer.facts), ...plainFacts(answer.about)]
  return facts.length === 0 ? <p class="faint">Nothing.</p> : <Facts facts={facts} />
}

export function ConnectionPage(props: { readonly node: string; readonly connection: string }) {
  const { connection, node } = props
  const { refused, view } = useView({ view: 'connection', node, connection })
  const [shown, setShown] = useState<ChartKind>()
  const answer = view?.answer
  const session = answer === undefined ? null : chartNow(answer, 'session')
  const own = answer === undefined ? null : chartNow(answer, 'connection')
  // The handshake is what one wants to see; where there is none, there is the connection.
  const kind = session === null ? 'connection' : (shown ?? 'session')
  const now = kind === 'session' ? session : own
  if (view === undefined || answer === undefined || now === null) {
    return (
      <>
        <h1>{connection}</h1>
        {refused === undefined ? <Waiting /> : <Refused refused={refused} />}
      </>
    )
  }
  const tabs = [
    ...(session === null
      ? []
      : [{ kind: 'session' as const, title: `session (${session.name})`, now: session }]),
    ...(own === null ? [] : [{ kind: 'connection' as const, title: 'connection', now: own }]),
  ]
  return (
    <>
      <Head view={view} />
      {answer.closed === null ? <Refused refused={refused} /> : <Closed closed={answer.closed} />}
      {answer.closed === null ? (
        <ConnectionActions node={node} connection={connection} subject={banSubjectOf(answer.row)} />
      ) : null}
      <div class="columns">
        <Section
          title="Statechart"
          class="wide-card"
          aside={
            <div class="tabs" role="group" aria-label="Which chart">
              {tabs.map((tab) => (
                <button
                  key={tab.kind}
                  type="button"
                  aria-pressed={tab.kind === kind}
                  onClick={() => {
                    setShown(tab.kind)
                  }}
                >
                  {tab.title}
                  <State state={tab.now.state} />
                </button>
              ))}
            </div>
          }
        >
          <Chart node={node} kind={kind} now={now} answer={answer} fromMs={view.atMs} />
        </Section>
        <div class="stack">
          <Section title="Deadlines">
            <Deadlines deadlines={now.deadlines} fromMs={view.atMs} />
          </Section>
          <Section title="What can happen next">
            <Next next={now.next} />
          </Section>
          <Section
            title="The way it came"
            aside={<a href={fragmentOf({ at: 'flight', node, connection })}>step through it</a>}
          >
            <Path path={answer.path} leftOut={answer.pathLeftOut} />
          </Section>
        </div>
      </div>
      <div class="columns">
        <Section title="Messages" class="wide-card" aside={<SampledWords sampled={view.sampled} />}>
          <Sequence
            messages={answer.messages}
            passedOver={answer.messagesPassedOver}
            us={node}
            peer={shortAddress(answer.row.address)}
          />
        </Section>
        <div class="stack">
          <Section title="Counters">
            <Counters answer={answer} />
          </Section>
          <Section title="What was found out">
            <FoundOut answer={answer} />
          </Section>
        </div>
      </div>
    </>
  )
}
