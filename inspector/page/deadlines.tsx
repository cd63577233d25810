/**
 * Deadlines that run, counted down by the page between two looks of the node. Only what counts is drawn
 * again, ten times a second.
 * @module
 */
import type { RunningDeadline } from '../messages.ts'
import { useNow } from './hooks.ts'
import { leftWords } from './words.ts'

/** Often enough for tenths of a second. */
const COUNT_DOWN_MS = 100

export interface Running {
  readonly deadline: RunningDeadline
  /** When the node looked, by the page's own clock. */
  readonly fromMs: number
}

export function useLeftMs({ deadline: { isHeld, leftMs }, fromMs }: Running): number {
  const now = useNow(COUNT_DOWN_MS)
  return isHeld ? leftMs : Math.max(0, leftMs - Math.max(0, now - fromMs))
}

function Deadline(running: Running) {
  const { isHeld, ms, name } = running.deadline
  const leftMs = useLeftMs(running)
  return (
    <li>
      <span class="mono">{name}</span>
      <span class="number">
        {leftWords(leftMs)}
        {isHeld ? ' (stands still)' : ''}
      </span>
      {ms === null ? null : (
        <meter aria-label={`${name}: what is left`} min={0} max={ms} value={leftMs} />
      )}
    </li>
  )
}

export function Deadlines(props: {
  readonly deadlines: readonly RunningDeadline[]
  readonly fromMs: number
}) {
  const { deadlines, fromMs } = props
  if (deadlines.length === 0) return <p class="faint">Nothing runs out.</p>
  return (
    <ul class="deadlines">
      {deadlines.map((deadline) => (
        <Deadline key={deadline.name} deadline={deadline} fromMs={fromMs} />
      ))}
    </ul>
  )
}
