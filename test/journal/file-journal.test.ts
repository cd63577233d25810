import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { fileJournal } from '../../journal/file-journal.ts'
import { memoryJournal } from '../../journal/memory-journal.ts'
import { decodeNodeJournal } from '../../journal/node-journal.ts'
import { replay } from '../../journal/replay.ts'
import { startChild } from '../support/child.ts'
import { recordable, recordDay } from './recorded.ts'

function startFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'peerloom-journal-'))
  onTestFinished(() => {
    rmSync(folder, { recursive: true, force: true })
  })
  return folder
}

test('a journal in a file is the one in memory, and its owner alone may read it', async () => {
  const path = join(startFolder(), 'bob.journal')
  const journal = fileJournal(path)
  recordDay(recordable.native, journal)
  const status = await journal.closed
  expect(status).toMatchObject({ ending: 'whole', lostEntries: 0 })
  expect(statSync(path).mode & 0o777).toBe(0o600)
  const inMemory = memoryJournal()
  recordDay(recordable.native, inMemory)
  expect(new Uint8Array(readFileSync(path))).toEqual(inMemory.bytes())
  const read = decodeNodeJournal(readFileSync(path))
  expect(replay(read, { protocol: recordable.native.remake }).run()).toBeUndefined()
})

test('a file that is there already is left as it is', () => {
  const path = join(startFolder(), 'bob.journal')
  writeFileSync(path, 'mine')
  const recordInto = (file: string) => () => recordDay(recordable.plain, fileJournal(file))
  expect(recordInto(path)).toThrow(`${path}: there is a file already`)
  expect(recordInto(join(path, 'below'))).toThrow('cannot be written')
  expect(readFileSync(path, 'utf8')).toBe('mine')
})

test('a medium that is full ends the recording and not the node; the head says so', async () => {
  const path = join(startFolder(), 'bob.journal')
  // Writes behind the limit fail like on a full disk, once the signal that comes along is ignored.
  const before = "trap '' XFSZ; ulimit -f 4"
  const child = startChild('test/journal/journal-child.ts', [path], { before })
  const line = await child.line((text) => text.startsWith('{'))
  expect(await child.ended()).toEqual({ code: 0, signal: null })
  const status = JSON.parse(line) as { entries: number; lostEntries: number }
  expect(status).toMatchObject({ state: 'stopped', told: ['no-space'], ending: 'no-space' })
  expect(status.lostEntries).toBeGreaterThan(10)
  const read = decodeNodeJournal(readFileSync(path))
  expect(read.head).toMatchObject({ ending: 'no-space', lostEntries: status.lostEntries })
  expect(read.incomplete).toContain('its medium was full')
  expect(read.entries).toHaveLength(status.entries)
  expect(replay(read, { protocol: recordable.native.remake }).run()).toBeUndefined()
})

test('a process that is killed leaves a journal that is readable up to its last segment', async () => {
  const path = join(startFolder(), 'bob.journal')
  const child = startChild('test/journal/journal-child.ts', [path, 'die'])
  expect(await child.ended()).toEqual({ code: null, signal: 'SIGKILL' })
  const read = decodeNodeJournal(readFileSync(path))
  expect(read).toMatchObject({ isBroken: false, head: { ending: 'open' } })
  expect(read.incomplete).toContain('not brought to its end')
  expect(read.entries.length).toBeGreaterThan(20)
  expect(replay(read, { protocol: recordable.native.remake }).run()).toBeUndefined()
})
