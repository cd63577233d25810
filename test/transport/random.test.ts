import { createCipheriv, createHmac } from 'node:crypto'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { encodeHex } from '../../codec/bytes.ts'
import { seededRandom, systemRandom } from '../../transport/random.ts'
import { shuffled } from '../../world/random.ts'
import type { Random } from '../../world/random.ts'
import { hex } from '../support/hex.ts'
import { holds } from '../support/properties.ts'

/** The same key stream by another implementation. */
function keyStream(seed: Uint8Array, count: number): Uint8Array {
  const cipher = createCipheriv('chacha20', seed, new Uint8Array(16))
  return new Uint8Array(cipher.update(new Uint8Array(count)))
}

/**
 * The sum of the squared distances from what is expected, in units of that: with as many degrees of
 * freedom as there are cells less one.
 */
function chiSquare(counts: readonly number[]): number {
  const expected = counts.reduce((total, count) => total + count, 0) / counts.length
  return counts.reduce(
    (sum, count) => sum + ((count - expected) * (count - expected)) / expected,
    0,
  )
}

function countDraws(draw: () => number, cells: number, draws: number): number[] {
  const counts = Array.from({ length: cells }, () => 0)
  for (let made = 0; made < draws; made++) {
    const cell = draw()
    counts[cell] = (counts[cell] ?? 0) + 1
  }
  return counts
}

describe('the seeded source', () => {
  test('is the ChaCha20 key stream of RFC 8439, appendix A.1, test vectors 1 and 2', () => {
    const random = seededRandom(new Uint8Array(32))
    expect(random.bytes(64)).toEqual(
      hex(`76b8e0ada0f13d90405d6ae55386bd28bdd219b8a08ded1aa836efcc8b770dc7
           da41597c5157488d7724e03fb8d84a376a43b8f41518a11cc387b669b2ee6586`),
    )
    expect(random.bytes(64)).toEqual(
      hex(`9f07e7be5551387a98ba977c732d080dcb0f29a048e3656912c6533e32ee7aed
           29b721769ce64e43d57133b074d839d531ed1f28510afb45ace10a1f4b794d6f`),
    )
  })

  test('gives what it always gave for a text, its forks, and each kind of draw', () => {
    const random = seededRandom('peerloom')
    expect(encodeHex(random.fork('dialler').bytes(16))).toBe('9e63087cf7364d008ad676dc38eb8687')
    expect(encodeHex(random.fork('a').fork('b').bytes(8))).toBe('2f0ee6e8f7eef94f')
    expect(encodeHex(random.bytes(16))).toBe('3d1c6ec5a14b603cb90cccf16f58e0e9')

    const again = seededRandom('peerloom')
    expect([100, 100, 100, 100].map((limit) => again.below(limit))).toEqual([41, 77, 57, 31])
    expect(seededRandom('peerloom').unit()).toBe(0.7712113949346866)
    expect(shuffled(seededRandom('peerloom'), [1, 2, 3, 4, 5])).toEqual([3, 4, 1, 5, 2])
  })

  test('is one stream, however it is cut into draws', () => {
    const property = fc.property(
      fc.uint8Array({ minLength: 32, maxLength: 32 }),
      fc.array(fc.nat(700), { maxLength: 12 }),
      (seed, counts) => {
        const random = seededRandom(seed)
        const drawn = counts.flatMap((count) => [...random.bytes(count)])
        expect(Uint8Array.from(drawn)).toEqual(keyStream(seed, drawn.length))
      },
    )
    holds(property)
  })

  test('forks by HMAC-SHA256 of the name behind its length, also where names run together', () => {
    const property = fc.property(fc.string(), fc.string(), (one, other) => {
      const seed = keyStream(new Uint8Array(32), 32)
      const name = new TextEncoder().encode(one)
      const message = new Uint8Array([0, 0, name.length >> 8, name.length & 0xff, ...name])
      const child = createHmac('sha256', seed).update(message).digest()
      const random = seededRandom(seed)
      expect(random.fork(one).bytes(40)).toEqual(keyStream(child, 40))
      const run = random.fork(one + other).bytes(8)
      expect(random.fork(one).fork(other).bytes(8)).not.toEqual(run)
    })
    holds(property)
  })

  test('gives a fork the same draws whatever was drawn or forked before', () => {
    const untouched = seededRandom('parent').fork('child').bytes(32)
    const random = seededRandom('parent')
    random.bytes(1_000)
    random.fork('other').bytes(10)
    const child = random.fork('child')
    expect(child.bytes(32)).toEqual(untouched)
    expect(random.fork('child').bytes(32)).toEqual(untouched)
    expect(random.fork('children').bytes(32)).not.toEqual(untouched)
  })

  test('keeps to its seed although the caller changes the bytes', () => {
    const seed = new Uint8Array(32).fill(1)
    const random = seededRandom(seed)
    seed.fill(2)
    expect(random.fork('a').bytes(4)).toEqual(
      seededRandom(new Uint8Array(32).fill(1)).fork('a').bytes(4),
    )
  })

  test.each([0, 31, 33])('refuses a seed of %i bytes', (length) => {
    expect(() => seededRandom(new Uint8Array(length))).toThrow(RangeError)
  })

  // The bounds are the 99.9 % quantiles for that many cells less one. The seed is fixed: a source
  // that passes once always does.
  test.each([
    { limit: 3, bound: 13.8 },
    { limit: 10, bound: 27.9 },
    { limit: 100, bound: 148.2 },
  ])('has no bias below $limit', ({ limit, bound }) => {
    const random = seededRandom(`no bias below ${limit}`)
    expect(chiSquare(countDraws(() => random.below(limit), limit, 100_000))).toBeLessThan(bound)
  })

  test('has no bias below three quarters of 2^32, where a remainder would have the largest', () => {
    const limit = 3 * 2 ** 30
    const random = seededRandom('no bias')
    const third = (): number => Math.floor(random.below(limit) / 2 ** 30)
    expect(chiSquare(countDraws(third, 3, 30_000))).toBeLessThan(13.8)
  })

  test('spreads units evenly, its low digits too', () => {
    const random = seededRandom('units')
    const tenth = (): number => Math.floor(random.unit() * 10)
    expect(chiSquare(countDraws(tenth, 10, 100_000))).toBeLessThan(27.9)
    const low = (): number => (random.unit() * 2 ** 53) % 8
    expect(chiSquare(countDraws(low, 8, 100_000))).toBeLessThan(24.3)
  })
})

