import { describe, expect, test } from 'vitest'
import { addGood, DAY_MS, groupOf, HOUR_MS, manyTexts } from '../support/address-books.ts'
import { NOW_MS, startBook } from '../support/address-books.ts'
import type { BookSetup } from '../support/address-books.ts'

const MINUTE_MS = 60_000
/** Every two addresses want the same place in tried. */
const ONE_TRIED: BookSetup = { sizes: { triedBuckets: 1, triedBucketsPerGroup: 1, bucketSize: 1 } }

describe('adding', () => {
  test('an address is new once', () => {
    const { book, add, selected } = startBook()
    expect(selected()).toBeUndefined()
    expect(add('250.1.1.1:8333')).toBe(true)
    expect(book.size).toEqual({ new: 1, tried: 0 })
    expect(selected()).toBe('250.1.1.1:8333')
    expect(add('250.1.1.1:8333')).toBe(false)
    expect(book.size).toEqual({ new: 1, tried: 0 })
  })

  test('another port is another address', () => {
    const { book, add, selected } = startBook()
    add('250.1.1.1:8333')
    expect(add('250.1.1.1:8334')).toBe(true)
    expect(book.size.new).toBe(2)
    const drawn = Array.from({ length: 50 }, () => selected())
    expect(new Set(drawn)).toEqual(new Set(['250.1.1.1:8333', '250.1.1.1:8334']))
  })

  test('what the network does not keep is refused', () => {
    const { book, add } = startBook()
    expect(add('127.0.0.1:8333')).toBe(false)
    expect(book.size).toEqual({ new: 0, tried: 0 })
  })

  test('a source group or a text too long to store is refused', () => {
    const { book, add } = startBook()
    expect(add('1.1.1.1:1', { sourceGroup: new Uint8Array(256) })).toBe(false)
    expect(add(`${'a'.repeat(505)}@1.1.1.1:1`)).toBe(false)
    expect(add('1.1.1.1:1', { sourceGroup: new Uint8Array(255) })).toBe(true)
    expect(add(`${'a'.repeat(502)}@1.1.1.1:1`)).toBe(true)
    expect(book.changes()).toHaveLength(3)
  })

  test('what was passed on is dated back by the penalty, an own address is not', () => {
    const { book, add } = startBook()
    add('1.1.1.1:1', { penaltyMs: 2 * HOUR_MS })
    add('1.1.1.2:1', { penaltyMs: 2 * HOUR_MS, isOwnSource: true })
    expect(book.find('1.1.1.1:1')?.seenMs).toBe(NOW_MS - 2 * HOUR_MS)
    expect(book.find('1.1.1.2:1')?.seenMs).toBe(NOW_MS)
  })

  test('a known address takes over a sight that is much newer, and no other', () => {
    const { book, add } = startBook()
    const seen = () => book.find('1.1.1.1:1')?.seenMs
    add('1.1.1.1:1', { seenMs: NOW_MS - DAY_MS })
    add('1.1.1.1:1', { seenMs: NOW_MS - 2 * DAY_MS })
    expect(seen()).toBe(NOW_MS - DAY_MS)
    add('1.1.1.1:1', { seenMs: NOW_MS - DAY_MS + HOUR_MS })
    expect(seen()).toBe(NOW_MS - DAY_MS)
    add('1.1.1.1:1', { seenMs: NOW_MS - HOUR_MS, penaltyMs: 2 * HOUR_MS })
    expect(seen()).toBe(NOW_MS - 3 * HOUR_MS)
    add('1.1.1.1:1', { penaltyMs: 2 * HOUR_MS, isOwnSource: true })
    expect(seen()).toBe(NOW_MS)
  })

  test('each place that an address has halves its chance of another, up to eight', () => {
    const { book, add } = startBook()
    const texts = manyTexts(600)
    const placesAfter = (offers: number) => {
      for (const text of texts) {
        // Each time another group tells of it, and always a little more than the last time.
        const seenMs = NOW_MS + offers
        add(text, { sourceGroup: groupOf(`99.${offers}.0.0`), seenMs })
      }
      return texts.map((text) => book.find(text)?.places ?? 0)
    }
    const shareWith = (places: number[], count: number) =>
      places.filter((each) => each >= count).length / places.length

    placesAfter(0)
    const second = placesAfter(1)
    expect(Math.abs(shareWith(second, 2) - 1 / 2)).toBeLessThan(0.1)
    const third = placesAfter(2)
    // 1/2 of one half had two places already and gets the third with 1/4.
    expect(Math.abs(shareWith(third, 3) - 1 / 8)).toBeLessThan(0.06)
    for (let offers = 3; offers < 60; offers++) placesAfter(offers)
    const last = texts.map((text) => book.find(text)?.places ?? 0)
    expect(Math.max(...last)).toBeLessThanOrEqual(8)
    expect(Math.max(...last)).toBeGreaterThan(4)
  })

  test('no more than eight places, however often it is told', () => {
    const { book, add } = startBook({ sizes: { newBucketsPerAddress: 2 } })
    for (let offers = 0; offers < 200; offers++) {
      add('1.1.1.1:1', { sourceGroup: groupOf(`99.${offers}.0.0`), seenMs: NOW_MS + offers })
    }
    expect(book.find('1.1.1.1:1')?.places).toBe(2)
  })

  test('the same news from the same source gives no second place', () => {
    const { book, add } = startBook()
    for (let offers = 0; offers < 100; offers++) add('1.1.1.1:1', { seenMs: NOW_MS + offers })
    expect(book.find('1.1.1.1:1')?.places).toBe(1)
    for (let offers = 0; offers < 100; offers++) {
      add('1.1.1.1:1', { sourceGroup: groupOf(`99.${offers}.0.0`), seenMs: NOW_MS })
    }
    expect(book.find('1.1.1.1:1')?.places).toBe(1)
  })
})

