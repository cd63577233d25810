import fc from 'fast-check'
import { expect, test } from 'vitest'
import { createCounters } from '../../actors/counters.ts'
import { createDialGovernor } from '../../supervisor/dial-governor.ts'
import type { Candidate, DialGovernorOptions, DialView } from '../../supervisor/dial-governor.ts'
import { createPeers } from '../../supervisor/peers.ts'
import type { PeerAbout } from '../../supervisor/peers.ts'
import { seededRandom } from '../../transport/random.ts'
import { holds } from '../support/properties.ts'

const STRIKES = { count: 3, withinMs: 600_000, banMs: 300_000, banMsMax: 86_400_000 }

/** What becomes of a dial, and after how long. */
type Fate =
  | { readonly how: 'fails' | 'refuses'; readonly afterMs: number }
  | { readonly how: 'active'; readonly afterMs: number; readonly forMs: number }
  | { readonly how: 'hangs' }

interface Happening {
  readonly atMs: number
  readonly run: () => void
}

const DEAD: Fate = { how: 'fails', afterMs: 10_000 }
const STAYS: Fate = { how: 'active', afterMs: 100, forMs: Infinity }

interface NodeOptions extends Partial<DialGovernorOptions> {
  readonly slots?: number
  readonly fate?: (address: string, nowMs: number) => Fate
}

/** A node that plans when it is told to, and dials as planned in a world of fates. */
function startNode({ slots = 8, fate = () => DEAD, ...options }: NodeOptions = {}) {
  const peers = createPeers({ random: seededRandom('governor'), strikes: STRIKES })
  const governor = createDialGovernor({ peers, dialsMax: 8, ...options })
  const connections = new Map<
    string,
    { active: boolean; end: (verdict: 'wait' | 'refuse') => void }
  >()
  const barred = new Map<string, number>()
  const dialled: { readonly address: string; readonly atMs: number }[] = []
  const inbound = { active: 0 }
  let happenings: Happening[] = []
  let nowMs = 0
  let planMs: number | undefined = 0

  const view = (): DialView => ({
    active: inbound.active + [...connections.values()].filter(({ active }) => active).length,
    slots: [{ name: 'outbound', free: slots - connections.size }],
    isConnected: (address) => connections.has(address),
    barredMs: (address) => barred.get(address),
  })

  const later = (afterMs: number, run: () => void) => {
    if (afterMs !== Infinity) happenings.push({ atMs: nowMs + afterMs, run })
  }

  const dial = (address: string): void => {
    if (connections.has(address)) throw new Error(`${address} is dialled twice`)
    if (connections.size >= slots) throw new Error('more slots are taken than there are')
    dialled.push({ address, atMs: nowMs })
    const who: PeerAbout = {
      role: 'dialler',
      address,
      host: address,
      group: address,
      identity: undefined,
      claim: undefined,
      manual: false,
    }
    let activeSinceMs: number | undefined
    const connection = {
      active: false,
      end(verdict: 'wait' | 'refuse') {
        if (connections.get(address) !== connection) return
        connections.delete(address)
        const activeMs = activeSinceMs === undefined ? undefined : nowMs - activeSinceMs
        peers.ended(who, activeMs, createCounters())
        peers.applyVerdict({ do: verdict }, who, { nowMs, ended: true })
        governor.ended(address, activeMs)
      },
    }
    connections.set(address, connection)
    const becomes = fate(address, nowMs)
    if (becomes.how === 'hangs') return
    later(becomes.afterMs, () => {
      if (connections.get(address) !== connection) return
      if (becomes.how !== 'active') {
        connection.end(becomes.how === 'fails' ? 'wait' : 'refuse')
        return
      }
      activeSinceMs = nowMs
      connection.active = true
      peers.ready(who)
      governor.activated(address)
      later(becomes.forMs, () => {
        connection.end('wait')
      })
    })
  }

  const plan = (): void => {
    const { dials, overdue, nextMs } = governor.plan(nowMs, view())
    if (nextMs !== undefined && nextMs <= nowMs) throw new Error('it plans to plan at once')
    planMs = nextMs
    for (const { address, slot } of dials) {
      expect(slot).toBe('outbound')
      dial(address)
    }
    for (const address of overdue) connections.get(address)?.end('wait')
    if (overdue.length > 0) plan()
  }

  /** Visits each time at which something happens, and plans after each. */
  const runTo = (endMs: number): void => {
    for (;;) {
      const atMs = happenings.reduce((least, one) => Math.min(least, one.atMs), planMs ?? Infinity)
      if (atMs > endMs) break
      nowMs = Math.max(nowMs, atMs)
      const due = happenings.filter((one) => one.atMs <= nowMs)
      happenings = happenings.filter((one) => one.atMs > nowMs)
      for (const { run } of due) run()
      plan()
    }
    nowMs = endMs
  }

  const timesOf = (address: string) =>
    dialled.filter((one) => one.address === address).map(({ atMs }) => atMs)

  return { governor, peers, connections, barred, inbound, dialled, view, plan, runTo, timesOf }
}

