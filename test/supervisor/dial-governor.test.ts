import { expect, test } from 'vitest'
import { createCounters } from '../../actors/counters.ts'
import type { PeerAbout } from '../../supervisor/peers.ts'
import { address, many, startNode, STAYS } from '../support/dialling.ts'

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
    { address: 'any', source: 'seed', motive: 'seed', slot: 'block-only' },
  ])
  const free = slots.map(({ name }) => ({ name, free: 1 }))
  expect(governor.plan(0, { ...view(), slots: free }).dials).toEqual([
    { address: 'probe', source: 'seed', motive: 'seed', slot: 'feeler' },
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
    exempt: false,
    shared: false,
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
  expect(governor.plan(0, view())).toEqual({ dials: [], leave: [], overdue: [], nextMs: 5_000 })
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
  expect(governor.redial('a', 'outbound', 1, view())).toBe(true)
  expect(governor.counts().dialling).toBe(1)
  governor.ended('a', undefined)
  expect(governor.counts().dialling).toBe(0)
  expect(governor.redial('a', 'outbound', 2, view())).toBe(true)
})

test('no redial is made to who is banned, unknown, connected otherwise, or without a place', () => {
  const { governor, barred, view } = startNode({ dialsMax: 1 })
  governor.addManual(address('a'))
  governor.addManual(address('b'))
  barred.set('b', 1)
  governor.plan(0, view())
  expect(governor.redial('b', 'outbound', 1, view())).toBe(false)
  expect(governor.redial('unknown', 'outbound', 1, view())).toBe(false)
  barred.delete('b')
  expect(governor.redial('b', 'outbound', 1, view())).toBe(false)
  expect(governor.redial('a', 'outbound', 1, { ...view(), isConnected: () => true })).toBe(false)
  expect(governor.counts().dialling).toBe(0)
})

test('a redial is not a try', () => {
  const { governor, view } = startNode({ triesMax: 2 })
  governor.learn(address('a'))
  governor.plan(0, view())
  expect(governor.redial('a', 'outbound', 1, view())).toBe(true)
  governor.ended('a', undefined)
  expect(governor.sourceOf('a')).toBe('learnt')
  governor.plan(2, view())
  governor.ended('a', undefined)
  expect(governor.sourceOf('a')).toBeUndefined()
})

test('a dial that did not come as far as its address is none of its tries', () => {
  const { governor, plan, runTo, timesOf, connections } = startNode({
    fate: () => ({ how: 'hangs' }),
  })
  governor.learn(address('behind a proxy'))
  for (let dial = 1; dial <= 20; dial++) {
    plan()
    expect(timesOf('behind a proxy')).toHaveLength(dial)
    expect(governor.triesOf('behind a proxy')).toBe(1)
    governor.notTried('behind a proxy')
    connections.get('behind a proxy')?.end('nothing')
    runTo(dial * 2_000 - 1)
  }
  expect(governor.sourceOf('behind a proxy')).toBe('learnt')
  governor.notTried('of nobody')
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

test('a storm of dead seeds leaves one dial in eight to learnt addresses, once somebody is connected', () => {
  const { governor, dialled, inbound, runTo } = startNode({
    slots: 1_000,
    dialsMax: 1_000,
    fate: () => ({ how: 'fails', afterMs: 1 }),
  })
  inbound.active = 1
  for (const one of many('seed', 1_000)) governor.addSeed(one)
  for (const one of many('learnt', 100)) governor.learn(one)
  runTo(60_000)
  const learnt = dialled.filter((one) => one.address.startsWith('learnt'))
  const [first] = learnt
  expect(first?.atMs).toBeLessThanOrEqual(1_000)
  expect(learnt.length / dialled.length).toBeGreaterThan(0.11)
  expect(learnt.length / dialled.length).toBeLessThanOrEqual(0.125)
})

test('where no other is due, seeds have every dial', () => {
  const dials = (learnt: number): number => {
    const { governor, barred, dialled, inbound, runTo } = startNode({
      slots: 1_000,
      dialsMax: 1_000,
      fate: () => ({ how: 'fails', afterMs: 1 }),
    })
    inbound.active = 1
    for (const one of many('seed', 1_000)) governor.addSeed(one)
    for (const one of many('learnt', learnt)) {
      governor.learn(one)
      barred.set(one.address, Infinity)
    }
    runTo(60_000)
    return dialled.length
  }
  expect(dials(10)).toBe(dials(0))
})
