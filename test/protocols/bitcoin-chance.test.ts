import { describe, expect, test } from 'vitest'
import { encodeUtf8 } from '../../codec/bytes.ts'
import { exponentialMs } from '../../protocols/bitcoin/exponential.ts'
import { createRollingBloom } from '../../protocols/bitcoin/rolling-bloom.ts'
import { seededRandom } from '../../transport/random.ts'
import type { Random } from '../../world/random.ts'

describe('an exponential wait', () => {
  const MEAN_MS = 30_000
  const DRAWS = 100_000
  const random = seededRandom('waits')
  const waits = Array.from({ length: DRAWS }, () => exponentialMs(random, MEAN_MS))
  const shareOver = (limitMs: number) => waits.filter((ms) => ms > limitMs).length / DRAWS

  test('has its mean', () => {
    const mean = waits.reduce((sum, ms) => sum + ms, 0) / DRAWS
    // Its spread is as large as the mean: four standard deviations.
    expect(Math.abs(mean / MEAN_MS - 1)).toBeLessThan(4 / Math.sqrt(DRAWS))
  })

  test.each([0.1, 0.5, 1, 2, 3, 5])('is longer than %s means as often as it has to be', (means) => {
    const share = Math.exp(-means)
    const spread = Math.sqrt((share * (1 - share)) / DRAWS)
    expect(Math.abs(shareOver(means * MEAN_MS) - share)).toBeLessThan(4 * spread)
  })

  test('is a whole number, and the same under the same seed', () => {
    expect(waits.every((ms) => Number.isSafeInteger(ms) && ms >= 0)).toBe(true)
    const again = seededRandom('waits')
    expect(Array.from({ length: 100 }, () => exponentialMs(again, MEAN_MS))).toEqual(
      waits.slice(0, 100),
    )
  })

  test('ends also where chance always says the same', () => {
    const stuck = (value: number): Random => ({ ...seededRandom('stuck'), unit: () => value })
    expect(exponentialMs(stuck(0), MEAN_MS)).toBe(0)
    expect(exponentialMs(stuck(0.5), MEAN_MS)).toBe(MEAN_MS / 2)
  })
})

describe('a rolling Bloom filter', () => {
  /** Of 5,000 items, and one error in a thousand: what Core has for the addresses that a peer knows. */
  const SIZES = { itemsMin: 5_000, bits: 107_833, bitsPerItem: 10 }
  const item = (index: number) => encodeUtf8(`item ${String(index)}`)
  const start = () => createRollingBloom(SIZES, seededRandom('bloom'))

  test('knows the last of those put in, whatever came before', () => {
    const filter = start()
    for (let index = 0; index < 20_000; index++) {
      filter.add(item(index))
      expect(filter.has(item(index))).toBe(true)
      const oldest = Math.max(0, index - SIZES.itemsMin + 1)
      if (index % 50 === 0) expect(filter.has(item(oldest))).toBe(true)
    }
    for (let index = 15_000; index < 20_000; index++) expect(filter.has(item(index))).toBe(true)
  })

  test('forgets all but half as many more', () => {
    const filter = start()
    for (let index = 0; index < 20_000; index++) filter.add(item(index))
    const known = Array.from({ length: 12_000 }, (_, index) => filter.has(item(index)))
    expect(known.filter((isKnown) => isKnown).length).toBeLessThan(12_000 * 0.0014)
  })

  test('errs once in a thousand when it is fullest', () => {
    const filter = start()
    for (let index = 0; index < 7_500; index++) filter.add(item(index))
    const ASKED = 100_000
    let errors = 0
    for (let index = 0; index < ASKED; index++) if (filter.has(item(1_000_000 + index))) errors++
    const rate = errors / ASKED
    console.info(`rolling Bloom filter: ${errors} errors in ${ASKED}, of 100 to be had`)
    // Four standard deviations of what is drawn 100,000 times.
    expect(rate).toBeLessThan(0.001 + 4 * Math.sqrt(0.001 / ASKED))
    expect(rate).toBeGreaterThan(0.0002)
  })

  test('knows nothing once it was cleared, and has its bits elsewhere', () => {
    const filter = start()
    for (let index = 0; index < 100; index++) filter.add(item(index))
    filter.clear()
    for (let index = 0; index < 100; index++) expect(filter.has(item(index))).toBe(false)
    filter.add(item(1))
    expect(filter.has(item(1))).toBe(true)
  })
})
