import fc from 'fast-check'
import { expect, test } from 'vitest'
import { ADDRESS_BOOK_SIZES } from '../../supervisor/address-book.ts'
import { createBuckets } from '../../supervisor/address-book-buckets.ts'
import { DAY_MS, groupOf, HOUR_MS, IPV4_RULES, ipv4, NOW_MS } from '../support/address-books.ts'
import { startBook } from '../support/address-books.ts'
import type { StartedBook } from '../support/address-books.ts'
import { holds } from '../support/properties.ts'

/** So small that places are fought for all the time. */
const SIZES = {
  newBuckets: 4,
  triedBuckets: 4,
  bucketSize: 3,
  newBucketsPerSourceGroup: 2,
  triedBucketsPerGroup: 2,
  newBucketsPerAddress: 3,
}
const BUCKET_KEY = new Uint8Array(32).fill(5)
const buckets = createBuckets(IPV4_RULES, { ...ADDRESS_BOOK_SIZES, ...SIZES }, BUCKET_KEY)

const texts = Array.from({ length: 40 }, (_, index) => {
  const id = index % 4 === 0 ? `node${'abc'.charAt(index % 3)}@` : ''
  return `${id}${1 + (index % 9)}.${index % 5}.1.1:${index}`
})

/** Hashes are what takes time here, and the same ones are asked for after every step. */
const known = new Map<string, number>()
function once(what: string, compute: () => number): number {
  const slot = known.get(what) ?? compute()
  known.set(what, slot)
  return slot
}
const triedSlotOf = (key: string) => once(key, () => buckets.triedSlot(ipv4(key)))
const newSlotOf = (key: string, bucket: number) =>
  once(`${key} ${bucket}`, () => buckets.newSlotIn(ipv4(key), bucket))

type Step =
  | {
      readonly kind: 'add'
      readonly source: number
      readonly seenMs: number
      readonly penaltyMs: number
    }
  | { readonly kind: 'good' | 'attempt' | 'connected' | 'remove' }
  | { readonly kind: 'resolve' | 'commit' | 'reload' | 'select' | 'sample' }
interface Timed {
  readonly step: Step
  readonly text: string
  readonly laterMs: number
}

const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 12,
    arbitrary: fc.record({
      kind: fc.constant('add' as const),
      source: fc.nat(20),
      seenMs: fc.oneof(
        { weight: 6, arbitrary: fc.integer({ min: -HOUR_MS, max: HOUR_MS / 6 }) },
        { weight: 2, arbitrary: fc.integer({ min: -40 * DAY_MS, max: HOUR_MS }) },
        {
          weight: 1,
          arbitrary: fc.constantFrom(
            Number.NaN,
            Number.POSITIVE_INFINITY,
            Number.NEGATIVE_INFINITY,
            0.5,
          ),
        },
      ),
      penaltyMs: fc.constantFrom(0, 2 * HOUR_MS),
    }),
  },
  { weight: 8, arbitrary: fc.constant({ kind: 'good' as const }) },
  { weight: 3, arbitrary: fc.constant({ kind: 'resolve' as const }) },
  { weight: 4, arbitrary: fc.constant({ kind: 'attempt' as const }) },
  {
    weight: 5,
    arbitrary: fc.record({
      kind: fc.constantFrom('connected', 'remove', 'commit', 'reload'),
    }),
  },
  { weight: 2, arbitrary: fc.record({ kind: fc.constantFrom('select', 'sample') }) },
)
const timed: fc.Arbitrary<Timed> = fc.record({
  step,
  text: fc.constantFrom(...texts),
  // Clocks are set back as well.
  laterMs: fc.oneof(
    fc.integer({ min: 0, max: HOUR_MS }),
    fc.integer({ min: -DAY_MS, max: 8 * DAY_MS }),
  ),
})

/** What is not as it has to be after every step, seen from the places and from the records. */
function faultsOf({ book }: StartedBook): readonly string[] {
  const faults: string[] = []
  const holdsOf = (key: string, isSo: boolean, what: string) => {
    if (!isSo) faults.push(`${key}: ${what}`)
  }
  const places = new Map<string, string[]>()
  for (const { table, bucket, position, key } of book.slots()) {
    places.set(key, [...(places.get(key) ?? []), table])
    const slot = bucket * SIZES.bucketSize + position
    const expected = table === 'tried' ? triedSlotOf(key) : newSlotOf(key, bucket)
    holdsOf(key, slot === expected, `stands in slot ${slot} of ${table}, not ${expected}`)
  }
  let tried = 0
  for (const [key, tables] of places) {
    const view = book.find(key)
    const isTried = tables[0] === 'tried'
    if (isTried) tried++
    holdsOf(key, new Set(tables).size === 1, 'is in both tables')
    holdsOf(key, view?.table === tables[0], `thinks it is in ${String(view?.table)}`)
    holdsOf(key, view?.places === tables.length, `thinks it has ${String(view?.places)} places`)
    const placesMax = isTried ? 1 : SIZES.newBucketsPerAddress
    holdsOf(key, tables.length <= placesMax, `has ${tables.length} places in ${String(tables[0])}`)
    holdsOf(key, !isTried || (view?.succeededMs ?? 0) > 0, 'is in tried without a success')
  }
  const { size } = book
  holdsOf('size', size.tried === tried, `${size.tried} in tried, not ${tried}`)
  const newCount = places.size - tried
  holdsOf('size', size.new === newCount, `${size.new} in new, not ${newCount}`)
  // No index knows more than the places do.
  for (const key of texts) {
    holdsOf(key, (book.find(key) !== undefined) === places.has(key), 'is indexed without a place')
  }
  for (const id of ['nodea', 'nodeb', 'nodec']) {
    const best = book.byIdentity(id)
    const ofId = [...places.keys()].filter((key) => key.startsWith(id))
    const isRight = best === undefined ? ofId.length === 0 : ofId.includes(IPV4_RULES.print(best))
    holdsOf(id, isRight, 'is not one of its addresses')
  }
  return faults
}

