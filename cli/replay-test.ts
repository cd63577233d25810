/**
 * A recorded node as a test that a person can read: what happened stands in it, line by line, and the
 * journal beside it says it exactly.
 * @module
 */
import type { NodeEntry, NodeHeader } from '../journal/node-entries.ts'
import { storyOf } from '../journal/story.ts'
import { isNetworkName } from './protocol-module.ts'

export interface NodeTest {
  readonly header: NodeHeader
  readonly entries: readonly NodeEntry[]
  /** The journal's file, beside the test. */
  readonly file: string
  /** A name of ours, or a module's path. */
  readonly module: string
}

const quote = (text: string): string =>
  `'${JSON.stringify(text).slice(1, -1).replaceAll('\\"', '"').replaceAll("'", "\\'")}'`

export function nodeTest({ entries, file, header, module }: NodeTest): string {
  const from = isNetworkName(module)
    ? `peerloom/protocols/${module}`
    : module.startsWith('.')
      ? module
      : `./${module}`
  const last = entries.at(-1)
  const first = entries[0]
  const seconds = last && first ? ((last.monotonicMs - first.monotonicMs) / 1_000).toFixed(1) : '0'
  const title = `${header.name} of ${header.protocol}, as recorded: ${entries.length} steps in ${seconds} s`
  const story = storyOf(entries).map((line) => `    ${quote(line)},`)
  return `import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { decodeNodeJournal, replay, storyOf } from 'peerloom/journal'
import { tools } from ${quote(from)}

test(${quote(title)}, () => {
  const journal = decodeNodeJournal(readFileSync(new URL(${quote(`./${encodeURIComponent(file)}`)}, import.meta.url)))
  const { remake } = tools
  if (remake === undefined) throw new Error('the network does not say how it is replayed')
  const again = replay(journal, { protocol: remake })

  // What happens now, in short; what is compared with is below.
  expect(storyOf(again.steps())).toEqual([
${story.join('\n')}
  ])
  // And to the last byte: the first difference, if there is any.
  expect(again.run()).toBeUndefined()
})
`
}
