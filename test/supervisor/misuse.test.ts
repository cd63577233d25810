import { describe, expect, test } from 'vitest'
import type { BanKey, ChildSpec, NodeLimits } from '../../index.ts'
import { createSupervisor } from '../../index.ts'
import { native } from '../../protocols/native.ts'
import { memoryJournal } from '../../journal/journal.ts'
import { simulatedMedium } from '../../testing/simulated-store.ts'
import { systemClock } from '../../transport/clock.ts'
import { tcp } from '../../transport/tcp.ts'
import { udp } from '../../transport/udp.ts'
import { keyOf } from '../contracts/seats.ts'
import { plain } from '../contracts/fits/plain.ts'
import type { PlainTypes } from '../contracts/fits/plain.ts'
import { NOTHING_HELD, startNode, startVirtualWorld } from '../support/nodes.ts'
import { FAR, startAlone, startTwo, withCode } from './plain-nodes.ts'

describe('times that are none', () => {
  test('are refused, and no other timer is lost', async () => {
    const { alice, world } = startAlone()
    const { supervisor } = alice
    await expect(supervisor.connect(FAR, { timeoutMs: NaN })).rejects.toEqual(
      withCode('bad-argument'),
    )
    for (const deadlineMs of [NaN, -1, Infinity]) {
      expect(() => supervisor.handle('blob', () => Promise.resolve(), { deadlineMs })).toThrow(
        withCode('bad-argument'),
      )
      expect(() => supervisor.stop({ graceMs: deadlineMs })).toThrow(withCode('bad-argument'))
    }
    const late = supervisor.connect(FAR, { timeoutMs: 500 })
    world.advance(500)
    await expect(late).rejects.toThrow(`a connection with ${FAR} did not come in time`)
  })

  test.each([NaN, 0, -1, 1.5, -Infinity, 4.32e15 + 1, Number.MAX_SAFE_INTEGER])(
    'a ban of %d ms is none',
    (ms) => {
      const { alice } = startAlone()
      expect(() => alice.supervisor.ban('10.0.0.9', { ms })).toThrow(withCode('bad-argument'))
      expect([alice.supervisor.bans(), alice.eventsOf('fault')]).toEqual([[], []])
    },
  )
})

