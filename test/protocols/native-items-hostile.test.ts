import { describe, expect, test } from 'vitest'
import type { Validation } from '../../index.ts'
import { encodeHex } from '../../codec/bytes.ts'
import { chooseCrypto } from '../../transport/crypto/choose.ts'
import { inlineJobs } from '../../transport/jobs.ts'
import { startVirtualWorld } from '../support/nodes.ts'
import {
  addressOf,
  bytesOf,
  identityOf,
  idOf,
  itemOf,
  short,
  startItemNode,
  startRawNode,
  TOPIC,
} from './native-items-support.ts'
import type { ItemNodeOptions } from './native-items-support.ts'

const U64_MAX = 2n ** 64n - 1n
const [HOST, RAW_HOST, OTHER_HOST] = ['10.0.0.1', '10.0.0.2', '10.0.0.3'] as const
const ONE = addressOf('one', HOST)

/** A node under test, and a neighbour that says what a test wants. */
function startAttacked(options: ItemNodeOptions = {}, validate?: () => Promise<Validation>) {
  const world = startVirtualWorld({ seed: 'attacked' })
  const one = startItemNode(world, 'one', HOST, options)
  if (validate !== undefined) one.supervisor.validate(TOPIC, validate)
  const raw = startRawNode(world, 'raw', RAW_HOST, [ONE])
  world.advance(2_000)
  const strikes = () => one.events.filter(({ type }) => type === 'peer.struck').length
  const settle = async (ms: number) => {
    // A handler's answer comes by a promise, between two turns of this world.
    for (let step = 0; step < 10; step++) {
      world.advance(ms / 10)
      await new Promise((resolve) => setImmediate(resolve))
    }
  }
  return { world, one, raw, strikes, settle }
}

const locatorOf = (origin: string, ...runs: readonly bigint[]) =>
  ({ type: 'locator', origins: [{ originId: identityOf(origin).nodeId, runs }] }) as const
const rangeOf = (origin: string, first: bigint, last: bigint) =>
  ({ type: 'range', originId: identityOf(origin).nodeId, first, last }) as const

describe('of two items with one number', () => {
  test('the first is kept, and the second is told of, once they are both proven', () => {
    const { world, one, raw, strikes } = startAttacked()
    const [first, second] = [itemOf('origin', 0n, 'one'), itemOf('origin', 0n, 'two')]
    for (const item of [first, second, first, second]) {
      raw.send(item)
      world.advance(1_000)
    }
    expect(one.lines()).toEqual([`${short('origin')} 0 one`])
    const { id: origin } = identityOf('origin')
    expect(one.notes('item-conflict')).toEqual([{ origin, number: '0', id: idOf(second) }])
    expect(strikes()).toBe(0)
    raw.send(rangeOf('origin', 0n, 0n))
    world.advance(1_000)
    expect(raw.gotOf('item').map(idOf)).toEqual([idOf(first)])
  })

  test('both at once: still one alone', () => {
    const { world, one, raw } = startAttacked()
    raw.send(itemOf('origin', 0n, 'one'))
    raw.send(itemOf('origin', 0n, 'two'))
    world.advance(1_000)
    expect(one.lines()).toEqual([`${short('origin')} 0 one`])
    expect(one.notes('item-conflict')).toHaveLength(1)
  })

  test('nobody is accused by what anybody could have written', () => {
    const { world, one, raw, strikes } = startAttacked()
    const first = itemOf('origin', 0n, 'one')
    raw.send(first)
    world.advance(1_000)
    raw.send(itemOf('origin', 0n, 'two', { signature: first.signature }))
    world.advance(1_000)
    expect(one.notes('item-conflict')).toEqual([])
    expect(strikes()).toBe(1)
  })
})

