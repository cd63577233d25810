import { expect, test } from 'vitest'
import { simulatedMedium } from '../../testing/simulated-store.ts'
import type { SimulatedStore } from '../../testing/simulated-store.ts'
import { bytes, list, put, startStore, text } from '../../testing/store-handle.ts'
import type { StoreInput } from '../../world/store.ts'

/** A store whose turns end when the test says so: `turn` delivers what is due, one turn's worth. */
function startTurns() {
  const medium = simulatedMedium()
  let due: (() => void)[] = []
  const later = (run: () => void) => void due.push(run)
  return {
    medium,
    open() {
      const answers: StoreInput[] = []
      const store = medium.store({ later, commits: 'asked' })
      store.open((input) => answers.push(input))
      return { store, answers }
    },
    turn() {
      const now = due
      due = []
      for (const run of now) run()
    },
  }
}

/** Batch n puts n under two keys of two tables, and under its own number. */
function writeBatches(store: SimulatedStore, first: number, last: number): void {
  for (let number = first; number <= last; number++) {
    const value = text(`${number}`)
    store.write(number, [
      put('a', text('last'), value),
      put('b', text('last'), value),
      put('c', bytes(number), value),
    ])
  }
}

const lastIn = (store: SimulatedStore) => [
  list(store, 'a'),
  list(store, 'b'),
  [...store.range('c', { limit: 100 })].length,
]

test.each([0, 1, 2, 3, 4, 5])(
  'a crash that finds %i of five pending batches on the medium leaves exactly those, whole',
  (kept) => {
    const { medium, open, turn } = startTurns()
    const first = open()
    turn()
    writeBatches(first.store, 1, 8)
    first.store.commit(3)
    turn()
    expect(first.answers.at(-1)).toEqual({ kind: 'store.durable', batch: 3 })
    expect(first.store.pendingBatches).toBe(5)
    medium.crash(kept)

    const second = open()
    turn()
    expect(second.answers).toEqual([{ kind: 'store.opened', setAside: [] }])
    expect(lastIn(second.store)).toEqual([[`last=${3 + kept}`], [`last=${3 + kept}`], 3 + kept])
  },
)

test('a crashed store answers nothing more, not even what was on its way', () => {
  const { medium, open, turn } = startTurns()
  const { store, answers } = open()
  turn()
  writeBatches(store, 1, 2)
  store.commit()
  medium.crash()
  turn()
  turn()
  store.close()
  turn()
  expect(answers).toEqual([{ kind: 'store.opened', setAside: [] }])
  for (const call of [() => store.get('a', text('last')), () => writeBatches(store, 3, 3)]) {
    expect(call).toThrow(expect.objectContaining({ name: 'StoreError', fault: 'closed' }))
  }
})

test('commits when it is asked, as far as it is asked, and reports it a turn later', () => {
  const { open, turn } = startTurns()
  const { store, answers } = open()
  turn()
  writeBatches(store, 1, 5)
  turn()
  expect(answers).toHaveLength(1)
  store.commit(2)
  expect(answers).toHaveLength(1)
  turn()
  expect(answers.slice(1)).toEqual([{ kind: 'store.durable', batch: 2 }])
  // What is pending still lies over what became durable under the same keys.
  expect(lastIn(store)).toEqual([['last=5'], ['last=5'], 5])
  expect(store.get('a', text('last'))).toEqual(text('5'))
  store.commit()
  store.commit()
  turn()
  expect(answers.slice(2)).toEqual([{ kind: 'store.durable', batch: 5 }])
})

test('a failure takes back what is pending and refuses what comes after', () => {
  const { open, turn } = startTurns()
  const { store, answers } = open()
  turn()
  writeBatches(store, 1, 4)
  store.commit(1)
  store.fail('no-space')
  expect(lastIn(store)).toEqual([['last=1'], ['last=1'], 1])
  writeBatches(store, 5, 5)
  expect(lastIn(store)).toEqual([['last=1'], ['last=1'], 1])
  while (answers.length < 4) turn()
  expect(answers.slice(1)).toEqual([
    { kind: 'store.durable', batch: 1 },
    { kind: 'store.failed', batch: 2, fault: 'no-space' },
    { kind: 'store.failed', batch: 5, fault: 'no-space' },
  ])
  store.close()
  turn()
  expect(answers.at(-1)).toEqual({ kind: 'store.closed', fault: 'no-space' })
})

test('a close flushes what was never committed', async () => {
  const medium = simulatedMedium()
  const options = { later: setImmediate, commits: 'asked' } as const
  const first = await startStore(medium.store(options))
  first.write(put('a', text('x'), text('1')))
  await first.close()
  const second = await startStore(medium.store(options))
  expect(list(second.store, 'a')).toEqual(['x=1'])
  await second.close()
})