const sources: Readonly<Record<string, () => Random>> = {
  seeded: () => seededRandom('any'),
  system: systemRandom,
}

describe.each(Object.entries(sources))('the %s source', (_, start) => {
  test('draws whole numbers below every limit up to 2^32', () => {
    const random = start()
    const property = fc.property(fc.integer({ min: 1, max: 2 ** 32 }), (limit) => {
      const drawn = random.below(limit)
      return Number.isInteger(drawn) && drawn >= 0 && drawn < limit
    })
    holds(property, 1_000)
    expect(random.below(1)).toBe(0)
  })

  test('draws units from 0 to under 1 in steps of 2^-53', () => {
    const random = start()
    for (let count = 0; count < 1_000; count++) {
      const unit = random.unit()
      expect(unit >= 0 && unit < 1 && Number.isInteger(unit * 2 ** 53)).toBe(true)
    }
  })

  test('gives fresh memory each time', () => {
    const random = start()
    const one = random.bytes(32)
    const copy = one.slice()
    const other = random.bytes(32)
    random.bytes(10_000)
    expect(one).toEqual(copy)
    expect(other.buffer).not.toBe(one.buffer)
    expect(other).not.toEqual(one)
    expect(random.bytes(0)).toHaveLength(0)
  })

  test.each([0, -1, 1.5, 2 ** 32 + 1, Number.NaN, Infinity])('refuses below(%d)', (limit) => {
    expect(() => start().below(limit)).toThrow(RangeError)
  })

  test.each([-1, 1.5, Number.NaN, Infinity])('refuses bytes(%d)', (count) => {
    expect(() => start().bytes(count)).toThrow(RangeError)
  })
})

test('the system source has no bias over what its pool hands out', () => {
  const random = systemRandom().fork('any')
  // Drawn anew in each run: the bound is the quantile that one in a thousand million crosses.
  expect(chiSquare(countDraws(() => random.bytes(1)[0] ?? 0, 256, 100_000))).toBeLessThan(415)
  const large = random.bytes(100_000)
  const counts = Array.from({ length: 256 }, (_, value) => large.filter((byte) => byte === value))
  expect(chiSquare(counts.map(({ length }) => length))).toBeLessThan(415)
})
