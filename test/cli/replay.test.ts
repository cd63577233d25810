import { copyFileSync, existsSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { runCommand, startFolder, startListening } from './command.ts'
import type { Event } from './command.ts'
import { encodeConnectionJournal } from '../../journal/connection-journal.ts'
import { decodeNodeJournal } from '../../journal/node-journal.ts'
import type { NativeTypes } from '../../machines/handshakes/native.ts'
import { startRecorded, SUBJECTS } from '../journal/connection-recorded.ts'
import { encodeNodeJournal } from '../journal/written-journals.ts'
import { startUserFolder } from '../support/generated-tests.ts'
import { typeProblemsOf } from '../support/type-problems.ts'

const isStep = ({ of }: { readonly of: string }) => of === 'step'

const eventsIn = (out: string): readonly Event[] =>
  out
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as Event)

/** The journal of a node that dialled another one and was stopped. */
async function startJournal() {
  const folder = startFolder()
  const far = await startListening()
  const until = ['--until', 'peers=1', '--connect', far.address]
  const near = await startListening(['--record', 'near.journal', ...until], folder)
  expect((await near.ended()).code).toBe(0)
  await far.stop()
  return { folder, journal: join(folder, 'near.journal') }
}

test('a recorded node is replayed, step by step, up to where it is asked', async () => {
  const { folder, journal } = await startJournal()
  expect(statSync(journal).mode & 0o777).toBe(0o600)
  const { code, err, out } = await runCommand(['replay', 'near.journal', '--json'], folder)
  expect([code, err]).toEqual([0, ''])
  const events = eventsIn(out)
  const done = events.at(-1)
  expect(done).toMatchObject({ event: 'done', node: 'node', protocol: 'native', same: true })
  expect(done).toMatchObject({ difference: null, incomplete: null, steps: events.length - 1 })
  expect(out).toContain('event connection.active')

  const some = await runCommand(['replay', 'near.journal', '--json', '--until', '4'], folder)
  expect(eventsIn(some.out).at(-1)).toMatchObject({ steps: 5, same: true })
  const few = await runCommand(['replay', 'near.journal', '--until', '4'], folder)
  expect(few.out).toContain(`node, 5 of ${String(events.length - 1)} steps: the same again\n`)
  const told = await runCommand(['replay', 'near.journal'], folder)
  expect(told.out).toContain('node/out-1 connection opened handshaking')
  expect(told.out.trim().split('\n').at(-1)).toMatch(/^node, \d+ of \d+ steps: the same again$/)
})

test('a journal that cannot be replayed is refused in one sentence, and a cut one is replayed to the cut', async () => {
  const { folder, journal } = await startJournal()
  const bytes = readFileSync(journal)
  writeFileSync(join(folder, 'cut.journal'), bytes.subarray(0, bytes.length - 10))
  const cut = await runCommand(['replay', 'cut.journal', '--json'], folder)
  expect(cut.code).toBe(1)
  expect(cut.err).toMatch(/^peerloom: cut.journal: .* cut off at byte \d+/)
  expect(eventsIn(cut.out).length).toBeGreaterThan(5)
  const redacted = await runCommand(['replay', 'cut.journal', '--redact', 'shown.journal'], folder)
  expect([redacted.code, redacted.err]).toEqual([1, cut.err])
  expect(decodeNodeJournal(readFileSync(join(folder, 'shown.journal'))).isBroken).toBe(true)

  const wrong = Buffer.from(bytes)
  wrong.writeUInt16BE(9, 16)
  writeFileSync(join(folder, 'later.journal'), wrong)
  writeFileSync(
    join(folder, 'text.journal'),
    'nothing of ours, but long enough to have a head'.repeat(4),
  )
  const refused = async (file: string, ...words: string[]) => {
    const { code, err, out } = await runCommand(['replay', file, ...words], folder)
    expect(err.trim().split('\n')).toHaveLength(1)
    expect(out).toBe('')
    return `${String(code)} ${err.trim()}`
  }
  expect(await refused('later.journal')).toBe(
    '1 peerloom: later.journal: the journal is of version 9; this release reads version 2',
  )
  expect(await refused('text.journal')).toContain('it does not begin as a journal does')
  expect(await refused('none.journal')).toBe('2 peerloom: none.journal cannot be read')
  expect(await refused('near.journal', '--protocol', 'nothing')).toContain('no network nothing')
  expect(await refused('near.journal', '--until', 'x')).toMatch(/^2 /)
  const again = await runCommand(['node', 'native', '--record', 'near.journal'], folder)
  expect(again).toMatchObject({ code: 2, err: 'peerloom: near.journal: there is a file already\n' })
})

