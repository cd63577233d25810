import { expect, test } from 'vitest'
import { address, many, startNode, STAYS } from '../support/dialling.ts'

const MINUTE_MS = 60_000
const FILL = 4

/** A node that fills four of eight slots, in a world where everybody answers and nobody leaves. */
const startFilling = (seeds: number, others: number) => {
  const node = startNode({ fill: FILL, slots: 8, fate: () => STAYS })
  for (const one of many('seed', seeds)) node.governor.addSeed(one)
  for (const one of many('other', others)) node.governor.learn(one)
  return node
}

test('a node fills what its kind of slot says, and no more', () => {
  const { connections, dialled, runTo } = startFilling(0, 7)
  runTo(MINUTE_MS / 2)
  expect(connections.size).toBe(FILL)
  expect(dialled).toHaveLength(FILL)
})

test('where its kind of slot says nothing, all are filled, and nobody is ever left', () => {
  const { governor, connections, left, runTo } = startNode({ slots: 8, fate: () => STAYS })
  for (const one of many('other', 20)) governor.learn(one)
  runTo(60 * MINUTE_MS)
  expect(connections.size).toBe(8)
  expect(left).toEqual([])
})

test('seeds are left once others were found, thirty seconds after they were met', () => {
  const { connections, left, runTo } = startFilling(3, FILL)
  runTo(30_000)
  expect(connections.size).toBe(3 + FILL)
  runTo(31_000)
  expect(left.map((one) => one.address)).toEqual(['seed-0', 'seed-1', 'seed-2'])
  expect([...connections.keys()]).toEqual(many('other', FILL).map((one) => one.address))
})

test('seeds stay where there is nobody else, or too few', () => {
  const { connections, left, runTo } = startFilling(3, FILL - 1)
  runTo(60 * MINUTE_MS)
  expect(left).toEqual([])
  expect(connections.size).toBe(3 + FILL - 1)
})

test('seeds are dialled again when less than half of what is filled is left', () => {
  const { connections, plan, runTo, timesOf } = startFilling(1, FILL)
  runTo(31_000)
  expect(connections.has('seed-0')).toBe(false)
  for (const name of ['other-0', 'other-1']) connections.get(name)?.end('refuse')
  plan()
  runTo(2 * MINUTE_MS)
  expect(timesOf('seed-0')).toHaveLength(1)
  connections.get('other-2')?.end('refuse')
  plan()
  expect(timesOf('seed-0')).toHaveLength(2)
})

test('more seeds than there are slots leave places for others, and are left when these were found', () => {
  const { governor, connections, runTo } = startNode({
    ...{ fill: FILL, slots: 8, fate: () => STAYS },
  })
  for (const one of many('seed', 20)) governor.addSeed(one)
  runTo(MINUTE_MS)
  expect(connections.size).toBe(8 - FILL)
  for (const one of many('other', FILL)) governor.learn(one)
  runTo(3 * MINUTE_MS)
  expect([...connections.keys()].filter((name) => name.startsWith('other'))).toHaveLength(FILL)
  expect(connections.size).toBeLessThanOrEqual(FILL + 1)
})

test('a node with some peers, and not enough, asks a seed now and then, who may know more', () => {
  const { governor, runTo, timesOf } = startFilling(0, FILL - 1)
  runTo(1_000)
  governor.addSeed(address('seed'))
  runTo(MINUTE_MS / 2)
  expect(timesOf('seed')).toEqual([])
  runTo(60 * MINUTE_MS)
  expect(timesOf('seed')).toHaveLength(1)
})

test('every one to three minutes a peer is exchanged for one that was not tried, or a seed is asked', () => {
  const { connections, dialled, left, runTo } = startFilling(2, 60)
  runTo(60 * MINUTE_MS)
  const extra = dialled.filter(({ atMs }) => atMs > MINUTE_MS / 2)
  expect(extra.length).toBeGreaterThanOrEqual(19)
  extra.slice(1).forEach(({ atMs }, index) => {
    const sinceMs = atMs - (extra[index]?.atMs ?? 0)
    expect(sinceMs).toBeGreaterThanOrEqual(MINUTE_MS)
    expect(sinceMs).toBeLessThanOrEqual(3 * MINUTE_MS)
  })
  const isSeed = (one: { readonly address: string }) => one.address.startsWith('seed')
  const seeds = extra.filter(isSeed)
  expect(seeds.length).toBeGreaterThanOrEqual(2)
  expect(seeds.length).toBeLessThan(extra.length / 2)
  const found = dialled.filter((one) => !isSeed(one)).map((one) => one.address)
  expect(new Set(found).size).toBe(found.length)
  // For each extra one somebody goes thirty seconds after it came, and a seed itself.
  expect(left.length).toBeGreaterThanOrEqual(2 + extra.length - 1)
  expect(left.filter(isSeed).length).toBeGreaterThanOrEqual(2 + seeds.length - 1)
  expect(connections.size).toBeLessThanOrEqual(FILL + 1)
})