describe('a ban', () => {
  test.each([
    ['::ffff:10.0.0.2', '10.0.0.2'],
    ['[::1]', '::1'],
    ['0:0:0:0:0:0:0:1', '::1'],
    ['2001:DB8::1', '2001:db8::1'],
    ['10.0.0.2:7001', '10.0.0.2'],
  ])('of %s is of %s', (subject, host) => {
    const { alice } = startAlone()
    alice.supervisor.ban(subject)
    expect(alice.supervisor.bans().map(({ key }) => key)).toEqual([{ kind: 'address', host }])
    alice.supervisor.unban(subject)
    expect(alice.supervisor.bans()).toEqual([])
  })

  test.each(['', 'example.org:99x', '10.0.0.2:', 'a b'])('of %j is refused', (subject) => {
    const { alice } = startAlone()
    expect(() => alice.supervisor.ban(subject)).toThrow(withCode('bad-argument'))
    expect(() => alice.supervisor.unban(subject)).toThrow(withCode('bad-argument'))
  })

  test('of what is no identity of the network is refused where it has a form for them', () => {
    const world = startVirtualWorld({ seed: 'misuse' })
    const protocol = native({ network: 'test', privateKey: keyOf('dialler') })
    const { supervisor } = startNode(world, 'alice', '10.0.0.1', protocol)
    for (const subject of ['localhost', 'abc', (protocol.identity ?? '').slice(1)]) {
      expect(() => supervisor.ban(subject)).toThrow(withCode('bad-argument'))
    }
    supervisor.ban('ab'.repeat(32))
    expect(supervisor.bans()).toHaveLength(1)
  })

  test('may last almost for good, and is kept', () => {
    const { alice } = startAlone()
    alice.supervisor.ban('10.0.0.9', { ms: 4.32e15 })
    expect([alice.supervisor.bans().length, alice.eventsOf('fault')]).toEqual([1, []])
  })

  test.each([
    ['10.1.2.3/8', { kind: 'range', range: '10.0.0.0/8' }],
    ['2001:DB8::/32', { kind: 'range', range: '2001:db8::/32' }],
    ['10.1.2.3/32', { kind: 'address', host: '10.1.2.3' }],
  ])('of the range %s by its key is one of %j', (range, key) => {
    const { alice } = startAlone()
    alice.supervisor.ban({ kind: 'range', range })
    expect(alice.supervisor.bans().map((ban) => ban.key)).toEqual([key])
    alice.supervisor.unban({ kind: 'range', range })
    expect(alice.supervisor.bans()).toEqual([])
  })

  test.each<BanKey>([
    { kind: 'range', range: '10.0.0.0/33' },
    { kind: 'range', range: 'everybody' },
    { kind: 'identity', identity: '' },
    { kind: 'address', host: 'a'.repeat(1_000) },
  ])('by a key that is none is refused: %#', (key) => {
    const { alice } = startAlone()
    expect(() => alice.supervisor.ban(key)).toThrow(withCode('bad-argument'))
    expect(alice.eventsOf('fault')).toEqual([])
  })

  test('by hand has room for ten thousand, and says so', () => {
    const { alice } = startAlone()
    const identityAt = (number: number): BanKey => ({
      kind: 'identity',
      identity: `peer ${number}`,
    })
    for (let number = 0; number < 10_000; number++) alice.supervisor.ban(identityAt(number))
    expect(() => alice.supervisor.ban(identityAt(10_000))).toThrow(withCode('busy'))
    alice.supervisor.ban(identityAt(0), { why: 'another reason' })
    alice.supervisor.unban(identityAt(0))
    alice.supervisor.ban(identityAt(10_000))
    expect([alice.supervisor.bans().length, alice.eventsOf('fault')]).toEqual([10_000, []])
  })

  test('whose time is over is none, also where nothing has happened since', () => {
    const { alice, world } = startAlone()
    for (let number = 0; number < 10_000; number++) {
      alice.supervisor.ban(`10.1.${Math.floor(number / 100)}.${number % 100}`, { ms: 1_000 })
    }
    expect(() => alice.supervisor.ban('10.0.0.9')).toThrow(withCode('busy'))
    world.advance(1_000)
    expect(alice.supervisor.bans()).toEqual([])
    alice.supervisor.ban('10.0.0.9')
    expect([alice.supervisor.bans().length, alice.eventsOf('fault')]).toEqual([1, []])
  })

  test('is lifted by its own key, whatever kind it is', () => {
    const { alice } = startAlone()
    const key = { kind: 'claim', group: '10.0.0.0', identity: 'somebody' } as const
    alice.supervisor.ban(key)
    expect(alice.eventsOf('peer.banned')).toMatchObject([{ key }])
    alice.supervisor.unban(key)
    expect(alice.supervisor.bans()).toEqual([])
  })

  test('needs a node that runs: it would be forgotten', () => {
    const world = startVirtualWorld({ seed: 'misuse' })
    const { streams, ...rest } = world.nodeWorld('idle', '10.0.0.1')
    const supervisor = createSupervisor({ protocol: plain(), transport: streams, world: rest })
    expect(() => supervisor.ban('10.0.0.2')).toThrow(withCode('not-running'))
  })
})

test('a disconnected address leaves nothing behind', () => {
  const { alice, world } = startTwo()
  void alice.supervisor.connect(FAR)
  world.advance(100)
  alice.supervisor.disconnect(FAR)
  world.advance(5_000)
  expect(alice.supervisor.audit().remembered['addresses']).toBe(0)
})

test.each<[string, unknown]>([
  ['null', null],
  ['a number', 5],
  ['a number for all lanes', { laneBytesMax: 5 }],
  ['null for all lanes', { laneBytesMax: null }],
  ['an object for a number', { turnBytesMax: {} }],
  ['one that there is not', { typo: 1 }],
  ['nothing at all', { turnBytesMax: 0 }],
  ['no number', { creditBytesMax: NaN }],
  ['what was left undefined', { startMs: undefined }],
  ['a lane that there is not', { laneBytesMax: { fast: 1 } }],
])('limits are looked at: %s', (_, limits) => {
  expect(() =>
    createSupervisor({
      protocol: plain(),
      transport: tcp(),
      limits: limits as Partial<NodeLimits>,
    }),
  ).toThrow(withCode('bad-argument'))
})

test('a start may take as long as there are milliseconds', async () => {
  const limits = { startMs: Number.MAX_SAFE_INTEGER }
  const supervisor = createSupervisor({ protocol: plain(), transport: tcp(), limits })
  await supervisor.start()
  await supervisor.stop()
})

test('one lane can be set alone', () => {
  const limits = { laneBytesMax: { control: 1_000 } }
  expect(createSupervisor({ protocol: plain(), transport: tcp(), limits }).state).toBe('idle')
})