const address = (name: string): Candidate => ({ address: name })
const many = (name: string, count: number) =>
  Array.from({ length: count }, (_, index) => address(`${name}-${String(index)}`))

test('manual peers come first, then seeds, then what was learnt', () => {
  const { governor, dialled, runTo } = startNode({ slots: 4, fate: () => STAYS })
  governor.learn(address('learnt'))
  governor.addSeed(address('seed'))
  governor.addManual(address('manual'))
  runTo(0)
  expect(dialled.map((one) => one.address)).toEqual(['manual', 'seed', 'learnt'])
})

test('the waits of an address that never answers lie in [0.5, 1], [1, 2], [2, 4] ... [30, 60] s', () => {
  const { governor, inbound, runTo, timesOf } = startNode({
    fate: () => ({ how: 'fails', afterMs: 10 }),
  })
  inbound.active = 1
  governor.addManual(address('dead'))
  runTo(1_000_000)
  const times = timesOf('dead')
  expect(times.length).toBeGreaterThan(15)
  times.slice(1).forEach((atMs, index) => {
    const waitMs = atMs - (times[index] ?? 0) - 10
    const mostMs = Math.min(60_000, 1_000 * 2 ** index)
    expect(waitMs).toBeGreaterThanOrEqual(mostMs / 2 - 1e-6)
    expect(waitMs).toBeLessThanOrEqual(mostMs + 1e-6)
  })
})

test('a manual peer is retried for ever, a learnt address eight times', () => {
  const { governor, inbound, runTo, timesOf } = startNode()
  inbound.active = 1
  governor.addManual(address('manual'))
  governor.learn(address('learnt'))
  runTo(24 * 3_600_000)
  expect(timesOf('learnt')).toHaveLength(8)
  expect(governor.counts().learnt).toBe(0)
  const last = timesOf('manual').at(-1) ?? 0
  expect(24 * 3_600_000 - last).toBeLessThanOrEqual(70_000)
})

test('an address that was active for a minute has its eight tries again, one that drops at once has not', () => {
  const tries = (forMs: number) => {
    const { governor, inbound, runTo, timesOf } = startNode({
      fate: () => ({ how: 'active', afterMs: 1, forMs }),
    })
    inbound.active = 1
    governor.learn(address('learnt'))
    runTo(3_600_000)
    return timesOf('learnt').length
  }
  expect(tries(59_000)).toBe(8)
  expect(tries(60_000)).toBeGreaterThan(50)
})

test('no dial is made without a slot, and a freed one is filled', () => {
  const { governor, connections, dialled, plan, runTo } = startNode({ slots: 2, fate: () => STAYS })
  for (const one of many('learnt', 5)) governor.learn(one)
  runTo(60_000)
  expect(dialled).toHaveLength(2)
  connections.get('learnt-0')?.end('wait')
  plan()
  expect(dialled.at(-1)?.address).toBe('learnt-2')
})

test('whoever has waited longest comes first, so that no dead seed is passed over for another', () => {
  const { governor, dialled, runTo } = startNode({
    slots: 1,
    fate: () => ({ how: 'fails', afterMs: 1_100 }),
  })
  for (const one of many('seed', 4)) governor.addSeed(one)
  runTo(4_000)
  expect(dialled.map((one) => one.address)).toEqual(['seed-0', 'seed-1', 'seed-2', 'seed-3'])
})

test('a candidate that names its kind of slot takes no other', () => {
  const { governor, view } = startNode()
  governor.addSeed({ address: 'probe', slot: 'feeler' })
  governor.addSeed({ address: 'any' })
  const slots = [
    { name: 'full', free: 0 },
    { name: 'block-only', free: 1 },
    { name: 'feeler', free: 0 },
  ]
  expect(governor.plan(0, { ...view(), slots }).dials).toEqual([
    { address: 'any', source: 'seed', slot: 'block-only' },
  ])
  const free = slots.map(({ name }) => ({ name, free: 1 }))
  expect(governor.plan(0, { ...view(), slots: free }).dials).toEqual([
    { address: 'probe', source: 'seed', slot: 'feeler' },
  ])
})

