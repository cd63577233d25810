import { describe, expect, test } from 'vitest'
import type { StoreEntry } from '../../world/store.ts'
import { DAY_MS, groupOf, HOUR_MS, IPV4_RULES, NOW_MS } from '../support/address-books.ts'
import { startBook } from '../support/address-books.ts'
import type { BookSetup, StartedBook } from '../support/address-books.ts'

const SECRET = '75'

/** A book in which a little of everything happened, and its table. */
function startUsedBook(count: number, setup: BookSetup = {}): StartedBook {
  const started = startBook(setup)
  const { book, add } = started
  for (let index = 0; index < count; index++) {
    const id = index % 3 === 0 ? `node${'abcdefghij'.charAt(index % 10)}@` : ''
    const text = `${id}${1 + (index % 200)}.${index >> 4}.1.1:${index}`
    const marks = BigInt(index % 5) << 60n
    add(text, { seenMs: NOW_MS - index * 1_000, penaltyMs: 2 * HOUR_MS, marks })
    for (let offer = 0; offer < index % 5; offer++) {
      add(text, { sourceGroup: groupOf(`99.${offer}.0.0`), seenMs: NOW_MS + offer })
    }
    if (index % 4 === 0) book.good(text, NOW_MS - index)
    if (index % 7 === 0) book.attempt(text, true, NOW_MS + index)
  }
  started.commit()
  return started
}

const entriesOf = ({ table }: StartedBook): readonly StoreEntry[] => [...table.values()]
const keyOf = (text: string) => IPV4_RULES.digest(new TextEncoder().encode(text)).join()

/** All that can be seen of a book. */
function stateOf({ book }: StartedBook) {
  const slots = [...book.slots()]
  const views = new Map(slots.map(({ key }) => [key, book.find(key)]))
  return { size: book.size, slots, views }
}

describe('a book that is loaded again', () => {
  test('is the same book, and goes on the same', () => {
    const before = startUsedBook(2_000, { seed: 'secret of the first' })
    const after = startBook({ seed: 'another' })
    const { size } = before.book
    expect(size.tried).toBeGreaterThan(300)
    expect(after.book.load(entriesOf(before), NOW_MS + DAY_MS)).toEqual({
      loaded: size.new + size.tried,
      skipped: [],
      skippedCount: 0,
    })
    expect(stateOf(after)).toEqual(stateOf(before))
    expect(after.book.changes()).toEqual([])

    const selects = ({ reseed, selected }: StartedBook) => {
      reseed('same')
      return Array.from({ length: 500 }, () => selected())
    }
    const selected = selects(before)
    expect(selects(after)).toEqual(selected)
    expect(new Set(selected).size).toBeGreaterThan(100)
  })

  test('knows identities, and when our own link worked last', () => {
    const before = startBook()
    before.add('alice@1.1.1.1:1')
    before.add('2.2.2.2:2')
    before.add('3.3.3.3:3')
    before.book.attempt('3.3.3.3:3', true, NOW_MS - 1)
    before.book.good('alice@1.1.1.1:1', NOW_MS)
    before.book.attempt('2.2.2.2:2', true, NOW_MS + 1)
    before.commit()
    const { book } = startBook()
    book.load(entriesOf(before), NOW_MS + 2)
    expect(book.byIdentity('alice')).toMatchObject({ port: 1, id: 'alice' })
    book.attempt('2.2.2.2:2', true, NOW_MS + 3)
    expect(book.find('2.2.2.2:2')?.failures).toBe(1)
    book.attempt('3.3.3.3:3', true, NOW_MS + 3)
    expect(book.find('3.3.3.3:3')?.failures).toBe(2)
    book.attempt('alice@1.1.1.1:1', true, NOW_MS + 3)
    expect(book.find('alice@1.1.1.1:1')?.failures).toBe(1)
  })

  test('does not believe its own times where they are ahead of the clock', () => {
    const before = startBook()
    before.add('1.1.1.1:1')
    before.book.good('1.1.1.1:1', NOW_MS + 365 * DAY_MS)
    before.commit()
    const { book } = startBook()
    book.load(entriesOf(before), NOW_MS)
    expect(book.find('1.1.1.1:1')).toMatchObject({ succeededMs: NOW_MS, attemptedMs: NOW_MS })
  })

  test('is loaded before anything is added', () => {
    const { book, add } = startBook()
    add('1.1.1.1:1')
    expect(() => book.load([], NOW_MS)).toThrow('before it is used')
  })

  test('has other places under a given secret, for other sizes and without its secret', () => {
    const before = startUsedBook(500)
    const total = before.book.size.new + before.book.size.tried
    const without = entriesOf(before).filter(([key]) => key.length > 1)
    const loadings: readonly [setup: BookSetup, entries: readonly StoreEntry[], skipped: number][] =
      [
        [{ bucketKey: new Uint8Array(32).fill(9) }, entriesOf(before), 0],
        [{ sizes: { newBuckets: 777 } }, entriesOf(before), 0],
        [{ sizes: { newBucketsPerSourceGroup: 32 } }, entriesOf(before), 0],
        [{ seed: 'fresh' }, without, 1],
      ]
    for (const [setup, entries, skipped] of loadings) {
      const after = startBook(setup)
      for (const [key, value] of entries) after.table.set(key.join(), [key, value])
      const loaded = after.book.load(entries, NOW_MS)
      const { size } = after.book
      expect(loaded.loaded).toBe(size.new + size.tried)
      // A few meet in one place by chance: of those in tried the second goes to new.
      expect(loaded.loaded).toBeGreaterThan(total * 0.95)
      expect(loaded.skippedCount).toBe(total - loaded.loaded + skipped)
      expect(stateOf(after).slots).not.toEqual(stateOf(before).slots)
      // From then on it is written as it stands.
      after.commit()
      const again = startBook(setup)
      expect(again.book.load(after.table.values(), NOW_MS)).toMatchObject({ skippedCount: 0 })
      expect(stateOf(again)).toEqual(stateOf(after))
      expect(again.book.changes()).toEqual([])
    }
  })

  test('goes into smaller tables as far as there is room', () => {
    const before = startUsedBook(500)
    const sizes = { newBuckets: 8, triedBuckets: 4, bucketSize: 4 }
    const after = startBook({ sizes })
    const { loaded, skippedCount } = after.book.load(entriesOf(before), NOW_MS)
    expect(loaded).toBeGreaterThan(16)
    expect(loaded).toBeLessThanOrEqual(48)
    expect(loaded + skippedCount).toBe(before.table.size - 1)
    expect(after.book.size.tried).toBeLessThanOrEqual(16)
  })

  test('says of many unusable entries why, for the first hundred', () => {
    const entries = Array.from({ length: 500 }, (_, index): StoreEntry => {
      const key = IPV4_RULES.digest(Uint8Array.of(index >> 8, index & 0xff))
      return [key, new Uint8Array(50).fill(1)]
    })
    const { book } = startBook()
    const { skipped, skippedCount } = book.load(entries, NOW_MS)
    expect(skippedCount).toBe(500)
    expect(skipped).toHaveLength(100)
    expect(skipped[0]).toMatch(/^the entry [0-9a-f]{16} of the address book: damaged$/)
    expect(book.changes()).toHaveLength(501)
  })
})