describe('what is wrong is not taken:', () => {
  const good = itemOf('origin', 0n, 'good')
  test.each([
    ['a signature of something else', { signature: itemOf('origin', 1n, 'x').signature }, 1],
    ['a key that is not its origin', { originPublicKey: identityOf('raw').publicKey }, 1],
    ['another kind of key', { keyType: 2 }, 1],
    ['too many hops', { hopsLeft: 17 }, 0],
    ['a time to come', itemOf('origin', 0n, 'good', { timestampMs: U64_MAX }), 0],
    ['our own name', itemOf('one', 0n, 'good'), 0],
  ])('%s', (_, change, expected) => {
    const { world, one, raw, strikes } = startAttacked()
    raw.send({ ...good, ...change })
    world.advance(10_000)
    expect(one.deliveries).toEqual([])
    expect(strikes()).toBe(expected)
    // And it stands in nobody's way.
    raw.send(good)
    world.advance(1_000)
    expect(one.lines()).toEqual([`${short('origin')} 0 good`])
  })

  test('an origin that may not publish', () => {
    const allow = [identityOf('raw').id, identityOf('friend').id]
    const { world, one, raw } = startAttacked({ allow })
    raw.send(good)
    raw.send(locatorOf('origin', 0n, 5n))
    raw.send(itemOf('friend', 0n, 'hello'))
    world.advance(30_000)
    expect(one.lines()).toEqual([`${short('friend')} 0 hello`])
    expect(raw.gotOf('range')).toEqual([])
  })

  test('a copy with a wrong signature does not keep the right one out', () => {
    const { world, one, raw } = startAttacked()
    raw.send({ ...good, signature: itemOf('origin', 1n, 'x').signature })
    raw.send(good)
    world.advance(1_000)
    expect(one.lines()).toEqual([`${short('origin')} 0 good`])
  })
})

test('without hops it is taken, and not passed on', () => {
  const { world, one, raw } = startAttacked()
  const other = startRawNode(world, 'other', OTHER_HOST, [ONE])
  world.advance(1_000)
  raw.send(itemOf('origin', 0n, 'near', { hopsLeft: 0 }))
  raw.send(itemOf('origin', 1n, 'far', { hopsLeft: 1 }))
  world.advance(1_000)
  expect(one.deliveries).toHaveLength(2)
  expect(other.gotOf('item').map(({ hopsLeft, number }) => [number, hopsLeft])).toEqual([[1n, 0]])
})

test('what was asked for is not passed on', () => {
  const { world, one, raw } = startAttacked()
  const other = startRawNode(world, 'other', OTHER_HOST, [ONE])
  world.advance(1_000)
  raw.send(locatorOf('origin', 0n, 0n))
  world.advance(1_000)
  raw.send(itemOf('origin', 0n, 'asked', { hopsLeft: 0 }))
  world.advance(1_000)
  expect(one.deliveries.map(({ by }) => by)).toEqual(['sync'])
  expect(other.gotOf('item')).toEqual([])
  world.advance(10_000)
  // Who lacks it hears that it is here.
  const told = other.gotOf('locator').flatMap(({ origins }) => origins)
  expect(told).toEqual([{ originId: identityOf('origin').nodeId, runs: [0n, 0n] }])
})

test('what was asked for and comes late, after the line stood still, is taken and no flood', () => {
  const limits = { publicationsPerWindowMax: 10, publicationsStrikeMax: 100, rangeItemsMax: 32 }
  const { one, raw, strikes, world } = startAttacked({ limits })
  const origins = ['a', 'b', 'c', 'd', 'e']
  for (const origin of origins) raw.send(locatorOf(origin, 0n, 31n))
  world.advance(42_000)
  const ranges = raw.gotOf('range')
  expect(ranges).toHaveLength(5)
  const nameOf = ({ originId }: { readonly originId: Uint8Array }) =>
    origins.find((name) => identityOf(name).id === encodeHex(originId)) ?? ''
  const answer = () => {
    for (const range of ranges) {
      for (let number = range.first; number <= range.last; number++) {
        raw.send(itemOf(nameOf(range), number, 'late', { hopsLeft: 0 }))
      }
    }
    world.advance(1_000)
  }
  answer()
  expect([one.deliveries.length, strikes()]).toEqual([5 * 32, 0])
  // It was asked once: what it gives again is a flood.
  answer()
  expect([one.deliveries.length, strikes()]).toEqual([5 * 32, 1])
})

test('what takes long to be checked is waited for, and not asked for again', () => {
  const world = startVirtualWorld({ seed: 'slow signatures' })
  let jobMs = 0
  const jobs = inlineJobs(chooseCrypto(), {
    later: (run) => {
      world.clock.at(world.clock.nowMs + jobMs, run)
    },
    sliceMs: 0,
  })
  const one = startItemNode(world, 'one', HOST, { jobs })
  const raw = startRawNode(world, 'raw', RAW_HOST, [ONE])
  world.advance(2_000)
  // Four of them take eight seconds, one behind the other; the application would have five.
  jobMs = 2_000
  raw.send(locatorOf('origin', 0n, 3n))
  world.advance(1_000)
  for (let number = 0n; number < 4n; number++) {
    raw.send(itemOf('origin', number, 'hello', { hopsLeft: 0 }))
  }
  world.advance(10_000)
  expect([one.deliveries.length, raw.gotOf('range').length]).toEqual([4, 1])
})

