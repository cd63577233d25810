import { expect, test } from 'vitest'
import type { ChildTools, Protocol, SlotKind } from '../../index.ts'
import { plain } from '../contracts/fits/plain.ts'
import type { PlainTypes } from '../contracts/fits/plain.ts'
import { NOTHING_HELD, startNode, startVirtualWorld } from '../support/nodes.ts'

const SLOTS: readonly SlotKind[] = [
  { name: 'asked for', role: 'dialler', max: 2, takes: ['wanted'] },
  { name: 'seeds', role: 'dialler', max: 2, takes: ['seed'] },
  { name: 'chosen', role: 'dialler', max: 1, takes: [] },
  { name: 'inbound', role: 'listener', max: 8 },
]

/** A node whose child dials whom a test names, in a world with three that answer. */
function startChooser(
  change: Partial<Protocol<PlainTypes>> = {},
  bootstrap: readonly string[] = ['10.0.0.4:7001'],
) {
  const names = { 'bob.example': ['10.0.0.2', '10.0.0.3'] }
  const world = startVirtualWorld({ seed: 'chosen', names })
  for (const host of ['10.0.0.2', '10.0.0.3', '10.0.0.4']) startNode(world, host, host, plain())
  const lent: ChildTools<PlainTypes>[] = []
  const protocol: Protocol<PlainTypes> = {
    ...plain(),
    slots: SLOTS,
    children: [
      {
        name: 'chooser',
        restart: 'permanent',
        keep: () => undefined,
        start(tools) {
          lent.push(tools)
          return () => undefined
        },
      },
    ],
    ...change,
  }
  const alice = startNode(world, 'alice', '10.0.0.1', protocol, { bootstrap })
  const [tools] = lent
  if (tools === undefined) throw new Error('the child was not started')
  const dial = (host: string, slot = 'chosen') => tools.dial({ host, port: 7001 }, slot)
  const held = (): ReadonlyMap<string, string> =>
    new Map(
      alice.supervisor
        .connections()
        .map(({ address, slot }): [string, string] => [address.split(':')[0] ?? '', slot]),
    )
  return { alice, dial, held, tools, world }
}

test('a child dials an address once, for the slot that it names, and no second one for it', () => {
  const { alice, dial, held, world } = startChooser()
  world.advance(100)
  expect(dial('10.0.0.2')).toBe(true)
  expect([dial('10.0.0.2'), dial('10.0.0.3')]).toEqual([false, false])
  world.advance(100)
  expect([held().get('10.0.0.2'), held().get('10.0.0.4')]).toEqual(['chosen', 'seeds'])
  expect([dial('10.0.0.2'), dial('10.0.0.3')]).toEqual([false, false])

  world.kill('10.0.0.2')
  world.advance(120_000)
  const dialled = alice.eventsOf('connection.started').map(({ address }) => address)
  expect(dialled.filter((address) => address === '10.0.0.2:7001')).toHaveLength(1)
  expect(dial('10.0.0.3')).toBe(true)
  world.advance(100)
  expect(held().get('10.0.0.3')).toBe('chosen')
})

test('a dial that failed is over: the child may choose the same address at once', () => {
  const { alice, dial, world } = startChooser()
  for (let round = 0; round < 3; round++) {
    expect(dial('10.0.0.9')).toBe(true)
    world.advance(plain().deadlines.connectMs + 1_000)
  }
  const started = alice.eventsOf('connection.started')
  expect(started.filter(({ address }) => address === '10.0.0.9:7001')).toHaveLength(3)
})

test('who is banned is not dialled, whoever chooses it', () => {
  const { alice, dial, world } = startChooser()
  alice.supervisor.ban('10.0.0.2', { why: 'because' })
  world.settle()
  expect([dial('10.0.0.2'), dial('10.0.0.3')]).toEqual([false, true])
})

test('whom the application disconnected is not dialled, whoever chooses it, until it is asked for', () => {
  const { alice, dial, held, world } = startChooser()
  dial('10.0.0.2')
  world.advance(100)
  alice.supervisor.disconnect('10.0.0.2:7001')
  world.advance(10_000)
  expect([...held().keys()]).not.toContain('10.0.0.2')
  expect(dial('10.0.0.2')).toBe(false)
  alice.supervisor.connect('10.0.0.2:7001').catch(() => undefined)
  world.advance(10_000)
  expect(held().get('10.0.0.2')).toBe('asked for')
})

test('slots are for whom they say: the application, seeds, or nobody but a child', () => {
  const { alice, held, world } = startChooser()
  alice.supervisor.connect('10.0.0.2:7001').catch(() => undefined)
  world.advance(5_000)
  expect([held().get('10.0.0.2'), held().get('10.0.0.4')]).toEqual(['asked for', 'seeds'])
})

test('the network says how an address is dialled, and knows for whom and for what', () => {
  const asked: unknown[] = []
  const { alice, dial, world } = startChooser({
    dial({ host }, about) {
      asked.push([host, about])
      return undefined
    },
  })
  alice.supervisor.connect('10.0.0.2:7001').catch(() => undefined)
  dial('10.0.0.3')
  world.advance(5_000)
  expect(asked).toEqual([
    ['10.0.0.4', { marks: 0n, motive: 'seed', slot: 'seeds' }],
    ['10.0.0.2', { marks: 0n, motive: 'wanted', slot: 'asked for' }],
    ['10.0.0.3', { marks: 0n, motive: 'found', slot: 'chosen' }],
  ])
})

test('a child fills all slots of a kind, one after another', () => {
  const slots: readonly SlotKind[] = [
    { name: 'chosen', role: 'dialler', max: 3, takes: [] },
    { name: 'inbound', role: 'listener', max: 8 },
  ]
  const { dial, held, world } = startChooser({ slots }, [])
  for (const host of ['10.0.0.2', '10.0.0.3', '10.0.0.4']) {
    expect(dial(host)).toBe(true)
    world.advance(1_000)
  }
  expect([...held()]).toHaveLength(3)
  expect(dial('10.0.0.5')).toBe(false)
})

test('a spare slot is for whom a child chose, and never for a seed', () => {
  const slots: readonly SlotKind[] = [
    { name: 'both', role: 'dialler', max: 2, takes: ['seed'], spare: 1 },
    { name: 'inbound', role: 'listener', max: 8 },
  ]
  const { dial, held, world } = startChooser({ slots }, ['10.0.0.3:7001', '10.0.0.4:7001'])
  world.advance(60_000)
  expect([...held()]).toHaveLength(1)
  expect([dial('10.0.0.2', 'both'), dial('10.0.0.5', 'both')]).toEqual([true, false])
  world.advance(1_000)
  expect(held().get('10.0.0.2')).toBe('both')
  expect([...held()]).toHaveLength(2)
})

test('a child has names resolved, and is told of those that lead nowhere', () => {
  const { tools, world } = startChooser()
  const answers: (readonly string[])[] = []
  for (const host of ['bob.example', 'nobody.example']) {
    tools.resolve(host, (hosts) => answers.push(hosts))
  }
  expect(answers).toEqual([])
  world.settle()
  expect(answers).toEqual([['10.0.0.2', '10.0.0.3'], []])
})

test('a node that stops while a chosen dial is out holds nothing', async () => {
  const { alice, dial, tools, world } = startChooser()
  dial('10.0.0.9')
  tools.resolve('bob.example', () => undefined)
  const stopped = alice.supervisor.stop()
  world.advance(60_000)
  await stopped
  expect(alice.supervisor.audit()).toMatchObject(NOTHING_HELD)
})
