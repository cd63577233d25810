import { describe, expect, test } from 'vitest'
import { isBadPort } from '../../protocols/bitcoin/bad-ports.ts'
import { decodeAnchor, encodeAnchor } from '../../protocols/bitcoin/anchors.ts'
import { pickCandidate } from '../../protocols/bitcoin/candidates.ts'
import type { BookedAddress, CandidateRules } from '../../protocols/bitcoin/candidates.ts'
import { startDnsSeeding, stepDnsSeeding } from '../../protocols/bitcoin/dns-seeding.ts'
import { extraBlockRelayOnly, extraFullRelay } from '../../protocols/bitcoin/extra-peers.ts'
import type { ChainPeer } from '../../protocols/bitcoin/extra-peers.ts'
import { fixedSeedLines, parseFixedSeeds } from '../../protocols/bitcoin/fixed-seeds.ts'
import { nextKind } from '../../protocols/bitcoin/opening-kinds.ts'
import type { OpeningNeeds } from '../../protocols/bitcoin/opening-kinds.ts'
import { addressFrom, I2P, ONION } from './bitcoin-addresses-support.ts'

describe('the next connection', () => {
  const MAX = { fullRelayMax: 8, blockRelayOnlyMax: 2, feelerMax: 1 }
  const NONE: OpeningNeeds = {
    ...{ hasAnchors: false, isTipStale: false, isExtraBlockDue: false },
    ...{ isFeelerDue: false, isDiversityDue: false, missingNetwork: () => undefined },
  }
  const kindWith = (
    counts: Readonly<Record<string, number>>,
    needs: Partial<OpeningNeeds> = {},
    max: Partial<typeof MAX> = {},
  ) => nextKind({ count: (slot) => counts[slot] ?? 0 }, { ...MAX, ...max }, { ...NONE, ...needs })
  const ALL: Partial<OpeningNeeds> = {
    ...{ isTipStale: true, isExtraBlockDue: true, isFeelerDue: true, isDiversityDue: true },
    missingNetwork: () => 'onion',
  }
  const FULL = { 'full-relay': 8, 'block-relay-only': 2 }

  test('is to an anchor while there is one and room for blocks alone', () => {
    expect(kindWith({}, { ...ALL, hasAnchors: true })).toEqual({ kind: 'anchor' })
    expect(kindWith({ 'block-relay-only': 2 }, { hasAnchors: true })).toEqual({
      kind: 'full-relay',
    })
  })

  test('is for full relay, then for blocks alone, then nothing', () => {
    expect(kindWith({ 'full-relay': 7 }, ALL)).toEqual({ kind: 'full-relay' })
    expect(kindWith({ 'full-relay': 8, 'block-relay-only': 1 }, ALL)).toEqual({
      kind: 'block-relay-only',
    })
    expect(kindWith(FULL)).toBeUndefined()
  })

  test.each([
    ['stale-tip', {}],
    ['extra-block-relay-only', { isTipStale: false }],
    ['feeler', { isTipStale: false, isExtraBlockDue: false }],
    ['diversity', { isTipStale: false, isExtraBlockDue: false, isFeelerDue: false }],
  ] as const)('beyond these is %s next of what is due', (kind, without) => {
    expect(kindWith(FULL, { ...ALL, ...without })?.kind).toBe(kind)
  })

  test('shares one place beyond the lasting ones', () => {
    for (const slot of ['full-relay', 'block-relay-only', 'feeler']) {
      const counts: Readonly<Record<string, number>> = FULL
      expect(kindWith({ ...counts, [slot]: (counts[slot] ?? 0) + 1 }, ALL)).toBeUndefined()
    }
    expect(kindWith(FULL, ALL, { feelerMax: 0 })).toBeUndefined()
  })

  test('is of a network that is missing only where there is one', () => {
    expect(kindWith(FULL, { isDiversityDue: true })).toBeUndefined()
    expect(kindWith(FULL, { isDiversityDue: true, missingNetwork: () => 'i2p' })).toEqual({
      ...{ kind: 'diversity', network: 'i2p' },
    })
  })
})