test('without its secrets a journal is refused, and the key of the node is not in it', async () => {
  const { folder } = await startJournal()
  const made = await runCommand(['replay', 'near.journal', '--redact', 'shown.journal'], folder)
  expect(made).toMatchObject({ code: 0, err: '' })
  const { code, err } = await runCommand(['replay', 'shown.journal'], folder)
  expect(code).toBe(1)
  expect(err).toContain('its secrets were taken out: it shows states and sizes')
})

test('a journal becomes a test that is readable, passes, and fails when behaviour changes or the journal is cut', async () => {
  const { folder, journal } = await startJournal()
  const user = startUserFolder(['journal/journal.ts', 'protocols/native.ts'])
  copyFileSync(journal, join(folder, 'elsewhere.journal'))
  const file = join(user.path, 'near.test.ts')
  const words = ['replay', 'elsewhere.journal', '--to-test', file]
  expect(await runCommand(words, folder)).toMatchObject({ code: 0, err: '' })
  expect(existsSync(join(user.path, 'near.journal'))).toBe(true)
  const text = readFileSync(file, 'utf8')
  expect(text).toContain("'state node/out-1 connection opened handshaking',")
  expect(text.split('\n').filter((line) => line.length > 200)).toEqual([])
  const first = user.run('near.test.ts')
  expect(first.passed, first.printed).toBe(true)

  const bytes = readFileSync(join(user.path, 'near.journal'))
  writeFileSync(join(user.path, 'near.journal'), bytes.subarray(0, -10))
  const cut = user.run('near.test.ts')
  expect(cut.passed).toBe(false)
  expect(cut.printed).toMatch(/JournalError: .* cut off at byte \d+; up to there it is the same/)
  writeFileSync(join(user.path, 'near.journal'), bytes)

  user.change('machines/handshakes/native.js', 'deriving', 'agreeing')
  const changed = user.run('near.test.ts')
  expect(changed.passed).toBe(false)
  expect(changed.printed).toMatch(/Expected|expected/)
}, 90_000)

test('nothing is written over, and a journal loads no module that it names itself', async () => {
  const { folder } = await startJournal()
  const wordsOf = (...words: string[]) => runCommand(['replay', 'near.journal', ...words], folder)
  for (const other of [
    ['--redact', 'a.journal'],
    ['--until', '2'],
  ]) {
    expect(await wordsOf(...other, '--to-test', 'a.test.ts')).toMatchObject({ code: 2, out: '' })
    expect(existsSync(join(folder, 'a.journal'))).toBe(false)
    expect(existsSync(join(folder, 'a.test.ts'))).toBe(false)
  }
  writeFileSync(join(folder, 'mine.journal'), 'precious')
  expect((await wordsOf('--to-test', 'mine.test.ts')).err).toContain(
    'mine.journal is there already',
  )
  expect(readFileSync(join(folder, 'mine.journal'), 'utf8')).toBe('precious')
  expect(existsSync(join(folder, 'mine.test.ts'))).toBe(false)
  writeFileSync(join(folder, 'own.test.ts'), 'precious')
  const refused = await wordsOf('--to-test', 'own.test.ts')
  expect([refused.code, refused.err]).toEqual([
    2,
    'peerloom: own.test.ts is there already, or cannot be written\n',
  ])
  // Nor is the key left behind, nor the name taken.
  expect(existsSync(join(folder, 'own.journal'))).toBe(false)

  writeFileSync(join(folder, 'evil.mjs'), 'console.log("EVIL")')
  const read = decodeNodeJournal(readFileSync(join(folder, 'near.journal')))
  // The second is a network of somebody's own: only he knows where its module is.
  for (const protocol of ['./evil.mjs', 'evil']) {
    const header = { ...read.header, protocol }
    const forged = encodeNodeJournal({ ...read, header, seal: undefined })
    writeFileSync(join(folder, 'forged.journal'), forged)
    const { code, err, out } = await runCommand(['replay', 'forged.journal'], folder)
    expect([code, out]).toEqual([1, ''])
    expect(err).toContain('names no network of ours: say which it is with --protocol')
  }
})

