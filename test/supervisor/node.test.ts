import { Subject, map } from 'rxjs'
import { describe, expect, test } from 'vitest'
import type { ChildSpec, Protocol } from '../../index.ts'
import { native } from '../../protocols/native.ts'
import { plain } from '../contracts/fits/plain.ts'
import type { PlainMessage, PlainTypes } from '../contracts/fits/plain.ts'
import { keyOf } from '../contracts/seats.ts'
import { NOTHING_HELD, startNode, startVirtualWorld } from '../support/nodes.ts'

const blob = (bytes: number): PlainMessage => ({ type: 'blob', payload: new Uint8Array(bytes) })

function startPair(seed = 'nodes', ofAlice: Partial<Protocol<PlainTypes>> = {}) {
  const world = startVirtualWorld({ seed })
  const alice = startNode(world, 'alice', '10.0.0.1', { ...plain(), ...ofAlice })
  const bob = startNode(world, 'bob', '10.0.0.2', plain(), { bootstrap: ['10.0.0.1:7001'] })
  world.advance(100)
  const name = bob.supervisor.connections()[0]?.name ?? ''
  return { world, alice, bob, name }
}

const phases = ({ supervisor }: ReturnType<typeof startNode>) =>
  supervisor.connections().map(({ phase }) => phase)

describe('a node that cannot start', () => {
  test('says that an address is taken, and holds nothing', async () => {
    const world = startVirtualWorld({ seed: 'taken' })
    const listen = ['10.0.0.1:7002', '10.0.0.1:7001', '10.0.0.1:7001']
    const { supervisor, started, eventsOf } = startNode(world, 'a', '10.0.0.1', plain(), { listen })
    world.advance(5_000)
    await expect(started).rejects.toMatchObject({ code: 'listen-failed' })
    expect([supervisor.state, supervisor.listening]).toEqual(['failed', []])
    expect(eventsOf('node.failed')).toMatchObject([
      { fault: 'listen-failed', message: 'cannot listen on 10.0.0.1:7001: address-in-use' },
    ])
    expect(supervisor.audit()).toMatchObject(NOTHING_HELD)
  })

  test('is stopped by its own stop', async () => {
    const world = startVirtualWorld({ seed: 'idle' })
    const { supervisor, started } = startNode(world, 'alice', '10.0.0.1', plain())
    const stopped = supervisor.stop()
    world.advance(5_000)
    expect(await stopped).toEqual({ killed: [] })
    await started.catch(() => undefined)
    expect(supervisor.audit()).toMatchObject(NOTHING_HELD)
  })
})