describe('a candidate', () => {
  const NOW_MS = 1_800_000_000_000
  const RULES: CandidateRules = {
    ...{ isFeeler: false, isTipFresh: false, wallMs: NOW_MS },
    ...{ hasGroupOf: () => false, isReachable: () => true, isOwn: () => false },
    isBarred: () => false,
  }
  const booked = (text: string, about: Partial<BookedAddress> = {}): BookedAddress => ({
    ...{ address: addressFrom(text), table: 'new', places: 1, seenMs: NOW_MS, succeededMs: 0 },
    ...{ attemptedMs: 0, failures: 0, marks: 9n, ...about },
  })
  /** How many are drawn until one passes. */
  const drawsOf = (view: BookedAddress, rules: Partial<CandidateRules> = {}) => {
    let draws = 0
    const found = pickCandidate(
      () => {
        draws++
        return view
      },
      { ...RULES, ...rules },
    )
    return found === undefined ? undefined : draws
  }

  test('that nothing speaks against is the first one', () => {
    expect(drawsOf(booked('1.2.3.4:8333'))).toBe(1)
  })

  test('is none where the book has none', () => {
    expect(pickCandidate(() => undefined, RULES)).toBeUndefined()
  })

  test.each([
    ['of a group that is there', { hasGroupOf: () => true }],
    ['that cannot be reached', { isReachable: () => false }],
    ['that is barred', { isBarred: () => true }],
    ['of our own', { isOwn: () => true }],
  ])('is not one %s', (_, rules) => {
    expect(drawsOf(booked('1.2.3.4:8333'), rules)).toBeUndefined()
  })

  test('that is tried to see whether it is there may be of a group that is', () => {
    expect(drawsOf(booked('1.2.3.4:8333'), { hasGroupOf: () => true, isFeeler: true })).toBe(1)
  })

  test('that was tried within ten minutes is the thirtieth at best', () => {
    expect(drawsOf(booked('1.2.3.4:8333', { attemptedMs: NOW_MS - 599_000 }))).toBe(30)
    expect(drawsOf(booked('1.2.3.4:8333', { attemptedMs: NOW_MS - 600_000 }))).toBe(1)
  })

  test('row 34: with the port of another service is the fiftieth at best, of IPv4 and IPv6', () => {
    expect(drawsOf(booked('1.2.3.4:22'))).toBe(50)
    expect(drawsOf(booked('[2a01::1]:6667'))).toBe(50)
    expect(drawsOf(booked(`${ONION}:22`))).toBe(1)
    expect(isBadPort(8_333)).toBe(false)
    expect([1, 22, 5_432, 10_080, 27_017].every(isBadPort)).toBe(true)
  })

  test('serves all that is needed; a feeler takes whoever has blocks', () => {
    const marked = (marks: bigint, rules: Partial<CandidateRules> = {}) =>
      drawsOf(booked('1.2.3.4:8333', { marks }), rules) !== undefined
    expect([0n, 1n, 8n, 9n, 0x408n].map((marks) => marked(marks))).toEqual([
      ...[false, false, false, true, false],
    ])
    expect(marked(0x408n, { isTipFresh: true })).toBe(true)
    const feeler = { isFeeler: true }
    expect([0n, 8n, 1n, 0x400n].map((marks) => marked(marks, feeler))).toEqual([
      ...[false, false, true, true],
    ])
  })
})

describe('one peer too many', () => {
  const NOW_MS = 1_000_000
  const peer = (name: string, about: Partial<ChainPeer> = {}): ChainPeer => ({
    ...{ name, connectedMs: 0, lastBlockMs: -Infinity, lastAnnouncementMs: -Infinity },
    ...{ isProtected: false, isOnlyOfNetwork: false, blocksInFlight: 0, ...about },
  })

  test('for blocks alone is the youngest, unless it gave a block later than the next', () => {
    const two = [peer('old'), peer('middle', { lastBlockMs: 5 })]
    expect(extraBlockRelayOnly(two, 2, NOW_MS)).toBeUndefined()
    expect(extraBlockRelayOnly([...two, peer('young')], 2, NOW_MS)).toBe('young')
    const better = peer('young', { lastBlockMs: 6 })
    expect(extraBlockRelayOnly([...two, better], 2, NOW_MS)).toBe('middle')
  })

  test('stays for half a minute, and while a block is on its way', () => {
    const late = { connectedMs: NOW_MS - 29_999 }
    for (const about of [late, { blocksInFlight: 1 }]) {
      const three = [peer('one'), peer('two'), peer('three', about)]
      expect(extraBlockRelayOnly(three, 2, NOW_MS)).toBeUndefined()
      expect(extraFullRelay(three, 2, NOW_MS)).toBeUndefined()
    }
  })

  test('for full relay is the one with the oldest news of a block, of equals the youngest', () => {
    const news = (lastAnnouncementMs: number) => ({ lastAnnouncementMs })
    const three = [peer('one', news(2)), peer('two', news(1)), peer('three', news(3))]
    expect(extraFullRelay(three, 2, NOW_MS)).toBe('two')
    expect(extraFullRelay([peer('one'), peer('two'), peer('three')], 2, NOW_MS)).toBe('three')
  })

  test('is neither one that is protected nor the only one of its network', () => {
    const safe = [
      peer('one', { isProtected: true }),
      peer('two'),
      peer('three', { isOnlyOfNetwork: true }),
    ]
    expect(extraFullRelay(safe, 2, NOW_MS)).toBe('two')
    expect(extraFullRelay([peer('one', { isProtected: true })], 0, NOW_MS)).toBeUndefined()
  })
})