test('the journal of one connection is replayed alone', async () => {
  const { bob, memory, talk, world } = startRecorded<NativeTypes>(SUBJECTS.native)
  talk()
  void bob.supervisor.stop()
  world.advance(10_000)
  const folder = startFolder()
  for (const [index, recording] of memory.recordings.entries()) {
    const file = `${String(index)}.journal`
    writeFileSync(join(folder, file), encodeConnectionJournal(recording))
    const { code, err, out } = await runCommand(['replay', file, '--json'], folder)
    expect([code, err]).toEqual([0, ''])
    const { name } = recording.header.options
    expect(eventsIn(out).at(-1)).toMatchObject({ connection: name, same: true, incomplete: null })
  }
  const told = await runCommand(['replay', '0.journal', '--until', '2'], folder)
  expect(told.out.trim().split('\n').at(-1)).toMatch(
    /^bob\/out-1, 3 of \d{2,} steps: the same again$/,
  )
  const [recording] = memory.recordings
  if (recording === undefined) throw new Error('nothing was recorded')
  const over = encodeConnectionJournal({ ...recording, entries: recording.entries.slice(-1) })
  writeFileSync(join(folder, 'over.journal'), over)
  for (const words of [[], ['--until', '0'], ['--json']]) {
    const { code, err, out } = await runCommand(['replay', 'over.journal', ...words], folder)
    expect(code).toBe(1)
    expect(err).toContain('peerloom: it differs at entry 0: expected over')
    expect(out).not.toContain('the same again')
  }
  await runCommand(['replay', '0.journal', '--redact', 'shown.journal'], folder)
  const redacted = await runCommand(['replay', 'shown.journal'], folder)
  expect([redacted.code, redacted.err]).toEqual([
    1,
    'peerloom: shown.journal: a recording without its secrets can be read, and not replayed\n',
  ])
})

test('the journal of one connection becomes a test that passes, and fails when behaviour changes', async () => {
  const { bob, memory, talk, world } = startRecorded<NativeTypes>(SUBJECTS.native)
  talk()
  void bob.supervisor.stop()
  world.advance(10_000)
  const folder = startFolder()
  const [recording] = memory.recordings
  if (recording === undefined) throw new Error('nothing was recorded')
  const whole = encodeConnectionJournal(recording)
  writeFileSync(join(folder, 'whole.journal'), whole)
  // As at its cap: the recording ended before its connection.
  const entries = recording.entries.slice(0, recording.entries.findLastIndex(isStep))
  const capped = encodeConnectionJournal({ ...recording, entries })
  writeFileSync(join(folder, 'capped.journal'), capped)
  const entryPoints = ['journal/journal.ts', 'protocols/native.ts', 'transport/crypto/choose.ts']
  const user = startUserFolder(entryPoints)
  for (const name of ['whole', 'capped']) {
    const file = join(user.path, `${name}.test.ts`)
    const made = await runCommand(['replay', `${name}.journal`, '--to-test', file], folder)
    expect(made).toMatchObject({ code: 0, err: '' })
    const text = readFileSync(file, 'utf8')
    expect(text).toContain("test('bob/out-1 of native, as recorded: ")
    expect(text).toContain("    'did transition chart=connection event=opened state=handshaking',")
    expect(typeProblemsOf(text)).toEqual([])
    const first = user.run(`${name}.test.ts`)
    expect(first.passed, first.printed).toBe(true)
  }
  // As JavaScript it has no types.
  const script = join(user.path, 'script.test.js')
  await runCommand(['replay', 'whole.journal', '--to-test', script], folder)
  expect(user.run('script.test.js').passed).toBe(true)
  user.change('machines/handshakes/native.js', 'deriving', 'agreeing')
  expect(user.run('whole.test.ts').passed).toBe(false)
  expect(user.run('capped.test.ts').passed).toBe(false)

  writeFileSync(join(folder, 'cut.journal'), whole.subarray(0, whole.length - 10))
  const cut = await runCommand(['replay', 'cut.journal', '--to-test', 'cut.test.ts'], folder)
  expect([cut.code, existsSync(join(folder, 'cut.test.ts'))]).toEqual([1, false])
}, 90_000)
