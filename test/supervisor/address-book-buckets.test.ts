import { describe, expect, test } from 'vitest'
import { ADDRESS_BOOK_SIZES } from '../../supervisor/address-book.ts'
import { createBuckets } from '../../supervisor/address-book-buckets.ts'
import { groupOf, IPV4_RULES, ipv4, PUBLISHED_KEY, startBook } from '../support/address-books.ts'

const buckets = createBuckets(IPV4_RULES, ADDRESS_BOOK_SIZES, PUBLISHED_KEY)
const placeOf = (slot: number) => [Math.floor(slot / 64), slot % 64]
const bucketOf = (slot: number) => Math.floor(slot / 64)
const range = (count: number) => Array.from({ length: count }, (_, index) => index)

/** What Bitcoin Core's unit tests of its address manager state, without a map of networks. */
describe('places are those of Bitcoin Core:', () => {
  test('in tried', () => {
    expect(placeOf(buckets.triedSlot(ipv4('250.1.1.1:8333')))).toEqual([40, 28])
    expect(bucketOf(buckets.triedSlot(ipv4('250.1.1.1:9999')))).toBe(113)
  })

  test('in new, where the port moves an address within its bucket', () => {
    const source = groupOf('250.1.2.1')
    expect(placeOf(buckets.newSlot(ipv4('250.1.2.1:8333'), source))).toEqual([786, 55])
    const other = buckets.newSlot(ipv4('250.1.2.1:9999'), source)
    expect(bucketOf(other)).toBe(786)
    expect(other % 64).not.toBe(55)
  })

  test('one group reaches exactly 8 buckets of tried', () => {
    const reached = range(255).map((last) => buckets.triedSlot(ipv4(`250.1.1.${last}:0`)))
    expect(new Set(reached.map(bucketOf)).size).toBe(8)
  })

  test('255 groups reach exactly 160 buckets of tried', () => {
    const reached = range(255).map((second) => buckets.triedSlot(ipv4(`250.${second}.1.1:0`)))
    expect(new Set(reached.map(bucketOf)).size).toBe(160)
  })

  test('one group from its own sources has one bucket of new', () => {
    const reached = range(255).map((last) =>
      buckets.newSlot(ipv4(`250.1.1.${last}:0`), groupOf('250.1.1.1')),
    )
    expect(new Set(reached.map(bucketOf)).size).toBe(1)
  })

  test('one group of sources reaches at most 64 buckets of new, whatever it tells', () => {
    const reached = range(4 * 255).map((index) =>
      buckets.newSlot(
        ipv4(`${250 + Math.floor(index / 255)}.${index % 256}.1.1:0`),
        groupOf('251.4.1.1'),
      ),
    )
    const count = new Set(reached.map(bucketOf)).size
    expect(count).toBeLessThanOrEqual(64)
    expect(count).toBeGreaterThan(48)
  })

  test('many groups of sources reach more than 64 buckets of new with one address', () => {
    const reached = range(255).map((second) =>
      buckets.newSlot(ipv4('250.1.1.1:0'), groupOf(`250.${second}.1.1`)),
    )
    expect(new Set(reached.map(bucketOf)).size).toBeGreaterThan(64)
  })
})

test('another secret gives other places', () => {
  const others = createBuckets(IPV4_RULES, ADDRESS_BOOK_SIZES, new Uint8Array(32))
  const address = ipv4('250.1.1.1:8333')
  expect(others.triedSlot(address)).not.toBe(buckets.triedSlot(address))
  const source = groupOf('250.1.1.1')
  expect(others.newSlot(address, source)).not.toBe(buckets.newSlot(address, source))
})

test('a book puts addresses where they belong', () => {
  const { book, add } = startBook({ bucketKey: PUBLISHED_KEY })
  add('250.1.2.1:8333')
  expect([...book.slots()]).toEqual([
    { table: 'new', bucket: 786, position: 55, key: '250.1.2.1:8333' },
  ])
  add('250.1.1.1:8333')
  book.good('250.1.1.1:8333', 1)
  expect([...book.slots()].filter(({ table }) => table === 'tried')).toEqual([
    { table: 'tried', bucket: 40, position: 28, key: '250.1.1.1:8333' },
  ])
})

test.each([
  ['a table without buckets', { sizes: { newBuckets: 0 } }],
  ['half a slot', { sizes: { bucketSize: 0.5 } }],
  ['more buckets than a record can name', { sizes: { newBuckets: 65_537 } }],
  ['more places than a record can name', { sizes: { newBucketsPerAddress: 256 } }],
  ['a short secret', { bucketKey: new Uint8Array(31) }],
])('no book is made with %s', (_, setup) => {
  expect(() => startBook(setup)).toThrow(RangeError)
})