test('of what comes late no more is checked at once than else, and the rest is asked for again', () => {
  const world = startVirtualWorld({ seed: 'late crowd' })
  let [jobMs, verified] = [0, 0]
  const crypto = chooseCrypto()
  const counting: typeof crypto = {
    ...crypto,
    verify(message, signature, publicKey) {
      verified++
      return crypto.verify(message, signature, publicKey)
    },
  }
  const jobs = inlineJobs(counting, {
    later: (run) => {
      world.clock.at(world.clock.nowMs + jobMs, run)
    },
    sliceMs: 60_000,
  })
  const one = startItemNode(world, 'one', HOST, { jobs })
  const raw = startRawNode(world, 'raw', RAW_HOST, [ONE])
  world.advance(2_000)
  const origins = ['a', 'b', 'c', 'd', 'e']
  for (const origin of origins) raw.send(locatorOf(origin, 0n, 255n))
  world.advance(55_000)
  verified = 0
  jobMs = 2_000
  const answer = (origin: string) => {
    for (let number = 0n; number < 256n; number++) {
      raw.send(itemOf(origin, number, 'late', { hopsLeft: 0 }))
    }
  }
  for (const origin of origins) answer(origin)
  world.advance(3_000)
  expect([verified, one.deliveries.length]).toEqual([1_024, 1_024])
  world.advance(120_000)
  answer('e')
  world.advance(3_000)
  expect(one.deliveries).toHaveLength(5 * 256)
})

describe('a locator of a liar', () => {
  test('that names all numbers costs a few ranges, and an honest neighbour is still asked', () => {
    const { world, one, raw } = startAttacked()
    raw.send(locatorOf('honest', 0n, U64_MAX))
    world.advance(2_000)
    const honest = startItemNode(world, 'honest', OTHER_HOST)
    for (let number = 0; number < 5; number++) void honest.publish(`item ${number}`)
    world.advance(1_000)
    void one.supervisor.connect(addressOf('honest', OTHER_HOST))
    world.advance(15_000)
    expect(one.lines()).toHaveLength(5)
    world.advance(600_000)
    const asked = raw.gotOf('range').map(({ last }) => last)
    // Once for the first numbers, then for all; after a minute again.
    expect(asked.slice(0, 2)).toEqual([255n, U64_MAX])
    expect(asked.length).toBeGreaterThan(5)
    expect(asked.length).toBeLessThan(20)
    expect(one.supervisor.connections()).toHaveLength(2)
  })

  test('that names us does not make us ask for our own', () => {
    const { world, raw } = startAttacked()
    raw.send(locatorOf('one', 0n, 9n))
    world.advance(30_000)
    expect(raw.gotOf('range')).toEqual([])
  })

  test('an answer that is worth nothing is not asked for again and again', () => {
    const { world, one, raw } = startAttacked()
    raw.send(locatorOf('origin', 0n, 0n))
    let answered = 0
    for (let second = 0; second < 50; second++) {
      world.advance(1_000)
      for (; answered < raw.gotOf('range').length; answered++) {
        raw.send(itemOf('origin', 0n, 'tomorrow', { timestampMs: U64_MAX, hopsLeft: 0 }))
      }
    }
    expect(one.deliveries).toEqual([])
    expect(answered).toBe(1)
  })

  test('ten thousand origins are too many to remember, and the node goes on', () => {
    const { world, one, raw } = startAttacked()
    for (let message = 0; message < 20; message++) {
      const origins = Array.from({ length: 512 }, (_, index) =>
        Uint8Array.from(
          { length: 32 },
          (__, at) => [message + 1, index & 255, index >> 8][at] ?? 0,
        ),
      )
      const runs = Array.from({ length: 64 }, (_, run) => BigInt(run * 3)).flatMap((n) => [n, n])
      raw.send({ type: 'locator', origins: origins.map((originId) => ({ originId, runs })) })
      world.advance(500)
    }
    raw.send(itemOf('origin', 0n, 'still here'))
    world.advance(1_000)
    expect(one.lines()).toEqual([`${short('origin')} 0 still here`])
    // One of them at a time.
    expect(raw.gotOf('range').length).toBeLessThan(3)
  })
})

