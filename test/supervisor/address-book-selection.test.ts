import { describe, expect, test } from 'vitest'
import type { AddressView } from '../../actors/lent-book.ts'
import { chanceOf } from '../../supervisor/address-book-quality.ts'
import { addGood, DAY_MS, HOUR_MS, ipv4, manyTexts, NOW_MS } from '../support/address-books.ts'
import { startBook } from '../support/address-books.ts'
import type { Ipv4, StartedBook } from '../support/address-books.ts'

type Wanted = (view: AddressView<Ipv4>) => boolean

/** How often each address was drawn. */
function drawn(draws: number, draw: () => string | undefined): Map<string, number> {
  const counts = new Map<string, number>()
  for (let index = 0; index < draws; index++) {
    const text = draw() ?? 'nothing'
    counts.set(text, (counts.get(text) ?? 0) + 1)
  }
  return counts
}

describe('selecting', () => {
  test('from new alone gives nothing of tried', () => {
    const started = startBook()
    const { selected, add } = started
    addGood(started, '1.1.1.1:1')
    expect(selected({ isNewOnly: true })).toBeUndefined()
    expect(selected()).toBe('1.1.1.1:1')
    add('2.2.2.2:2')
    expect(selected({ isNewOnly: true })).toBe('2.2.2.2:2')
  })

  test('takes both tables alike, however many there are in each', () => {
    const started = startBook()
    for (const text of manyTexts(400)) started.add(text)
    addGood(started, '99.1.1.1:1')
    // Tried just now: a fair comparison needs it to be as good as the others.
    const select = () => started.book.select(NOW_MS + HOUR_MS)?.address.octets[0]
    const counts = drawn(2_000, () => String(select()))
    expect(Math.abs((counts.get('99') ?? 0) / 2_000 - 0.5)).toBeLessThan(0.05)
  })

  test('prefers no address of a full bucket to one that is alone', () => {
    // One source fills one bucket; another has a single address in its own.
    const { add, selected, book } = startBook({ sizes: { newBucketsPerSourceGroup: 1 } })
    for (let last = 0; last < 200; last++) add(`1.1.1.${last}:1`)
    add('2.2.2.2:2')
    expect(book.size.new).toBeGreaterThan(50)
    const counts = drawn(2_000, () => selected())
    expect(Math.abs((counts.get('2.2.2.2:2') ?? 0) / 2_000 - 0.5)).toBeLessThan(0.05)
  })

  test('takes one that has failed, or was just tried, less often', () => {
    const { add, selected, book } = startBook()
    add('1.1.1.1:1')
    add('2.2.2.2:2')
    book.attempt('2.2.2.2:2', true, NOW_MS - HOUR_MS)
    const failed = drawn(4_000, () => selected()).get('2.2.2.2:2') ?? 0
    // It is taken when the draw falls on it and holds (1/2 times 0.66), the other always.
    const quality = { seenMs: 1, succeededMs: 0, attemptedMs: 1, countedMs: 1, failures: 1 }
    const chance = chanceOf(quality, NOW_MS)
    expect(Math.abs(failed / 4_000 - chance / (1 + chance))).toBeLessThan(0.05)
    book.attempt('2.2.2.2:2', false, NOW_MS)
    const justTried = drawn(4_000, () => selected()).get('2.2.2.2:2') ?? 0
    expect(justTried / 4_000).toBeLessThan(0.03)
  })

  test('gives the only address there is, however bad', () => {
    const { add, selected, book } = startBook()
    add('1.1.1.1:1', { seenMs: 1 })
    for (let failures = 0; failures < 20; failures++) {
      book.attempt('1.1.1.1:1', true, NOW_MS - 100 + 2 * failures)
      book.good('9.9.9.9:9', NOW_MS - 99 + 2 * failures)
    }
    expect(book.find('1.1.1.1:1')?.failures).toBe(20)
    let asked = 0
    const isWanted = () => {
      asked++
      return true
    }
    for (let draws = 0; draws < 200; draws++) {
      asked = 0
      expect(selected({ isWanted })).toBe('1.1.1.1:1')
      // Each refusal makes the next one less likely: from 0.01 times 0.66 to the eighth to 1.
      expect(asked).toBeLessThanOrEqual(46)
    }
  })

  test('asks for what is known of an address, and gives it', () => {
    const { add, book } = startBook()
    add('1.1.1.1:1', { marks: 1n })
    add('2.2.2.2:2', { marks: 6n })
    book.attempt('2.2.2.2:2', true, NOW_MS - HOUR_MS)
    const isWanted: Wanted = ({ attemptedMs, marks }) => attemptedMs > 0 && (marks & 2n) !== 0n
    expect(book.select(NOW_MS, { isWanted })).toEqual(book.find('2.2.2.2:2'))
    expect(book.select(NOW_MS, { isWanted: ({ marks }) => marks === 2n })).toBeUndefined()
    const told = book.sample(2, 100, NOW_MS, ({ marks }) => marks === 1n)
    expect(told).toEqual([book.find('1.1.1.1:1')])
  })

  test.each(['new', 'tried'])('finds the only wanted address among thousands in %s', (table) => {
    const started = startBook()
    for (const text of manyTexts(4_000)) started.add(text)
    const wanted = '9.9.1.1:8333'
    started.add(wanted)
    if (table === 'tried') started.book.good(wanted, NOW_MS)
    expect(started.book.find(wanted)?.table).toBe(table)
    const isWanted: Wanted = ({ address: { octets } }) => octets[0] === 9 && octets[1] === 9
    for (let draws = 0; draws < 20; draws++) expect(started.selected({ isWanted })).toBe(wanted)
  })

  test('ends with nothing after bounded work where none is wanted', () => {
    const sizes = { newBuckets: 128, newBucketsPerSourceGroup: 128 }
    const { add, selected, book } = startBook({ sizes })
    for (let index = 0; index < 20_000; index++) {
      add(`${1 + (index >> 8)}.${index & 0xff}.1.1:1`)
    }
    // More than the work may take in, or the bound would not show.
    expect(book.size.new).toBeGreaterThan(6_000)
    let asked = 0
    const isWanted = () => {
      asked++
      return false
    }
    expect(selected({ isWanted })).toBeUndefined()
    expect(asked).toBeGreaterThan(0)
    expect(asked).toBeLessThanOrEqual(128 * 64 + 4_096)
  })
})

