/**
 * A recorded node or connection as a test that a person can read: what happened stands in it, line by
 * line, and the journal beside it says it exactly.
 * @module
 */
import { rm } from 'node:fs/promises'
import { basename, dirname, relative, resolve } from 'node:path'
import type { ConnectionRecording } from '../journal/connection-entries.ts'
import { printEntry } from '../journal/connection-print.ts'
import { quoted } from '../journal/flight-code.ts'
import type { NodeEntry, NodeHeader } from '../journal/node-entries.ts'
import { storyOf } from '../journal/story.ts'
import type { ProtocolTypes } from '../machines/session.ts'
import { isNetworkName } from './protocol-module.ts'
import { writeNew } from './replay-files.ts'

export interface NodeTest {
  readonly header: NodeHeader
  readonly entries: readonly NodeEntry[]
  /** The journal's file, beside the test. */
  readonly file: string
  /** A name of ours, or a module's path. */
  readonly module: string
}

export interface ConnectionTest {
  readonly recording: ConnectionRecording<ProtocolTypes>
  /** It ends before its connection did. */
  readonly isCut: boolean
  readonly file: string
  readonly module: string
  /** The test is JavaScript: no types stand in it. */
  readonly isPlain: boolean
}

export interface TestOf {
  readonly bytes: Uint8Array
  readonly journalPath: string
  readonly module: string
  /** `file` is the journal beside it, `from` the module as seen from there. */
  textOf(file: string, from: string): string
}

function importedFrom(module: string): string {
  if (isNetworkName(module)) return `peerloom/protocols/${module}`
  return module.startsWith('.') ? module : `./${module}`
}

/** How the test reads the journal beside it. */
const readingOf = (file: string): string =>
  `readFileSync(new URL(${quoted(`./${encodeURIComponent(file)}`)}, import.meta.url))`

const secondsBetween = (firstMs = 0, lastMs = firstMs): string =>
  ((lastMs - firstMs) / 1_000).toFixed(1)

export function nodeTest({ entries, file, header, module }: NodeTest): string {
  const from = importedFrom(module)
  const last = entries.at(-1)
  const first = entries[0]
  const seconds = secondsBetween(first?.monotonicMs, last?.monotonicMs)
  const title = `${header.name} of ${header.protocol}, as recorded: ${entries.length} steps in ${seconds} s`
  const story = storyOf(entries).map((line) => `    ${quoted(line)},`)
  return `import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { decodeNodeJournal, replay, storyOf } from 'peerloom/journal'
import { tools } from ${quoted(from)}

test(${quoted(title)}, () => {
  const journal = decodeNodeJournal(${readingOf(file)})
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

/** Recordings are read as whose they are: the compiler has no other way to know. */
const TYPED = `import type { ProtocolTools } from 'peerloom'

type Types = typeof tools extends ProtocolTools<infer Of> ? Of : never
`

export function connectionTest(given: ConnectionTest): string {
  const { file, isCut, isPlain, module, recording } = given
  const { entries, header } = recording
  const times = entries.flatMap((entry) => (entry.of === 'step' ? [entry.monotonicMs] : []))
  const seconds = secondsBetween(times[0], times.at(-1))
  const title = `${header.options.name} of ${header.protocol}, as recorded: ${entries.length} entries in ${seconds} s`
  const story = entries.map((entry) => `    ${quoted(printEntry(entry))},`)
  return `import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { connectionSteps, decodeConnectionJournal, printEntry, replayConnection } from 'peerloom/journal'
import { tools } from ${quoted(importedFrom(module))}
import { chooseCrypto } from 'peerloom/transport/crypto/choose'
${isPlain ? '' : TYPED}
test(${quoted(title)}, () => {
  const { recording } = decodeConnectionJournal${isPlain ? '' : '<Types>'}(${readingOf(file)})
  const { remake } = tools
  if (remake === undefined) throw new Error('the network does not say how it is replayed')
  const protocol = remake({ settings: recording.header.settings, secrets: {} })
  const options = { protocol, crypto: chooseCrypto(), allowCut: ${String(isCut)} }

  // What was recorded, as far as the same happens again; what is compared with is below.
  const steps = [...connectionSteps(recording, options)]
  expect(steps.flatMap(({ entries }) => entries.map((entry) => printEntry(entry)))).toEqual([
${story.join('\n')}
  ])
  // And to the last byte: the first difference, if there is any.
  expect(replayConnection(recording, options)).toBeUndefined()
})
`
}

/** The test and the journal beside it: both, or neither. @throws {CommandFault} */
export async function writeTest(
  path: string,
  { bytes, journalPath, module, textOf }: TestOf,
): Promise<void> {
  const file = `${basename(path).replace(/(?:\.test)?\.[cm]?[jt]s$/, '')}.journal`
  const beside = resolve(dirname(path), file)
  const from = isNetworkName(module) ? module : relative(dirname(resolve(path)), resolve(module))
  const isCopied = beside !== resolve(journalPath)
  // The journal first: a test without it would be one that fails.
  if (isCopied) await writeNew(beside, bytes)
  try {
    await writeNew(path, textOf(file, from))
  } catch (fault) {
    // It holds keys, and whoever tries again needs its name.
    if (isCopied) await rm(beside, { force: true })
    throw fault
  }
}
