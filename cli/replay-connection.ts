/**
 * `replay` of the journal of one connection: alone, against what the node around it answered.
 * @module
 */
import { decodeConnectionJournal, encodeConnectionJournal } from '../journal/connection-journal.ts'
import { printEntry } from '../journal/connection-print.ts'
import { connectionSteps, redactConnection } from '../journal/connection-replay.ts'
import type { ReplayedConnectionStep } from '../journal/connection-replay.ts'
import type { ProtocolTypes } from '../machines/session.ts'
import { chooseCrypto } from '../transport/crypto/choose.ts'
import { CommandFault } from './command-fault.ts'
import { printable } from './format.ts'
import { jsonLine } from './json.ts'
import { networkIn, remakerOf } from './protocol-module.ts'
import type { ReplayCommandOptions } from './replay-command.ts'
import { ofFile, writeNew } from './replay-files.ts'
import { connectionTest, writeTest } from './replay-test.ts'
import { print } from './standard-output.ts'

type Step = ReplayedConnectionStep<ProtocolTypes>

function printStep({ entries, monotonicMs, position }: Step, step: number, json: boolean): void {
  const lines = entries.map((entry) => printEntry(entry))
  if (json) {
    print(jsonLine({ event: 'step', step, position, monotonicMs, entries: lines }))
    return
  }
  for (const line of lines.map(printable)) {
    print(`${String(step).padStart(6)}  ${monotonicMs.toFixed(3)} ms  ${line}`)
  }
}

/** The exit code. @throws {CommandFault} */
export async function replayConnectionJournal(
  path: string,
  bytes: Uint8Array,
  { json, protocol, redact, toTest, until }: ReplayCommandOptions,
): Promise<number> {
  const journal = ofFile(path, () => decodeConnectionJournal<ProtocolTypes>(bytes))
  const { incomplete, isBroken, recording } = journal
  const { header } = recording
  if (redact !== undefined) {
    const shown = ofFile(path, () => encodeConnectionJournal(redactConnection(recording)))
    await writeNew(redact, shown)
    if (isBroken) throw new CommandFault(1, `${path}: ${incomplete ?? 'it is broken'}`)
    if (incomplete !== undefined && !json) print(incomplete)
    return 0
  }
  const module = protocol ?? networkIn(path, header.protocol)
  const remake = await remakerOf(module)
  const made = ofFile(path, () => remake({ settings: header.settings, secrets: {} }))
  const steps = ofFile(path, () => [
    ...connectionSteps(recording, {
      ...{ protocol: made, crypto: chooseCrypto() },
      allowCut: isBroken || incomplete !== undefined,
    }),
  ])
  // Of a recording that ends before it begins: nothing was the same again.
  if (steps.length === 0) throw new CommandFault(1, `${path} holds no step`)
  const shown = until === undefined ? steps : steps.slice(0, until + 1)
  for (const [number, step] of shown.entries()) printStep(step, number, json)
  const difference = shown.at(-1)?.difference
  const { name } = header.options
  const same = difference === undefined && !isBroken
  if (json) {
    print(
      jsonLine({
        ...{ event: 'done', connection: name, protocol: header.protocol, steps: shown.length },
        ...{ same, difference: difference ?? null, incomplete: incomplete ?? null },
      }),
    )
  } else {
    if (incomplete !== undefined) print(incomplete)
    if (difference === undefined) {
      const count = `${String(shown.length)} of ${String(steps.length)} steps`
      print(`${printable(name)}, ${count}: the same again`)
    }
  }
  if (difference !== undefined) {
    const { expected = 'nothing', got = 'nothing', position } = difference
    const what = printable(`expected ${expected}, got ${got}`)
    throw new CommandFault(1, `it differs at entry ${String(position)}: ${what}`)
  }
  if (isBroken) throw new CommandFault(1, `${path}: ${incomplete ?? 'it is broken'}`)
  if (toTest !== undefined) {
    const isCut = incomplete !== undefined
    const isPlain = /\.[cm]?js$/.test(toTest)
    await writeTest(toTest, {
      ...{ bytes, journalPath: path, module },
      textOf: (file, from) => connectionTest({ file, isCut, isPlain, module: from, recording }),
    })
    if (!json) print(`written: ${toTest}`)
  }
  return 0
}