describe('marks', () => {
  test('of what is heard are added to those known, and what an address says of itself takes their place', () => {
    const { book, add } = startBook()
    const marks = () => book.find('1.1.1.1:1')?.marks
    add('1.1.1.1:1')
    expect(marks()).toBe(0n)
    add('1.1.1.1:1', { marks: 1n })
    // Whoever tells old news may know more all the same.
    add('1.1.1.1:1', { marks: 8n, seenMs: NOW_MS - DAY_MS })
    expect(marks()).toBe(9n)
    book.good('1.1.1.1:1', NOW_MS)
    add('1.1.1.1:1', { marks: 1n << 63n })
    expect(marks()).toBe(9n | (1n << 63n))
    book.mark('1.1.1.1:1', 4n)
    expect(marks()).toBe(4n)
    book.mark('9.9.9.9:9', 4n)
    expect(book.find('9.9.9.9:9')).toBeUndefined()
  })

  test('are 64', () => {
    const { book, add } = startBook()
    add('1.1.1.1:1', { marks: (1n << 64n) + 1n })
    expect(book.find('1.1.1.1:1')?.marks).toBe(1n)
    book.mark('1.1.1.1:1', -1n)
    expect(book.find('1.1.1.1:1')?.marks).toBe(0xffff_ffff_ffff_ffffn)
    expect(book.changes()).toHaveLength(2)
  })
})

describe('a place in new that is held', () => {
  const setup: BookSetup = {
    sizes: { newBuckets: 1, bucketSize: 1, newBucketsPerSourceGroup: 1 },
  }

  test('is kept against a newcomer', () => {
    const { book, add } = startBook(setup)
    add('1.1.1.1:1')
    expect(add('2.2.2.2:2')).toBe(false)
    expect(book.find('1.1.1.1:1')).toBeDefined()
    expect(book.find('2.2.2.2:2')).toBeUndefined()
    expect(book.size).toEqual({ new: 1, tried: 0 })
  })

  test('is lost by one that is terrible', () => {
    const { book, add } = startBook(setup)
    add('1.1.1.1:1', { seenMs: NOW_MS - 31 * DAY_MS })
    expect(add('2.2.2.2:2')).toBe(true)
    expect(book.find('1.1.1.1:1')).toBeUndefined()
    expect(book.size).toEqual({ new: 1, tried: 0 })
  })

  test('is lost by one that has others to one that has none', () => {
    const { book, add } = startBook({
      sizes: { newBuckets: 2, bucketSize: 1, newBucketsPerSourceGroup: 1 },
    })
    for (let offers = 0; offers < 100; offers++) {
      add('1.1.1.1:1', { sourceGroup: groupOf(`99.${offers}.0.0`), seenMs: NOW_MS + offers })
    }
    expect(book.find('1.1.1.1:1')?.places).toBe(2)
    expect(add('2.2.2.2:2')).toBe(true)
    expect(book.find('1.1.1.1:1')?.places).toBe(1)
    expect(book.size).toEqual({ new: 2, tried: 0 })
  })
})

