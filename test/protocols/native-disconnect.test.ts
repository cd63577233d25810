import { describe, expect, test } from 'vitest'
import {
  addressOf,
  echo,
  holdAnswers,
  idOf,
  pass,
  settleAll,
  startAsking,
} from './native-requests-support.ts'

/** Nobody dials anybody by itself: who is connected was asked to be. */
const ALONE = { alice: { bootstrap: [] }, bob: { bootstrap: [] } }

type Node = ReturnType<typeof startAsking>['bob']

const connect = (from: Node, to: 'alice' | 'bob'): void => {
  // Whether it came is seen by the connections.
  from.supervisor.connect(addressOf(to)).catch(() => undefined)
}
const phases = ({ supervisor }: Node) => supervisor.connections().map(({ phase }) => phase)

describe('disconnect by an address', () => {
  test('closes the connection with which its peer came in', () => {
    const { alice, bob, world } = startAsking(ALONE)
    connect(alice, 'bob')
    world.advance(1_000)
    connect(bob, 'alice')
    expect(bob.supervisor.connections()).toMatchObject([{ phase: 'active', role: 'listener' }])
    bob.supervisor.disconnect(addressOf('alice'))
    world.advance(500)
    expect(bob.eventsOf('connection.closed')).toMatchObject([
      { connection: 'bob/in-1', detail: 'disconnected' },
    ])
  })

  test('forgets its peer at each address that it was dialled at', () => {
    const { bob, world } = startAsking(ALONE)
    connect(bob, 'alice')
    const elsewhere = addressOf('alice').replace('10.0.0.1', '10.0.0.9')
    bob.supervisor.connect(elsewhere).catch(() => undefined)
    world.advance(1_000)
    const dialled = bob.eventsOf('connection.started').length
    bob.supervisor.disconnect(addressOf('alice'))
    world.advance(120_000)
    expect(bob.eventsOf('connection.started')).toHaveLength(dialled)
    expect(bob.supervisor.audit().remembered).toMatchObject({ addresses: 0 })
  })
})

test('disconnect by an identity forgets its bootstrap address', () => {
  const { bob, world } = startAsking({ alice: { bootstrap: [] } })
  world.advance(1_000)
  expect(bob.supervisor.connections()).toMatchObject([{ phase: 'active', role: 'dialler' }])
  bob.supervisor.disconnect(idOf('alice'))
  world.advance(120_000)
  expect(bob.eventsOf('connection.started')).toHaveLength(1)
  expect(bob.supervisor.audit().remembered).toMatchObject({ addresses: 0 })
})

describe('a request to whom the application disconnects', () => {
  test.each([
    ['its address', () => addressOf('alice')],
    ['its identity', () => idOf('alice')],
    ['the name of its connection', ({ supervisor }: Node) => supervisor.connections()[0]?.name],
  ])('by %s does not dial it again', async (_, named) => {
    const { alice, ask, bob, world } = startAsking(ALONE)
    holdAnswers(alice.supervisor)
    connect(bob, 'alice')
    world.advance(1_000)
    const asked = ask('held', { timeoutMs: 30_000 }, addressOf('alice'))
    await settleAll(world)
    bob.supervisor.disconnect(named(bob) ?? '')
    await pass(world, 31_000)
    expect(bob.eventsOf('connection.started')).toHaveLength(1)
    expect(await asked).toBe('timed-out')
  })

  test('goes out again where the peer comes by itself', async () => {
    const { alice, ask, bob, world } = startAsking(ALONE)
    connect(alice, 'bob')
    world.advance(1_000)
    const ran = echo(alice.supervisor)
    const asked = ask('held', { timeoutMs: 30_000 })
    bob.supervisor.disconnect(idOf('alice'))
    await pass(world, 10_000)
    expect(await asked).toBe('held')
    expect(ran).toEqual(['held'])
    expect(phases(bob)).toEqual(['active'])
  })

  test('is a reason to dial it again where it is a new one', async () => {
    const { alice, ask, bob, world } = startAsking(ALONE)
    echo(alice.supervisor)
    connect(bob, 'alice')
    world.advance(1_000)
    bob.supervisor.disconnect(addressOf('alice'))
    await pass(world, 1_000)
    const asked = ask('new', {}, addressOf('alice'))
    await pass(world, 2_000)
    expect(await asked).toBe('new')
  })
})
