/**
 * What goes wrong around a store on a file: damage, no access, no space. A long series of drawn
 * damage, each opened by a process of its own:
 *   DAMAGED_FILES=5000 npx vitest run test/store/lmdb-faults.test.ts --testTimeout 1200000
 */
import {
  chmod,
  chown,
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  rm,
  stat,
  writeFile,
} from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { lmdbStore } from '../../store/lmdb.ts'
import { list, put, startStore, text } from '../../testing/store-handle.ts'
import { startChild } from '../support/child.ts'
import {
  changesOf,
  contentAfter,
  differenceOf,
  LAST,
  numberIn,
  TABLES,
} from './numbered-batches.ts'

async function startFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'peerloom-faults-'))
  onTestFinished(() => rm(folder, { recursive: true }))
  return folder
}

/** A data file with tables of two levels, large values and free pages. */
async function startDataFile(batchCount = 60): Promise<{ folder: string; file: string }> {
  const folder = await startFolder()
  const { store, durable, close } = await startStore(lmdbStore(folder))
  for (let batch = 1; batch <= batchCount; batch++) {
    store.write(batch, changesOf(batch))
    if (batch % 7 === 0) await durable(batch)
  }
  await close()
  return { folder, file: join(folder, 'store.mdb') }
}

const PAGE_BYTES = 4096

test.each([
  ['is garbage', () => Buffer.alloc(100_000, 0x5a), 'it does not begin like a data file'],
  ['is all zeros', () => Buffer.alloc(100_000), 'it does not begin like a data file'],
  ['is a text', () => Buffer.from('hello'), 'its end is missing'],
  ['has a head alone', (sound: Buffer) => sound.subarray(0, PAGE_BYTES), 'its end is missing'],
  ['lost its tail', (sound: Buffer) => sound.subarray(0, sound.length >> 1), 'its end is missing'],
  [
    'has zeros in its middle',
    (sound: Buffer) => sound.fill(0, 2 * PAGE_BYTES, sound.length >> 1),
    'a page is not in its place',
  ],
])('sets a file aside that %s, whole, and starts without it', async (_, damage, reason) => {
  const { folder, file } = await startDataFile()
  const damaged = damage(await readFile(file))
  await writeFile(file, damaged)

  const { store, answers, write, durable, close } = await startStore(lmdbStore(folder))
  const sentence = `store.mdb was moved to store.mdb.damaged-1 because ${reason}`
  expect(answers).toEqual([{ kind: 'store.opened', setAside: [sentence] }])
  expect((await readFile(`${file}.damaged-1`)).equals(damaged)).toBe(true)
  expect([...store.range('rows-0', { limit: 10 })]).toEqual([])
  await durable(write(put('a', text('x'), text('1'))))
  await close()

  await writeFile(file, 'again')
  const second = await startStore(lmdbStore(folder))
  expect(second.answers).toMatchObject([{ setAside: [expect.stringContaining('damaged-2')] }])
  await second.close()
  expect((await readFile(`${file}.damaged-1`)).equals(damaged)).toBe(true)
})

test('sets a folder aside that stands in the place of the file', async () => {
  const folder = await startFolder()
  await mkdir(join(folder, 'store.mdb'))
  const { answers, close } = await startStore(lmdbStore(folder))
  expect(answers).toMatchObject([{ setAside: [expect.stringContaining('it is not a file')] }])
  await close()
})

test('takes an empty file for a new one, and a damaged table of readers for none', async () => {
  const { folder, file } = await startDataFile()
  await writeFile(`${file}-lock`, 'garbage'.repeat(2_000))
  const first = await startStore(lmdbStore(folder))
  expect(first.answers).toEqual([{ kind: 'store.opened', setAside: [] }])
  expect(numberIn(first.store.get('state', LAST))).toBe(60)
  await first.close()

  await writeFile(file, '')
  const second = await startStore(lmdbStore(folder))
  expect(second.answers).toEqual([{ kind: 'store.opened', setAside: [] }])
  expect(list(second.store, 'state')).toEqual([])
  await second.close()
})