test('an address that has a place takes none from one that has several', () => {
  const { book, add } = startBook({
    sizes: { newBuckets: 3, bucketSize: 1, newBucketsPerSourceGroup: 1 },
  })
  const offerOften = (text: string) => {
    for (let offers = 0; offers < 200; offers++) {
      add(text, { sourceGroup: groupOf(`99.${offers}.0.0`), seenMs: NOW_MS + offers })
    }
  }
  offerOften('1.1.1.1:1')
  expect(book.find('1.1.1.1:1')?.places).toBe(3)
  offerOften('2.2.2.2:2')
  expect(book.find('1.1.1.1:1')?.places).toBe(2)
  expect(book.find('2.2.2.2:2')?.places).toBe(1)
})

describe('a success', () => {
  test('moves an address out of all of its places in new into tried', () => {
    const { book, add } = startBook()
    for (let offers = 0; offers < 100; offers++) {
      add('1.1.1.1:1', { sourceGroup: groupOf(`99.${offers}.0.0`), seenMs: NOW_MS + offers })
    }
    expect(book.find('1.1.1.1:1')?.places).toBeGreaterThan(2)
    book.good('1.1.1.1:1', NOW_MS)
    expect(book.find('1.1.1.1:1')).toMatchObject({ table: 'tried', places: 1 })
    expect([...book.slots()].map(({ table }) => table)).toEqual(['tried'])
    expect(book.size).toEqual({ new: 0, tried: 1 })
    add('1.1.1.1:1', { sourceGroup: groupOf('98.1.0.0'), seenMs: NOW_MS + HOUR_MS })
    expect([...book.slots()]).toHaveLength(1)
  })

  test('forgets failures and does not tell who is connected', () => {
    const { book, add } = startBook()
    add('1.1.1.1:1', { seenMs: NOW_MS - DAY_MS })
    book.attempt('1.1.1.1:1', true, NOW_MS - HOUR_MS)
    expect(book.find('1.1.1.1:1')?.failures).toBe(1)
    book.good('1.1.1.1:1', NOW_MS)
    expect(book.find('1.1.1.1:1')).toMatchObject({
      failures: 0,
      succeededMs: NOW_MS,
      attemptedMs: NOW_MS,
      seenMs: NOW_MS - DAY_MS,
    })
  })

  test('of what is not in the book adds nothing', () => {
    const { book } = startBook()
    book.good('1.1.1.1:1', NOW_MS)
    book.attempt('1.1.1.1:1', true, NOW_MS)
    book.connected('1.1.1.1:1', NOW_MS)
    book.remove('1.1.1.1:1')
    expect(book.size).toEqual({ new: 0, tried: 0 })
    expect(book.find('1.1.1.1:1')).toBeUndefined()
  })
})

test('a failure counts once until something succeeds again', () => {
  const { book, add } = startBook()
  add('1.1.1.1:1')
  const failures = () => book.find('1.1.1.1:1')?.failures
  book.attempt('1.1.1.1:1', false, NOW_MS)
  expect(failures()).toBe(0)
  book.attempt('1.1.1.1:1', true, NOW_MS + 1)
  book.attempt('1.1.1.1:1', true, NOW_MS + 2)
  expect(failures()).toBe(1)
  expect(book.find('1.1.1.1:1')?.attemptedMs).toBe(NOW_MS + 2)
  book.good('9.9.9.9:9', NOW_MS + 3)
  book.attempt('1.1.1.1:1', true, NOW_MS + 4)
  book.attempt('1.1.1.1:1', true, NOW_MS + 5)
  expect(failures()).toBe(2)
})

