/**
 * Damages copies of a data file in drawn ways and opens each: in a process of its own, since what
 * is not noticed beforehand ends the process. Arguments: the file, a folder to work in, how many
 * times, the seed.
 */
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { lmdbStore } from '../../store/lmdb.ts'
import { startStore } from '../../testing/store-handle.ts'
import { changesOf, TABLES } from './numbered-batches.ts'

const PAGE_BYTES = 4096
const [file = '', folder = '', times = '0', seed = '1'] = process.argv.slice(2)
const sound = readFileSync(file)

let state = Number(seed)
function draw(below: number): number {
  state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
  return Math.floor((state / 2 ** 32) * below)
}

/** The ways in which files really go bad, and some spite. */
const damages: readonly ((bytes: Buffer, page: number) => Buffer)[] = [
  (bytes) => bytes.subarray(0, draw(bytes.length)),
  (bytes, page) => bytes.fill(draw(256), page, page + PAGE_BYTES),
  (bytes, page) => bytes.fill(0, page + 512 * draw(8), page + PAGE_BYTES),
  (bytes, page) => {
    bytes.copyWithin(draw(bytes.length / PAGE_BYTES) * PAGE_BYTES, page, page + PAGE_BYTES)
    return bytes
  },
  (bytes, page) => flip(bytes, page + draw(PAGE_BYTES)),
  // Where the structure is: the heads and the beginnings of pages.
  (bytes, page) => flip(bytes, page + draw(64)),
  (bytes) => flip(bytes, PAGE_BYTES * draw(2) + draw(180)),
]

function flip(bytes: Buffer, at: number): Buffer {
  bytes[at] = draw(256)
  return bytes
}

let setAsideCount = 0
for (let time = 0; time < Number(times); time++) {
  rmSync(folder, { recursive: true, force: true })
  mkdirSync(folder, { mode: 0o700 })
  const page = draw(sound.length / PAGE_BYTES) * PAGE_BYTES
  const damaged = damages[draw(damages.length)]?.(Buffer.from(sound), page) ?? sound
  writeFileSync(join(folder, 'store.mdb'), damaged)

  const { store, answers, close, durable } = await startStore(lmdbStore(folder))
  const [opened] = answers
  if (opened?.kind !== 'store.opened') throw new Error(`not opened: ${JSON.stringify(opened)}`)
  setAsideCount += opened.setAside.length
  for (const table of [...TABLES, 'state']) {
    for (const reverse of [false, true]) Array.from(store.range(table, { limit: 100_000, reverse }))
  }
  for (let batch = 1; batch <= 60; batch++) store.write(batch, changesOf(batch))
  await durable(60)
  await close()
}
console.log(`set aside ${setAsideCount}`)
