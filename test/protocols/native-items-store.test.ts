import { describe, expect, test } from 'vitest'
import type { PeerloomError } from '../../index.ts'
import { itemKey } from '../../protocols/native/item-entries.ts'
import { simulatedMedium } from '../../testing/simulated-store.ts'
import type { VirtualWorld } from '../../testing/virtual-world.ts'
import type { Store, StoreChange, StoreInput } from '../../world/store.ts'
import { startVirtualWorld } from '../support/nodes.ts'
import {
  addressOf,
  bytesOf,
  idOf,
  identityOf,
  itemOf,
  short,
  startItemNode,
  startRawNode,
} from './native-items-support.ts'

const [HOST, OTHER_HOST, THIRD_HOST] = ['10.0.0.1', '10.0.0.2', '10.0.0.3'] as const
const ONE = addressOf('one', HOST)
const OTHER = addressOf('other', OTHER_HOST)
const numbersOf = (deliveries: readonly { readonly number?: bigint }[]) =>
  deliveries.map(({ number }) => Number(number))

/** Changes what a dead node's medium holds. */
function writeTo(world: VirtualWorld, name: string, changes: readonly StoreChange[]): void {
  const store = world.medium(name).store({ later: world.clock.queue.later, commits: 'turn' })
  store.open(() => undefined)
  world.settle()
  store.write(1, changes)
  world.settle()
  store.close()
  world.settle()
}

describe('whenever its origin dies, no number stands for two items:', () => {
  const points = Array.from({ length: 24 }, (_, point) => point)
  test.each(points)('after %i more inputs', (point) => {
    const seen = new Map<bigint, Set<string>>()
    for (const keptBatches of [0, 1]) {
      const world = startVirtualWorld({ seed: `point ${point}` })
      const watcher = startRawNode(world, 'raw', OTHER_HOST)
      const bootstrap = [addressOf('raw', OTHER_HOST)]
      const publishAll = (life: string) => {
        const one = startItemNode(world, 'one', HOST, { bootstrap })
        world.advance(2_000)
        for (let number = 0; number < 3; number++) {
          one.publish(`${life} ${number}`).catch(() => undefined)
        }
      }
      publishAll('first')
      let inputs = 0
      world.runUntil(() => inputs++ >= point, { withinMs: 1_000 })
      // What had reached the medium, though the process never heard of it.
      world.medium('one').crash(keptBatches)
      world.kill('one')
      world.advance(5_000)
      publishAll('second')
      world.advance(5_000)
      seen.clear()
      for (const item of watcher.gotOf('item')) {
        seen.set(item.number, (seen.get(item.number) ?? new Set()).add(idOf(item)))
      }
      expect([...seen.values()].map((ids) => ids.size)).toEqual([...seen].map(() => 1))
      expect(seen.size).toBeGreaterThanOrEqual(3)
    }
  })
})

describe('a store that fails', () => {
  const startFailing = () => {
    const world = startVirtualWorld({ seed: 'failing' })
    const { later } = world.clock.queue
    const store = simulatedMedium().store({ later, commits: 'turn' })
    const one = startItemNode(world, 'one', HOST, { store })
    const raw = startRawNode(world, 'raw', OTHER_HOST, [ONE])
    world.advance(2_000)
    return { world, store, one, raw }
  }

  test('nothing is sent, and whoever publishes hears of it', async () => {
    const { world, store, one, raw } = startFailing()
    store.fail('no-space')
    const failed = Promise.allSettled([one.publish('lost'), one.publish('lost too')])
    world.advance(20_000)
    const codes = (await failed).map((outcome) =>
      outcome.status === 'rejected' ? (outcome.reason as PeerloomError).code : 'published',
    )
    expect(codes).toEqual(['store-failed', 'store-failed'])
    expect(raw.gotOf('item')).toEqual([])
    expect(raw.gotOf('locator').flatMap(({ origins }) => origins)).toEqual([])
  })

  test('nothing is handed over, and it is not asked for without end', () => {
    const { world, store, one, raw } = startFailing()
    store.fail('no-space')
    raw.send(itemOf('origin', 0n, 'hello'))
    const { nodeId: originId } = identityOf('origin')
    raw.send({ type: 'locator', origins: [{ originId, runs: [0n, 0n] }] })
    let answered = 0
    for (let second = 0; second < 120; second++) {
      const asked = raw.gotOf('range').length
      for (; answered < asked; answered++) {
        raw.send(itemOf('origin', 0n, 'hello', { hopsLeft: 0 }))
      }
      world.advance(1_000)
    }
    expect(one.deliveries).toEqual([])
    expect(raw.gotOf('range').length).toBeGreaterThan(0)
    expect(raw.gotOf('range').length).toBeLessThan(10)
    expect(one.supervisor.connections()).toHaveLength(1)
  })
})

