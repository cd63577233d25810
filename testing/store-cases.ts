/**
 * The cases of the store contract that need one open store: what reads see, what writes keep.
 * @module
 */
import { deepEqual, equal, ok, throws } from 'node:assert/strict'
import { STORE_KEY_BYTES_MAX, STORE_TABLES_MAX } from '../world/store.ts'
import type { StoreCase } from './store-contract.ts'
import { bytes, list, put, remove, text } from './store-handle.ts'

const one = text('1')
const two = text('2')
const three = text('3')

export const readingCases: readonly StoreCase[] = [
  [
    'shows a batch to get and to range as soon as write returns',
    ({ store, write }) => {
      write(put('a', text('x'), one), put('b', text('y'), two))
      deepEqual(store.get('a', text('x')), one)
      deepEqual(store.get('b', text('y')), two)
      deepEqual(list(store, 'a'), ['x=1'])
      deepEqual(list(store, 'b'), ['y=2'])
    },
  ],
  [
    'keeps tables apart, and a table that nobody wrote is empty',
    ({ store, write }) => {
      write(put('a', text('x'), one))
      equal(store.get('b', text('x')), undefined)
      deepEqual(list(store, 'b'), [])
      deepEqual(list(store, 'b', { reverse: true }), [])
    },
  ],
  [
    'merges what is durable and what is not into one order, in both directions',
    async ({ store, write, durable }) => {
      await durable(write(...['b', 'd', 'f', 'h'].map((key) => put('a', text(key), one))))
      write(put('a', text('a'), two), put('a', text('d'), two), remove('a', text('f')))
      write(put('a', text('e'), three), remove('a', text('h')), put('a', text('i'), three))
      const expected = ['a=2', 'b=1', 'd=2', 'e=3', 'i=3']
      deepEqual(list(store, 'a'), expected)
      deepEqual(list(store, 'a', { reverse: true }), expected.toReversed())
      equal(store.get('a', text('f')), undefined)
      deepEqual(store.get('a', text('d')), two)
      await durable(write())
      deepEqual(list(store, 'a'), expected)
      deepEqual(list(store, 'a', { reverse: true }), expected.toReversed())
    },
  ],
  [
    'orders keys bytewise, a prefix before what it begins',
    async ({ store, write, durable }) => {
      const keys = [[0], [0, 0], [0, 1], [1], [1, 0], [127], [128], [254, 255], [255], [255, 0]]
      const longest = new Uint8Array(STORE_KEY_BYTES_MAX).fill(255)
      const ordered = [...keys.map((key) => bytes(...key)), longest]
      const shuffled = [3, 0, 9, 5, 10, 1, 8, 2, 7, 4, 6].flatMap((index) => ordered[index] ?? [])
      const batch = write(...shuffled.map((key) => put('a', key, one)))
      const keysNow = (reverse: boolean) =>
        [...store.range('a', { limit: 100, reverse })].map(([key]) => key)
      deepEqual(keysNow(false), ordered)
      deepEqual(keysNow(true), ordered.toReversed())
      await durable(batch)
      deepEqual(keysNow(false), ordered)
      deepEqual(keysNow(true), ordered.toReversed())
    },
  ],
  [
    'includes from, stops before before, and counts the limit from where it begins',
    async ({ store, write, durable }) => {
      await durable(write(...['b', 'd'].map((key) => put('a', text(key), one))))
      write(...['a', 'c', 'e'].map((key) => put('a', text(key), two)))
      const keys = (range: Parameters<typeof list>[2]) =>
        list(store, 'a', range)
          .map((entry) => entry[0])
          .join('')
      const from = text('b')
      const before = text('d')
      equal(keys({ from }), 'bcde')
      equal(keys({ before }), 'abc')
      equal(keys({ from, before }), 'bc')
      equal(keys({ from: before, before: from }), '')
      equal(keys({ from, before: from }), '')
      equal(keys({ from: text('bb'), before: text('dd') }), 'cd')
      equal(keys({ from: text('f') }), '')
      equal(keys({ from, reverse: true }), 'edcb')
      equal(keys({ before, reverse: true }), 'cba')
      equal(keys({ from, before, reverse: true }), 'cb')
      equal(keys({ from: text('bb'), before: text('dd'), reverse: true }), 'dc')
      equal(keys({ before: text('a'), reverse: true }), '')
      equal(keys({ limit: 0 }), '')
      equal(keys({ limit: 2 }), 'ab')
      equal(keys({ from, limit: 2 }), 'bc')
      equal(keys({ limit: 2, reverse: true }), 'ed')
      equal(keys({ before, limit: 2, reverse: true }), 'cb')
      equal(keys({ from: new Uint8Array() }), 'abcde')
      equal(keys({ before: new Uint8Array() }), '')
      equal(keys({ before: new Uint8Array(), reverse: true }), '')
    },
  ],
  [
    'takes the last of several changes to one key in a batch',
    async ({ store, write, durable }) => {
      const key = text('x')
      const batch = write(put('a', key, one), remove('a', key), put('a', key, two))
      deepEqual(store.get('a', key), two)
      await durable(batch)
      deepEqual(store.get('a', key), two)
      await durable(write(put('a', key, three), remove('a', key)))
      equal(store.get('a', key), undefined)
      deepEqual(list(store, 'a'), [])
    },
  ],
  [
    'tells a value of no bytes from no value, and takes one of five million',
    async ({ store, write, durable }) => {
      const large = new Uint8Array(5_000_000).map((_, index) => index % 251)
      const batch = write(put('a', text('empty'), bytes()), put('a', text('large'), large))
      const check = () => {
        deepEqual(store.get('a', text('empty')), bytes())
        deepEqual(store.get('a', text('large')), large)
        deepEqual([...store.range('a', { limit: 2 })][1], [text('large'), large])
      }
      check()
      await durable(batch)
      check()
    },
  ],
  [
    'is not disturbed by writes while a range is walked, and loses nothing written before it',
    async ({ store, write, durable }) => {
      const key = (index: number) => text(index.toString().padStart(4, '0'))
      const indices = Array.from({ length: 1_000 }, (_, index) => index)
      await durable(write(...indices.filter((i) => i % 2 === 0).map((i) => put('a', key(i), one))))
      const late = write(...indices.filter((i) => i % 2 === 1).map((i) => put('a', key(i), two)))
      for (const reverse of [false, true]) {
        const seen: string[] = []
        for (const [found] of store.range('a', { limit: 5_000, reverse })) {
          const index = Number(new TextDecoder().decode(found))
          seen.push(new TextDecoder().decode(found))
          // Behind, at and before the place; then the pending half becomes durable midway.
          if (index % 100 === 0) write(put('b', found, one), put('a', found, three))
          if (index === 500) await durable(late)
        }
        const expected = indices.map((i) => i.toString().padStart(4, '0'))
        deepEqual(seen, reverse ? expected.toReversed() : expected)
      }
    },
  ],
  [
    'reads ten thousand entries in order, before and after they are durable',
    async ({ store, write, durable }) => {
      const keyOf = (index: number) => bytes(index >> 8, index & 255)
      const order = Array.from({ length: 10_000 }, (_, index) => (index * 7_919) % 10_000)
      const batches = Array.from({ length: 100 }, (_, batch) =>
        write(
          ...order
            .slice(batch * 100, batch * 100 + 100)
            .map((index) => put('a', keyOf(index), text(`${index}`))),
        ),
      )
      const check = () => {
        let index = 0
        for (const [key, value] of store.range('a', { limit: 20_000 })) {
          deepEqual(key, keyOf(index))
          deepEqual(value, text(`${index}`))
          index += 1
        }
        equal(index, 10_000)
      }
      check()
      await durable(batches.at(-1) ?? 0)
      check()
    },
  ],
]

