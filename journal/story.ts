/**
 * A recording in short: what a person would tell of it. States that were entered, what ended, how many
 * messages went which way in between.
 * @module
 */
import type { NodeEntry, OutcomeLine } from './node-entries.ts'
import { printLine } from './outcome.ts'

const TOLD: ReadonlySet<string> = new Set(['event', 'received', 'refused', 'sent', 'state'])

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
      story.push(printLine(line))
    }
  }
  endRun()
  return story
}
