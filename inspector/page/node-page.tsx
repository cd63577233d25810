/**
 * One node: its supervision tree with restarts, its sub-protocols, throughput and latency over time,
 * and what its supervisor told.
 * @module
 */
import type { NodeRow, SeriesPoint } from '../messages.ts'
import type { Plain } from '../readable.ts'
import { Actions } from './actions.tsx'
import { ConnectionsTable } from './connections-page.tsx'
import { useView } from './hooks.ts'
import { NodeState } from './nodes-page.tsx'
import {
  Address,
  ConnectionLink,
  Facts,
  Identity,
  Refused,
  SampledWords,
  Section,
  State,
  Time,
  Waiting,
} from './parts.tsx'
import { isFields, plainText } from './plain.tsx'
import { SyncWindow } from './sync-window.tsx'
import { TimeSeries } from './time-series.tsx'
import { bytesRateWords, countWords, lengthWords, manyWords, rateWords } from './words.ts'

function NodeActions({ row }: { readonly row: NodeRow }) {
  const { isPaused, node } = row
  if (row.is === 'gone') return null
  return (
    <Actions
      choices={[
        isPaused
          ? { title: 'Resume', question: `Resume ${node}?`, action: { do: 'resume', node } }
          : { title: 'Pause', question: `Pause ${node}?`, action: { do: 'pause', node } },
      ]}
    />
  )
}

function Alive({ audit }: { readonly audit: Readonly<Record<string, number>> }) {
  const all = Object.entries(audit)
  const alive = all.filter(([, count]) => count > 0)
  return (
    <>
      <Facts facts={alive.map(([name, count]) => [name, countWords(count)])} />
      <p class="sampled">{`of ${manyWords(all.length - alive.length, 'other kind')} there is none`}</p>
    </>
  )
}

function Tree({ node }: { readonly node: string }) {
  const { refused, view } = useView({ view: 'tree', node })
  if (view === undefined) return refused === undefined ? <Waiting /> : <Refused refused={refused} />
  const { audit, children, connections, node: row } = view.answer
  const count = connections.reduce((sum, one) => sum + one.count, 0)
  return (
    <>
      <Facts
        facts={[
          ['state', <NodeState node={row} />],
          ['network', row.protocol],
          ['listens at', <Address of={row.addresses.join(', ')} />],
          ['identity', <Identity of={row.identity} />],
          [
            'started',
            manyWords(row.incarnation, 'time') +
              (row.is === 'gone' ? '' : `, ${lengthWords(view.sampled.atMs - row.sinceMs)} ago`),
          ],
          ['process', String(row.pid)],
        ]}
      />
      <NodeActions row={row} />
      <div class="columns even">
        <Section title="Supervision tree">
          <ul class="tree">
            <li>
              <span class="mono">{row.node}</span>{' '}
              <State state={row.is === 'gone' ? 'gone' : row.state} />
              <ul>
                <li>
                  connections <span class="faint">{countWords(count)}</span>
                  <ul>
                    {connections.map((one) => (
                      <li key={one.state}>
                        <State state={one.state} />{' '}
                        <span class="number">{countWords(one.count)}</span>
                      </li>
                    ))}
                  </ul>
                </li>
                {children.map(({ child, restart, restarts, state }) => (
                  <li key={child}>
                    <span class="mono">{child}</span> <State state={state} />{' '}
                    <span class="faint">{restart}</span>
                    {restarts === 0 ? null : (
                      <span class="tag">{manyWords(restarts, 'restart')}</span>
                    )}
                    <Actions
                      choices={[
                        {
                          title: `Restart ${child}`,
                          question: `Restart ${child}? It counts as a restart.`,
                          action: { do: 'restart', node, child },
                        },
                      ]}
                    />
                  </li>
                ))}
              </ul>
            </li>
          </ul>
        </Section>
        <Section title="Over time">
          <Series node={node} />
        </Section>
      </div>
      <Section title="What is alive">
        <Alive audit={audit} />
      </Section>
    </>
  )
}