describe('stop', () => {
  test.each([0, 1, 2, 3, 5, 8, 20, 100])('settles %i ms after a dial', async (ms) => {
    const world = startVirtualWorld({ seed: 'stop' })
    const alice = startNode(world, 'alice', '10.0.0.1', plain())
    const bob = startNode(world, 'bob', '10.0.0.2', plain(), { bootstrap: ['10.0.0.1:7001'] })
    world.advance(ms)
    const stopped = bob.supervisor.stop({ graceMs: 1_000 })
    world.advance(1_000)
    expect(await stopped).toEqual({ killed: [] })
    expect(bob.supervisor.state).toBe('stopped')
    expect(bob.supervisor.audit()).toMatchObject(NOTHING_HELD)
    expect(phases(alice)).toEqual([])
  })

  test('settles with a peer that never answers, and says whom it killed', async () => {
    const world = startVirtualWorld({ seed: 'mute' })
    const { streams } = world.nodeWorld('mute', '10.0.0.9')
    streams.start(() => undefined)
    streams.listen(1, { host: '10.0.0.9', port: 7001 })
    const bob = startNode(world, 'bob', '10.0.0.2', plain(), { bootstrap: ['10.0.0.9:7001'] })
    world.advance(100)
    expect(phases(bob)).toEqual(['handshaking'])
    const stopped = bob.supervisor.stop({ graceMs: 400 })
    world.advance(400)
    expect(await stopped).toEqual({ killed: ['bob/out-1'] })
    expect(bob.supervisor.audit()).toMatchObject(NOTHING_HELD)
  })

  test('leaves nobody waiting for a store that does not answer any more', async () => {
    const world = startVirtualWorld({ seed: 'mute store' })
    const { store } = world.nodeWorld('store', '10.0.0.9')
    const mute = { ...store, write: () => undefined }
    const writing: ChildSpec<PlainTypes> = {
      name: 'writing',
      restart: 'permanent',
      keep: () => undefined,
      start(tools) {
        const change = { table: 'notes', key: Uint8Array.of(1), value: Uint8Array.of(2) }
        tools.store.write([change], () => undefined)
        return () => undefined
      },
    }
    const protocol = { ...plain(), children: [writing] }
    const alice = startNode(world, 'alice', '10.0.0.1', protocol, { store: mute })
    expect(alice.supervisor.audit().writes).toBe(1)
    const stopped = alice.supervisor.stop({ graceMs: 1_000 })
    world.advance(1_000)
    expect(await stopped).toEqual({ killed: [] })
    expect(alice.supervisor.audit()).toMatchObject(NOTHING_HELD)
  })

  test.each(['store', 'jobs'] as const)('goes on where the %s throws', async (part) => {
    const world = startVirtualWorld({ seed: 'throwing' })
    const { jobs, store } = world.nodeWorld('parts', '10.0.0.9')
    const broken = (): never => {
      throw new Error('broken')
    }
    // The address book is written as the node stops.
    const parts = {
      store: { store: { ...store, write: broken } },
      jobs: { jobs: { ...jobs, start: () => undefined, stop: broken } },
    }[part]
    const protocol = native({ network: 'test', privateKey: keyOf('dialler') })
    const alice = startNode(world, 'alice', '10.0.0.1', protocol, parts)
    const address = `node://${'ab'.repeat(32)}@10.0.0.2:9946`
    alice.supervisor.connect(address).catch(() => undefined)
    const stopped = alice.supervisor.stop({ graceMs: 1_000 })
    world.advance(1_000)
    await stopped
    expect([alice.supervisor.state, alice.eventsOf('node.stopped').length]).toEqual(['stopped', 1])
    expect(alice.supervisor.audit()).toMatchObject({ actors: 1, listeners: 0, questions: 0 })
    expect(alice.eventsOf('fault')).toMatchObject([{ where: 'root' }])
  })

  test('asked twice is one stop', async () => {
    const { world, alice } = startPair()
    const [one, other] = [alice.supervisor.stop(), alice.supervisor.stop()]
    world.advance(5_000)
    expect(await one).toEqual(await other)
    expect(alice.supervisor.listening).toEqual([])
  })
})

describe('a peer that is lost', () => {
  test('is dialled again, with a reason for its going', () => {
    const { world, alice, bob, name } = startPair()
    world.kill('alice')
    world.advance(10)
    expect(bob.eventsOf('connection.closed')).toMatchObject([{ connection: name, phase: 'active' }])
    expect(bob.supervisor.explain(name)?.ended?.reason).toMatch(/^(peer-left|transport)$/)
    const again = startNode(world, 'alice', '10.0.0.1', plain())
    world.advance(5_000)
    expect(phases(bob)).toEqual(['active'])
    expect(phases(again)).toEqual(['active'])
    expect(alice.eventsOf('fault')).toEqual([])
  })

  test('is waited for longer each time', () => {
    const world = startVirtualWorld({ seed: 'backoff' })
    const bob = startNode(world, 'bob', '10.0.0.2', plain(), { bootstrap: ['10.0.0.1:7001'] })
    world.advance(10 * 60_000)
    const dials = bob.eventsOf('connection.started').length
    // Waits of 1, 2, 4 ... 60 s, each at least half as long: some 10 to 30 dials in ten minutes.
    expect(dials).toBeGreaterThan(10)
    expect(dials).toBeLessThan(30)
  })
})

describe('a ban', () => {
  test('closes, refuses, outlives a restart, and ends', () => {
    const { world, alice, bob } = startPair()
    alice.supervisor.ban('10.0.0.2', { ms: 60_000, why: 'a test' })
    world.advance(2_000)
    expect(phases(alice)).toEqual([])
    expect(bob.eventsOf('connection.closed').length).toBeGreaterThan(0)
    expect(alice.supervisor.bans()).toMatchObject([{ reason: 'a test' }])

    world.kill('alice')
    const again = startNode(world, 'alice', '10.0.0.1', plain())
    world.advance(20_000)
    expect(phases(again)).toEqual([])
    expect(again.eventsOf('connection.refused')).not.toEqual([])
    expect(again.eventsOf('connection.refused').every(({ why }) => why === 'banned')).toBe(true)
    const isActive = () => phases(again).includes('active')
    expect(world.runUntil(isActive, { withinMs: 120_000 })).toBe(true)
  })

  test('is lifted by hand', () => {
    const { world, alice, bob } = startPair()
    alice.supervisor.ban('10.0.0.2')
    world.advance(1_000)
    alice.supervisor.unban('10.0.0.2')
    world.advance(120_000)
    expect(phases(bob)).toEqual(['active'])
    expect(alice.eventsOf('peer.unbanned')).toHaveLength(1)
  })
})

