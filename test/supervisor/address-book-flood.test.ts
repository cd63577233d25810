import { describe, expect, test } from 'vitest'
import { seededRandom } from '../../transport/random.ts'
import { groupOf, HOUR_MS, IPV4_RULES, NOW_MS, startBook } from '../support/address-books.ts'
import type { StartedBook } from '../support/address-books.ts'

const FLOOD = 100_000
const DRAWS = 10_000
/** Ports tell the two apart; nothing else looks at them. */
const HONEST_PORT = 8333
const FLOOD_PORT = 6666
/** An hour on, so that nothing was tried just now. */
const THEN_MS = NOW_MS + HOUR_MS

const GOOD = 20
const honest = Array.from({ length: 50 }, (_, index) => `${60 + index}.7.1.1:${HONEST_PORT}`)

/** Each is told by a neighbour of its own group, and the first twenty were connected. */
function addHonest({ book, add }: StartedBook): void {
  for (const [index, text] of honest.entries()) {
    add(text)
    if (index < GOOD) book.good(text, NOW_MS)
  }
}

/** Made-up addresses of all groups there are, all told by one source. */
function flood({ add }: StartedBook): void {
  const random = seededRandom('flood')
  const sourceGroup = groupOf('66.6.0.0')
  for (let index = 0; index < FLOOD; index++) {
    const [first = 0, second = 0, third = 0, last = 0] = random.bytes(4)
    add(`${first}.${second}.${third}.${last}:${FLOOD_PORT}`, { sourceGroup, seenMs: NOW_MS })
  }
}

function startFlooded(order: readonly ((started: StartedBook) => void)[]) {
  const started = startBook({ seed: 'flooded' })
  for (const step of order) step(started)
  const isHonest = (key: string) => key.endsWith(`:${HONEST_PORT}`)
  const slots = [...started.book.slots()]
  const flooded = slots.filter(({ key }) => !isHonest(key))
  const floodBuckets = new Set(flooded.map(({ bucket }) => bucket))
  const kept = slots.filter(({ key }) => isHonest(key))
  /** Those that share no bucket with the flood. */
  const apart = kept.filter(({ table, bucket }) => table === 'tried' || !floodBuckets.has(bucket))
  const apartNew = apart.filter(({ table }) => table === 'new').length

  const drawn = new Set<string>()
  let honestDraws = 0
  for (let index = 0; index < DRAWS; index++) {
    const address = started.book.select(THEN_MS)?.address
    if (address?.port !== HONEST_PORT) continue
    honestDraws++
    drawn.add(IPV4_RULES.key(address))
  }
  return {
    ...started,
    flooded,
    floodBuckets,
    kept: kept.map(({ key }) => key),
    apart: apart.map(({ key }) => key),
    drawn,
    share: honestDraws / DRAWS,
    // Half of the draws are from tried, where the flood is not. The other half takes all buckets in
    // use alike: a few that honest addresses are in alone, and at most 64 flooded ones.
    shareMin: 0.5 + 0.5 * (apartNew / (apartNew + 64)),
  }
}

/** Four standard deviations of a share of `DRAWS` draws, at most. */
const CHANCE = 4 * Math.sqrt(0.25 / DRAWS)

describe(`after ${FLOOD} made-up addresses from one source`, () => {
  test('all honest addresses known before are selected as before, and survive a restart', () => {
    const { book, commit, table, ...seen } = startFlooded([addHonest, flood])
    const { new: newCount, tried } = book.size
    const percent = (seen.share * 100).toFixed(1)
    console.info(
      `address flood: ${percent} % of selections are honest (50 of ${newCount + tried} addresses; ` +
        `the flood is in ${seen.floodBuckets.size} of 1024 buckets)`,
    )
    expect(seen.kept.toSorted()).toEqual(honest.toSorted())
    expect(tried).toBe(GOOD)
    // The flood is a flood: it fills nearly all that it can reach. And it reaches no more.
    expect(newCount).toBeGreaterThan(3_000)
    expect(seen.floodBuckets.size).toBeLessThanOrEqual(64)
    expect(seen.flooded.every(({ table: where }) => where === 'new')).toBe(true)

    expect(seen.share).toBeGreaterThan(seen.shareMin - CHANCE)
    expect(seen.apart.length).toBeGreaterThanOrEqual(42)
    expect([...seen.drawn]).toEqual(expect.arrayContaining(seen.apart))

    expect(commit()).toBe(newCount + tried + 1)
    expect(table.size).toBe(newCount + tried + 1)
    const after = startBook({ seed: 'after' })
    after.book.load(table.values(), THEN_MS)
    expect(after.book.size).toEqual(book.size)
    expect(honest.every((text) => after.book.find(text) !== undefined)).toBe(true)
  })

  test('most honest addresses that come later find a place, and are selected', () => {
    const { kept, apart, drawn, share, shareMin } = startFlooded([flood, addHonest])
    const percent = (share * 100).toFixed(1)
    console.info(
      `address flood first: ${percent} % of selections are honest (${kept.length} of 50 placed)`,
    )
    // One bucket in sixteen is full of the flood: who comes later is refused there.
    expect(kept.length).toBeGreaterThanOrEqual(42)
    expect(share).toBeGreaterThan(shareMin - CHANCE)
    expect([...drawn]).toEqual(expect.arrayContaining(apart))
  })
})