describe('what the store is told', () => {
  test('is each change once', () => {
    const { book, add, commit, table } = startBook()
    add('1.1.1.1:1')
    expect(commit()).toBe(2)
    expect([...table.keys()]).toEqual(expect.arrayContaining([SECRET, keyOf('1.1.1.1:1')]))
    expect(commit()).toBe(0)
    add('1.1.1.1:1')
    book.connected('1.1.1.1:1', NOW_MS)
    expect(commit()).toBe(0)
    add('1.1.1.1:1', { marks: 5n })
    expect(commit()).toBe(1)
    add('1.1.1.1:1', { marks: 4n })
    book.mark('1.1.1.1:1', 5n)
    expect(commit()).toBe(0)
    for (const change of [
      () => book.mark('1.1.1.1:1', 4n),
      () => book.attempt('1.1.1.1:1', false, NOW_MS),
      () => book.good('1.1.1.1:1', NOW_MS),
      () => book.connected('1.1.1.1:1', NOW_MS + HOUR_MS),
      () => book.remove('1.1.1.1:1'),
    ]) {
      change()
      expect(commit()).toBe(1)
      expect(commit()).toBe(0)
    }
    expect([...table.keys()]).toEqual([SECRET])
  })

  test('is nothing of an address that came and went', () => {
    const { book, add, commit } = startBook()
    commit()
    add('1.1.1.1:1')
    book.remove('1.1.1.1:1')
    expect(book.changes()).toEqual([])
  })

  test('is one entry of an address that went and came back', () => {
    const { book, add, commit, table } = startBook()
    add('1.1.1.1:1')
    commit()
    book.remove('1.1.1.1:1')
    add('1.1.1.1:1', { seenMs: NOW_MS - 5 })
    const [change, ...others] = book.changes()
    expect(others).toEqual([])
    expect(change?.value).toBeDefined()
    book.remove('1.1.1.1:1')
    expect(commit()).toBe(1)
    expect(table.size).toBe(1)
  })
})