function Children({ node }: { readonly node: string }) {
  const { refused, view } = useView({ view: 'children', node })
  if (view === undefined) return refused === undefined ? <Waiting /> : <Refused refused={refused} />
  return (
    <div class="cards">
      {view.answer.children.map(({ child, counts, perSecond, progress, state }) => (
        <article key={child} class="child" aria-label={child}>
          <h3>
            {child} <State state={state} />
          </h3>
          <Facts
            facts={Object.entries(counts).map(([name, count]) => {
              const rate = perSecond[name]
              const words = countWords(count)
              return [name, rate === undefined ? words : `${words} (${rateWords(rate)} /s)`]
            })}
          />
          {Object.keys(counts).length + progress.length === 0 ? (
            <p class="faint">It shows nothing of itself.</p>
          ) : null}
          {progress.map((one) => (
            <SyncWindow key={one.what} progress={one} />
          ))}
        </article>
      ))}
      {view.answer.children.length === 0 ? <p class="faint">This network has none.</p> : null}
    </div>
  )
}

const milliseconds = (value: number): string => `${rateWords(value)} ms`
const perSecond = (value: number): string => `${rateWords(value)} /s`

function Series({ node }: { readonly node: string }) {
  const { refused, view } = useView({ view: 'series', node })
  if (view === undefined) return refused === undefined ? <Waiting /> : <Refused refused={refused} />
  const { points } = view.answer
  const atMs = points.map((point) => point.atMs)
  const line = (title: string, value: (point: SeriesPoint) => number | null) => ({
    title,
    values: points.map(value),
  })
  return (
    <div class="cards">
      <TimeSeries
        title="Messages"
        atMs={atMs}
        lines={[
          line('in', (point) => point.receivedMessages),
          line('out', (point) => point.sentMessages),
          line('dropped', (point) => point.droppedMessages),
        ]}
        words={perSecond}
      />
      <TimeSeries
        title="Bytes"
        atMs={atMs}
        lines={[
          line('in', (point) => point.receivedBytes),
          line('out', (point) => point.sentBytes),
        ]}
        words={bytesRateWords}
        isBytes
      />
      <TimeSeries
        title="Connections"
        atMs={atMs}
        lines={[line('all', (point) => point.connections), line('active', (point) => point.active)]}
        words={countWords}
      />
      <TimeSeries
        title="Latency of pings"
        atMs={atMs}
        lines={[
          line('median', (point) => point.pingMs?.median ?? null),
          line('nine of ten', (point) => point.pingMs?.percentile90 ?? null),
        ]}
        words={milliseconds}
      />
      <TimeSeries
        title="Latency of the event loop"
        atMs={atMs}
        lines={[
          line('median', (point) => point.loopDelayMs?.median ?? null),
          line('worst', (point) => point.loopDelayMs?.max ?? null),
        ]}
        words={milliseconds}
      />
      <TimeSeries
        title="Handshakes"
        atMs={atMs}
        lines={[
          line('median', (point) => point.handshakeMs?.median ?? null),
          line('worst', (point) => point.handshakeMs?.max ?? null),
        ]}
        words={milliseconds}
      />
    </div>
  )
}

/** Its name stands before the fields. */
const withoutConnection = (fields: Plain): Plain =>
  isFields(fields)
    ? Object.fromEntries(Object.entries(fields).filter(([name]) => name !== 'connection'))
    : fields

function Log({ node }: { readonly node: string }) {
  const { refused, view } = useView({ view: 'log', node })
  if (view === undefined) return refused === undefined ? <Waiting /> : <Refused refused={refused} />
  const { entries, forgotten } = view.answer
  return (
    <>
      <ol class="log" reversed tabIndex={0} aria-label="Events, the last one first">
        {entries.toReversed().map(({ atMs, connection, fields, number, type }) => (
          <li key={number}>
            <Time atMs={atMs} />
            <span class="mono">{type}</span>
            <span class="fields">
              {connection === null ? null : <ConnectionLink node={node} connection={connection} />}{' '}
              {plainText(withoutConnection(fields))}
            </span>
          </li>
        ))}
      </ol>
      {forgotten === 0 ? null : (
        <p class="faint">{manyWords(forgotten, 'earlier event')} forgotten</p>
      )}
      <SampledWords sampled={view.sampled} />
    </>
  )
}

export function NodePage({ node }: { readonly node: string }) {
  return (
    <>
      <h1>{node}</h1>
      <Tree node={node} />
      <Section title="Sub-protocols">
        <Children node={node} />
      </Section>
      <Section title="Connections">
        <ConnectionsTable node={node} />
      </Section>
      <Section title="What its supervisor told">
        <Log node={node} />
      </Section>
    </>
  )
}