test('survives drawn damage of any kind: what it does not set aside, it can read and write', async () => {
  const { file } = await startDataFile()
  const times = process.env['DAMAGED_FILES'] ?? '60'
  const child = startChild('test/store/damage-child.ts', [
    file,
    join(await startFolder(), 'copy'),
    times,
    times,
  ])
  const summary = await child.line((line) => line.startsWith('set aside'), Number(times) * 1_000)
  expect(await child.ended()).toEqual({ code: 0, signal: null })
  expect(Number(summary.split(' ')[2])).toBeGreaterThan(Number(times) / 3)
})

test('finds nothing wrong with a file after any number of batches', async () => {
  for (const batchCount of [1, 2, 5, 13, 41, 150, 400]) {
    const { folder } = await startDataFile(batchCount)
    const { store, answers, close } = await startStore(lmdbStore(folder))
    expect(answers).toEqual([{ kind: 'store.opened', setAside: [] }])
    for (const table of TABLES) {
      const found = store.range(table, { limit: 10_000 })
      expect(differenceOf(found, contentAfter(batchCount, table))).toBeUndefined()
    }
    await close()
  }
})

test('keeps its files from others', async () => {
  const { folder } = await startDataFile()
  for (const name of await readdir(folder)) {
    expect((await stat(join(folder, name))).mode & 0o077, name).toBe(0)
  }
  const made = join(folder, 'made', 'here')
  const { close } = await startStore(lmdbStore(made))
  expect((await stat(made)).mode & 0o777).toBe(0o700)
  await close()
})

/** None of the system's names and numbers for errors, which differ from system to system. */
const OWN_WORDS = expect.not.stringMatching(/\bE[A-Z]{3,}\b|errno|MDB|permission denied/i) as string

test('refuses what it may not write, in a sentence of its own', async () => {
  const [readOnly, parent] = [await startFolder(), await startFolder()]
  const { folder: foreign, file } = await startDataFile()
  if (process.getuid?.() === 0) await chown(foreign, 65_534, 65_534)
  await chmod(file, 0o400)
  await chmod(readOnly, 0o555)
  await chmod(parent, 0o555)

  const folders = [readOnly, join(parent, 'below'), foreign]
  const child = startChild('test/store/open-child.ts', ['as-nobody', 'leave', ...folders])
  expect(await child.ended()).toEqual({ code: 0, signal: null })
  expect(child.lines.map((line) => JSON.parse(line) as unknown)).toEqual(
    folders.map((folder) => ({
      kind: 'store.refused',
      fault: 'no-access',
      message: `the data folder ${folder} cannot be used: access to it is refused`,
    })),
  )
})

test('refuses a path through a file, and a folder that everybody may write', async () => {
  const folder = await startFolder()
  await writeFile(join(folder, 'file'), '')
  const through = await startStore(lmdbStore(join(folder, 'file', 'below')))
  expect(through.answers).toEqual([
    { kind: 'store.refused', fault: 'no-access', message: OWN_WORDS },
  ])
  await through.close()

  await chmod(folder, 0o777)
  const open = await startStore(lmdbStore(folder))
  const sentence = expect.stringContaining(`chmod 700 ${folder}`) as string
  expect(open.answers).toEqual([{ kind: 'store.refused', fault: 'no-access', message: sentence }])
  await open.close()
})

test('says when there is no space, keeps what was durable, and takes nothing after', async () => {
  const folder = await startFolder()
  // Writes behind the limit fail like on a full disk, once the signal that comes along is ignored.
  const before = "trap '' XFSZ; ulimit -f 8192"
  const child = startChild('test/store/full-child.ts', [folder], { before })
  const last = Number((await child.line((line) => line.startsWith('last'))).split(' ')[1])
  expect(await child.ended()).toEqual({ code: 0, signal: null })
  expect(last).toBeGreaterThan(5)

  const { store, answers, close } = await startStore(lmdbStore(folder))
  expect(answers).toEqual([{ kind: 'store.opened', setAside: [] }])
  expect(numberIn(store.get('state', LAST))).toBe(last)
  for (const table of TABLES) {
    const found = store.range(table, { limit: 10_000 })
    expect(differenceOf(found, contentAfter(last, table))).toBeUndefined()
  }
  await close()
})
