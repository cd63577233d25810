import { describe, expect, test } from 'vitest'
import { chooseEvictee, protectByUptime } from '../../protocols/bitcoin/eviction.ts'
import type { Evictable } from '../../protocols/bitcoin/eviction.ts'
import { seededRandom } from '../../transport/random.ts'
import { shuffled } from '../../world/random.ts'

const pad = (number: number): string => String(number).padStart(4, '0')

/** One that nothing protects but how long it is there; each of a group of its own, `0000` the smallest. */
const plainPeer = (index: number): Evictable => ({
  name: `peer ${index}`,
  keyedGroup: pad(index),
  connectedMs: 1_000 + index,
  minimumPingMs: Infinity,
  lastBlockMs: -Infinity,
  lastTransactionMs: -Infinity,
  isUseful: false,
  relaysTransactions: false,
  hasBloomFilter: false,
  isDiscouraged: false,
  isLocal: false,
  network: 'ipv4',
})

const peers = (
  count: number,
  change: (index: number) => Partial<Evictable> = () => ({}),
): readonly Evictable[] =>
  Array.from({ length: count }, (_, index) => ({ ...plainPeer(index), ...change(index) }))

/** Everybody who would go, one after another, until nobody can. */
function evicted(candidates: readonly Evictable[]): ReadonlySet<string> {
  const gone = new Set<string>()
  const random = seededRandom('evictions')
  for (;;) {
    const left = candidates.filter(({ name }) => !gone.has(name))
    const name = chooseEvictee(shuffled(random, left))
    if (name === undefined) return gone
    gone.add(name)
  }
}

const survivors = (candidates: readonly Evictable[]): readonly string[] => {
  const gone = evicted(candidates)
  return candidates.flatMap(({ name }) => (gone.has(name) ? [] : [name]))
}

const names = (...indexes: readonly number[]) => indexes.map((index) => `peer ${index}`)

describe('of those that came in', () => {
  test('nobody goes while all are protected', () => {
    expect(chooseEvictee([])).toBeUndefined()
    expect(chooseEvictee(peers(20))).toBeUndefined()
  })

  test('one goes as soon as there are more than the protected', () => {
    const all = peers(64, (index) => ({ minimumPingMs: 100 + index }))
    expect(chooseEvictee(all)).toBeDefined()
  })

  test('four of the groups that come last under the key stay', () => {
    const all = peers(100, (index) => ({ connectedMs: 10_000 + index }))
    expect(survivors(all)).toEqual(expect.arrayContaining(names(96, 97, 98, 99)))
  })

  test('eight that answer fastest stay', () => {
    const all = peers(100, (index) => ({ minimumPingMs: 1_000 - index, keyedGroup: '0000' }))
    expect(survivors(all)).toEqual(expect.arrayContaining(names(92, 93, 94, 95, 96, 97, 98, 99)))
  })

  test('four that gave the newest transactions stay', () => {
    const all = peers(100, (index) => ({ lastTransactionMs: index, keyedGroup: '0000' }))
    expect(survivors(all)).toEqual(expect.arrayContaining(names(96, 97, 98, 99)))
  })

  test('of equals in transactions those stay that relay them and set no filter', () => {
    const all = peers(40, (index) => ({
      ...{ lastTransactionMs: 5, keyedGroup: '0000', isUseful: true, minimumPingMs: 50 },
      relaysTransactions: index >= 30,
      hasBloomFilter: index < 36,
      connectedMs: 1_000,
    }))
    expect(survivors(all)).toEqual(expect.arrayContaining(names(36, 37, 38, 39)))
  })

  test('eight of use stay that relay blocks alone, by the newest block', () => {
    const all = peers(100, (index) => ({
      ...{ isUseful: true, keyedGroup: '0000', lastBlockMs: index },
      relaysTransactions: index < 80,
    }))
    const safe = names(88, 89, 90, 91, 92, 93, 94, 95, 96, 97, 98, 99)
    expect(survivors(all)).toEqual(expect.arrayContaining(safe))
  })

  test('who relays blocks alone and is of no use is not protected for that', () => {
    const all = peers(100, (index) => ({
      ...{ keyedGroup: '0000', lastBlockMs: 5 },
      relaysTransactions: index < 80,
    }))
    expect(evicted(all).has('peer 90')).toBe(true)
  })

  test('four that gave the newest blocks stay', () => {
    const all = peers(100, (index) => ({
      ...{ lastBlockMs: index, relaysTransactions: true, keyedGroup: '0000' },
    }))
    expect(survivors(all)).toEqual(expect.arrayContaining(names(96, 97, 98, 99)))
  })

  test('half of the rest stay by how long they are there', () => {
    // Twenty-odd places above are taken by whoever comes last in sorting: the oldest are not among them.
    const all = peers(60, (index) => ({ keyedGroup: pad(9_999 - index), connectedMs: index }))
    const gone = evicted(all)
    for (const name of names(0, 1, 2, 3, 4)) expect(gone.has(name)).toBe(false)
  })
})

