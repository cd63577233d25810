/**
 * `replay`: runs a recorded node again from its journal, says whether it did the same, and where it did
 * not. It can write the journal as a test, and without its secrets.
 * @module
 */
import { copyFile, readFile, writeFile } from 'node:fs/promises'
import { basename, dirname, resolve } from 'node:path'
import type { ProtocolTools } from '../actors/protocol-tools.ts'
import { JournalError } from '../journal/journal-error.ts'
import { decodeNodeJournal, redact } from '../journal/node-journal.ts'
import type { NodeJournal } from '../journal/node-journal.ts'
import { replay } from '../journal/replay.ts'
import type { ReplayedStep } from '../journal/node-replay.ts'
import { printLine } from '../journal/outcome.ts'
import { storyOf } from '../journal/story.ts'
import type { ProtocolTypes } from '../machines/session.ts'
import { CommandFault } from './command-fault.ts'
import { loadNetwork } from './protocol-module.ts'
import { nodeTest } from './replay-test.ts'
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

/** Journals are bounded when they are written; one that is larger is none of ours. */
const FILE_BYTES_MAX = 2 ** 31

async function read(path: string): Promise<Uint8Array> {
  try {
    const bytes = await readFile(path)
    if (bytes.length <= FILE_BYTES_MAX) return bytes
  } catch (cause) {
    throw new CommandFault(2, `${path} cannot be read`, { cause })
  }
  throw new CommandFault(2, `${path} is larger than a journal can be`)
}

/** @throws {CommandFault} a sentence that names the file */
function ofFile<Value>(path: string, run: () => Value): Value {
  try {
    return run()
  } catch (cause) {
    if (cause instanceof JournalError || cause instanceof RangeError) {
      throw new CommandFault(1, `${path}: ${cause.message}`, { cause })
    }
    throw cause
  }
}

async function write(path: string, content: string | Uint8Array): Promise<void> {
  try {
    await writeFile(path, content, { flag: 'wx', mode: 0o600 })
  } catch (cause) {
    throw new CommandFault(2, `${path} is there already, or cannot be written`, { cause })
  }
}

const printStep = (step: ReplayedStep<ProtocolTypes>, json: boolean): void => {
  const { difference, entry, outcome, position } = step
  const { input, monotonicMs } = entry
  const lines = outcome.map(printLine)
  if (json) {
    const { kind } = input
    print(
      JSON.stringify({
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
  for (const line of told)
    print(`${String(position).padStart(6)}  ${monotonicMs.toFixed(3)} ms  ${line}`)
}

async function writeTest(
  path: string,
  { journal, journalPath, module }: { journal: NodeJournal; journalPath: string; module: string },
): Promise<void> {
  const file = `${basename(path).replace(/(?:\.test)?\.[cm]?[jt]s$/, '')}.journal`
  const beside = resolve(dirname(path), file)
  await write(path, nodeTest({ entries: journal.entries, file, header: journal.header, module }))
  if (beside !== resolve(journalPath)) await copyFile(journalPath, beside)
}

/** The exit code. @throws {CommandFault} */
export async function replayJournal(path: string, options: ReplayCommandOptions): Promise<number> {
  const { json, until } = options
  const bytes = await read(path)
  const journal = ofFile(path, () => decodeNodeJournal(bytes))
  if (options.redact !== undefined) await write(options.redact, redact(bytes))
  const module = options.protocol ?? journal.header.protocol
  if (options.redact !== undefined && options.toTest === undefined) return 0

  const tools: ProtocolTools = await loadNetwork(module)
  const { remake } = tools
  if (remake === undefined) {
    throw new CommandFault(1, `the network ${module} does not say how its recordings are replayed`)
  }
  const run = ofFile(path, () => replay<ProtocolTypes>(journal, { protocol: remake }))

  let last: ReplayedStep<ProtocolTypes> | undefined
  for (const step of run.steps()) {
    last = step
    printStep(step, json)
    if (step.position === until) break
  }
  const difference = last?.difference
  const steps = last === undefined ? 0 : last.position + 1
  const isSame = difference === undefined && !journal.isBroken
  if (json) {
    const { incomplete = null } = journal
    const connections = last?.snapshot().connections ?? []
    print(
      JSON.stringify({
        ...{ event: 'done', node: journal.header.name, protocol: journal.header.protocol, steps },
        ...{ same: isSame, difference: difference ?? null, incomplete, connections },
      }),
    )
  } else {
    const what = `${journal.header.name}, ${steps} of ${journal.entries.length} steps`
    if (journal.incomplete !== undefined) print(journal.incomplete)
    if (difference === undefined) print(`${what}: the same again`)
  }
  if (difference !== undefined) {
    const { expected = 'nothing', got = 'nothing', input, position } = difference
    const at = `step ${position} (${input} at ${difference.monotonicMs} ms)`
    throw new CommandFault(1, `it differs at ${at}: expected ${expected}, got ${got}`)
  }
  if (journal.isBroken)
    throw new CommandFault(1, `${path}: ${journal.incomplete ?? 'it is broken'}`)
  if (options.toTest !== undefined) {
    await writeTest(options.toTest, { journal, journalPath: path, module })
    if (!json) print(`written: ${options.toTest}`)
  }
  return 0
}