describe('an anchor', () => {
  test.each(['1.2.3.4:8333', '[2a01::1]:18444', `${ONION}:8333`, `${I2P}:0`])(
    'of %s is the same when it was written and read',
    (text) => {
      const anchor = { address: addressFrom(text), services: 0xc09n }
      expect(decodeAnchor(encodeAnchor(anchor))).toEqual(anchor)
    },
  )

  test('that is cut or changed is none, and no bytes make it fail', () => {
    const bytes = encodeAnchor({ address: addressFrom('1.2.3.4:8333'), services: 9n })
    for (let length = 0; length < 10; length++) {
      expect(decodeAnchor(bytes.subarray(0, length))).toBeUndefined()
    }
    expect(decodeAnchor(bytes.with(0, 2))).toBeUndefined()
    expect(decodeAnchor(bytes.with(9, 0xff))).toBeUndefined()
    expect(decodeAnchor(bytes.with(9, 0x20))).toBeUndefined()
  })
})

describe('a list of fixed seeds', () => {
  test('has an address a line, remarks and empty lines', () => {
    const text = `# ours\n\n1.2.3.4:8333 # first\r\n  ${ONION}\n[2a01::1]\n`
    const lines = fixedSeedLines(text)
    expect(lines).toEqual(['1.2.3.4:8333', ONION, '[2a01::1]'])
    expect(parseFixedSeeds(lines, 18_444).map(({ port }) => port)).toEqual([8_333, 18_444, 18_444])
  })

  test('has at most ten thousand', () => {
    const lines = Array.from({ length: 10_001 }, () => '1.2.3.4')
    expect(() => parseFixedSeeds(lines, 1)).toThrow(RangeError)
  })
})

describe('asking names', () => {
  const VIEW = { nowMs: 0, fullRelayActive: 0, bookedCount: 50 }
  const start = (about: Partial<Parameters<typeof startDnsSeeding>[1]> = {}) =>
    startDnsSeeding(['a', 'b', 'c', 'd'], {
      ...{ hasSeedNodes: false, isForced: false, nowMs: 0, ...about },
    })

  test('is over for good once two peers were there', () => {
    const { seeding } = stepDnsSeeding(start(), VIEW)
    const enough = stepDnsSeeding(seeding, { ...VIEW, nowMs: 11_000, fullRelayActive: 2 })
    expect(enough.ask).toEqual([])
    expect(stepDnsSeeding(enough.seeding, { ...VIEW, nowMs: 999_999 }).ask).toEqual([])
  })

  test('goes on at once where the book became empty', () => {
    let { seeding } = stepDnsSeeding(start(), VIEW)
    const first = stepDnsSeeding(seeding, { ...VIEW, bookedCount: 0, nowMs: 11_000 })
    ;({ seeding } = first)
    const second = stepDnsSeeding(seeding, { ...VIEW, nowMs: 11_000 })
    expect([first.ask, second.ask]).toEqual([['a', 'b', 'c'], ['d']])
  })

  test('that is forced waits for seed nodes, and not for peers', () => {
    const forced = start({ isForced: true, hasSeedNodes: true })
    const waiting = stepDnsSeeding(forced, { ...VIEW, nowMs: 29_999 })
    expect(waiting.ask).toEqual([])
    expect(stepDnsSeeding(waiting.seeding, { ...VIEW, nowMs: 30_000 }).ask).toHaveLength(4)
    const served = stepDnsSeeding(forced, { ...VIEW, nowMs: 1, fullRelayActive: 2 })
    expect(stepDnsSeeding(served.seeding, { ...VIEW, nowMs: 30_000 }).ask).toEqual([])
  })
})
