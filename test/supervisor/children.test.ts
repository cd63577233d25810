import { describe, expect, test } from 'vitest'
import type { ChildSpec, ChildTools, Protocol, RestartType } from '../../index.ts'
import { CORE_LIMITS } from '../../index.ts'
import { plain } from '../contracts/fits/plain.ts'
import type { PlainTypes } from '../contracts/fits/plain.ts'
import { NOTHING_HELD, startNode, startVirtualWorld } from '../support/nodes.ts'

type Tools = ChildTools<PlainTypes>

/** What a test makes of the child: what it does with a message, and when it starts. */
interface Behaviour {
  take?: (byte: number, tools: Tools, kept: number[]) => void
  start?: (tools: Tools) => void
}

function startParent(
  restart: RestartType,
  behaviour: Behaviour = {},
  limits: { readonly inletMessagesMax?: number } = {},
) {
  const log: string[] = []
  const child: ChildSpec<PlainTypes, number[]> = {
    name: 'child',
    restart,
    keep: () => [],
    start(tools, kept) {
      log.push(`start ${tools.name} with ${kept.join('+') || 'nothing'}`)
      tools.feed('blob', ({ message }) => {
        behaviour.take?.(message.payload[0] ?? 0, tools, kept)
        log.push(`took ${String(message.payload[0])}`)
      })
      behaviour.start?.(tools)
      return () => log.push(`stop ${tools.name}`)
    },
  }
  const world = startVirtualWorld({ seed: 'children' })
  const parent = startNode(
    world,
    'parent',
    '10.0.0.1',
    { ...plain(), children: [child] },
    { limits },
  )
  const peer = startNode(world, 'peer', '10.0.0.2', plain(), { bootstrap: ['10.0.0.1:7001'] })
  world.advance(100)
  const send = (...bytes: readonly number[]): void => {
    const [connection] = peer.supervisor.connections()
    for (const byte of bytes) {
      peer.supervisor.send(connection?.name ?? '', { type: 'blob', payload: Uint8Array.of(byte) })
    }
    world.settle()
  }
  const dropped = () => parent.supervisor.connections()[0]?.counters.dropped
  return { dropped, log, parent, send, world }
}

const throwsAt =
  (...bad: readonly number[]): NonNullable<Behaviour['take']> =>
  (byte, _, kept) => {
    if (bad.includes(byte)) throw new Error(`no ${String(byte)}`)
    kept.push(byte)
  }

