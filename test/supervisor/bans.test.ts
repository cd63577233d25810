import fc from 'fast-check'
import { expect, test } from 'vitest'
import { encodeUtf8 } from '../../codec/bytes.ts'
import {
  decodeBan,
  encodeBanKey,
  encodeBanValue,
  printBanKey,
} from '../../supervisor/ban-records.ts'
import type { BanKey } from '../../supervisor/ban-records.ts'
import { CORE_LIMITS } from '../../supervisor/limits.ts'
import { simulatedMedium } from '../../testing/simulated-store.ts'
import { BANS_TABLE, createBans } from '../../supervisor/bans.ts'
import type { Bans, BansOptions } from '../../supervisor/bans.ts'
import type { StoreEntry } from '../../world/store.ts'
import { plain } from '../contracts/fits/plain.ts'
import { startNode, startVirtualWorld } from '../support/nodes.ts'
import { anyBytes, holds } from '../support/properties.ts'

const WALL_MS = 1_700_000_000_000

const address = (host: string): BanKey => ({ kind: 'address', host })
const identity = (name: string): BanKey => ({ kind: 'identity', identity: name })
const range = (text: string): BanKey => ({ kind: 'range', range: text })

/** Bans with the table that a store would hold after every `changes`. */
function startBans(options?: BansOptions) {
  const bans = createBans(options)
  const table = new Map<string, StoreEntry>()
  const commit = () => {
    for (const { table: name, key, value } of bans.changes()) {
      expect(name).toBe(BANS_TABLE)
      if (value === undefined) table.delete(key.join())
      else table.set(key.join(), [key, value])
    }
    return table.size
  }
  const timed = (key: BanKey, untilMs: number, wallMs = WALL_MS) =>
    bans.ban(key, { manual: false, reason: 'three strikes', untilMs }, wallMs)
  const byHand = (key: BanKey, untilMs?: number) =>
    bans.ban(key, { manual: true, reason: 'spam', untilMs }, WALL_MS)
  return { bans, table, commit, timed, byHand }
}

const texts = (bans: Bans, wallMs = WALL_MS) => bans.list(wallMs).map(({ key }) => printBanKey(key))

test('a ban is found under its key until its time, and not from then on', () => {
  const { bans, timed } = startBans()
  timed(address('10.0.0.1'), WALL_MS + 300_000)
  expect(bans.find(address('10.0.0.1'), WALL_MS + 299_999)).toMatchObject({
    reason: 'three strikes',
    untilMs: WALL_MS + 300_000,
    manual: false,
  })
  expect(bans.find(identity('10.0.0.1'), WALL_MS)).toBeUndefined()
  expect(bans.find(address('10.0.0.1'), WALL_MS + 300_000)).toBeUndefined()
  expect(bans.size).toBe(0)
})

test('what is over makes room before what holds', () => {
  const { bans, timed } = startBans({ bansMax: 2 })
  timed(address('10.0.0.1'), WALL_MS + 600_000)
  timed(address('10.0.0.2'), WALL_MS + 1_000)
  timed(address('10.0.0.3'), WALL_MS + 600_000, WALL_MS + 1_000)
  expect(texts(bans)).toEqual(['address 10.0.0.1', 'address 10.0.0.3'])
})

test('a claim is banned from its group alone', () => {
  const { bans, timed } = startBans()
  timed({ kind: 'claim', group: 'g1', identity: 'alice' }, WALL_MS + 1)
  const from = (group: string) => bans.findAny({ claim: { group, identity: 'alice' } }, WALL_MS)
  expect(from('g1')).toBeDefined()
  expect(from('g2')).toBeUndefined()
  expect(bans.findAny({ identity: 'alice', host: '10.0.0.1' }, WALL_MS)).toBeUndefined()
})

test('of several bans that a peer is under the longest is told', () => {
  const { bans, timed, byHand } = startBans()
  timed(address('10.0.0.1'), WALL_MS + 5)
  byHand(identity('alice'))
  expect(bans.findAny({ identity: 'alice', host: '10.0.0.1' }, WALL_MS)?.reason).toBe('spam')
})