test('a dial that did not come as far as the address is taken back, and nothing that came after it', () => {
  const { book, add } = startBook()
  add('1.1.1.1:1')
  const quality = () => {
    const { attemptedMs, failures } = book.find('1.1.1.1:1') ?? {}
    return { attemptedMs, failures }
  }
  const first = book.attempt('1.1.1.1:1', true, NOW_MS)
  book.good('9.9.9.9:9', NOW_MS + 1)
  const before = quality()
  const second = book.attempt('1.1.1.1:1', true, NOW_MS + 2)
  expect(quality()).toEqual({ attemptedMs: NOW_MS + 2, failures: 2 })
  first()
  expect(quality()).toEqual({ attemptedMs: NOW_MS + 2, failures: 2 })
  second()
  expect(quality()).toEqual(before)
  // What was counted counts again.
  const third = book.attempt('1.1.1.1:1', true, NOW_MS + 3)
  expect(quality().failures).toBe(2)
  book.remove('1.1.1.1:1')
  add('1.1.1.1:1')
  third()
  expect(quality().failures).toBe(0)
  book.attempt('of nobody', true, NOW_MS)()
})

test('the end of a connection is a sight, but not within 20 minutes of the last', () => {
  const { book, add } = startBook()
  add('1.1.1.1:1')
  book.connected('1.1.1.1:1', NOW_MS + 20 * MINUTE_MS)
  expect(book.find('1.1.1.1:1')?.seenMs).toBe(NOW_MS)
  book.connected('1.1.1.1:1', NOW_MS + 20 * MINUTE_MS + 1)
  expect(book.find('1.1.1.1:1')?.seenMs).toBe(NOW_MS + 20 * MINUTE_MS + 1)
})