describe('a consumer', () => {
  test('that throws is reported, and harms nobody', () => {
    const { world, alice, bob, name } = startPair()
    const got: number[] = []
    alice.supervisor.messages('blob').subscribe(() => {
      throw new Error('a subscriber of the test')
    })
    alice.supervisor
      .messages('blob')
      .pipe(
        map(() => {
          throw new Error('an operator of the test')
        }),
      )
      .subscribe()
    alice.supervisor.messages('blob').subscribe(({ message }) => got.push(message.payload.length))
    for (const bytes of [1, 2, 3]) bob.supervisor.send(name, blob(bytes))
    world.advance(100)
    expect(got).toEqual([1, 2, 3])
    expect(alice.eventsOf('handler.failed').length).toBeGreaterThan(0)
    expect(phases(alice)).toEqual(['active'])
  })

  test('that takes work away and fails is reported, with what it failed with', async () => {
    const { world, alice, bob, name } = startPair()
    const error = new Error('a handler of the test')
    alice.supervisor.handle('blob', () => Promise.reject(error))
    bob.supervisor.send(name, blob(1))
    world.advance(100)
    // The handler settles outside of the world's time.
    await new Promise((resolve) => setImmediate(resolve))
    world.advance(100)
    expect(alice.eventsOf('handler.failed')).toMatchObject([{ message: 'blob', why: 'rejected' }])
    expect(alice.eventsOf('fault')).toMatchObject([{ where: 'handler', error }])
    expect(alice.supervisor.counts().totals.faults).toBe(1)
    expect(phases(alice)).toEqual(['active'])
  })

  test('gets nothing after it unsubscribed, and the message is counted as dropped', () => {
    const { world, alice, bob, name } = startPair()
    const got: number[] = []
    const subscription = alice.supervisor
      .messages('blob')
      .subscribe(({ message }) => got.push(message.payload.length))
    bob.supervisor.send(name, blob(1))
    world.advance(10)
    subscription.unsubscribe()
    bob.supervisor.send(name, blob(2))
    world.advance(10)
    expect(got).toEqual([1])
    const [connection] = alice.supervisor.connections()
    expect(connection?.counters.dropped).toEqual({ 'no-consumer': 1 })
    const { receivedMessages = 0, handledMessages = 0 } = connection?.counters ?? {}
    expect(receivedMessages).toBe(handledMessages + 1)
  })

  test('may send from within its call: it leaves behind the step', () => {
    const { world, alice, bob, name } = startPair()
    const echoed: number[] = []
    alice.supervisor.messages('blob').subscribe(({ message, peer }) => {
      expect(alice.supervisor.send(peer.connection, message)).toBe('queued')
    })
    bob.supervisor.messages('blob').subscribe(({ message }) => echoed.push(message.payload.length))
    for (const bytes of [5, 6, 7]) bob.supervisor.send(name, blob(bytes))
    world.advance(100)
    expect(echoed).toEqual([5, 6, 7])
  })
})

test('a subscriber that sends for as long as it may is told when to stop, and goes on later', async () => {
  const { world, alice, bob, name } = startPair('greedy')
  let sent = 0
  let room: Promise<void> | undefined
  alice.supervisor.messages('blob').subscribe(({ peer }) => {
    while (alice.supervisor.send(peer.connection, blob(1)) === 'queued') sent++
    room = alice.supervisor.room(peer.connection)
  })
  bob.supervisor.send(name, blob(1))
  world.advance(1)
  expect(sent).toBe(32_768)
  expect([alice.eventsOf('fault'), alice.eventsOf('handler.failed')]).toEqual([[], []])
  await expect(room).resolves.toBeUndefined()
  const [connection] = alice.supervisor.connections()
  expect(alice.supervisor.send(connection?.name ?? '', blob(1))).toBe('queued')
})