test('a range keeps out whoever is in it, whatever form his address has, and nobody else', () => {
  const { bans, byHand, commit, timed } = startBans()
  byHand(range('10.1.0.0/16'))
  timed(range('2001:db8::/33'), WALL_MS + 1_000)
  const kept = ['10.1.0.0', '10.1.255.255', '::ffff:10.1.2.3', '2001:db8:7fff:ffff::1']
  const free = ['10.0.255.255', '10.2.0.0', '2001:db8:8000::', 'a.example', '::1']
  const out = (hosts: readonly string[]) => hosts.filter((host) => bans.isKeptOut(host, WALL_MS))
  expect([out(kept), out(free)]).toEqual([kept, []])
  expect(texts(bans)).toEqual(['range 10.1.0.0/16', 'range 2001:db8::/33'])
  expect(bans.restMs({ host: '2001:db8::1' }, WALL_MS)).toBe(1_000)
  expect(bans.isKeptOut('2001:db8::1', WALL_MS + 1_000)).toBe(false)
  expect(bans.unban(range('10.1.0.0/16'))).toBe(true)
  expect(bans.isKeptOut('10.1.2.3', WALL_MS)).toBe(false)
  expect([bans.size, commit()]).toEqual([0, 0])
})

test('of ranges within each other and an address the longest ban is told', () => {
  const { bans, timed } = startBans()
  timed(range('10.0.0.0/8'), WALL_MS + 10)
  timed(range('10.1.0.0/16'), WALL_MS + 30)
  timed(range('0.0.0.0/0'), WALL_MS + 20)
  timed(address('10.1.2.3'), WALL_MS + 5)
  const restOf = (host: string) => bans.restMs({ host }, WALL_MS)
  expect(['10.1.2.3', '10.2.2.3', '9.9.9.9', '::1'].map(restOf)).toEqual([30, 20, 20, undefined])
})

test('ten thousand ranges are held and found, and of one more the oldest goes', () => {
  const { bans, timed } = startBans()
  const rangeOf = (number: number) => range(`10.${number >> 8}.${number & 0xff}.0/24`)
  for (let number = 0; number <= 10_000; number++) timed(rangeOf(number), WALL_MS + 1_000)
  expect(bans.size).toBe(10_000)
  const isOut = (number: number) => bans.isKeptOut(`10.${number >> 8}.${number & 0xff}.7`, WALL_MS)
  expect([0, 1, 5_000, 10_000, 10_001].map(isOut)).toEqual([false, true, true, true, false])
})

test('bans survive a restart, each field of them', () => {
  const before = startBans()
  before.timed(address('2001:db8::1'), WALL_MS + 300_000)
  before.timed({ kind: 'claim', group: 'g 1', identity: 'älice' }, WALL_MS + 600_000)
  before.byHand(identity('bob'))
  before.byHand(identity('carol'), WALL_MS + 10)
  before.byHand(range('2001:db8::/32'))
  expect(before.commit()).toBe(5)

  const after = createBans()
  expect(after.load(before.table.values(), WALL_MS + 1)).toEqual({
    loaded: 5,
    expired: 0,
    skipped: [],
  })
  expect(after.isKeptOut('2001:db8:1::1', WALL_MS + 1)).toBe(true)
  expect(new Set(after.list(WALL_MS + 1))).toEqual(new Set(before.bans.list(WALL_MS + 1)))
  expect(after.changes()).toEqual([])
})

test('what expired while the node was down is not loaded, and leaves the store', () => {
  const { commit, table, timed } = startBans()
  timed(address('10.0.0.1'), WALL_MS + 1_000)
  timed(address('10.0.0.2'), WALL_MS + 9_000)
  commit()
  const after = createBans()
  expect(after.load(table.values(), WALL_MS + 1_000)).toMatchObject({ loaded: 1, expired: 1 })
  expect(after.changes()).toEqual([{ table: BANS_TABLE, key: encodeBanKey(address('10.0.0.1')) }])
})

test('lifting, expiry and the sweep each take the ban out of the store', () => {
  const { bans, commit, timed } = startBans()
  for (const host of ['a', 'b', 'c']) timed(address(host), WALL_MS + 1_000)
  expect(commit()).toBe(3)
  expect([bans.unban(address('a')), bans.unban(address('a'))]).toEqual([true, false])
  expect(commit()).toBe(2)
  expect(bans.find(address('b'), WALL_MS + 1_000)).toBeUndefined()
  expect(commit()).toBe(1)
  expect(bans.sweep(WALL_MS + 1_000).map(({ key }) => key)).toEqual([address('c')])
  expect(commit()).toBe(0)
})