describe('from rare places', () => {
  /** The youngest of all, and nothing else speaks for them. */
  const rare = (place: Partial<Evictable>, count: number, total = 80) =>
    peers(total, (index) => ({
      keyedGroup: '0000',
      relaysTransactions: true,
      ...(index >= total - count ? { ...place, connectedMs: 100_000 + index } : {}),
    }))

  test.each([
    ['this machine', { isLocal: true }],
    ['Tor', { network: 'onion' }],
    ['I2P', { network: 'i2p' }],
    ['CJDNS', { network: 'cjdns' }],
  ])('some of %s stay, though they are the youngest', (_, place) => {
    const stay = survivors(rare(place, 4)).filter((name) => names(76, 77, 78, 79).includes(name))
    expect(stay.length).toBeGreaterThan(0)
    const without = survivors(rare({}, 4)).filter((name) => names(76, 77, 78, 79).includes(name))
    expect(without).toEqual([])
  })

  /** Who stays by how long he is there, or by where he comes from. */
  const kept = (candidates: readonly Evictable[]): ReadonlySet<string> => {
    const left = new Set(protectByUptime(candidates).map(({ name }) => name))
    return new Set(candidates.flatMap(({ name }) => (left.has(name) ? [] : [name])))
  }
  const young = (place: Partial<Evictable>, from: number, to: number) => (index: number) =>
    index >= from && index < to ? { ...place, connectedMs: 100_000 + index } : {}

  test('nobody is preferred where nobody comes from there: the older half stays', () => {
    expect(kept(peers(12))).toEqual(new Set(names(0, 1, 2, 3, 4, 5)))
  })

  test('of one place a quarter of all stays, those that are there longest', () => {
    const all = peers(40, young({ network: 'onion' }, 20, 40))
    expect(kept(all)).toEqual(
      new Set([
        ...names(0, 1, 2, 3, 4, 5, 6, 7, 8, 9),
        ...names(20, 21, 22, 23, 24, 25, 26, 27, 28, 29),
      ]),
    )
  })

  test('what a place with few leaves is for the others', () => {
    const all = peers(40, (index) => ({
      ...young({ network: 'onion' }, 20, 38)(index),
      ...young({ isLocal: true }, 38, 40)(index),
    }))
    const stay = kept(all)
    for (const name of names(38, 39, 20, 21, 22, 23, 24, 25, 26, 27)) expect(stay).toContain(name)
    expect(stay).not.toContain('peer 28')
  })

  test('of four places with room for three the one with most has nobody', () => {
    const all = peers(12, (index) => ({
      ...young({ network: 'onion' }, 4, 8)(index),
      ...young({ isLocal: true }, 8, 10)(index),
      ...young({ network: 'i2p' }, 10, 11)(index),
      ...young({ network: 'cjdns' }, 11, 12)(index),
    }))
    expect(kept(all)).toEqual(new Set(names(0, 1, 2, 8, 10, 11)))
  })
})

describe('who goes', () => {
  test('is the youngest of the largest group', () => {
    const all = peers(60, (index) => ({
      keyedGroup: index % 3 === 0 ? '0001' : '0000',
      relaysTransactions: true,
    }))
    // 59 is of the larger group and the youngest.
    expect(chooseEvictee(all)).toBe('peer 59')
    expect(chooseEvictee(all.slice(0, 58))).toBe('peer 56')
  })

  test('of groups as large is of the one whose youngest is younger', () => {
    const all = peers(60, (index) => ({
      keyedGroup: index % 2 === 0 ? '0001' : '0000',
      relaysTransactions: true,
    }))
    expect(chooseEvictee(all)).toBe('peer 59')
  })

  test('is one that was at fault before, where there is one, and nobody else', () => {
    const all = peers(60, (index) => ({
      ...{ keyedGroup: '0000', relaysTransactions: true },
      isDiscouraged: index === 45,
    }))
    expect(chooseEvictee(all)).toBe('peer 45')
  })

  test('does not depend on the order in which they are told', () => {
    const random = seededRandom('orders')
    const all = peers(70, () => ({
      ...{ keyedGroup: pad(random.below(9)), connectedMs: random.below(1_000_000) },
      ...{ minimumPingMs: random.below(1_000_000), lastBlockMs: random.below(1_000_000) },
      relaysTransactions: random.below(2) === 0,
    }))
    const chosen = chooseEvictee(all)
    for (let round = 0; round < 20; round++) {
      expect(chooseEvictee(shuffled(random, all))).toBe(chosen)
    }
  })
})