test('a connection whose node part threw as it became active is not counted as one less', () => {
  /** How often a peer that is never there is dialled beside one that is: who is alone dials it more often. */
  const dialsInVain = (isThrowing: boolean): number => {
    const world = startVirtualWorld({ seed: 'thrown' })
    let throwing = isThrowing
    const own = plain()
    const bob = startNode(world, 'bob', '10.0.0.2', {
      ...own,
      node: (tools) => ({
        ...own.node(tools),
        ready() {
          const isFirst = throwing
          throwing = false
          if (isFirst) throw new Error('a node part of the test')
        },
      }),
    })
    startNode(world, 'alice', '10.0.0.1', plain())
    for (const address of ['10.0.0.1:7001', '10.0.0.9:7001']) {
      bob.supervisor.connect(address).catch(() => undefined)
    }
    world.advance(600_000)
    expect(bob.eventsOf('fault')).toHaveLength(isThrowing ? 1 : 0)
    expect(phases(bob)).toEqual(['active'])
    const started = bob.eventsOf('connection.started')
    return started.filter(({ address }) => address === '10.0.0.9:7001').length
  }
  expect(dialsInVain(true)).toBeLessThanOrEqual(dialsInVain(false) + 1)
})

test('a handler that withdraws itself gets what was read before that, and nothing is lost', () => {
  const { world, alice, bob, name } = startPair('withdrawn', { unitsPerTurn: 100 })
  const got: number[] = []
  const withdraw = alice.supervisor.handle('blob', ({ message }) => {
    got.push(message.payload.length)
    withdraw()
    return Promise.resolve()
  })
  for (const bytes of [1, 2]) bob.supervisor.send(name, blob(bytes))
  world.advance(100)
  bob.supervisor.send(name, blob(3))
  world.advance(100)
  // The two are of one step; the third found nobody, and is no message that was handled.
  expect(got).toEqual([1, 2])
  expect(alice.supervisor.connections()[0]?.counters).toMatchObject({
    dropped: { 'no-consumer': 1 },
  })
  expect(alice.supervisor.audit()).toMatchObject({ handlers: 0 })
})

describe('a slow handler', () => {
  /** 128 MB, as fast as they are taken, to a handler that settles when it is told to. */
  function startFlood() {
    const { world, alice, bob, name } = startPair('flood')
    const settle = new Subject<undefined>()
    let started = 0
    let settled = 0
    alice.supervisor.handle(
      'blob',
      () =>
        new Promise((resolve) => {
          started++
          const subscription = settle.subscribe(() => {
            subscription.unsubscribe()
            settled++
            resolve()
          })
        }),
      { deadlineMs: 3_600_000 },
    )
    let sent = 0
    const pour = (): void => {
      while (sent < 2_000 && bob.supervisor.send(name, blob(64 * 1024)) === 'queued') sent++
    }
    return { world, alice, bob, settle, pour, counts: () => ({ sent, started, settled }) }
  }

  test('stops the sender, within the stated bound, and is caught up with', async () => {
    const { world, alice, bob, settle, pour, counts } = startFlood()
    for (let round = 0; round < 50; round++) {
      pour()
      world.advance(100)
    }
    const MEBIBYTE = 1024 * 1024
    // An eighth of the node's 64 MiB, and one message more.
    expect(alice.supervisor.audit().creditBytes).toBeLessThanOrEqual(8 * MEBIBYTE + 65_536)
    expect(counts().sent).toBeLessThan(2_000)
    expect(bob.supervisor.connections()[0]?.phase).toBe('active')

    for (let round = 0; round < 5_000 && counts().settled < 2_000; round++) {
      settle.next(undefined)
      await Promise.resolve()
      await Promise.resolve()
      await Promise.resolve()
      pour()
      world.advance(10)
    }
    expect(counts()).toEqual({ sent: 2_000, started: 2_000, settled: 2_000 })
    expect(alice.supervisor.audit()).toMatchObject({ creditBytes: 0, handled: 0 })
  })
})

test('a report that was lost does not stop the sender for good', () => {
  const { world, alice, bob, name } = startPair('lost')
  let bytes = 0
  alice.supervisor.messages('blob').subscribe(({ message }) => (bytes += message.payload.length))
  world.network.loseNextSent('10.0.0.2', 2)
  for (let count = 0; count < 100; count++) bob.supervisor.send(name, blob(64 * 1024))
  // The transport is asked at half of the time to drain, which is 20 s.
  world.advance(30_000)
  expect(bytes).toBe(100 * 64 * 1024)
  expect(bob.supervisor.connections()[0]?.phase).toBe('active')
})
