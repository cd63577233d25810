/**
 * Recordings for those who read them: real ones, and ones that are made to hurt.
 */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { onTestFinished } from 'vitest'
import { concatBytes } from '../../codec/bytes.ts'
import { createTimeTravel } from '../../inspector/time-travel.ts'
import type { TimeTravelOptions } from '../../inspector/time-travel.ts'
import type { JournalAnswer } from '../../inspector/messages.ts'
import { encodeHead } from '../../journal/head.ts'
import type { JournalKind } from '../../journal/head.ts'
import { createSegmentWriter, SEGMENT_OVERHEAD_BYTES } from '../../journal/segments.ts'
import { compileSources } from '../support/compile.ts'

const ROOT = join(import.meta.dirname, '../..')

export const nodeJournal = (): Uint8Array =>
  new Uint8Array(readFileSync(join(ROOT, 'test/journal/fixtures/session-alice-node-20.journal')))
export const connectionJournal = (): Uint8Array =>
  new Uint8Array(readFileSync(join(ROOT, 'test/interop/fixtures/core-v2-dialler.journal')))

let program: URL | undefined

/** The program of the process: Node 20 runs no TypeScript. */
export const compiledReader = (): URL =>
  (program ??= pathToFileURL(
    join(compileSources(['inspector/timeline-child.ts']), 'inspector/timeline-child.js'),
  ))

export function startFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'peerloom-recordings-'))
  onTestFinished(() => {
    rmSync(folder, { recursive: true, force: true })
  })
  return folder
}

/** Whoever it is that asks, and what may be asked. */
export function startTimeTravel(options: TimeTravelOptions = {}) {
  const travel = createTimeTravel({ program: compiledReader(), ...options })
  onTestFinished(travel.close)
  const ask = async <Part extends string>(
    given: unknown,
    part: Part,
  ): Promise<Extract<JournalAnswer, { readonly [Name in Part]: unknown }>[Part]> => {
    const answer = await travel.ask(given)
    if (!(part in answer)) throw new Error(`no ${part}: ${JSON.stringify(answer)}`)
    // It has it.
    return (answer as Extract<JournalAnswer, { readonly [Name in Part]: unknown }>)[part]
  }
  return { travel, ask }
}

export const base64 = (bytes: Uint8Array): string => Buffer.from(bytes).toString('base64')

/** A journal with a right head and right checksums around whatever is in it. */
export function journalOf(kind: JournalKind, ...contents: readonly Uint8Array[]): Uint8Array {
  const writer = createSegmentWriter()
  const segments = contents.map((content) => {
    const segment = concatBytes(new Uint8Array(SEGMENT_OVERHEAD_BYTES), content)
    writer.seal(segment)
    return segment
  })
  return concatBytes(encodeHead({ kind, ending: 'whole', lostEntries: 0 }), ...segments)
}
