/**
 * What every store must do, as cases that any runner can run: the contract of `world/store.ts`.
 * @module
 */
import { deepEqual, equal, ok, throws } from 'node:assert/strict'
import { StoreError } from '../world/store.ts'
import type { Store, StoreChange } from '../world/store.ts'
import { bytes, list, put, remove, startStore, text } from './store-handle.ts'
import type { StoreHandle } from './store-handle.ts'
import { readingCases, writingCases } from './store-cases.ts'
import { modelCases } from './store-model.ts'
import type { ContractCase } from './suite.ts'

/** One place for data: a folder, a simulated medium. */
export interface StorePlace {
  /** A store on this place, not opened yet. */
  store(): Store
  /** Makes what lies there unreadable. Only while no store is open. */
  damage?(): Promise<void>
  /** Takes the place away. Every store is closed. */
  release(): Promise<void>
}

export interface StoreSubject {
  /** A place with nothing on it. */
  start(): Promise<StorePlace>
  /** What is durable is there for the next store on the place, and two at once are refused. */
  readonly keeps: boolean
}

export type StoreCase = readonly [
  title: string,
  run: (handle: StoreHandle, place: StorePlace) => Promise<void> | void,
]

export function storeContract(subject: StoreSubject): readonly ContractCase[] {
  /** A case on an open store of a fresh place; both are gone afterwards, however it ends. */
  const onStore = ([title, run]: StoreCase): ContractCase => ({
    title,
    async run() {
      const place = await subject.start()
      try {
        const handle = await startStore(place.store())
        try {
          deepEqual(handle.answers, [{ kind: 'store.opened', setAside: [] }])
          await run(handle, place)
        } finally {
          await closed(handle)
        }
      } finally {
        await place.release()
      }
    },
  })

  const keeping = subject.keeps ? keepingCases : []
  return [...readingCases, ...writingCases, ...lifeCases, ...modelCases, ...keeping].map(onStore)
}

/** Closes a store that a case left open. */
async function closed(handle: StoreHandle): Promise<void> {
  if (!handle.answers.some(({ kind }) => kind === 'store.closed')) await handle.close()
}

const one = text('1')
const two = text('2')
const three = text('3')

const lifeCases: readonly StoreCase[] = [
  [
    'throws a typed fault from every call after close, and from a range that is walked on',
    async ({ store, write, close }) => {
      write(put('a', text('x'), one), put('a', text('y'), two))
      const walk = store.range('a', { limit: 5 })[Symbol.iterator]()
      walk.next()
      const calls = [
        () => store.get('a', text('x')),
        () => store.range('a', { limit: 1 }),
        () => store.write(100, [put('a', text('x'), one)]),
        () => store.open(() => {}),
        () => walk.next(),
      ]
      const closing = close()
      const fault = (error: unknown) => error instanceof StoreError && error.fault === 'closed'
      for (const call of calls) throws(call, fault)
      await closing
      for (const call of calls.slice(0, 4)) throws(call, fault)
    },
  ],
  [
    'answers nothing but one store.closed once close was called',
    async ({ store, answers, write, close }) => {
      for (let index = 0; index < 20; index++) write(put('a', bytes(index), one))
      const before = answers.length
      const closing = close()
      equal(answers.length, before)
      store.close()
      deepEqual(await closing, { kind: 'store.closed' })
      await new Promise((resolve) => setImmediate(resolve))
      deepEqual(answers.slice(before), [{ kind: 'store.closed' }])
    },
  ],
  [
    'serves nobody before it is open, and can be closed while it opens or without being opened',
    async (_, place) => {
      const never = place.store()
      throws(() => never.get('a', text('x')), StoreError)
      never.close()
      never.close()
      throws(() => never.open(() => {}), StoreError)

      // The open store of this case owns the place: this one is on its way to open or be refused.
      const store = place.store()
      const answers: string[] = []
      const end = new Promise<void>((resolve) => {
        store.open(({ kind }) => {
          answers.push(kind)
          resolve()
        })
      })
      throws(() => store.get('a', text('x')), StoreError)
      throws(() => store.write(1, []), StoreError)
      deepEqual(answers, [])
      store.close()
      await end
      deepEqual(answers, ['store.closed'])
    },
  ],
]

const keepingCases: readonly StoreCase[] = [
  [
    'has everything again after it was closed and opened, written a moment before or long ago',
    async ({ write, durable, close }, place) => {
      await durable(write(put('a', text('x'), one), put('a', text('gone'), one)))
      write(put('a', text('y'), two), remove('a', text('gone')))
      write(put('b', text('z'), three))
      await close()
      const again = await startStore(place.store())
      deepEqual(again.answers, [{ kind: 'store.opened', setAside: [] }])
      deepEqual(list(again.store, 'a'), ['x=1', 'y=2'])
      deepEqual(list(again.store, 'b'), ['z=3'])
      // The numbers begin anew with each opening.
      await again.durable(again.write(remove('a', text('x'))))
      await again.close()
      const third = await startStore(place.store())
      deepEqual(list(third.store, 'a'), ['y=2'])
      await third.close()
    },
  ],
  [
    'flushes ten thousand entries in a hundred batches when it is closed at once',
    async ({ store, write, close }, place) => {
      for (let batch = 0; batch < 100; batch++) {
        const changes = Array.from({ length: 100 }, (_, index): StoreChange =>
          put('a', bytes(batch, index), text(`${batch}.${index}`)),
        )
        write(...changes)
      }
      const before = list(store, 'a')
      equal(before.length, 10_000)
      await close()
      const again = await startStore(place.store())
      deepEqual(list(again.store, 'a'), before)
      await again.close()
    },
  ],
  [
    'refuses a second owner with a sentence, and serves the first one on',
    async ({ store, write, durable, close }, place) => {
      write(put('a', text('x'), one))
      const second = await startStore(place.store())
      const [refusal] = second.answers
      ok(refusal?.kind === 'store.refused')
      equal(refusal.fault, 'owned')
      ok(refusal.message.length > 20)
      throws(() => second.store.get('a', text('x')), StoreError)
      deepEqual(await second.close(), { kind: 'store.closed' })
      await durable(write(put('a', text('y'), two)))
      deepEqual(list(store, 'a'), ['x=1', 'y=2'])
      await close()
      const third = await startStore(place.store())
      deepEqual(third.answers, [{ kind: 'store.opened', setAside: [] }])
      await third.close()
    },
  ],
  [
    'sets damaged data aside, says so, and starts empty',
    async ({ write, durable, close }, place) => {
      await durable(write(put('a', text('x'), one)))
      await close()
      ok(place.damage !== undefined, 'a place that keeps data can be damaged')
      await place.damage()
      const again = await startStore(place.store())
      const [opened] = again.answers
      ok(opened?.kind === 'store.opened')
      equal(opened.setAside.length, 1)
      deepEqual(list(again.store, 'a'), [])
      await again.durable(again.write(put('a', text('x'), two)))
      await again.close()
      const third = await startStore(place.store())
      deepEqual(third.answers, [{ kind: 'store.opened', setAside: [] }])
      deepEqual(list(third.store, 'a'), ['x=2'])
      await third.close()
    },
  ],
]