describe('a permanent child that fails', () => {
  test('and is down when the node stops leaves nothing behind', () => {
    const { parent, send, world } = startParent('permanent', { take: throwsAt(9) })
    send(9)
    void parent.supervisor.stop()
    world.advance(10)
    expect([parent.supervisor.state, parent.supervisor.audit()]).toMatchObject([
      'stopped',
      NOTHING_HELD,
    ])
  })

  test('is started again with what it kept, and gets what came meanwhile', () => {
    const { log, parent, send, world } = startParent('permanent', { take: throwsAt(9) })
    send(1, 9)
    expect(parent.eventsOf('child.restarted')).toMatchObject([
      { child: 'child', restarts: 1, fresh: false },
    ])
    send(2, 3)
    world.advance(99)
    expect(log.at(-1)).toBe('stop child.0')
    world.advance(1)
    expect(log).toEqual([
      'start child.0 with nothing',
      'took 1',
      'stop child.0',
      'start child.1 with 1',
      'took 2',
      'took 3',
    ])
    expect(parent.eventsOf('fault').map(({ where }) => where)).toEqual(['child child'])
  })

  test('over a message that waited gets the rest of them in its next incarnation', () => {
    const { log, send, world } = startParent('permanent', { take: throwsAt(9) })
    send(9)
    send(1, 9, 2)
    world.advance(200)
    expect(log.filter((line) => line.startsWith('took'))).toEqual(['took 1', 'took 2'])
  })

  test('starts with nothing kept from the third time within the period', () => {
    const { log, parent, send, world } = startParent('permanent', { take: throwsAt(9) })
    for (const byte of [1, 2, 3]) {
      send(byte, 9)
      world.advance(100)
    }
    expect(log.filter((line) => line.startsWith('start'))).toEqual([
      'start child.0 with nothing',
      'start child.1 with 1',
      'start child.2 with 1+2',
      'start child.3 with nothing',
    ])
    expect(parent.eventsOf('child.restarted').map(({ fresh }) => fresh)).toEqual([
      false,
      false,
      true,
    ])
  })

  test('more often than is borne fails the node, which closes what it has', () => {
    const { parent, send, world } = startParent('permanent', { take: throwsAt(9) })
    for (let failure = 0; failure <= CORE_LIMITS.childRestartsMax; failure++) {
      send(9)
      world.advance(100)
    }
    world.advance(5_000)
    expect(parent.eventsOf('node.failed')).toMatchObject([{ fault: 'children-failing' }])
    expect(parent.supervisor.state).toBe('failed')
    expect(parent.supervisor.audit()).toMatchObject(NOTHING_HELD)
  })

  test('as often, but over a longer time, does not', () => {
    const { parent, send, world } = startParent('permanent', { take: throwsAt(9) })
    for (let failure = 0; failure < 3 * CORE_LIMITS.childRestartsMax; failure++) {
      send(9)
      world.advance(CORE_LIMITS.childRestartsWithinMs / (CORE_LIMITS.childRestartsMax - 1))
      // The connection lives by what is said on it.
    }
    expect(parent.supervisor.state).toBe('running')
  })

  test('drops what its inlet does not hold, and the account says so', () => {
    const { dropped, log, send, world } = startParent(
      'permanent',
      { take: throwsAt(9) },
      { inletMessagesMax: 2 },
    )
    send(9)
    send(1, 2, 3, 4)
    expect(dropped()).toEqual({ restarting: 2 })
    world.advance(100)
    expect(log.filter((line) => line.startsWith('took'))).toEqual(['took 1', 'took 2'])
  })
})

test('a temporary child that fails is not started again, and takes nothing any more', () => {
  const { dropped, log, parent, send, world } = startParent('temporary', { take: throwsAt(9) })
  send(9)
  send(1)
  world.advance(1_000)
  expect(log).toEqual(['start child.0 with nothing', 'stop child.0'])
  expect(parent.eventsOf('child.ended')).toMatchObject([{ child: 'child', failed: true }])
  expect(dropped()).toEqual({ 'no-consumer': 1 })
})

test.each([
  ['transient', 1],
  ['temporary', 1],
  ['permanent', 2],
] as const)('a %s child that ends well is started %i times', (restart, starts) => {
  const { log, parent, send, world } = startParent(restart, {
    take(byte, { done }) {
      if (byte === 1) done()
    },
  })
  send(1)
  world.advance(1_000)
  expect(log.filter((line) => line.startsWith('start'))).toHaveLength(starts)
  expect(parent.eventsOf('child.ended')).toMatchObject([{ failed: false }])
})

test('a transient child that fails is started again', () => {
  const { log, send, world } = startParent('transient', { take: throwsAt(9) })
  send(9)
  world.advance(100)
  expect(log.at(-1)).toBe('start child.1 with nothing')
})

test('one that ends while it starts is stopped all the same', () => {
  const { log } = startParent('temporary', {
    start({ done }) {
      done()
    },
  })
  expect(log).toEqual(['start child.0 with nothing', 'stop child.0'])
})

test('its timers ring within its life alone, and a throw of one is its failure', () => {
  const rung: string[] = []
  const { log, send, world } = startParent('permanent', {
    take: throwsAt(9),
    start({ after, name }) {
      after(150, () => rung.push(name))
      after(1_000, () => {
        if (name === 'child.1') throw new Error('late')
      })
    },
  })
  send(9)
  world.advance(90)
  expect(rung).toEqual([])
  world.advance(1_100)
  expect(rung).toEqual(['child.1'])
  expect(log.at(-1)).toBe('stop child.1')
})

