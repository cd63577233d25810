import { describe, expect, test } from 'vitest'
import { printAddress } from '../../codec/bitcoin/address.ts'
import type { BitcoinAddress } from '../../codec/bitcoin/address.ts'
import { encodeHex } from '../../codec/bytes.ts'
import { addressBookRules } from '../../protocols/bitcoin/address-book-rules.ts'
import { ADDRESS_BOOK_SIZES, createAddressBook } from '../../supervisor/address-book.ts'
import { createBuckets } from '../../supervisor/address-book-buckets.ts'
import type { AddressBookRules, HeardAddress } from '../../supervisor/address-book-contract.ts'
import { seededRandom } from '../../transport/random.ts'
import { DAY_MS, HOUR_MS, NOW_MS, PUBLISHED_KEY } from '../support/address-books.ts'
import { addressFrom, ALL_NETWORKS, I2P, ONION } from './bitcoin-addresses-support.ts'

const RULES: AddressBookRules<BitcoinAddress> = {
  ...addressBookRules(ALL_NETWORKS),
  key: printAddress,
  print: printAddress,
  parse: (text) => ({ address: addressFrom(text) }),
  identity: () => undefined,
}
const MINUTE_MS = 60_000
const range = (count: number) => Array.from({ length: count }, (_, index) => index)
const port0 = (host: string): BitcoinAddress => ({ network: 'ipv4', host, port: 0 })
const groupOf = (text: string) => RULES.groupBytes(addressFrom(text))

/** A book of the core with Bitcoin's rules. */
function startBook(bucketKey = PUBLISHED_KEY, sizes = ADDRESS_BOOK_SIZES) {
  const book = createAddressBook<BitcoinAddress>({
    rules: { ...RULES, sizes },
    random: seededRandom('rules'),
    bucketKey,
  })
  const add = (text: string, heard: Partial<HeardAddress> = {}) => {
    const usual = { isOwnSource: false, seenMs: NOW_MS, penaltyMs: 0, nowMs: NOW_MS }
    return book.add(addressFrom(text), { sourceGroup: groupOf(text), ...usual, ...heard })
  }
  const slotsOf = (table: 'new' | 'tried') =>
    [...book.slots()].filter((slot) => slot.table === table)
  const bucketsOf = (table: 'new' | 'tried') =>
    new Set(slotsOf(table).map(({ bucket }) => bucket)).size
  return { add, book, bucketsOf, slotsOf }
}

/** The constants of Core's unit tests of its address manager, without a map of networks. */
describe('an address has the places that it has in Core:', () => {
  test('in tried, bucket 40 and position 28; under another port bucket 113', () => {
    const { add, book, slotsOf } = startBook()
    for (const key of ['250.1.1.1:8333', '250.1.1.1:9999']) {
      add(key)
      book.good(key, NOW_MS)
    }
    expect(slotsOf('tried')).toMatchObject([
      { bucket: 40, position: 28, key: '250.1.1.1:8333' },
      { bucket: 113, key: '250.1.1.1:9999' },
    ])
  })

  test('in new, bucket 786 and position 55; under another port the same bucket', () => {
    const { add, slotsOf } = startBook()
    add('250.1.2.1:8333')
    expect(slotsOf('new')).toMatchObject([{ bucket: 786, position: 55 }])
    add('250.1.2.1:9999')
    expect(slotsOf('new').map(({ bucket }) => bucket)).toEqual([786, 786])
  })

  test('one group is in exactly 8 buckets of tried, 255 groups in 160', () => {
    const { triedSlot } = createBuckets(RULES, ADDRESS_BOOK_SIZES, PUBLISHED_KEY)
    const bucketsOf = (hosts: readonly string[]) =>
      new Set(hosts.map((host) => Math.floor(triedSlot(port0(host)) / 64))).size
    expect(bucketsOf(range(255).map((last) => `250.1.1.${last}`))).toBe(8)
    expect(bucketsOf(range(255).map((second) => `250.${second}.1.1`))).toBe(160)
  })
})

describe('what is hashed for an address', () => {
  test.each([
    ['1.2.3.4:8333', '00000000000000000000ffff01020304208d'],
    ['[2001:2::1]:1', '200100020000000000000000000000010001'],
    [`${ONION}:5`, '79bcc625184b05194975c28b66b66b0469f7f6556fb1ac3189a79b40dda32f1f0005'],
    [`${I2P}:0`, 'a2894dabaec08c0051a481a6dac88b64f98232ae42d4b6fd2fa81952dfe36a870000'],
    ['[fc00::1]:8333', 'fc000000000000000000000000000001208d'],
    ['seed.example', encodeHex(new TextEncoder().encode('seed.example'))],
  ])('of %s', (text, bytes) => {
    expect(encodeHex(RULES.keyBytes(addressFrom(text)))).toBe(bytes)
  })
})