describe('a place in tried that is held', () => {
  const OLD = '1.1.1.1:1'
  const NEWCOMER = '2.2.2.2:2'
  const nobody = () => false

  /** The old address succeeded `agoMs` before the newcomer did, which is now. */
  function startCollision(agoMs: number) {
    const started = startBook({ ...ONE_TRIED, sizes: { ...ONE_TRIED.sizes, newBuckets: 1_024 } })
    addGood(started, OLD, NOW_MS - agoMs)
    addGood(started, NEWCOMER)
    const { book } = started
    const tables = () => [book.find(OLD)?.table, book.find(NEWCOMER)?.table]
    const probes = (atMs = NOW_MS) =>
      book.collisions(atMs).map(({ address }) => address.octets.join('.'))
    expect(tables()).toEqual(['tried', 'new'])
    return { ...started, tables, probes }
  }

  test('is not given up before its holder was dialled', () => {
    const { book, tables, probes } = startCollision(DAY_MS)
    expect(probes()).toEqual(['1.1.1.1'])
    book.resolveCollisions(NOW_MS, nobody)
    expect(tables()).toEqual(['tried', 'new'])
    expect(probes()).toEqual(['1.1.1.1'])
  })

  test('is kept by one that succeeded not long ago, without a probe', () => {
    const { book, tables, probes } = startCollision(HOUR_MS)
    expect(probes()).toEqual([])
    book.resolveCollisions(NOW_MS, nobody)
    // Decided for good: the newcomer has to succeed again.
    book.resolveCollisions(NOW_MS + DAY_MS, nobody)
    expect(tables()).toEqual(['tried', 'new'])
  })

  test('is kept by one that answers the probe', () => {
    const { book, tables, probes } = startCollision(DAY_MS)
    book.attempt(OLD, true, NOW_MS)
    expect(probes()).toEqual([])
    book.good(OLD, NOW_MS + 1_000)
    book.resolveCollisions(NOW_MS + 2 * MINUTE_MS, nobody)
    // Decided for good, as above.
    book.resolveCollisions(NOW_MS + DAY_MS, nobody)
    expect(tables()).toEqual(['tried', 'new'])
  })

  test('is kept by one that is connected', () => {
    const { book, tables, probes } = startCollision(DAY_MS)
    book.resolveCollisions(NOW_MS, (key) => key === OLD)
    expect(tables()).toEqual(['tried', 'new'])
    expect(book.find(OLD)?.succeededMs).toBe(NOW_MS)
    expect(probes()).toEqual([])
  })

  test('goes to the newcomer a minute after a probe in vain, and the old one back to new', () => {
    const { book, tables } = startCollision(DAY_MS)
    book.attempt(OLD, true, NOW_MS)
    book.resolveCollisions(NOW_MS + MINUTE_MS, nobody)
    expect(tables()).toEqual(['tried', 'new'])
    book.resolveCollisions(NOW_MS + MINUTE_MS + 1, nobody)
    expect(tables()).toEqual(['new', 'tried'])
    expect(book.size).toEqual({ new: 1, tried: 1 })
    expect(book.find(NEWCOMER)?.succeededMs).toBe(NOW_MS)
  })

  test('goes to the newcomer when the old one was not probed in 40 minutes', () => {
    const { book, tables } = startCollision(DAY_MS)
    book.resolveCollisions(NOW_MS + 40 * MINUTE_MS, nobody)
    expect(tables()).toEqual(['tried', 'new'])
    book.resolveCollisions(NOW_MS + 40 * MINUTE_MS + 1, nobody)
    expect(tables()).toEqual(['new', 'tried'])
  })

  test('goes to the newcomer when the old one left the book', () => {
    const { book, tables } = startCollision(DAY_MS)
    book.remove(OLD)
    expect(book.collisions(NOW_MS)).toEqual([])
    book.resolveCollisions(NOW_MS, nobody)
    expect(tables()).toEqual([undefined, 'tried'])
  })

  test('is the newcomer’s when it succeeds again after the old one left, and stays so', () => {
    const { book, tables } = startCollision(DAY_MS)
    book.remove(OLD)
    book.good(NEWCOMER, NOW_MS)
    expect(tables()).toEqual([undefined, 'tried'])
    book.resolveCollisions(NOW_MS + 5 * HOUR_MS, nobody)
    expect([...book.slots()]).toEqual([expect.objectContaining({ table: 'tried', key: NEWCOMER })])
  })

  test('is asked for no more when the newcomer left the book', () => {
    const { book, tables, probes } = startCollision(DAY_MS)
    book.remove(NEWCOMER)
    expect(probes()).toEqual([])
    book.resolveCollisions(NOW_MS + DAY_MS, nobody)
    expect(tables()).toEqual(['tried', undefined])
  })

  test('is not given to a newcomer that left the book to make room for another old one', () => {
    const sizes = { newBuckets: 4, newBucketsPerSourceGroup: 4, triedBuckets: 4, bucketSize: 1 }
    let pushedOut = 0
    for (let seed = 0; seed < 60; seed++) {
      const started = startBook({ seed: String(seed), sizes })
      const { book } = started
      for (const text of manyTexts(20)) addGood(started, text, NOW_MS - DAY_MS)
      book.resolveCollisions(NOW_MS - DAY_MS, nobody)
      const newcomers = manyTexts(20).filter((text) => book.find(text)?.table === 'new')
      for (const text of newcomers) book.good(text, NOW_MS)
      book.resolveCollisions(NOW_MS + HOUR_MS, nobody)
      pushedOut += newcomers.filter((text) => book.find(text) === undefined).length
      const keys = [...book.slots()].map(({ key }) => key)
      expect(keys.filter((key) => book.find(key) === undefined)).toEqual([])
      expect(keys).toHaveLength(book.size.new + book.size.tried)
    }
    expect(pushedOut).toBeGreaterThan(0)
  })

  test('is asked for by ten newcomers at most', () => {
    // Eleven newcomers behind eleven holders: who waits shows in who is probed.
    const sizes = { triedBuckets: 11, triedBucketsPerGroup: 1, bucketSize: 1 }
    const started = startBook({ sizes, seed: 'eleven' })
    const { book, add } = started
    for (const text of manyTexts(400)) addGood(started, text, NOW_MS - DAY_MS)
    expect(book.size.tried).toBe(11)
    book.resolveCollisions(NOW_MS - DAY_MS, nobody)
    for (const text of manyTexts(800).slice(400)) {
      add(text)
      book.good(text, NOW_MS)
    }
    expect(book.collisions(NOW_MS).length).toBeGreaterThan(3)
    expect(book.collisions(NOW_MS).length).toBeLessThanOrEqual(10)
    // All that waited go in at once when nobody was probed, and ten were let to wait.
    const before = new Set([...book.slots()].filter(({ table }) => table === 'tried'))
    book.resolveCollisions(NOW_MS + HOUR_MS, nobody)
    const keys = new Set([...before].map(({ key }) => key))
    const moved = [...book.slots()].filter(({ table, key }) => table === 'tried' && !keys.has(key))
    expect(moved.length).toBeLessThanOrEqual(10)
    expect(moved.length).toBeGreaterThan(3)
    expect(book.collisions(NOW_MS + HOUR_MS)).toEqual([])
  })
})
