/**
 * Writes numbered batches into a folder until it is killed, and says which ones are durable.
 * Arguments: the folder, the number of the first batch.
 */
import { writeSync } from 'node:fs'
import { lmdbStore } from '../../store/lmdb.ts'
import { changesOf } from './numbered-batches.ts'

/** More than one transaction's worth, so that there is always one out and others wait. */
const OUTSTANDING_MAX = 30

const [folder = '', first = '1'] = process.argv.slice(2)
const store = lmdbStore(folder)
let next = Number(first)
let durable = next - 1

/** Straight to the pipe: what was said has been said, whenever the end comes. */
const say = (line: string) => writeSync(1, `${line}\n`)

function writeBursts(): void {
  while (next - durable <= OUTSTANDING_MAX) {
    const end = next + 1 + (next % 7)
    for (; next < end; next++) store.write(next, changesOf(next))
    say(`wrote ${next - 1}`)
  }
}

store.open((input) => {
  if (input.kind === 'store.durable') {
    durable = input.batch
    say(`durable ${durable}`)
  } else {
    say(JSON.stringify(input))
  }
  if (input.kind === 'store.opened' || input.kind === 'store.durable') writeBursts()
})

// The store's lock keeps no process alive; between two answers this one still has work to do.
setInterval(() => {}, 60_000)
