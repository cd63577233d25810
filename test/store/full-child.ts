/**
 * Writes numbered batches until the medium takes no more, then shows that the store says so and
 * stays sane. Argument: the folder. Run under a limit on the size of files.
 */
import { deepEqual, equal, ok } from 'node:assert/strict'
import { lmdbStore } from '../../store/lmdb.ts'
import { startStore } from '../../testing/store-handle.ts'
import {
  changesOf,
  contentAfter,
  differenceOf,
  LAST,
  numberIn,
  TABLES,
} from './numbered-batches.ts'

const { store, answers, answer, close, write } = await startStore(lmdbStore(process.argv[2] ?? ''))
const hasFailed = () => answers.some(({ kind }) => kind === 'store.failed')
/** Some transactions succeed before one does not, and others wait behind that one. */
const OUTSTANDING_MAX = 10
const durable = () => answers.findLast((input) => input.kind === 'store.durable')?.batch ?? 0
const ballast = new Uint8Array(100_000)

let number = 0
while (!hasFailed()) {
  while (number < durable() + OUTSTANDING_MAX) {
    number += 1
    write(...changesOf(number), {
      table: 'ballast',
      key: Uint8Array.of(number >> 8, number & 255),
      value: ballast,
    })
  }
  await new Promise((resolve) => setImmediate(resolve))
}

const { batch, fault } = await answer('store.failed')
equal(fault, 'no-space')
// What failed is seen no more; what was durable still is.
const last = numberIn(store.get('state', LAST))
equal(last, batch - 1)
for (const table of TABLES) {
  equal(differenceOf(store.range(table, { limit: 10_000 }), contentAfter(last, table)), undefined)
}
// Nothing that comes after is taken: it would stand without what failed.
const late = write({ table: 'state', key: Uint8Array.of(1), value: ballast })
for (let refused = batch; refused < late;) refused = (await answer('store.failed')).batch
equal(store.get('state', Uint8Array.of(1)), undefined)
ok(answers.every((input) => input.kind !== 'store.durable' || input.batch < batch))
deepEqual(await close(), { kind: 'store.closed', fault: 'no-space' })
console.log(`last ${last}`)