const triedOf = ({ book }: StartedBook): readonly string[] =>
  texts.filter((text) => book.find(text)?.table === 'tried')

const start = () => startBook({ sizes: SIZES, bucketKey: BUCKET_KEY })

/** The book after the step: another one where it is loaded again. */
function take(started: StartedBook, { step: taken, text }: Timed, nowMs: number): StartedBook {
  const { book, add, commit, table } = started
  const isConnected = (key: string) => key.length % 3 === 0
  switch (taken.kind) {
    case 'add': {
      const sourceGroup = groupOf(`99.${taken.source}.0.0`)
      const wasThere = book.find(text) !== undefined
      const { penaltyMs } = taken
      const isNew = add(text, { sourceGroup, seenMs: nowMs + taken.seenMs, penaltyMs, nowMs })
      expect(isNew).toBe(!wasThere && book.find(text) !== undefined)
      break
    }
    case 'good':
      book.good(text, nowMs)
      break
    case 'attempt':
      book.attempt(text, true, nowMs)
      break
    case 'connected':
      book.connected(text, nowMs)
      break
    case 'remove':
      book.remove(text)
      expect(book.find(text)).toBeUndefined()
      break
    case 'resolve':
      for (const { address } of book.collisions(nowMs)) {
        expect(book.find(IPV4_RULES.key(address))?.table).toBe('tried')
      }
      book.resolveCollisions(nowMs, isConnected)
      break
    case 'select': {
      const isEmpty = book.size.new + book.size.tried === 0
      const selected = book.select(nowMs)
      if (selected === undefined) expect(isEmpty).toBe(true)
      else expect(book.find(IPV4_RULES.key(selected.address))).toBeDefined()
      break
    }
    case 'sample': {
      const told = book.sample(10, 50, nowMs).map(({ address }) => IPV4_RULES.key(address))
      expect(new Set(told).size).toBe(told.length)
      expect(told.every((key) => book.find(key) !== undefined)).toBe(true)
      break
    }
    case 'commit':
      commit()
      // The secret, and an entry a record: nothing stays behind.
      expect(table.size).toBe(1 + book.size.new + book.size.tried)
      break
    case 'reload': {
      commit()
      const again = start()
      for (const [key, entry] of table) again.table.set(key, entry)
      const { loaded, skipped } = again.book.load(table.values(), nowMs)
      expect(skipped).toEqual([])
      expect(loaded).toBe(book.size.new + book.size.tried)
      expect([...again.book.slots()]).toEqual([...book.slots()])
      expect(again.book.changes()).toEqual([])
      return again
    }
  }
  return started
}

test('after any sequence of operations records, places, counts and the store agree', () => {
  const kinds = new Set<string>()
  let most = { new: 0, tried: 0, places: 0 }
  let givenUp = 0
  holds(
    fc.property(fc.array(timed, { minLength: 1, maxLength: 150, size: 'max' }), (steps) => {
      let started = start()
      let nowMs = NOW_MS
      for (const each of steps) {
        nowMs += each.laterMs
        kinds.add(each.step.kind)
        const before = triedOf(started)
        started = take(started, each, nowMs)
        expect(faultsOf(started)).toEqual([])
        const { book } = started
        if (before.some((key) => book.find(key)?.table === 'new')) givenUp++
        const places = Math.max(0, ...texts.map((text) => book.find(text)?.places ?? 0))
        most = {
          new: Math.max(most.new, book.size.new),
          tried: Math.max(most.tried, book.size.tried),
          places: Math.max(most.places, places),
        }
      }
    }),
    200,
  )
  expect(kinds.size).toBe(10)
  // The sequences went where it gets tight.
  expect(most.new).toBeGreaterThan(8)
  expect(most.tried).toBeGreaterThan(5)
  expect(most.places).toBeGreaterThan(1)
  expect(givenUp).toBeGreaterThan(5)
})