test('one address and one identity are dialled once at a time', () => {
  const { governor, view } = startNode()
  governor.addManual({ address: 'alice@one', identity: 'alice' })
  governor.addManual({ address: 'alice@two', identity: 'alice' })
  const dialsAt = (nowMs: number) => governor.plan(nowMs, view()).dials.map((dial) => dial.address)
  expect(dialsAt(0)).toEqual(['alice@one'])
  expect(dialsAt(1)).toEqual([])
  governor.ended('alice@one', undefined)
  expect(dialsAt(2)).toHaveLength(1)
})

test('who is connected already, by address or by proven identity, is not dialled', () => {
  const { governor, peers, view } = startNode()
  const about: PeerAbout = {
    role: 'dialler',
    address: 'one',
    host: 'h',
    group: 'g',
    identity: 'alice',
    claim: undefined,
    manual: false,
  }
  peers.ready(about)
  peers.ended(about, 60_000, createCounters())
  governor.addManual(address('one'))
  const asked: unknown[] = []
  const isConnected = (at: string, identity: string | undefined) => {
    asked.push([at, identity])
    return identity === 'alice'
  }
  expect(governor.plan(0, { ...view(), isConnected }).dials).toEqual([])
  expect(asked).toEqual([['one', 'alice']])
})

test('who is banned is not dialled until the ban is over, and the plan says when that is', () => {
  const { governor, barred, view } = startNode()
  governor.addManual(address('banned'))
  governor.addManual(address('banned for good'))
  barred.set('banned', 5_000)
  barred.set('banned for good', Infinity)
  expect(governor.plan(0, view())).toEqual({ dials: [], overdue: [], nextMs: 5_000 })
  barred.delete('banned')
  expect(governor.plan(5_000, view()).dials).toMatchObject([{ address: 'banned' }])
})

test('who is refused is dialled again only when the application asks', () => {
  const { governor, peers, plan, runTo, timesOf } = startNode({
    fate: () => ({ how: 'refuses', afterMs: 5 }),
  })
  governor.addManual(address('refused'))
  runTo(600_000)
  expect(timesOf('refused')).toEqual([0])
  peers.allow('refused', undefined)
  plan()
  expect(timesOf('refused')).toEqual([0, 600_000])
})

test('a redial needs no token, and takes the place of the dial that ended', () => {
  const { governor, view } = startNode({ rate: { perSecond: 0.001, burst: 1 }, dialsMax: 1 })
  governor.addManual(address('a'))
  expect(governor.plan(0, view()).dials).toHaveLength(1)
  expect(governor.redial('a', 1, view())).toBe(true)
  expect(governor.counts().dialling).toBe(1)
  governor.ended('a', undefined)
  expect(governor.counts().dialling).toBe(0)
  expect(governor.redial('a', 2, view())).toBe(true)
})

test('no redial is made to who is banned, unknown, connected otherwise, or without a place', () => {
  const { governor, barred, view } = startNode({ dialsMax: 1 })
  governor.addManual(address('a'))
  governor.addManual(address('b'))
  barred.set('b', 1)
  governor.plan(0, view())
  expect(governor.redial('b', 1, view())).toBe(false)
  expect(governor.redial('unknown', 1, view())).toBe(false)
  barred.delete('b')
  expect(governor.redial('b', 1, view())).toBe(false)
  expect(governor.redial('a', 1, { ...view(), isConnected: () => true })).toBe(false)
  expect(governor.counts().dialling).toBe(0)
})

test('a redial is not a try', () => {
  const { governor, view } = startNode({ triesMax: 2 })
  governor.learn(address('a'))
  governor.plan(0, view())
  expect(governor.redial('a', 1, view())).toBe(true)
  governor.ended('a', undefined)
  expect(governor.sourceOf('a')).toBe('learnt')
  governor.plan(2, view())
  governor.ended('a', undefined)
  expect(governor.sourceOf('a')).toBeUndefined()
})

test('a dial that never settles is given up, and does not stop the others meanwhile', () => {
  const { governor, dialled, inbound, runTo, timesOf } = startNode({
    slots: 2,
    dialsMax: 2,
    fate: (name) => (name === 'hung' ? { how: 'hangs' } : { how: 'fails', afterMs: 1_000 }),
  })
  inbound.active = 1
  governor.addManual(address('hung'))
  for (const one of many('learnt', 20)) governor.learn(one)
  runTo(119_999)
  expect(timesOf('hung')).toEqual([0])
  expect(new Set(dialled.map((one) => one.address)).size).toBe(21)
  runTo(600_000)
  expect(timesOf('hung').length).toBeGreaterThan(2)
})

