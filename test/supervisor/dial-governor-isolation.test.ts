import fc from 'fast-check'
import { expect, test } from 'vitest'
import { address, DEAD, many, startNode } from '../support/dialling.ts'
import { holds } from '../support/properties.ts'

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
  expect(governor.plan(0, view())).toEqual({ dials: [], leave: [], overdue: [], nextMs: undefined })
})
