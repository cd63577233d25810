/**
 * A recording in short: what a person would tell of it. States that were entered, what ended, how many
 * messages went which way in between.
 * @module
 */
import type { NodeEntry, OutcomeLine } from './node-entries.ts'
import { printLine } from './outcome.ts'

const TOLD: ReadonlySet<string> = new Set(['event', 'received', 'refused', 'sent', 'state'])

/** What of an event is told; all of it stands in the journal. */
const TOLD_OF_EVENTS = /^(?:child|connection|detail|phase|reason|what|why)=/

const shortened = (line: OutcomeLine): OutcomeLine =>
  line[0] === 'event'
    ? line.filter((field, at) => at < 2 || TOLD_OF_EVENTS.test(String(field)))
    : line

/** A line for each state and event, and one for each run of messages of one type. */
export function storyOf(entries: Iterable<Pick<NodeEntry, 'outcome'>>): readonly string[] {
  const story: string[] = []
  let run: { readonly key: string; count: number; bytes: number } | undefined

  const endRun = (): void => {
    if (run !== undefined) story.push(`${run.key} x${run.count}, ${run.bytes} bytes`)
    run = undefined
  }

  const tellMessages = ([what, connection, type, count, bytes]: OutcomeLine): void => {
    const key = [what, connection, type].join(' ')
    if (run?.key !== key) endRun()
    run ??= { key, count: 0, bytes: 0 }
    run.count += Number(count)
    run.bytes += Number(bytes)
  }

  for (const { outcome } of entries) {
    for (const line of outcome) {
      const [what] = line
      if (typeof what !== 'string' || !TOLD.has(what)) continue
      if (what === 'received' || what === 'sent') {
        tellMessages(line)
        continue
      }
      endRun()
      story.push(printLine(shortened(line)))
    }
  }
  endRun()
  return story
}