describe('a range', () => {
  const startHolding = (options: ItemNodeOptions = {}) => {
    const attacked = startAttacked(options)
    for (let number = 0; number < 20; number++) void attacked.one.publish(`item ${number}`)
    attacked.world.advance(1_000)
    const flooded = attacked.raw.gotOf('item').length
    return { ...attacked, answers: () => attacked.raw.gotOf('item').slice(flooded) }
  }

  test('of all numbers brings what is held, in order, without hops', () => {
    const { world, raw, answers } = startHolding()
    raw.send(rangeOf('one', 0n, U64_MAX))
    world.advance(1_000)
    expect(answers().map(({ number }) => Number(number))).toEqual(
      Array.from({ length: 20 }, (_, number) => number),
    )
    expect(new Set(answers().map(({ hopsLeft }) => hopsLeft))).toEqual(new Set([0]))
  })

  test('up to the last number there is ends there', () => {
    const { world, one, raw, strikes } = startAttacked()
    for (const number of [U64_MAX, U64_MAX - 2n]) raw.send(itemOf('origin', number, 'last'))
    world.advance(1_000)
    raw.send(rangeOf('origin', 0n, U64_MAX))
    raw.send(locatorOf('origin', U64_MAX - 9n, U64_MAX))
    world.advance(1_000)
    expect(raw.gotOf('item').map(({ number }) => number)).toEqual([U64_MAX - 2n, U64_MAX])
    raw.send(itemOf('origin', U64_MAX - 1n, 'between'))
    world.advance(30_000)
    expect(one.deliveries.map(({ number }) => number)).toEqual([
      U64_MAX,
      U64_MAX - 2n,
      U64_MAX - 1n,
    ])
    expect([strikes(), one.events.filter(({ type }) => type === 'fault')]).toEqual([0, []])
  })

  test('of more than a range may ask for brings no more', () => {
    const { world, raw, answers } = startHolding({ limits: { rangeItemsMax: 7 } })
    raw.send(rangeOf('one', 2n, U64_MAX))
    world.advance(1_000)
    expect(answers().map(({ number }) => Number(number))).toEqual([2, 3, 4, 5, 6, 7, 8])
  })

  test.each([
    ['of numbers that are not held', rangeOf('one', 20n, U64_MAX)],
    ['of an origin that is not known', rangeOf('stranger', 0n, U64_MAX)],
  ])('%s brings nothing', (_, range) => {
    const { world, raw, answers } = startHolding()
    raw.send(range)
    world.advance(1_000)
    expect(answers()).toEqual([])
  })
})

describe('who does too much of it is struck:', () => {
  test.each([
    ['locators', () => locatorOf('origin', 0n, 0n), 600],
    ['ranges', () => rangeOf('origin', 0n, 0n), 5_500],
    ['items', () => itemOf('one', 0n, 'x'), 1_100],
  ])('%s', (_, message, count) => {
    const { world, raw, strikes } = startAttacked()
    const said = message()
    for (let number = 0; number < count; number++) {
      raw.send(said)
      if (number % 100 === 99) world.advance(50)
    }
    world.advance(1_000)
    expect(strikes()).toBe(1)
  })

  test.each([
    ['locators', () => locatorOf('origin', 0n, 0n), 500],
    ['ranges', () => rangeOf('origin', 0n, 0n), 5_000],
  ])('%s, of which the last one is the strike', (_, message, count) => {
    const { world, raw, strikes } = startAttacked()
    world.advance(20_000)
    for (let number = 1; number < count; number++) {
      raw.send(message())
      if (number % 100 === 0) world.advance(50)
    }
    world.advance(1_000)
    expect(strikes()).toBe(0)
    raw.send(message())
    world.advance(1_000)
    expect(strikes()).toBe(1)
  })

  test('of locators a hundred are read within the window, and the others passed over', () => {
    const { world, raw } = startAttacked()
    world.advance(20_000)
    for (let number = 0; number < 99; number++) raw.send(locatorOf('one', 0n, 0n))
    raw.send(locatorOf('heard', 0n, 0n))
    raw.send(locatorOf('not heard', 0n, 0n))
    world.advance(60_000)
    const asked = new Set(raw.gotOf('range').map(({ originId }) => encodeHex(originId)))
    expect([...asked]).toEqual([identityOf('heard').id])
  })

  test('of ranges a thousand are answered within the window, and the others passed over', () => {
    const { world, one, raw } = startAttacked()
    void one.publish('item')
    world.advance(20_000)
    for (let number = 0; number < 1_100; number++) {
      raw.send(rangeOf('one', 0n, 0n))
      world.advance(1)
    }
    world.advance(1_000)
    // One of them came by gossip.
    expect(raw.gotOf('item')).toHaveLength(1_001)
  })

  test('a third of it is not held against anybody', () => {
    const { world, raw, strikes } = startAttacked()
    for (let number = 0; number < 150; number++) {
      raw.send(locatorOf('origin', 0n, 0n))
      raw.send(rangeOf('origin', 0n, 0n))
      raw.send(itemOf('one', 0n, 'x'))
      world.advance(10)
    }
    expect(strikes()).toBe(0)
  })
})

