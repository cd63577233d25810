import { describe, expect, test } from 'vitest'
import type { ChildTools } from '../../index.ts'
import { plain } from '../contracts/fits/plain.ts'
import type { PlainTypes } from '../contracts/fits/plain.ts'
import { startListening } from '../support/knocking.ts'
import { NOTHING_HELD, startNode, startVirtualWorld } from '../support/nodes.ts'

/** Alice, who dials Bob, and a child of hers that hands out what it is lent. */
function startTwo() {
  const world = startVirtualWorld({ seed: 'pause', names: { 'bob.example': ['10.0.0.2'] } })
  const bob = startNode(world, 'bob', '10.0.0.2', plain())
  const lent: ChildTools<PlainTypes>[] = []
  const alice = startNode(world, 'alice', '10.0.0.1', {
    ...plain(),
    children: [
      {
        name: 'borrower',
        restart: 'permanent',
        keep: () => undefined,
        start(tools) {
          lent.push(tools)
          return () => undefined
        },
      },
    ],
  })
  const [tools] = lent
  if (tools === undefined) throw new Error('the child was not started')
  alice.supervisor.connect('10.0.0.2:7001').catch(() => undefined)
  world.advance(1_000)
  return { alice, bob, tools, world }
}

describe('a node that is paused', () => {
  test('closes all connections, and dials again when it goes on', () => {
    const { alice, bob, world } = startTwo()
    expect(alice.supervisor.connections()).toMatchObject([{ phase: 'active' }])
    alice.supervisor.pause()
    world.advance(600_000)
    expect(alice.supervisor.isPaused).toBe(true)
    expect([alice.supervisor.connections(), bob.supervisor.connections()]).toEqual([[], []])
    expect(alice.eventsOf('connection.closed')).toMatchObject([
      { reason: 'asked', detail: 'paused' },
    ])
    expect(alice.eventsOf('connection.started')).toHaveLength(1)
    alice.supervisor.resume()
    world.advance(1_000)
    expect(alice.supervisor.isPaused).toBe(false)
    expect(alice.supervisor.connections()).toMatchObject([{ phase: 'active' }])
    expect(
      alice.events.map(({ type }) => type).filter((type) => /paused|resumed/.test(type)),
    ).toEqual(['node.paused', 'node.resumed'])
  })

  test('lets nobody in, and listens all the while', () => {
    const { alice, knock, world } = startListening()
    knock('10.0.0.2')
    alice.supervisor.pause()
    world.advance(2_000)
    knock('10.0.0.3')
    expect(alice.eventsOf('connection.refused')).toMatchObject([
      { remote: { host: '10.0.0.3' }, why: 'paused' },
    ])
    expect(alice.supervisor.connections()).toEqual([])
    expect(alice.supervisor.audit()).toMatchObject({ streams: 0, slots: 0, pending: 0, dials: 0 })
    expect(alice.supervisor.listening).toHaveLength(1)
    alice.supervisor.resume()
    knock('10.0.0.3')
    expect(alice.supervisor.connections()).toHaveLength(1)
  })

  test('dials nobody for a child either, and resolves no name', () => {
    const { alice, tools, world } = startTwo()
    const found: (readonly string[])[] = []
    const resolve = () => {
      tools.resolve('bob.example', (hosts) => found.push(hosts))
      world.advance(1)
    }
    alice.supervisor.pause()
    world.advance(1_000)
    resolve()
    expect([tools.isPaused(), tools.dial({ host: '10.0.0.3', port: 7001 }, 'outbound')]).toEqual([
      true,
      false,
    ])
    alice.supervisor.resume()
    world.advance(1)
    resolve()
    expect(tools.isPaused()).toBe(false)
    expect(found).toEqual([[], ['10.0.0.2']])
  })

  test('gives up dials and resolutions that are out, and charges nobody', () => {
    const { alice, world } = startTwo()
    world.network.setReach(() => 'unreachable')
    alice.supervisor.connect('bob.example:7001').catch(() => undefined)
    alice.supervisor.connect('10.0.0.9:7001').catch(() => undefined)
    alice.supervisor.pause()
    world.advance(5_000)
    expect(alice.supervisor.audit()).toMatchObject({ dials: 0, questions: 0, pending: 0 })
    expect(alice.supervisor.peers().every(({ failures }) => failures === 0)).toBe(true)
  })

  test('keeps what it is told meanwhile for later, and stops like any other', async () => {
    const { alice, world } = startTwo()
    alice.supervisor.pause()
    alice.supervisor.pause()
    world.advance(1_000)
    alice.supervisor.connect('10.0.0.2:7001').catch(() => undefined)
    world.advance(1_000)
    expect(alice.eventsOf('connection.started')).toHaveLength(1)
    expect(alice.eventsOf('node.paused')).toHaveLength(1)
    const stopped = alice.supervisor.stop()
    world.advance(10_000)
    await stopped
    expect(alice.supervisor.audit()).toMatchObject({ ...NOTHING_HELD })
    alice.supervisor.resume()
    expect(alice.eventsOf('node.resumed')).toEqual([])
  })

  test('from before its start dials nobody until it goes on', () => {
    const world = startVirtualWorld({ seed: 'paused first' })
    startNode(world, 'bob', '10.0.0.2', plain())
    const alice = startNode(world, 'alice', '10.0.0.1', plain(), {
      bootstrap: ['10.0.0.2:7001'],
      isPaused: true,
    })
    world.advance(60_000)
    expect([alice.supervisor.state, alice.supervisor.connections()]).toEqual(['running', []])
    alice.supervisor.resume()
    world.advance(1_000)
    expect(alice.supervisor.connections()).toHaveLength(1)
  })
})
