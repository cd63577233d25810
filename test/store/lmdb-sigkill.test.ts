/**
 * A process that is killed while it writes loses nothing that it reported durable, leaves no part
 * of a batch and no hole, and does not keep the next one from starting.
 *
 * A few moments belong to every run. A long series, each moment drawn and each start on what the
 * kill before left behind:
 *   SIGKILL_MOMENTS=500 npx vitest run test/store/lmdb-sigkill.test.ts --testTimeout 1200000
 */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { lmdbStore } from '../../store/lmdb.ts'
import { startStore } from '../../testing/store-handle.ts'
import { startChild } from '../support/child.ts'
import { contentAfter, differenceOf, LAST, numberIn, TABLES } from './numbered-batches.ts'

/** The process is killed when it has said this so many times. */
interface Moment {
  readonly said: 'durable' | 'wrote'
  readonly times: number
}

const MOMENTS: readonly Moment[] = [
  { said: 'wrote', times: 1 },
  { said: 'durable', times: 1 },
  { said: 'durable', times: 3 },
  { said: 'wrote', times: 20 },
  { said: 'durable', times: 25 },
  { said: 'wrote', times: 90 },
]

/** Spread over the first hundred lines, without a pattern that a transaction could keep step with. */
const drawnMoments = (count: number): readonly Moment[] =>
  Array.from({ length: count }, (_, index) => ({
    said: index % 2 === 0 ? 'durable' : 'wrote',
    times: 1 + ((index * 7_919) % 101),
  }))

/** Kills a process at the moment and says the last batch that it reported durable. */
async function killAt({ said, times }: Moment, folder: string, first: number): Promise<number> {
  const child = startChild('test/store/sigkill-child.ts', [folder, `${first}`])
  const heard = () => child.lines.filter((line) => line.startsWith(said)).length
  await child.line(() => heard() >= times)
  child.process.kill('SIGKILL')
  expect(await child.ended()).toEqual({ code: null, signal: 'SIGKILL' })
  expect(child.lines[0]).toBe('{"kind":"store.opened","setAside":[]}')
  const durable = child.lines.filter((line) => line.startsWith('durable ')).at(-1)
  return durable === undefined ? first - 1 : Number(durable.split(' ')[1])
}

async function expectWhole(folder: string, reported: number): Promise<number> {
  const { store, answers, close } = await startStore(lmdbStore(folder))
  expect(answers).toEqual([{ kind: 'store.opened', setAside: [] }])
  const last = numberIn(store.get('state', LAST))
  expect(last).toBeGreaterThanOrEqual(reported)
  for (const table of TABLES) {
    const found = store.range(table, { limit: 10_000 })
    expect(differenceOf(found, contentAfter(last, table))).toBeUndefined()
  }
  await close()
  return last
}

test('keeps every batch it reported, whole and without a hole, through SIGKILL at each moment', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'peerloom-sigkill-'))
  onTestFinished(() => rm(folder, { recursive: true }))
  const moments = [...MOMENTS, ...drawnMoments(Number(process.env['SIGKILL_MOMENTS'] ?? 0))]
  let last = 0
  for (const moment of moments) {
    const reported = await killAt(moment, folder, last + 1)
    const found = await expectWhole(folder, reported)
    expect(found).toBeGreaterThanOrEqual(last)
    last = found
  }
  expect(last).toBeGreaterThan(100)
})
