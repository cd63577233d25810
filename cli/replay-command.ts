/**
 * `replay`: runs a recorded node again from its journal, says whether it did the same, and where it did
 * not. It can write the journal as a test, and without its secrets.
 * @module
 */
import { decodeHead } from '../journal/head.ts'
import { decodeNodeJournalUntil, redact } from '../journal/node-journal.ts'
import type { NodeJournal } from '../journal/node-journal.ts'
import { replay } from '../journal/replay.ts'
import type { ReplayedStep } from '../journal/node-replay.ts'
import { printLine } from '../journal/outcome.ts'
import { storyOf } from '../journal/story.ts'
import type { ProtocolTypes } from '../machines/session.ts'
import { CommandFault } from './command-fault.ts'
import { printable } from './format.ts'
import { jsonLine } from './json.ts'
import { networkIn, remakerOf } from './protocol-module.ts'
import { replayConnectionJournal } from './replay-connection.ts'
import { ofFile, readJournal, writeNew } from './replay-files.ts'
import { nodeTest, writeTest } from './replay-test.ts'
import { print } from './standard-output.ts'

export interface ReplayCommandOptions {
  readonly json: boolean
  /** The module of the network. Left out: one of ours by the name in the journal. */
  readonly protocol: string | undefined
  /** Ends behind this step, from 0. */
  readonly until: number | undefined
  /** Where the journal is written as a test. */
  readonly toTest: string | undefined
  /** Where it is written without its secrets. */
  readonly redact: string | undefined
}

const printStep = (step: ReplayedStep<ProtocolTypes>, json: boolean): void => {
  const { difference, entry, outcome, position } = step
  const { input, monotonicMs } = entry
  const lines = outcome.map(printLine)
  if (json) {
    const { kind } = input
    print(
      jsonLine({
        event: 'step',
        position,
        monotonicMs,
        input: kind,
        outcome: lines,
        difference,
      }),
    )
    return
  }
  const told = storyOf([{ outcome }])
  for (const line of told.map(printable))
    print(`${String(position).padStart(6)}  ${monotonicMs.toFixed(3)} ms  ${line}`)
}

const brokenAt = (path: string, { incomplete }: NodeJournal): CommandFault =>
  new CommandFault(1, `${path}: ${incomplete ?? 'it is broken'}`)

/** The exit code. @throws {CommandFault} */
export async function replayJournal(path: string, options: ReplayCommandOptions): Promise<number> {
  const { json, until } = options
  if (options.redact !== undefined && options.toTest !== undefined) {
    throw new CommandFault(2, 'a test needs the secrets: --redact and --to-test are two commands')
  }
  if (until !== undefined && options.toTest !== undefined) {
    throw new CommandFault(
      2,
      'a test is of a whole recording: --until and --to-test are two commands',
    )
  }
  const bytes = await readJournal(path)
  const { kind } = ofFile(path, () => decodeHead(bytes))
  if (kind === 'connection') return replayConnectionJournal(path, bytes, options)
  const journal = ofFile(path, () => decodeNodeJournalUntil(bytes, until ?? Infinity))
  if (options.redact !== undefined) {
    await writeNew(options.redact, redact(bytes))
    if (journal.isBroken) throw brokenAt(path, journal)
    if (journal.incomplete !== undefined && !json) print(journal.incomplete)
    return 0
  }
  const module = options.protocol ?? networkIn(path, journal.header.protocol)
  if (journal.entries.length === 0) throw new CommandFault(1, `${path} holds no step`)

  const remake = await remakerOf(module)
  const run = ofFile(path, () => replay<ProtocolTypes>(journal, { protocol: remake }))

  let last: ReplayedStep<ProtocolTypes> | undefined
  for (const step of run.steps()) {
    last = step
    printStep(step, json)
    // Behind the last one a broken journal is refused, which is said below with all else.
    if (step.position === journal.entries.length - 1) break
  }
  const difference = last?.difference
  const steps = last === undefined ? 0 : last.position + 1
  const isSame = difference === undefined && !journal.isBroken
  if (json) {
    const { incomplete = null } = journal
    const connections = last?.snapshot().connections ?? []
    print(
      jsonLine({
        ...{ event: 'done', node: journal.header.name, protocol: journal.header.protocol, steps },
        ...{ same: isSame, difference: difference ?? null, incomplete, connections },
      }),
    )
  } else {
    const what = `${printable(journal.header.name)}, ${steps} of ${journal.entryCount} steps`
    if (journal.incomplete !== undefined) print(journal.incomplete)
    if (difference === undefined) print(`${what}: the same again`)
  }
  if (difference !== undefined) {
    const { expected = 'nothing', got = 'nothing', input, position } = difference
    const at = `step ${position} (${input} at ${difference.monotonicMs} ms)`
    const what = printable(`expected ${expected}, got ${got}`)
    throw new CommandFault(1, `it differs at ${at}: ${what}`)
  }
  if (journal.isBroken) throw brokenAt(path, journal)
  if (options.toTest !== undefined) {
    const { entries, header } = journal
    await writeTest(options.toTest, {
      ...{ bytes, journalPath: path, module },
      textOf: (file, from) => nodeTest({ entries, file, header, module: from }),
    })
    if (!json) print(`written: ${options.toTest}`)
  }
  return 0
}
