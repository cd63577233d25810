/**
 * The way that a connection's charts came: each transition, the last one first.
 * @module
 */
import type { PathEntry } from '../messages.ts'
import { State, Time } from './parts.tsx'
import { manyWords } from './words.ts'

/** What XState calls the events of its own. */
const eventWords = (event: string): string =>
  event
    .replace(/^xstate\.after\.([^.]+)\..*$/, 'after $1')
    .replace(/^xstate\.done\.\w+\./, 'done of ')
    .replace(/^xstate\.error\.\w+\./, 'error of ')
    .replace(/^xstate\.init$/, 'started')

export function Path({
  leftOut,
  none = 'Nothing is kept of it.',
  path,
}: {
  readonly path: readonly PathEntry[]
  readonly leftOut: number
  /** What stands there where there is none. */
  readonly none?: string
}) {
  if (path.length === 0) return <p class="faint">{none}</p>
  return (
    <>
      <ol class="path" reversed tabIndex={0} aria-label="Transitions, the last one first">
        {path.toReversed().map(({ atMs, chart, event, state }, place) => (
          <li key={path.length - place}>
            <Time atMs={atMs} />
            <span class="mono">{eventWords(event)}</span>
            <span class="way">
              {chart} <State state={state} />
            </span>
          </li>
        ))}
      </ol>
      {leftOut === 0 ? null : (
        <p class="faint">{manyWords(leftOut, 'earlier transition')} not kept</p>
      )}
    </>
  )
}