/** Each byte of each entry, key and value, and each value cut short. */
function* damaged(entries: readonly StoreEntry[]): Generator<readonly [number, StoreEntry]> {
  for (const [index, [key, value]] of entries.entries()) {
    for (let at = 0; at < key.length; at++) {
      const other = key.slice()
      other[at] = (other[at] ?? 0) ^ 1
      yield [index, [other, value]]
    }
    for (let at = 0; at < value.length; at++) {
      for (const flip of [0x01, 0x80]) {
        const other = value.slice()
        other[at] = (other[at] ?? 0) ^ flip
        yield [index, [key, other]]
      }
      yield [index, [key, value.slice(0, at)]]
    }
    yield [index, [key, Uint8Array.from([...value, 0])]]
  }
}

test('any damage costs its entry alone, is told, and is gone at the next start', () => {
  // A small book is made thousands of times here; it has room enough for all.
  const sizes = { newBuckets: 64, triedBuckets: 32, bucketSize: 16 }
  const before = startUsedBook(6, { sizes })
  const entries = entriesOf(before)
  const total = entries.length - 1
  let cases = 0
  for (const [index, entry] of damaged(entries)) {
    cases++
    const isSecret = entries[index]?.[0].length === 1
    const hit = entries.with(index, entry)
    const after = startBook({ seed: 'fresh', sizes })
    for (const [key, value] of hit) after.table.set(key.join(), [key, value])
    const { loaded, skipped, skippedCount } = after.book.load(hit, NOW_MS)
    expect(loaded).toBe(isSecret ? total : total - 1)
    // A secret under another key is missing as well.
    expect(skippedCount).toBe(isSecret && entry[0][0] !== 0x4b ? 2 : 1)
    expect(skipped).toHaveLength(skippedCount)
    after.commit()
    const again = startBook({ seed: 'later', sizes })
    const [version = 1] = entry[1]
    const isKept = !isSecret && version !== 1 && version !== 2
    expect(again.book.load(after.table.values(), NOW_MS)).toMatchObject({
      loaded,
      // What may be of a later version is left as it is.
      skippedCount: isKept ? 1 : 0,
    })
    expect(stateOf(again)).toEqual(stateOf(after))
  }
  expect(cases).toBeGreaterThan(6 * 200)
})

describe('entries that cannot all be', () => {
  const setup: BookSetup = {
    sizes: { newBuckets: 2, triedBuckets: 1, bucketSize: 1, newBucketsPerSourceGroup: 1 },
  }
  const sourceGroup = groupOf('9.9.9.9')

  /** Two tables of books with one secret, each with one address, put together. */
  function mergedEntries(isGood: boolean): readonly StoreEntry[] {
    return ['1.1.1.1:1', '2.2.2.2:2'].flatMap((text) => {
      const started = startBook(setup)
      started.add(text, { sourceGroup })
      if (isGood) started.book.good(text, NOW_MS)
      started.commit()
      return entriesOf(started)
    })
  }

  test('are loaded as far as there are places in new', () => {
    const { book, table } = startBook(setup)
    const { loaded, skipped } = book.load(mergedEntries(false), NOW_MS)
    expect(loaded).toBe(1)
    expect(skipped).toEqual([expect.stringContaining('its place is taken')])
    expect([...book.slots()]).toHaveLength(1)
    expect(table.size).toBe(0)
    expect(book.changes().map(({ value }) => value)).toEqual([undefined])
  })

  test('go from tried to new where the place in tried is taken', () => {
    const { book } = startBook(setup)
    expect(book.load(mergedEntries(true), NOW_MS)).toMatchObject({ loaded: 2, skipped: [] })
    expect(book.size).toEqual({ new: 1, tried: 1 })
    expect(book.changes()).toHaveLength(1)
  })
})

test.each<[title: string, rules: NonNullable<BookSetup['rules']>, why: string]>([
  ['no longer kept', { isStorable: () => false }, 'the network keeps no such address'],
  ['under another key', { key: ({ port }) => String(port) }, 'the key of another address'],
  ['no longer read', { parse: () => ({ wrong: 'this is no address' }) }, 'this is no address'],
])('addresses that are %s by the network are left out', (_, rules, why) => {
  const before = startUsedBook(5)
  const { book } = startBook({ rules })
  const { loaded, skipped, skippedCount } = book.load(entriesOf(before), NOW_MS)
  expect({ loaded, skippedCount }).toEqual({ loaded: 0, skippedCount: 5 })
  for (const each of skipped) expect(each).toContain(why)
  expect(book.changes().filter(({ value }) => value === undefined)).toHaveLength(5)
})