describe('a store that takes its time', () => {
  test('what is not on the medium yet is neither sent nor told nor given', async () => {
    const world = startVirtualWorld({ seed: 'slow' })
    const { later } = world.clock.queue
    const store = simulatedMedium().store({ later, commits: 'asked' })
    const one = startItemNode(world, 'one', HOST, { store })
    const raw = startRawNode(world, 'raw', OTHER_HOST, [ONE])
    world.advance(2_000)
    const published = one.publish('mine')
    raw.send(itemOf('origin', 0n, 'theirs'))
    world.advance(1_000)
    for (const name of ['one', 'origin']) {
      raw.send({ type: 'range', originId: identityOf(name).nodeId, first: 0n, last: 9n })
    }
    world.advance(10_000)
    expect([one.deliveries, raw.gotOf('item')]).toEqual([[], []])
    expect(raw.gotOf('locator').flatMap(({ origins }) => origins)).toEqual([])
    store.commit()
    world.advance(10_000)
    expect(await published).toMatchObject({ queued: 1 })
    expect([one.lines(), numbersOf(raw.gotOf('item'))]).toEqual([
      [`${short('origin')} 0 theirs`],
      [0],
    ])
    expect(raw.gotOf('locator').flatMap(({ origins }) => origins)).toHaveLength(2)
  })

  test('a number that was not kept is the next one', async () => {
    const world = startVirtualWorld({ seed: 'recovering' })
    const { later } = world.clock.queue
    const inner = simulatedMedium().store({ later, commits: 'turn' })
    let refusals = 0
    let answer: (input: StoreInput) => void = () => undefined
    const store: Store = {
      ...inner,
      open(given) {
        answer = given
        inner.open(given)
      },
      write(batch, changes) {
        if (refusals-- > 0) later(() => answer({ kind: 'store.failed', batch, fault: 'no-space' }))
        else inner.write(batch, changes)
      },
    }
    const one = startItemNode(world, 'one', HOST, { store })
    const raw = startRawNode(world, 'raw', OTHER_HOST, [ONE])
    world.advance(2_000)
    refusals = 1
    const outcomes = Promise.allSettled(['a', 'b', 'c'].map((text) => one.publish(text)))
    world.advance(1_000)
    expect((await outcomes).map(({ status }) => status)).toEqual([
      'rejected',
      'fulfilled',
      'fulfilled',
    ])
    const sent = raw.gotOf('item').map(({ number, payload }) => `${number} ${String(payload)}`)
    expect(sent).toEqual([`0 ${String(bytesOf('b'))}`, `1 ${String(bytesOf('c'))}`])
  })
})

describe('of too much', () => {
  const startFull = (limits: Parameters<typeof startItemNode>[3]) => {
    const world = startVirtualWorld({ seed: 'full' })
    const one = startItemNode(world, 'one', HOST)
    const other = startItemNode(world, 'other', OTHER_HOST, { bootstrap: [ONE], ...limits })
    world.advance(2_000)
    for (let number = 0; number < 10; number++) void one.publish(new Uint8Array(1_000).fill(65))
    world.advance(10_000)
    return { world, one, other }
  }

  test.each([
    ['bytes of all', { itemBytesMax: 5_500 }],
    ['bytes of an origin', { itemBytesPerOriginMax: 5_500 }],
    ['items of an origin', { itemsPerOriginMax: 4 }],
  ])('%s the oldest go, and come no second time', (_, limits) => {
    const { world, other } = startFull({ limits })
    expect(numbersOf(other.deliveries)).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9])
    const dropped = other.notes('items-dropped').map(({ count }) => Number(count))
    expect(dropped.reduce((sum, count) => sum + count, 0)).toBe(6)
    // What it still gives, before and after its own restart.
    const third = startItemNode(world, 'third', THIRD_HOST, { bootstrap: [OTHER] })
    world.kill('one')
    world.advance(40_000)
    expect(numbersOf(third.deliveries)).toEqual([6, 7, 8, 9])
    world.kill('other')
    const again = startItemNode(world, 'other', OTHER_HOST, { limits, bootstrap: [ONE] })
    startItemNode(world, 'one', HOST)
    world.advance(90_000)
    expect(again.deliveries).toEqual([])
    const fourth = startItemNode(world, 'fourth', '10.0.0.4', { bootstrap: [OTHER] })
    world.advance(40_000)
    expect(numbersOf(fourth.deliveries)).toEqual([6, 7, 8, 9])
    expect(again.notes('items-unreadable')).toEqual([])
  })

  test('a number that would open one run too many waits until gaps are filled', () => {
    const world = startVirtualWorld({ seed: 'runs' })
    const one = startItemNode(world, 'one', HOST, { limits: { runsPerOriginMax: 3 } })
    const raw = startRawNode(world, 'raw', OTHER_HOST, [ONE])
    world.advance(2_000)
    const flood = (...numbers: readonly bigint[]) => {
      for (const number of numbers) raw.send(itemOf('origin', number, `item ${number}`))
      world.advance(1_000)
      return numbersOf(one.deliveries)
    }
    expect(flood(0n, 2n, 4n, 6n)).toEqual([0, 2, 4])
    expect(flood(5n)).toEqual([0, 2, 4, 5])
    expect(flood(6n, 8n)).toEqual([0, 2, 4, 5, 6])
    expect(flood(1n, 8n)).toEqual([0, 2, 4, 5, 6, 1, 8])
  })

  test('of origins no more are kept than there is room for: made-up names displace each other', () => {
    const world = startVirtualWorld({ seed: 'origins' })
    const one = startItemNode(world, 'one', HOST, { limits: { itemOriginsMax: 3 } })
    const raw = startRawNode(world, 'raw', OTHER_HOST, [ONE])
    world.advance(2_000)
    const flood = (origin: string, number: bigint) => {
      raw.send(itemOf(origin, number, origin))
      world.advance(100)
    }
    for (const number of [0n, 1n]) flood('honest', number)
    for (let name = 0; name < 20; name++) flood(`made up ${name}`, 0n)
    flood('newcomer', 0n)
    expect(one.lines().at(-1)).toBe(`${short('newcomer')} 0 newcomer`)
    const told = () =>
      raw.gotOf('locator').flatMap(({ origins }) => origins.map(({ originId }) => originId))
    world.advance(10_000)
    expect(told()).toContainEqual(identityOf('newcomer').nodeId)
    // Who has published more than they have is not displaced: nothing of it comes twice.
    const before = one.deliveries.length
    for (const number of [0n, 1n]) flood('honest', number)
    expect(one.deliveries).toHaveLength(before)
  })

  test('what was asked for displaces no origin', () => {
    const world = startVirtualWorld({ seed: 'asked origins' })
    const one = startItemNode(world, 'one', HOST, { limits: { itemOriginsMax: 2 } })
    const raw = startRawNode(world, 'raw', OTHER_HOST, [ONE])
    world.advance(2_000)
    raw.send(itemOf('a', 0n, 'a'))
    world.advance(100)
    const origins = ['b', 'c'].map((name) => ({
      originId: identityOf(name).nodeId,
      runs: [0n, 0n],
    }))
    raw.send({ type: 'locator', origins })
    world.advance(100)
    expect(raw.gotOf('range').map(({ originId }) => originId)).toEqual([identityOf('b').nodeId])
    // Of both it was said that they are there, and there is room for one.
    raw.send(itemOf('d', 0n, 'd'))
    world.advance(100)
    raw.send(itemOf('b', 0n, 'b', { hopsLeft: 0 }))
    world.advance(200_000)
    expect(one.lines()).toEqual([`${short('a')} 0 a`, `${short('d')} 0 d`])
    expect(raw.gotOf('range')).toHaveLength(1)
  })
})