test('a stop of the node stops its children, and they are not started again', async () => {
  const { log, parent, world } = startParent('permanent')
  const stopped = parent.supervisor.stop()
  world.advance(5_000)
  await stopped
  expect(log).toEqual(['start child.0 with nothing', 'stop child.0'])
  expect(parent.supervisor.audit()).toMatchObject(NOTHING_HELD)
})

interface ToldTypes extends PlainTypes {
  readonly instruction: number
}

/** A child that keeps what it was instructed, of a node that is instructed by numbers. */
function startTold(restart: RestartType) {
  const log: string[] = []
  const { children: _none, datagrams: _, ...rest } = plain()
  const child: ChildSpec<ToldTypes, number[]> = {
    name: 'told',
    restart,
    keep: () => [],
    instruct(number, kept) {
      if (number === 13) throw new Error('not that one')
      kept.push(number)
      log.push(`told ${String(number)}`)
    },
    start(tools, kept) {
      log.push(`start with ${kept.join('+') || 'nothing'}`)
      tools.feed('blob', () => {
        throw new Error('it fails')
      })
      return () => log.push('stop')
    },
  }
  const world = startVirtualWorld({ seed: 'told' })
  const protocol: Protocol<ToldTypes> = {
    ...rest,
    children: [child],
    node: () => ({
      answer: () => {
        throw new Error('nothing is asked')
      },
      instruct: (number) => log.push(`node part: ${String(number)}`),
    }),
  }
  const parent = startNode(world, 'parent', '10.0.0.1', protocol)
  const peer = startNode(world, 'peer', '10.0.0.2', plain(), { bootstrap: ['10.0.0.1:7001'] })
  world.advance(100)
  const instruct = (number: number): void => {
    parent.supervisor.instruct(number)
    world.settle()
  }
  const fail = (): void => {
    const [connection] = peer.supervisor.connections()
    peer.supervisor.send(connection?.name ?? '', { type: 'blob', payload: Uint8Array.of(1) })
    world.settle()
  }
  return { fail, instruct, log, parent, world }
}

describe('an instruction', () => {
  test('to a child that is restarting is there when it starts again', () => {
    const { fail, instruct, log, parent, world } = startTold('permanent')
    instruct(1)
    fail()
    expect(log.at(-1)).toBe('stop')
    instruct(2)
    instruct(3)
    world.advance(100)
    expect(log).toEqual([
      ...['start with nothing', 'node part: 1', 'told 1', 'stop'],
      ...['node part: 2', 'told 2', 'node part: 3', 'told 3', 'start with 1+2+3'],
    ])
    expect(parent.eventsOf('child.restarted')).toHaveLength(1)
  })

  test('is not lost to one that starts with nothing kept, given while it is down', () => {
    const { fail, instruct, log, parent, world } = startTold('permanent')
    for (const number of [1, 2, 3]) {
      fail()
      instruct(number)
      world.advance(100)
    }
    expect(parent.eventsOf('child.restarted').map(({ fresh }) => fresh)).toEqual([
      ...[false, false, true],
    ])
    expect(log.at(-1)).toBe('start with 3')
  })

  test('that a child cannot take is its failure; while it is down it is told, and it comes up', () => {
    const { fail, instruct, log, parent, world } = startTold('permanent')
    instruct(13)
    expect(parent.eventsOf('child.restarted')).toHaveLength(1)
    world.advance(100)
    fail()
    instruct(13)
    instruct(4)
    world.advance(100)
    expect(parent.eventsOf('child.restarted')).toHaveLength(2)
    expect(parent.eventsOf('fault').map(({ where }) => where)).toEqual([
      ...['child told', 'child told', 'child told'],
    ])
    expect([log.at(-1), parent.supervisor.state]).toEqual(['start with 4', 'running'])
  })

  test('changes nothing for a child that is over', () => {
    const { fail, instruct, log, parent, world } = startTold('temporary')
    fail()
    instruct(5)
    world.advance(1_000)
    expect(log.filter((line) => line.startsWith('start'))).toEqual(['start with nothing'])
    expect(parent.supervisor.state).toBe('running')
  })
})