describe('a sample', () => {
  const sampled = ({ book }: StartedBook, max: number, percent: number, atMs = NOW_MS) =>
    book.sample(max, percent, atMs).map(({ address }) => address.octets.join('.'))

  test('is a share of the book, rounded down, and at most so many', () => {
    const started = startBook()
    for (const text of manyTexts(5)) started.add(text)
    expect(sampled(started, 1_000, 23)).toHaveLength(1)
    addGood(started, '1.0.1.1:8333')
    addGood(started, '1.1.1.1:8333')
    expect(sampled(started, 1_000, 23)).toHaveLength(1)
    expect(new Set(sampled(started, 1_000, 100)).size).toBe(5)
    expect(new Set(sampled(started, 3, 100)).size).toBe(3)
    expect(sampled(started, 0, 100)).toEqual([])
    expect(sampled(startBook(), 1_000, 100)).toEqual([])
  })

  test('has no address that is terrible, and none that is not to be told', () => {
    const started = startBook()
    const { book, add } = started
    add('1.1.1.1:1')
    add('2.2.2.2:2', { seenMs: NOW_MS - 31 * DAY_MS })
    add('3.3.3.3:3')
    const isTellable: Wanted = ({ address: { port } }) => port !== 3
    expect(sampled(started, 10, 100).sort()).toEqual(['1.1.1.1', '3.3.3.3'])
    expect(book.sample(10, 100, NOW_MS, isTellable)).toEqual([
      expect.objectContaining({ address: ipv4('1.1.1.1:1'), seenMs: NOW_MS }),
    ])
    expect(sampled(started, 10, 100, NOW_MS + 31 * DAY_MS)).toEqual([])
  })

  test('is another one each time, and takes all alike', () => {
    const started = startBook()
    for (const text of manyTexts(20)) started.add(text)
    const counts = new Map<string, number>()
    for (let asked = 0; asked < 2_000; asked++) {
      for (const text of sampled(started, 5, 100)) counts.set(text, (counts.get(text) ?? 0) + 1)
    }
    expect(counts.size).toBe(20)
    for (const count of counts.values()) expect(Math.abs(count / 2_000 - 1 / 4)).toBeLessThan(0.05)
  })
})

describe('by identity', () => {
  const best = ({ book }: StartedBook) => book.byIdentity('alice')?.octets[0]

  test('the best address is found: tried, then the newest success, then the newest sight', () => {
    const started = startBook()
    const { book, add } = started
    expect(best(started)).toBeUndefined()
    add('alice@1.1.1.1:1', { seenMs: NOW_MS - HOUR_MS })
    add('alice@2.2.2.2:2')
    add('bob@3.3.3.3:3')
    expect(best(started)).toBe(2)
    book.good('alice@1.1.1.1:1', NOW_MS - HOUR_MS)
    expect(best(started)).toBe(1)
    book.good('alice@2.2.2.2:2', NOW_MS)
    expect(best(started)).toBe(2)
    book.good('alice@1.1.1.1:1', NOW_MS + 1)
    expect(best(started)).toBe(1)
  })

  test('an address that left the book is not found', () => {
    const started = startBook()
    started.add('alice@1.1.1.1:1')
    started.add('alice@2.2.2.2:2', { seenMs: NOW_MS + 1 })
    started.book.remove('alice@2.2.2.2:2')
    expect(best(started)).toBe(1)
    started.book.remove('alice@1.1.1.1:1')
    expect(best(started)).toBeUndefined()
    expect(started.book.size).toEqual({ new: 0, tried: 0 })
  })
})