describe('the application decides', () => {
  test('what it accepts is handed over', async () => {
    const { one, raw, settle } = startAttacked({}, () => Promise.resolve('accept'))
    raw.send(itemOf('origin', 0n, 'hello'))
    await settle(1_000)
    expect(one.lines()).toEqual([`${short('origin')} 0 hello`])
  })

  test('what it rejects costs the neighbour, and is not asked for', async () => {
    const { one, raw, settle, strikes } = startAttacked({}, () => Promise.resolve('reject'))
    raw.send(itemOf('origin', 0n, 'hello'))
    await settle(1_000)
    expect(strikes()).toBe(1)
    raw.send(locatorOf('origin', 0n, 0n))
    await settle(30_000)
    expect(one.deliveries).toEqual([])
    expect(raw.gotOf('range')).toEqual([])
  })

  test('what it ignores may pass later', async () => {
    let verdict: Validation = 'ignore'
    const { one, raw, settle, strikes } = startAttacked({}, () => Promise.resolve(verdict))
    raw.send(itemOf('origin', 0n, 'hello'))
    await settle(1_000)
    raw.send(locatorOf('origin', 0n, 0n))
    verdict = 'accept'
    raw.send(itemOf('origin', 0n, 'hello'))
    await settle(30_000)
    expect([one.deliveries.length, raw.gotOf('range').length, strikes()]).toEqual([0, 0, 0])
    await settle(150_000)
    expect(raw.gotOf('range').length).toBeGreaterThan(0)
    raw.send(itemOf('origin', 0n, 'hello'))
    await settle(1_000)
    expect(one.lines()).toEqual([`${short('origin')} 0 hello`])
  })

  test('what it ignores of gossip is asked for later, though an answer waited with it', async () => {
    let verdict: Validation = 'ignore'
    const { one, raw, settle } = startAttacked({}, async () => {
      await new Promise((resolve) => setImmediate(resolve))
      return verdict
    })
    raw.send(locatorOf('origin', 0n, 0n))
    await settle(1_000)
    raw.send(itemOf('origin', 0n, 'hello'))
    raw.send(itemOf('origin', 0n, 'hello', { hopsLeft: 0 }))
    await settle(1_000)
    expect([one.deliveries.length, raw.gotOf('range').length]).toEqual([0, 1])
    verdict = 'accept'
    await settle(240_000)
    expect(raw.gotOf('range').length).toBeGreaterThan(1)
    raw.send(itemOf('origin', 0n, 'hello', { hopsLeft: 0 }))
    await settle(1_000)
    expect(one.deliveries.map(({ by }) => by)).toEqual(['sync'])
  })

  test('while it thinks, the same from others waits with it; too late is not now', async () => {
    let asked = 0
    const { one, raw, settle, world } = startAttacked({}, () => {
      asked++
      return new Promise(() => undefined)
    })
    const other = startRawNode(world, 'other', OTHER_HOST, [ONE])
    world.advance(1_000)
    raw.send(itemOf('origin', 0n, 'hello'))
    other.send(itemOf('origin', 0n, 'hello'))
    await settle(10_000)
    raw.send(itemOf('origin', 0n, 'hello'))
    await settle(40_000)
    expect(one.deliveries).toEqual([])
    expect(asked).toBe(1)
    expect(one.supervisor.audit().creditBytes).toBe(0)
  })
})

test('a publication that cannot be sent is refused where it is made', async () => {
  const { one, world } = startAttacked()
  const outcomes = Promise.allSettled([
    one.publish(new Uint8Array(65_537)),
    one.supervisor.publish('x'.repeat(129), bytesOf('hello'), { kind: 'item' }),
  ])
  world.advance(1_000)
  const codes = (await outcomes).map((outcome) =>
    outcome.status === 'rejected'
      ? (outcome.reason as { readonly code: string }).code
      : 'published',
  )
  expect(codes).toEqual(['bad-argument', 'bad-argument'])
})