test('dials that all hang fill no place for ever', () => {
  const { governor, dialled, runTo } = startNode({
    slots: 4,
    dialsMax: 4,
    fate: (_, nowMs) => (nowMs < 60_000 ? { how: 'hangs' } : STAYS),
  })
  for (const one of many('learnt', 50)) governor.learn(one)
  runTo(300_000)
  const connected = dialled.filter(({ atMs }) => atMs >= 120_000)
  expect(connected).toHaveLength(4)
})

test.each([
  ['slot', { slots: 8, dialsMax: 100 }],
  ['place among the dials', { slots: 100, dialsMax: 8 }],
])(
  'a thousand dead learnt addresses leave a %s, so that a seed is dialled as soon as it may be',
  (_, limits) => {
    const { governor, barred, connections, plan, runTo, timesOf } = startNode({
      ...limits,
      fate: (name) => (name === 'seed' ? STAYS : { how: 'hangs' }),
    })
    for (const one of many('dead', 1_000)) governor.learn(one)
    governor.addSeed(address('seed'))
    barred.set('seed', Infinity)
    runTo(20_000)
    expect(connections.size).toBe(7)
    barred.delete('seed')
    plan()
    expect(timesOf('seed')).toEqual([20_000])
  },
)

test('a storm of dead learnt addresses leaves a token, so that a seed need not wait for one', () => {
  const { governor, barred, plan, runTo, timesOf } = startNode({
    slots: 1_000,
    dialsMax: 1_000,
    fate: () => ({ how: 'fails', afterMs: 1 }),
  })
  for (const one of many('dead', 1_000)) governor.learn(one)
  governor.addSeed(address('seed'))
  barred.set('seed', Infinity)
  runTo(10_000)
  barred.delete('seed')
  plan()
  expect(timesOf('seed')).toEqual([10_000])
})

test('learnt addresses may have every slot once somebody is connected, or where nothing is listed', () => {
  const connected = startNode({ slots: 4, fate: () => ({ how: 'hangs' }) })
  connected.inbound.active = 1
  connected.governor.addSeed(address('seed'))
  for (const one of many('learnt', 10)) connected.governor.learn(one)
  connected.runTo(10_000)
  expect(connected.connections.size).toBe(4)

  const unlisted = startNode({ slots: 4, fate: () => ({ how: 'hangs' }) })
  for (const one of many('learnt', 10)) unlisted.governor.learn(one)
  unlisted.runTo(10_000)
  expect(unlisted.connections.size).toBe(4)
})

test('with a single slot learnt addresses get their turn beside a dead seed', () => {
  const { governor, dialled, runTo } = startNode({ slots: 1 })
  governor.addSeed(address('seed'))
  governor.learn(address('learnt'))
  runTo(60_000)
  expect(new Set(dialled.map((one) => one.address))).toEqual(new Set(['seed', 'learnt']))
})

test('isolated for thirty seconds, the node forgets its backoff, once', () => {
  const { governor, inbound, plan, runTo, timesOf } = startNode({
    fate: () => ({ how: 'fails', afterMs: 1 }),
  })
  inbound.active = 1
  governor.addSeed(address('seed'))
  runTo(400_000)
  plan()
  inbound.active = 0
  plan()
  const before = timesOf('seed').length
  runTo(430_000)
  // Its wait was up to a minute: now it is due at 430 s at the latest, and then from the start again.
  const after = timesOf('seed').slice(before)
  expect(after.at(-1)).toBe(430_000)
  runTo(432_000)
  expect(timesOf('seed').filter((atMs) => atMs > 430_000)).not.toHaveLength(0)
})

test('an isolated node dials each seed within thirty seconds and a token’s time for those before it', () => {
  const setting = fc.record({
    seeds: fc.integer({ min: 1, max: 6 }),
    learnt: fc.integer({ min: 0, max: 300 }),
    lostMs: fc.integer({ min: 0, max: 900_000 }),
    hangs: fc.boolean(),
  })
  holds(
    fc.property(setting, ({ seeds, learnt, lostMs, hangs }) => {
      const { governor, inbound, plan, runTo, timesOf } = startNode({
        slots: 8,
        dialsMax: 8,
        fate: (name) =>
          name.startsWith('seed')
            ? { how: 'fails', afterMs: 3_000 }
            : hangs
              ? { how: 'hangs' }
              : DEAD,
      })
      inbound.active = 1
      const seedList = many('seed', seeds)
      for (const one of seedList) governor.addSeed(one)
      for (const one of many('dead', learnt)) governor.learn(one)
      runTo(lostMs)
      inbound.active = 0
      plan()
      const withinMs = 30_000 + 3_000 + seeds * 200 + (hangs ? 120_000 : 10_000)
      runTo(lostMs + withinMs)
      for (const one of seedList) {
        const since = timesOf(one.address).filter((atMs) => atMs >= lostMs)
        expect(since.length, one.address).toBeGreaterThan(0)
      }
    }),
    60,
  )
})