test('the two that came first stay: no flood of new addresses takes all places', () => {
  const { connections, left, runTo } = startFilling(0, 900)
  runTo(24 * 60 * MINUTE_MS)
  expect(left.length).toBeGreaterThan(400)
  expect([...connections.keys()].slice(0, 2)).toEqual(['other-0', 'other-1'])
})

test('an exchange that comes to nothing waits for the next turn', () => {
  const { governor, connections, dialled, left, runTo } = startNode({
    fill: FILL,
    slots: 8,
    fate: (name) => (name.startsWith('other') ? STAYS : { how: 'fails', afterMs: 1 }),
  })
  for (const one of many('other', FILL)) governor.learn(one)
  runTo(1_000)
  for (const one of many('dead', 50)) governor.learn(one)
  runTo(30 * MINUTE_MS)
  expect(left).toEqual([])
  expect(connections.size).toBe(FILL)
  const tries = dialled.length - FILL
  expect(tries).toBeGreaterThanOrEqual(9)
  expect(tries).toBeLessThanOrEqual(30)
})

test('whom the application wants is dialled beyond, and not exchanged', () => {
  const { governor, connections, left, plan, runTo } = startFilling(0, FILL)
  runTo(1_000)
  governor.learn(address('wanted'))
  plan()
  expect(connections.has('wanted')).toBe(false)
  governor.want('wanted')
  governor.addManual(address('manual'))
  plan()
  expect(connections.size).toBe(FILL + 2)
  for (const one of many('more', 30)) governor.learn(one)
  runTo(60 * MINUTE_MS)
  expect(left.length).toBeGreaterThan(10)
  expect(connections.has('wanted') && connections.has('manual')).toBe(true)
})

test.each([
  ['is connected', 1_000],
  ['is being dialled', 0],
])('who is named by the application when he %s already stays', (_, atMs) => {
  const { governor, left, plan, runTo } = startFilling(0, FILL)
  plan()
  runTo(atMs)
  governor.addManual(address('other-3'))
  for (const one of many('more', 200)) governor.learn(one)
  runTo(3 * 60 * MINUTE_MS)
  expect(left.length).toBeGreaterThan(10)
  expect(left.map((one) => one.address)).not.toContain('other-3')
})

test('whom somebody asks for while his connection is closing is dialled again, and keeps no other one out', () => {
  const { governor, connections, plan, runTo, timesOf } = startFilling(0, FILL)
  runTo(1_000)
  governor.learn(address('next'))
  governor.want('other-3')
  connections.get('other-3')?.end('nothing')
  plan()
  runTo(MINUTE_MS)
  expect(timesOf('other-3')).toHaveLength(2)
  expect(connections.has('next')).toBe(true)
})

test('a seed that was wanted while it was down is a seed again when it comes back', () => {
  const { governor, left, plan, runTo, timesOf } = startNode({
    ...{ fill: FILL, slots: 8 },
    fate: (name, nowMs) =>
      name === 'seed' && nowMs < 60 * MINUTE_MS ? { how: 'fails', afterMs: 1 } : STAYS,
  })
  for (const one of many('other', FILL)) governor.learn(one)
  runTo(1_000)
  governor.addSeed(address('seed'))
  governor.want('seed')
  plan()
  runTo(59 * MINUTE_MS)
  // Eight times for who wanted it, then at its turns.
  expect(timesOf('seed').length).toBeGreaterThanOrEqual(8)
  expect(timesOf('seed').length).toBeLessThan(30)
  runTo(180 * MINUTE_MS)
  expect(left.some((one) => one.address === 'seed')).toBe(true)
})

test('a wanted peer that is gone is like any other', () => {
  const { governor, connections, plan, runTo, timesOf } = startFilling(0, FILL)
  governor.learn(address('wanted'))
  governor.want('wanted')
  runTo(1_000)
  connections.get('wanted')?.end('nothing')
  plan()
  runTo(30_000)
  expect(timesOf('wanted')).toHaveLength(1)
})
