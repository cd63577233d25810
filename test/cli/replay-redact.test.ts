import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { runCommand, startFolder } from './command.ts'
import {
  decodeConnectionJournal,
  encodeConnectionJournal,
} from '../../journal/connection-journal.ts'
import { HEAD_BYTES } from '../../journal/head.ts'
import { readSegments, SEGMENT_OVERHEAD_BYTES } from '../../journal/segments.ts'
import type { NativeTypes } from '../../machines/handshakes/native.ts'
import { startRecorded, SUBJECTS } from '../journal/connection-recorded.ts'

test('a broken journal of a connection is broken without its secrets, too, and that is said', async () => {
  const { memory, talk } = startRecorded<NativeTypes>(SUBJECTS.native)
  talk()
  const [recording] = memory.recordings
  if (recording === undefined) throw new Error('nothing was recorded')
  const folder = startFolder()
  const bytes = encodeConnectionJournal(recording)
  const redact = async (name: string, given: Uint8Array) => {
    writeFileSync(join(folder, name), given)
    const ran = await runCommand(['replay', name, '--redact', `shown-${name}`], folder)
    const shown = readFileSync(join(folder, `shown-${name}`))
    return { ...ran, shown: decodeConnectionJournal<NativeTypes>(shown) }
  }
  expect(await redact('open.journal', bytes)).toMatchObject({
    ...{ code: 0, err: '', out: 'the recording was ended before the connection was\n' },
    shown: { isBroken: false, recording: { secrets: undefined } },
  })
  const cut = await redact('cut.journal', bytes.subarray(0, -3))
  expect(cut).toMatchObject({ code: 1, shown: { isBroken: true } })
  expect(cut.err).toMatch(/^peerloom: cut.journal: .* cut off at byte \d+\n$/)
  expect(cut.shown.incomplete).toContain('the end is missing')

  // Of nothing but a header there is nothing to show.
  const [header, secrets] = readSegments(bytes, HEAD_BYTES).contents
  if (header === undefined || secrets === undefined) throw new Error('it begins with both')
  const startBytes = HEAD_BYTES + 2 * SEGMENT_OVERHEAD_BYTES + header.length + secrets.length
  writeFileSync(join(folder, 'begun.journal'), bytes.subarray(0, startBytes))
  const begun = await runCommand(['replay', 'begun.journal', '--redact', 'none.journal'], folder)
  expect(begun).toMatchObject({
    ...{ code: 1, out: '' },
    err: 'peerloom: begun.journal: it breaks off before its first entry\n',
  })
  expect(existsSync(join(folder, 'none.journal'))).toBe(false)
})