describe('an address is kept', () => {
  test.each(['1.2.3.4', '250.1.1.1:1', '[2001:2::1]', ONION, `${I2P}:0`, '[fc00::1]'])(
    'that all can reach: %s',
    (text) => {
      expect(RULES.isStorable(addressFrom(text))).toBe(true)
    },
  )

  test.each(['127.0.0.1', '10.1.1.1', '203.0.113.5', '[fe80::1]', '[2001:db8::1]', 'example.org'])(
    'and not one that not all can, or nobody knows: %s',
    (text) => {
      expect(RULES.isStorable(addressFrom(text))).toBe(false)
    },
  )

  test('of a network only while there is a way to it', () => {
    const reachable = new Set(['ipv4'] as const)
    const { isStorable } = addressBookRules(reachable)
    expect([ONION, '1.2.3.4'].map(addressFrom).map(isStorable)).toEqual([false, true])
    const grown: Set<'ipv4' | 'onion'> = new Set(reachable)
    const rules = addressBookRules(grown)
    grown.add('onion')
    expect([ONION, '1.2.3.4'].map(addressFrom).map(rules.isStorable)).toEqual([true, true])
  })

  test('with a port alone', () => {
    expect(RULES.isStorable(port0('1.2.3.4'))).toBe(false)
  })
})

test('a connection is a sight of its address when it ends, and where others may know of it', () => {
  const seenIn = (moment: 'active' | 'ended') =>
    ['full-relay', 'block-relay-only', 'feeler', 'addr-fetch', 'manual'].filter((slot) =>
      RULES.marksSeen?.(slot, moment),
    )
  expect(seenIn('active')).toEqual([])
  expect(seenIn('ended')).toEqual(['full-relay', 'addr-fetch', 'manual'])
})

describe('an attacker who', () => {
  test('tells 10,000 addresses of as many groups from one group reaches at most 64 buckets of new', () => {
    const { add, book, bucketsOf } = startBook()
    const sourceGroup = groupOf('251.4.1.1')
    for (const index of range(10_000)) {
      add(`${1 + (index >> 8)}.${index & 0xff}.1.1`, { sourceGroup })
    }
    expect(book.size.new).toBeGreaterThan(2_500)
    expect(bucketsOf('new')).toBeLessThanOrEqual(64)
  })

  test('has 255 addresses of one group reaches one bucket of new, and at most 8 of tried', () => {
    const { add, book, bucketsOf } = startBook()
    const texts = range(255).map((last) => `250.1.1.${last}:8333`)
    for (const text of texts) add(text, { sourceGroup: groupOf('250.1.1.1') })
    expect(bucketsOf('new')).toBe(1)
    for (const text of texts) {
      add(text, { sourceGroup: groupOf('250.1.1.1') })
      book.good(text, NOW_MS)
    }
    expect(book.size.tried).toBeGreaterThan(100)
    expect(bucketsOf('tried')).toBeLessThanOrEqual(8)
  })

  test('knows all addresses does not know their places, which follow from a secret', () => {
    const placesUnder = (bucketKey: Uint8Array) => {
      const { add, slotsOf } = startBook(bucketKey)
      for (const index of range(50)) add(`${40 + index}.7.1.1`)
      return new Map(slotsOf('new').map(({ key, bucket }) => [key, bucket]))
    }
    const places = placesUnder(PUBLISHED_KEY)
    const others = placesUnder(new Uint8Array(32))
    const same = [...places].filter(([key, bucket]) => others.get(key) === bucket)
    expect(places.size).toBe(50)
    expect(same.length).toBeLessThan(5)
  })

  test('repeats one address from many sources has at most 8 places with it', () => {
    const { add, book } = startBook()
    for (const index of range(1_000)) {
      const sourceGroup = groupOf(`${1 + (index >> 8)}.${index & 0xff}.1.1`)
      add('250.1.1.1', { sourceGroup, seenMs: NOW_MS + index })
    }
    expect(book.find('250.1.1.1:8333')?.places).toBeLessThanOrEqual(8)
    expect(book.find('250.1.1.1:8333')?.places).toBeGreaterThan(1)
  })

  describe('proves an address whose place in tried is taken', () => {
    const [OLD, NEW] = ['1.1.1.1:8333', '2.2.1.1:8333']

    function startCollision() {
      const sizes = {
        ...ADDRESS_BOOK_SIZES,
        triedBuckets: 1,
        bucketSize: 1,
        triedBucketsPerGroup: 1,
      }
      const started = startBook(PUBLISHED_KEY, sizes)
      const { add, book } = started
      add(OLD)
      book.good(OLD, NOW_MS - DAY_MS)
      add(NEW)
      book.good(NEW, NOW_MS)
      return { ...started, isTried: (key: string) => book.find(key)?.table === 'tried' }
    }

    test('does not get it: the one who is there is asked first', () => {
      const { book, isTried } = startCollision()
      expect([isTried(OLD), isTried(NEW)]).toEqual([true, false])
      expect(book.collisions(NOW_MS).map(({ address }) => printAddress(address))).toEqual([OLD])
    })

    test('does not get it when that one answers', () => {
      const { book, isTried } = startCollision()
      book.attempt(OLD, true, NOW_MS + 1)
      book.good(OLD, NOW_MS + 2)
      book.resolveCollisions(NOW_MS + HOUR_MS, () => false)
      expect([isTried(OLD), isTried(NEW)]).toEqual([true, false])
      expect(book.collisions(NOW_MS + HOUR_MS)).toEqual([])
    })

    test('gets it when that one does not', () => {
      const { book, isTried } = startCollision()
      book.attempt(OLD, true, NOW_MS + 1)
      book.resolveCollisions(NOW_MS + 2 * MINUTE_MS, () => false)
      expect([isTried(OLD), isTried(NEW)]).toEqual([false, true])
    })
  })
})