test('more bootstrap addresses than are looked through are refused', () => {
  const bootstrap = Array.from({ length: 1_001 }, (_, index) => `10.0.0.2:${String(index + 1)}`)
  expect(() =>
    createSupervisor({ protocol: plain(), transport: tcp(), peers: { bootstrap } }),
  ).toThrow(withCode('bad-argument'))
})

test.each<[string, () => object]>([
  ['a transport', () => ({ transport: tcp() })],
  ['a transport of datagrams', () => ({ datagrams: udp() })],
  ['a journal', () => ({ record: memoryJournal() })],
  ['a clock', () => ({ world: { clock: systemClock() } })],
])('%s has one node', (_, make) => {
  const part = make()
  createSupervisor({ protocol: plain(), transport: tcp(), ...part })
  expect(() => createSupervisor({ protocol: plain(), transport: tcp(), ...part })).toThrow(
    withCode('bad-argument'),
  )
})

test('a store has one node: a second one does not wait for it', async () => {
  const world = startVirtualWorld({ seed: 'misuse' })
  const { later } = world.clock.queue
  const store = simulatedMedium().store({ later, commits: 'turn' })
  const alice = startNode(world, 'alice', '10.0.0.1', plain(), { store })
  const { started, supervisor } = startNode(world, 'bob', '10.0.0.2', plain(), { store })
  world.advance(1_000)
  await expect(started).rejects.toMatchObject({
    ...{ code: 'store-refused', message: 'the store was opened before: each node has its own' },
  })
  expect([supervisor.state, supervisor.audit()]).toMatchObject(['failed', NOTHING_HELD])

  alice.supervisor.ban('10.0.0.9')
  world.advance(1_000)
  expect([alice.supervisor.state, store.pendingBatches]).toEqual(['running', 0])
  expect([...store.range('bans', { limit: 10 })]).toHaveLength(1)
})

test.each<[string, object]>([
  ['no network', { protocol: undefined }],
  ['no transport', { transport: undefined }],
  ['one address to listen on, and no list', { listen: '127.0.0.1:0' }],
  ['one seed, and no list', { peers: { bootstrap: '127.0.0.1:1' } }],
  ['a seed that is no text', { peers: { bootstrap: [1] } }],
])('options are looked at: %s', (_, given) => {
  expect(() => createSupervisor({ protocol: plain(), transport: tcp(), ...given })).toThrow(
    withCode('bad-argument'),
  )
})

test.each<[string, readonly unknown[]]>([
  ['connect', [undefined]],
  ['connect', [5]],
  ['request', ['somebody', undefined]],
])('what is given is looked at: %s %j', async (name, given) => {
  const { supervisor } = startAlone().alice
  const call = Reflect.get(supervisor, name) as (...args: readonly unknown[]) => Promise<unknown>
  await expect(call(...given)).rejects.toEqual(withCode('bad-argument'))
})

test.each<[string, readonly unknown[]]>([
  ['ban', [undefined]],
  ['ban', [5]],
  ['ban', [{}]],
  ['ban', [{ kind: 'range' }]],
  ['ban', [{ kind: 'identity', identity: 5 }]],
  ['ban', ['10.0.0.9', { why: 5 }]],
  ['unban', [undefined]],
  ['handle', ['blob', undefined]],
])('what is given is looked at at once: %s %j', (name, given) => {
  const { alice } = startAlone()
  const call = Reflect.get(alice.supervisor, name) as (...args: readonly unknown[]) => unknown
  expect(() => call(...given)).toThrow(withCode('bad-argument'))
  expect([alice.supervisor.bans(), alice.eventsOf('fault')]).toEqual([[], []])
})

test('a node that was never started stops at once', async () => {
  const supervisor = createSupervisor({ protocol: plain(), transport: tcp() })
  await expect(supervisor.stop({ graceMs: Number.MAX_SAFE_INTEGER })).resolves.toEqual({
    killed: [],
  })
  expect(supervisor.state).toBe('stopped')
})