describe('a medium that was damaged', () => {
  const startDamaged = (changes: readonly StoreChange[]) => {
    const world = startVirtualWorld({ seed: 'damaged' })
    const one = startItemNode(world, 'one', HOST)
    startItemNode(world, 'other', OTHER_HOST, { bootstrap: [ONE] })
    world.advance(2_000)
    for (let number = 0; number < 4; number++) void one.publish(`item ${number}`)
    world.advance(10_000)
    world.kill('other')
    world.advance(1_000)
    writeTo(world, 'other', changes)
    const again = startItemNode(world, 'other', OTHER_HOST, { bootstrap: [ONE] })
    world.advance(20_000)
    world.kill('one')
    const third = startItemNode(world, 'third', THIRD_HOST, { bootstrap: [OTHER] })
    world.advance(20_000)
    return { again, third }
  }
  const { nodeId } = identityOf('one')

  test('an item that cannot be read is set aside, and told; the others are given', () => {
    const { again, third } = startDamaged([
      { table: 'items.payloads', key: itemKey(nodeId, 1n), value: new Uint8Array(300) },
    ])
    expect(again.notes('items-unreadable')).toEqual([{ count: 1 }])
    expect(again.deliveries).toEqual([])
    expect(numbersOf(third.deliveries)).toEqual([0, 2, 3])
  })

  test('what is known of an origin is found again from its items', () => {
    const { again, third } = startDamaged([
      { table: 'items.origins', key: nodeId, value: Uint8Array.of(1, 200) },
    ])
    expect(again.notes('items-unreadable')).toEqual([{ count: 1 }])
    expect(again.deliveries).toEqual([])
    expect(numbersOf(third.deliveries)).toEqual([0, 1, 2, 3])
  })
  test('its own numbers are known twice over', () => {
    const world = startVirtualWorld({ seed: 'own' })
    const raw = startRawNode(world, 'raw', OTHER_HOST)
    const bootstrap = [addressOf('raw', OTHER_HOST)]
    const one = startItemNode(world, 'one', HOST, { bootstrap })
    world.advance(2_000)
    for (const text of ['a', 'b']) void one.publish(text)
    world.advance(1_000)
    world.kill('one')
    world.advance(1_000)
    writeTo(world, 'one', [
      { table: 'items.origins', key: nodeId, value: Uint8Array.of(1) },
      ...[0n, 1n].map((number) => ({ table: 'items.payloads', key: itemKey(nodeId, number) })),
    ])
    const again = startItemNode(world, 'one', HOST, { bootstrap })
    world.advance(2_000)
    void again.publish('c')
    world.advance(1_000)
    expect(numbersOf(raw.gotOf('item'))).toEqual([0, 1, 2])
  })
})