test('a ban never shortens one that stands, and never takes the place of a manual one', () => {
  const { bans, timed, byHand } = startBans()
  timed(address('a'), WALL_MS + 1_000)
  timed(address('a'), WALL_MS + 10)
  expect(bans.find(address('a'), WALL_MS)?.untilMs).toBe(WALL_MS + 1_000)
  timed(address('a'), WALL_MS + 2_000)
  expect(bans.find(address('a'), WALL_MS)?.untilMs).toBe(WALL_MS + 2_000)
  byHand(address('a'), WALL_MS + 5)
  timed(address('a'), WALL_MS + 9_000)
  expect(bans.find(address('a'), WALL_MS)).toMatchObject({ manual: true, untilMs: WALL_MS + 5 })
  expect(bans.size).toBe(1)
})

test('when the list is full the oldest timed ban makes room, and no manual one ever does', () => {
  const { bans, timed, byHand, commit } = startBans({ bansMax: 3 })
  byHand(identity('manual'))
  timed(address('old'), WALL_MS + 9_000)
  timed(address('new'), WALL_MS + 1_000, WALL_MS + 1)
  expect(timed(address('newest'), WALL_MS + 500, WALL_MS + 2)).toMatchObject({
    dropped: { key: address('old') },
  })
  expect(texts(bans)).toEqual(['identity manual', 'address new', 'address newest'])
  expect(commit()).toBe(3)
})

test('a list full of manual bans refuses more in plain words, and stays as it is', () => {
  const { bans, timed, byHand } = startBans({ bansMax: 2 })
  byHand(identity('a'))
  byHand(identity('b'))
  expect(byHand(identity('c'))).toEqual({
    refused: 'there are 2 manual bans, and no more can be kept: lift one of them first',
  })
  expect(timed(address('x'), WALL_MS + 1)).toHaveProperty('refused')
  expect(texts(bans)).toEqual(['identity a', 'identity b'])
  expect(byHand(identity('b'), WALL_MS + 7)).toMatchObject({ banned: { untilMs: WALL_MS + 7 } })
})

test('ten thousand bans are held, and of one more the oldest goes', () => {
  const { bans, timed } = startBans()
  for (let number = 0; number <= 10_000; number++) {
    timed(address(`host-${String(number)}`), WALL_MS + 1_000)
  }
  expect(bans.size).toBe(10_000)
  expect(bans.find(address('host-0'), WALL_MS)).toBeUndefined()
  expect(bans.find(address('host-1'), WALL_MS)).toBeDefined()
})

test('of more stored bans than there is room for the oldest timed ones go, in whatever order they come', () => {
  const { timed, byHand, commit, table } = startBans()
  byHand(identity('manual'))
  // Keys sort the other way round than times.
  ;['c', 'b', 'a'].forEach((host, index) => {
    timed(address(host), WALL_MS + 9_000, WALL_MS + index)
  })
  commit()
  const after = createBans({ bansMax: 3 })
  const entries = [...table.values()].sort(([one], [other]) => (one.join() < other.join() ? -1 : 1))
  after.load(entries, WALL_MS + 5)
  expect(texts(after, WALL_MS + 5)).toEqual(['identity manual', 'address b', 'address a'])
  expect(after.changes()).toHaveLength(1)
})

test('a manual ban without room when loaded is reported and stays in the store', () => {
  const { byHand, commit, table } = startBans()
  byHand(identity('a'))
  byHand(identity('b'))
  commit()
  const after = createBans({ bansMax: 1 })
  expect(after.load(table.values(), WALL_MS)).toMatchObject({
    loaded: 1,
    skipped: [{ wrong: 'no-room' }],
  })
  expect(after.changes()).toEqual([])
})

test.each([
  ['nobody', identity(''), WALL_MS + 1],
  ['a range that is none', range('10.0.0.1/8'), WALL_MS + 1],
  ['a range that is one address', range('10.0.0.1/32'), WALL_MS + 1],
  ['a key that no store takes', address('x'.repeat(256)), WALL_MS + 1],
  ['a time that is over', address('a'), WALL_MS],
  ['a time that is no whole number', address('a'), WALL_MS + 0.5],
  ['a time beyond all dates', address('a'), 1e16],
])('a ban of %s is refused', (_, key, untilMs) => {
  const { bans, timed, commit } = startBans()
  expect(timed(key, untilMs)).toHaveProperty('refused')
  expect(bans.size).toBe(0)
  expect(commit()).toBe(0)
})