test('where a place is free, an isolated node dials each seed within thirty seconds and its tokens', () => {
  holds(
    fc.property(fc.integer({ min: 1, max: 6 }), fc.nat(900_000), (seeds, lostMs) => {
      const { governor, inbound, plan, runTo, timesOf } = startNode({
        fate: () => ({ how: 'fails', afterMs: 1 }),
      })
      inbound.active = 1
      const seedList = many('seed', seeds)
      for (const one of seedList) governor.addSeed(one)
      runTo(lostMs)
      inbound.active = 0
      plan()
      runTo(lostMs + 30_000 + seeds * 200)
      for (const one of seedList) {
        const since = timesOf(one.address).filter((atMs) => atMs >= lostMs)
        expect(since.length, one.address).toBeGreaterThan(0)
      }
    }),
    40,
  )
})

test('in no window of time are there more dials than the burst and the rate allow', () => {
  const setting = fc.record({
    perSecond: fc.constantFrom(1, 2, 5),
    burst: fc.integer({ min: 1, max: 12 }),
    addresses: fc.integer({ min: 1, max: 60 }),
    slots: fc.integer({ min: 1, max: 30 }),
    fates: fc.array(fc.nat(3), { minLength: 1, maxLength: 20 }),
  })
  holds(
    fc.property(setting, ({ perSecond, burst, addresses, slots, fates }) => {
      let drawn = 0
      const { governor, dialled, runTo } = startNode({
        slots,
        dialsMax: slots,
        rate: { perSecond, burst },
        fate: () => {
          const number = fates[drawn++ % fates.length]
          if (number === 0) return { how: 'fails', afterMs: 1 }
          if (number === 1) return { how: 'fails', afterMs: 5_000 }
          if (number === 2) return { how: 'active', afterMs: 50, forMs: 2_000 }
          return { how: 'hangs' }
        },
      })
      many('any', addresses).forEach((one, index) => {
        if (index % 3 === 0) governor.addManual(one)
        else if (index % 3 === 1) governor.addSeed(one)
        else governor.learn(one)
      })
      runTo(120_000)
      const times = dialled.map(({ atMs }) => atMs)
      expect(times.length).toBeGreaterThan(0)
      times.forEach((fromMs, first) => {
        for (let last = first; last < times.length; last++) {
          const windowMs = (times[last] ?? 0) - fromMs
          expect(last - first + 1).toBeLessThanOrEqual(
            burst + (windowMs * perSecond) / 1_000 + 1e-6,
          )
        }
      })
    }),
    40,
  )
})

test('learnt addresses are bounded: what was never tried stays, what was tried longest ago goes', () => {
  const { governor, runTo } = startNode({ learntMax: 3, slots: 1, fate: () => ({ how: 'hangs' }) })
  expect(many('learnt', 4).map((one) => governor.learn(one))).toEqual([true, true, true, false])
  expect(governor.learn(address('learnt-0'))).toBe(false)
  runTo(0)
  // Dialled is newest: the oldest is one that was never tried.
  expect(governor.learn(address('more'))).toBe(false)
  governor.forget('learnt-1')
  governor.forget('learnt-2')
  expect([governor.learn(address('x')), governor.learn(address('y'))]).toEqual([true, true])
  expect(governor.learn(address('z'))).toBe(true)
  expect(governor.sourceOf('learnt-0')).toBeUndefined()
})

test('an address that is listed moves out of the learnt ones, and a manual one stays manual', () => {
  const { governor } = startNode()
  governor.learn(address('a'))
  governor.addSeed(address('a'))
  expect(governor.counts()).toMatchObject({ learnt: 0, seed: 1, manual: 0 })
  governor.addManual(address('a'))
  governor.addSeed(address('a'))
  expect(governor.counts()).toMatchObject({ learnt: 0, seed: 0, manual: 1 })
  governor.forget('a')
  expect(governor.sourceOf('a')).toBeUndefined()
})

test('with nothing to do there is no next time', () => {
  const { governor, inbound, view } = startNode()
  inbound.active = 1
  expect(governor.plan(0, view())).toEqual({ dials: [], overdue: [], nextMs: undefined })
})