export const writingCases: readonly StoreCase[] = [
  [
    'copies what it is given: a buffer used again by the caller changes nothing',
    async ({ store, write, durable }) => {
      const key = text('key')
      const value = text('value')
      const changes = [put('a', key, value)]
      const batch = write(...changes)
      key.fill(0)
      value.fill(0)
      changes.length = 0
      deepEqual(list(store, 'a'), ['key=value'])
      await durable(batch)
      deepEqual(list(store, 'a'), ['key=value'])
    },
  ],
  [
    'hands out bytes that are the caller’s: neither side’s later changes reach the other',
    async ({ store, write, durable }) => {
      const key = text('k')
      const take = () => {
        const [entry] = store.range('a', { limit: 1 })
        const got = store.get('a', key)
        ok(entry !== undefined && got !== undefined)
        return [got, entry[1], entry[0]]
      }
      const batch = write(put('a', key, one))
      const early = take()
      await durable(batch)
      const late = take()
      for (const taken of [...early, ...late])
        equal(Object.getPrototypeOf(taken), Uint8Array.prototype)
      await durable(write(put('a', key, two)))
      deepEqual([...early, ...late], [one, one, key, one, one, key])
      for (const taken of [...early, ...late, ...take()]) taken.fill(0)
      deepEqual(list(store, 'a'), ['k=2'])
      deepEqual(store.get('a', key), two)
    },
  ],
  [
    'takes views into larger buffers for what they show',
    async ({ store, write, durable }) => {
      const whole = text('..key..value..')
      await durable(write(put('a', whole.subarray(2, 5), whole.subarray(7, 12))))
      deepEqual(store.get('a', whole.subarray(2, 5)), text('value'))
      deepEqual(list(store, 'a', { from: whole.subarray(2, 4) }), ['key=value'])
    },
  ],
  [
    'reports every batch durable, in order, and never inside a call',
    async ({ store, answers, write, durable }) => {
      const batches = Array.from({ length: 50 }, (_, index) => {
        const before = answers.length
        const batch = write(put('a', bytes(index), one))
        store.get('a', bytes(index))
        equal(answers.length, before)
        return batch
      })
      await durable(batches.at(-1) ?? 0)
      const reported = answers.flatMap((answer) =>
        answer.kind === 'store.durable' ? [answer.batch] : [],
      )
      deepEqual(
        reported,
        reported.toSorted((a, b) => a - b),
      )
      equal(new Set(reported).size, reported.length)
      equal(reported.at(-1), 50)
    },
  ],
  [
    'takes batch numbers with gaps, and a batch of no changes',
    async ({ store, answers, durable }) => {
      store.write(7, [])
      store.write(1_000_000, [put('a', text('x'), one)])
      await durable(1_000_000)
      ok(answers.every((answer) => answer.kind !== 'store.durable' || answer.batch >= 7))
    },
  ],
  [
    'refuses keys outside the limits with a RangeError, and then nothing of the batch is there',
    async ({ store, write, durable }) => {
      const long = new Uint8Array(STORE_KEY_BYTES_MAX + 1).fill(1)
      for (const key of [bytes(), long]) {
        throws(() => store.write(1, [put('a', text('x'), one), put('a', key, one)]), RangeError)
        throws(() => store.write(1, [put('a', text('x'), one), remove('a', key)]), RangeError)
        throws(() => store.get('a', key), RangeError)
      }
      deepEqual(list(store, 'a'), [])
      await durable(write(put('a', long.subarray(1), one)))
      deepEqual(store.get('a', long.subarray(1)), one)
    },
  ],
  [
    'refuses a batch number that does not rise, a table’s wrong name and a limit that is no count',
    async ({ store, write, durable }) => {
      await durable(write(put('a', text('x'), one)))
      for (const number of [1, 0, -1, 1.5, Number.NaN, Number.POSITIVE_INFINITY]) {
        throws(() => store.write(number, [put('a', text('x'), two)]), RangeError)
      }
      for (const table of ['', 'A', '1', 'a b', 'a/b', 'a'.repeat(65), '__proto__', 'a\0']) {
        throws(() => store.write(2, [put(table, text('x'), two)]), RangeError)
        throws(() => store.get(table, text('x')), RangeError)
        throws(() => store.range(table, { limit: 1 }), RangeError)
      }
      for (const limit of [-1, 0.5, Number.NaN, Number.POSITIVE_INFINITY]) {
        throws(() => store.range('a', { limit }), RangeError)
      }
      deepEqual(list(store, 'a'), ['x=1'])
      await durable(write(put('a', text('x'), three)))
      deepEqual(list(store, 'a'), ['x=3'])
    },
  ],
  [
    `takes ${STORE_TABLES_MAX} tables, and refuses a batch that would open one more`,
    async ({ store, write, durable }) => {
      const names = Array.from({ length: STORE_TABLES_MAX }, (_, index) => `table-${index}`)
      await durable(write(...names.map((name) => put(name, text('x'), text(name)))))
      const tooMany = [put('table-0', text('x'), one), put('one-more', text('x'), one)]
      throws(() => store.write(2, tooMany), RangeError)
      for (const name of names) deepEqual(store.get(name, text('x')), text(name))
      equal(store.get('one-more', text('x')), undefined)
      await durable(write(put('table-0', text('x'), two)))
    },
  ],
]