test('a long reason is cut between two characters and comes back as it was kept', () => {
  const { bans, commit, table } = startBans()
  bans.ban(address('a'), { manual: true, reason: '€'.repeat(100) }, WALL_MS)
  expect(bans.find(address('a'), WALL_MS)?.reason).toBe('€'.repeat(66))
  commit()
  const after = createBans()
  after.load(table.values(), WALL_MS)
  expect(after.find(address('a'), WALL_MS)?.reason).toBe('€'.repeat(66))
})

const GOOD = {
  key: address('10.0.0.1'),
  reason: 'why',
  sinceMs: WALL_MS,
  untilMs: WALL_MS + 1,
  manual: false,
} as const
const GOOD_KEY = encodeBanKey(GOOD.key) ?? new Uint8Array()
const GOOD_VALUE = encodeBanValue(GOOD)
const withByte = (index: number, value: number) => GOOD_VALUE.slice().fill(value, index, index + 1)

test.each<[string, StoreEntry, string]>([
  ['an unknown kind', [new Uint8Array([4, 65]), GOOD_VALUE], 'key'],
  ['a range of no addresses', [new Uint8Array([3, 65]), GOOD_VALUE], 'key'],
  ...['', '10.0.0.0', '10.0.0.1/8', '10.0.0.0/08', '10.0.0.0/33', '10.0.0.1/32', '010.0.0.0/8']
    .concat(['::ffff:10.0.0.0/104', '2001:DB8::/32', '2001:db8::/129', 'fe80::%eth0/10', '/8'])
    .map((text): [string, StoreEntry, string] => [
      `the range "${text}"`,
      [new Uint8Array([3, ...encodeUtf8(text)]), GOOD_VALUE],
      'key',
    ]),
  ['no key', [new Uint8Array(), GOOD_VALUE], 'key'],
  ['a key without a text', [new Uint8Array([0]), GOOD_VALUE], 'key'],
  ['a key that is not UTF-8', [new Uint8Array([1, 0xff]), GOOD_VALUE], 'key'],
  ['a claim whose group is cut off', [new Uint8Array([2, 9, 65]), GOOD_VALUE], 'key'],
  ['a claim of nobody', [new Uint8Array([2, 1, 65]), GOOD_VALUE], 'key'],
  ['no value', [GOOD_KEY, new Uint8Array()], 'short'],
  ['a value that is cut off', [GOOD_KEY, GOOD_VALUE.subarray(0, 17)], 'short'],
  ['another version', [GOOD_KEY, withByte(0, 2)], 'version'],
  ['unknown flags', [GOOD_KEY, withByte(1, 4)], 'flags'],
  ['a ban for good that is not manual', [GOOD_KEY, withByte(1, 2)], 'flags'],
  ['a ban for good with an end', [GOOD_KEY, withByte(1, 3)], 'time'],
  ['a time beyond all dates', [GOOD_KEY, withByte(2, 0xff)], 'time'],
  ['a reason that is not UTF-8', [GOOD_KEY, withByte(18, 0xff)], 'reason'],
  [
    'a reason that is too long',
    [GOOD_KEY, new Uint8Array([...GOOD_VALUE.subarray(0, 18), ...encodeUtf8('a'.repeat(201))])],
    'reason',
  ],
])('an entry with %s is skipped and reported, and the others are loaded', (_, entry, wrong) => {
  const other: StoreEntry = [encodeBanKey(identity('bob')) ?? new Uint8Array(), GOOD_VALUE]
  const bans = createBans()
  expect(bans.load([entry, other], WALL_MS)).toMatchObject({ loaded: 1, skipped: [{ wrong }] })
  expect(bans.find(identity('bob'), WALL_MS)).toBeDefined()
  expect(bans.changes()).toEqual([])
})