test('whoever waits for a node that fails by itself is told', async () => {
  const world = startVirtualWorld({ seed: 'misuse' })
  const broken: ChildSpec<PlainTypes> = {
    name: 'broken',
    restart: 'permanent',
    keep: () => undefined,
    start({ after }) {
      after(100, () => {
        throw new Error('again')
      })
      return () => undefined
    },
  }
  const { supervisor } = startNode(world, 'alice', '10.0.0.1', { ...plain(), children: [broken] })
  const connecting = supervisor.connect(FAR, { timeoutMs: 50_000 })
  const ended = new Promise((resolve) => {
    supervisor.events.subscribe({
      complete: () => {
        resolve('completed')
      },
    })
  })
  world.advance(10_000)
  await expect(connecting).rejects.toEqual(withCode('stopped'))
  await expect(ended).resolves.toBe('completed')
  expect([supervisor.state, supervisor.audit()]).toMatchObject(['failed', NOTHING_HELD])
})

test.each([undefined, null, 'text', {}])('is no message: %p', (message) => {
  const { supervisor } = startTwo().alice
  expect(() => void Reflect.apply(supervisor.send, supervisor, ['somebody', message])).toThrow(
    withCode('bad-argument'),
  )
})

test('a message that could not be given leaves its room to others', () => {
  const { alice, bob, world } = startTwo()
  void alice.supervisor.connect(FAR)
  world.advance(100)
  const [connection] = alice.supervisor.connections()
  const blob = { type: 'blob', payload: new Uint8Array(10) } as const
  let refused = 0
  const subscription = alice.supervisor.messages('blob').subscribe(() => {
    for (let count = 0; count < 70_000; count++) {
      if (alice.supervisor.send(connection?.name ?? '', blob) === 'full') refused++
    }
  })
  bob.supervisor.send(bob.supervisor.connections()[0]?.name ?? '', blob)
  world.settle()
  subscription.unsubscribe()
  world.advance(1_000)
  expect(refused).toBeGreaterThan(0)
  // The lane is empty: all of its 8 MiB can be had.
  for (const payloadBytes of [4 * 1024 * 1024, 4 * 1024 * 1024 - 1_000]) {
    const large = { type: 'blob', payload: new Uint8Array(payloadBytes) } as const
    expect(alice.supervisor.send(connection?.name ?? '', large)).toBe('queued')
  }
})

describe('what is published or asked', () => {
  const startNative = () => {
    const world = startVirtualWorld({ seed: 'misuse' })
    const protocol = native({ network: 'test', privateKey: keyOf('dialler') })
    return { world, node: startNode(world, 'alice', '10.0.0.1', protocol) }
  }

  test.each([undefined, 'text', new ArrayBuffer(3)])('is no payload: %p', async (payload) => {
    const { supervisor } = startNative().node
    const calls = [
      Reflect.apply(supervisor.publish, supervisor, ['news', payload]),
      Reflect.apply(supervisor.request, supervisor, ['somebody', { protocol: 'one', payload }]),
    ]
    for (const call of calls) await expect(call).rejects.toEqual(withCode('bad-argument'))
  })

  test('is what it was when it was given, also where its buffer is used again', async () => {
    const { node, world } = startNative()
    const reused = Buffer.from('first')
    const published = node.supervisor.publish('news', reused, { kind: 'item' })
    reused.write('other')
    world.advance(100)
    await published
    const listing = node.supervisor.kept('news')
    world.advance(1)
    const { deliveries } = await listing
    expect(deliveries.map(({ payload }) => new TextDecoder().decode(payload))).toEqual(['first'])
  })
})

test('a handler that answers with bytes that it has given away is one that failed', async () => {
  const world = startVirtualWorld({ seed: 'misuse' })
  const protocolOf = (seat: 'dialler' | 'listener') =>
    native({ network: 'test', privateKey: keyOf(seat) })
  const alice = startNode(world, 'alice', '10.0.0.1', protocolOf('listener'))
  const bob = startNode(world, 'bob', '10.0.0.2', protocolOf('dialler'))
  let wasAsked: () => void = () => undefined
  const given = new Promise<void>((resolve) => (wasAsked = resolve))
  alice.supervisor.answer('gone', () => {
    const bytes = new Uint8Array(8)
    structuredClone(bytes.buffer, { transfer: [bytes.buffer] })
    wasAsked()
    return Promise.resolve(bytes)
  })
  bob.supervisor
    .connect(`node://${protocolOf('listener').identity ?? ''}@10.0.0.1:9946`)
    .catch(() => undefined)
  world.advance(1_000)
  const asked = bob.supervisor.request(protocolOf('listener').identity ?? '', {
    protocol: 'gone',
    payload: new Uint8Array(),
  })
  world.advance(100)
  await given
  await new Promise((resolve) => setImmediate(resolve))
  world.advance(100)
  await expect(asked).rejects.toEqual(withCode('refused-by-peer'))
})