test('no bytes of a store make loading throw, and what is loaded is written back the same', () => {
  const key = fc.oneof(anyBytes(300), fc.constant(GOOD_KEY))
  const value = fc.oneof(
    anyBytes(60),
    fc.tuple(fc.nat(GOOD_VALUE.length - 1), fc.nat(255)).map(([at, byte]) => withByte(at, byte)),
  )
  holds(
    fc.property(fc.tuple(key, value), (entry) => {
      const decoded = decodeBan(entry)
      if ('wrong' in decoded) return
      expect(encodeBanKey(decoded.ban.key)).toEqual(entry[0])
      expect(encodeBanValue(decoded.ban)).toEqual(entry[1])
    }),
    500,
  )
})

test('two keys never have one text or one store key', () => {
  const text = fc.string({ minLength: 1, maxLength: 6 })
  const key: fc.Arbitrary<BanKey> = fc.oneof(
    text.map(identity),
    text.map(address),
    fc.tuple(fc.string({ maxLength: 6 }), text).map(([group, name]) => ({
      kind: 'claim' as const,
      group,
      identity: name,
    })),
    fc.integer({ min: 0, max: 31 }).map((bits) => range(`0.0.0.0/${String(bits)}`)),
  )
  holds(
    fc.property(key, key, (one, other) => {
      const same = JSON.stringify(one) === JSON.stringify(other)
      expect(printBanKey(one) === printBanKey(other)).toBe(same)
      expect(encodeBanKey(one)?.join() === encodeBanKey(other)?.join()).toBe(same)
    }),
    300,
  )
})

test('discouraged hosts are kept in memory up to their bound, and are no bans', () => {
  const bans = createBans({ discouragedMax: 2 })
  for (const host of ['a', 'b', 'c']) bans.discourage(host)
  expect(['a', 'b', 'c'].map((host) => bans.isDiscouraged(host))).toEqual([false, true, true])
  expect(bans.encourage('b')).toBe(true)
  expect(bans.isDiscouraged('b')).toBe(false)
  expect(bans.discouragedCount).toBe(1)
  expect(bans.find(address('c'), WALL_MS)).toBeUndefined()
  expect(bans.changes()).toEqual([])
})

test('a million discouraged hosts take no more room than the bound says', () => {
  const bans = createBans()
  for (let index = 0; index < 1_000_000; index++) bans.discourage(`host ${String(index)}`)
  expect(bans.discouragedCount).toBe(CORE_LIMITS.discouragedMax)
  expect(bans.isKeptOut('host 999999', WALL_MS)).toBe(true)
  expect(bans.isKeptOut('host 0', WALL_MS)).toBe(false)
  expect(bans.size).toBe(0)
})

test('who is banned or discouraged is kept out, and nobody else', () => {
  const bans = createBans()
  bans.discourage('a')
  bans.ban(address('b'), { manual: true, reason: '', untilMs: WALL_MS + 1 }, WALL_MS)
  const keptOut = (wallMs: number) => ['a', 'b', 'c'].filter((host) => bans.isKeptOut(host, wallMs))
  expect(keptOut(WALL_MS)).toEqual(['a', 'b'])
  expect(keptOut(WALL_MS + 1)).toEqual(['a'])
})

test('bans that cannot be read take no place of those that can', () => {
  const world = startVirtualWorld({ seed: 'unreadable' })
  const medium = simulatedMedium()
  const open = () => medium.store({ later: world.clock.queue.later, commits: 'turn' })
  const store = open()
  store.open(() => undefined)
  world.settle()
  const ofLaterVersion = withByte(0, 9)
  const unreadable = Array.from({ length: CORE_LIMITS.bansMax }, (_, number) => ({
    ...{ table: BANS_TABLE, value: ofLaterVersion },
    key: encodeBanKey(identity(`a ${number}`)) ?? GOOD_KEY,
  }))
  const value = encodeBanValue({ ...GOOD, untilMs: undefined, manual: true })
  const last = { table: BANS_TABLE, key: encodeBanKey(identity('b')) ?? GOOD_KEY, value }
  store.write(1, [...unreadable, last])
  world.settle()
  store.close()
  world.settle()
  const alice = startNode(world, 'alice', '10.0.0.1', plain(), { store: open() })
  world.advance(100)
  expect(alice.eventsOf('bans.unreadable')).toMatchObject([{ count: CORE_LIMITS.bansMax }])
  expect(alice.supervisor.bans()).toMatchObject([{ key: identity('b') }])
})
