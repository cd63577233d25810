import { describe, expect, test } from 'vitest'
import { PAYLOAD_BYTES_MAX } from '../../codec/native/messages.ts'
import { NOTHING_HELD } from '../support/nodes.ts'
import {
  addressOf,
  bytesOf,
  echo,
  errorTo,
  holdAnswers,
  idOf,
  pass,
  puppet,
  settleAll,
  startAsking,
} from './native-requests-support.ts'

const ID = new Uint8Array(16).fill(7)
const idAt = (number: number) => Uint8Array.from({ length: 16 }, (_, at) => (at ? 1 : number))
const CONTENT = { protocol: 'p', payload: new Uint8Array(1) }
const response = (requestId: Uint8Array) =>
  ({ type: 'response', requestId, payload: bytesOf('forged') }) as const

describe('a request', () => {
  test('is answered by the handler of its protocol, with what was asked', async () => {
    const { alice, bob, world } = startAsking()
    const owned: number[] = []
    alice.supervisor.answer('test/sum', ({ metadata, payload, protocol }) => {
      owned.push(payload.buffer.byteLength, metadata?.buffer.byteLength ?? 0)
      return Promise.resolve(
        bytesOf(`${protocol} ${payload.join('+')} ${metadata?.join('+') ?? ''}`),
      )
    })
    const asked = bob.supervisor.request(idOf('alice'), {
      protocol: 'test/sum',
      payload: Uint8Array.of(1, 2),
      metadata: Uint8Array.of(3),
    })
    await settleAll(world)
    const answer = await asked
    expect(answer).toEqual(bytesOf('test/sum 1+2 3'))
    // What the applications get is their own, and no part of what was received.
    expect(answer.buffer.byteLength).toBe(answer.length)
    expect(owned).toEqual([2, 1])
  })

  test('that was answered leaves no timer of its own behind', async () => {
    const { alice, ask, bob, world } = startAsking()
    echo(alice.supervisor)
    const before = [alice, bob].map(({ supervisor }) => supervisor.audit().timers)
    const asked = Array.from({ length: 10 }, () => ask('one', { timeoutMs: 600_000 }))
    await settleAll(world)
    expect(await Promise.all(asked)).toEqual(Array(10).fill('one'))
    expect([alice, bob].map(({ supervisor }) => supervisor.audit().timers)).toEqual(before)
  })

  test('that is answered with nothing gets an empty answer', async () => {
    const { alice, ask, world } = startAsking()
    alice.supervisor.answer('test/echo', () => Promise.resolve(undefined))
    const asked = ask('anything')
    await settleAll(world)
    expect(await asked).toBe('')
  })

  test.each([
    ['an identity', () => idOf('alice')],
    ['an address', () => addressOf('alice')],
  ])('goes to %s', async (_, peer) => {
    const { alice, ask, world } = startAsking()
    echo(alice.supervisor)
    const asked = ask('one', {}, peer())
    await settleAll(world)
    expect(await asked).toBe('one')
  })

  test('goes to a connection by its name, both ways', async () => {
    const { alice, ask, bob, world } = startAsking()
    const ran = [echo(alice.supervisor), echo(bob.supervisor)]
    const asked = ask('one', {}, bob.supervisor.connections()[0]?.name)
    const back = alice.supervisor.request(alice.supervisor.connections()[0]?.name ?? '', {
      protocol: 'test/echo',
      payload: bytesOf('two'),
    })
    await settleAll(world)
    expect(await asked).toBe('one')
    expect(await back).toEqual(bytesOf('two'))
    expect(ran).toEqual([['one'], ['two']])
  })

  test('by the name of a connection that is gone comes back, though its peer is there again', async () => {
    const { alice, ask, bob, cut, world } = startAsking()
    echo(alice.supervisor)
    const [gone] = bob.supervisor.connections()
    cut()
    world.advance(20_000)
    const [next] = bob.supervisor.connections()
    expect(next).toMatchObject({ phase: 'active', identity: gone?.identity })
    expect(next?.name).not.toBe(gone?.name)
    const asked = [gone, next].map((connection) => ask('one', {}, connection?.name))
    await settleAll(world)
    expect(await Promise.all(asked)).toEqual(['unknown-peer', 'one'])
  })

  test('to a peer that is not connected dials it first', async () => {
    const { alice, ask, bob, world } = startAsking({ bob: { bootstrap: [] } })
    echo(alice.supervisor)
    expect(bob.supervisor.connections()).toEqual([])
    const asked = ask('one', {}, addressOf('alice'))
    await pass(world, 2_000)
    expect(await asked).toBe('one')
  })

  test.each([
    ['an identity without an address', () => idOf('carol')],
    ['our own identity', () => idOf('bob')],
    ['neither name, identity nor address', () => 'nobody'],
  ])('to %s comes back at once, and nothing is dialled', async (_, peer) => {
    const { ask, bob, world } = startAsking()
    const before = bob.eventsOf('connection.started').length
    const asked = ask('one', {}, peer())
    world.settle()
    expect(await asked).toBe('unknown-peer')
    world.advance(5_000)
    expect(bob.eventsOf('connection.started')).toHaveLength(before)
  })

  test('may be one of fifty, answered in reverse order', async () => {
    const { alice, ask, world } = startAsking()
    const { held, ran } = holdAnswers(alice.supervisor)
    const words = Array.from({ length: 50 }, (_, number) => `word ${number}`)
    const order: string[] = []
    const asked = words.map((word) =>
      ask(word).then((answer) => {
        order.push(answer)
        return answer
      }),
    )
    await settleAll(world)
    expect(ran).toEqual(words)
    for (const release of held.toReversed()) {
      release()
      await settleAll(world)
    }
    expect(await Promise.all(asked)).toEqual(words)
    expect(order).toEqual(words.toReversed())
  })

  test.each([
    ['a payload', { protocol: 'p', payload: new Uint8Array(PAYLOAD_BYTES_MAX + 1) }],
    ['a name', { protocol: 'é'.repeat(65), payload: new Uint8Array(1) }],
    ['metadata', { protocol: 'p', payload: new Uint8Array(1), metadata: new Uint8Array(4_097) }],
  ])('with %s above its limit is refused where it is made', async (_, content) => {
    const { alice, bob, world } = startAsking()
    const asked = bob.supervisor.request(idOf('alice'), content)
    const refused = expect(asked).rejects.toMatchObject({ code: 'bad-argument' })
    await settleAll(world)
    await refused
    expect(alice.supervisor.connections()[0]?.counters.receivedMessages).toBe(2)
  })

  test.each([
    ['a peer that is no text', 7, { protocol: 'p', payload: new Uint8Array(1) }],
    ['a protocol that is no text', idOf('alice'), { protocol: 7, payload: new Uint8Array(1) }],
    ['a payload that is text', idOf('alice'), { protocol: 'p', payload: 'text' }],
    ['metadata that is text', idOf('alice'), { ...CONTENT, metadata: 'text' }],
    ['a time that is none', idOf('alice'), { ...CONTENT, timeoutMs: -1 }],
  ])('from JavaScript with %s is refused, and nothing else happens', async (_, peer, given) => {
    const { bob, world } = startAsking()
    const { timeoutMs, ...content } = { timeoutMs: 1_000, ...given }
    const { request } = bob.supervisor
    const asked: unknown = Reflect.apply(request, undefined, [peer, content, { timeoutMs }])
    const refused = expect(asked).rejects.toMatchObject({
      code: 'bad-argument',
    })
    await settleAll(world)
    await refused
    expect(bob.eventsOf('fault')).toEqual([])
    expect(bob.supervisor.connections().map(({ phase }) => phase)).toEqual(['active'])
  })

  test('with the most that may be comes through, and so does its answer', async () => {
    const { alice, bob, world } = startAsking()
    echo(alice.supervisor)
    const payload = new Uint8Array(PAYLOAD_BYTES_MAX).fill(5)
    const asked = bob.supervisor.request(idOf('alice'), {
      ...{ protocol: 'test/echo', payload, metadata: new Uint8Array(4_096) },
    })
    await pass(world, 1_000)
    expect((await asked).length).toBe(PAYLOAD_BYTES_MAX)
  })
})

describe('a connection that is lost', () => {
  test('while the handler runs: it is asked again with the same id, and runs once', async () => {
    const { alice, ask, cut, world } = startAsking()
    const ids: string[] = []
    const ends: string[] = []
    alice.supervisor.messages('direct').subscribe(({ message, peer }) => {
      ids.push(message.requestId.join())
      ends.push(peer.connection)
    })
    const { held, ran } = holdAnswers(alice.supervisor)
    const asked = ask('once')
    await settleAll(world)
    cut()
    await pass(world, 5_000)
    expect(ids).toHaveLength(2)
    expect(new Set(ids).size).toBe(1)
    expect(new Set(ends).size).toBe(2)
    held[0]?.()
    await settleAll(world)
    expect(await asked).toBe('once')
    expect(ran).toEqual(['once'])
  })

  test('before the answer: it is given again, and the handler runs once', async () => {
    const { alice, ask, cut, world } = startAsking()
    const { held, ran } = holdAnswers(alice.supervisor)
    const asked = ask('once')
    await settleAll(world)
    cut()
    held[0]?.()
    await pass(world, 5_000)
    expect(await asked).toBe('once')
    expect(ran).toEqual(['once'])
  })

  test('for good: the call ends with its time, and nothing of it is left', async () => {
    const { alice, ask, bob, world } = startAsking()
    holdAnswers(alice.supervisor)
    const asked = ask('never', { timeoutMs: 20_000 })
    await settleAll(world)
    world.kill('alice')
    await pass(world, 19_990)
    expect(bob.supervisor.audit().calls).toBe(1)
    await pass(world, 20)
    expect(await asked).toBe('timed-out')
    expect(bob.supervisor.audit().calls).toBe(0)
  })

  test('and was not ours to make: the peer is dialled for the call', async () => {
    const { ask, bob, world } = startAsking({
      alice: { bootstrap: [addressOf('bob')] },
      bob: { bootstrap: [] },
    })
    world.advance(2_000)
    expect(bob.supervisor.connections().map(({ role }) => role)).toEqual(['listener'])
    const asked = ask('never', { timeoutMs: 5_000 }, addressOf('alice'))
    expect(bob.eventsOf('connection.started').map(({ role }) => role)).toEqual(['listener'])
    world.kill('alice')
    world.settle()
    expect(bob.eventsOf('connection.started').at(-1)).toMatchObject({
      ...{ role: 'dialler', address: addressOf('alice') },
    })
    await pass(world, 5_000)
    expect(await asked).toBe('timed-out')
  })

  test('and a peer that comes back as another process answers', async () => {
    const { ask, start, world } = startAsking()
    const asked = ask('again', { timeoutMs: 60_000 })
    world.kill('alice')
    await pass(world, 1_000)
    echo(start('alice').supervisor)
    await pass(world, 20_000)
    expect(await asked).toBe('again')
  })
})

describe('the time of a call', () => {
  test('is kept to the millisecond; its late answer is no answer to anything', async () => {
    const { alice, ask, bob, world } = startAsking()
    const { held } = holdAnswers(alice.supervisor)
    let isOver = false
    const asked = ask('late', { timeoutMs: 200 }).finally(() => (isOver = true))
    world.settle()
    world.advance(199)
    await settleAll(world)
    expect(isOver).toBe(false)
    world.advance(1)
    await settleAll(world)
    expect(await asked).toBe('timed-out')
    held[0]?.()
    await settleAll(world)
    expect(bob.supervisor.connections()).toHaveLength(1)
  })

  test('may pass for many: their late answers are not charged to the peer', async () => {
    const { alice, ask, bob, world } = startAsking()
    const { held } = holdAnswers(alice.supervisor)
    const asked = Array.from({ length: 40 }, () => ask('late', { timeoutMs: 200 }))
    await pass(world, 300)
    expect(await Promise.all(asked)).toEqual(Array(40).fill('timed-out'))
    for (const release of held) release()
    await pass(world, 100)
    expect(held).toHaveLength(40)
    const [connection] = bob.supervisor.connections()
    expect(connection?.counters.receivedMessages).toBe(41)
    expect(bob.eventsOf('peer.struck')).toEqual([])
  })

  test('that is called off frees its place for the next one', async () => {
    const { alice, ask, bob, world } = startAsking({ bob: { limits: { directsInFlightMax: 1 } } })
    const { held, ran } = holdAnswers(alice.supervisor)
    const caller = new AbortController()
    const first = ask('first', { signal: caller.signal })
    const second = ask('second')
    await settleAll(world)
    expect(ran).toEqual(['first'])
    caller.abort()
    await settleAll(world)
    expect(await first).toBe('aborted')
    expect(ran).toEqual(['first', 'second'])
    for (const release of held) release()
    await settleAll(world)
    expect(await second).toBe('second')
    expect(bob.supervisor.audit().calls).toBe(0)
  })
})

describe('answers that nobody asked for', () => {
  function startForger() {
    const forger = puppet()
    const scene = startAsking({
      bob: { bootstrap: [addressOf('alice'), addressOf('carol')] },
      carol: { child: forger.child, bootstrap: [] },
    })
    scene.start('carol')
    scene.world.advance(3_000)
    return { ...scene, forger }
  }

  test('from another peer than was asked are ignored, whatever their id', async () => {
    const { alice, ask, forger, world } = startForger()
    const { held } = holdAnswers(alice.supervisor)
    const ids: Uint8Array[] = []
    alice.supervisor.messages('direct').subscribe(({ message }) => ids.push(message.requestId))
    const asked = ask('mine')
    await settleAll(world)
    forger.say(response(ids[0] ?? ID))
    await settleAll(world)
    held[0]?.()
    await settleAll(world)
    expect(ids).toHaveLength(1)
    expect(await asked).toBe('mine')
  })

  test('are borne up to twenty a minute; the next one is charged', async () => {
    const { bob, forger, world } = startForger()
    for (let number = 0; number < 20; number++) forger.say(response(idAt(number)))
    await settleAll(world)
    expect(bob.eventsOf('peer.struck')).toEqual([])
    world.advance(60_000)
    for (let number = 0; number < 20; number++) forger.say(response(idAt(number)))
    await settleAll(world)
    expect(bob.eventsOf('peer.struck')).toEqual([])
    forger.say(response(ID))
    await settleAll(world)
    expect(bob.eventsOf('peer.struck')).toMatchObject([
      { strikes: 1, subject: `identity ${idOf('carol')}` },
    ])
  })

  test('are answered with nothing, Errors least of all', async () => {
    const { bob, forger, world } = startForger()
    forger.say(errorTo(ID, 500))
    forger.say(response(ID))
    await pass(world, 1_000)
    expect(forger.heard).toEqual([])
    expect(bob.supervisor.connections()).toHaveLength(2)
  })
})

describe('calls of one peer', () => {
  const limits = { directsInFlightMax: 2, directsQueuedMax: 3 }

  test('wait for a place in flight in their order, and what is above the queue comes back', async () => {
    const { alice, ask, world } = startAsking({ bob: { limits } })
    const { held, ran } = holdAnswers(alice.supervisor)
    const words = ['1', '2', '3', '4', '5']
    const asked = words.map((word) => ask(word))
    const refused = ask('6')
    await settleAll(world)
    expect(await refused).toBe('busy')
    expect(ran).toEqual(['1', '2'])
    for (const word of words) {
      expect(ran).toContain(word)
      held[words.indexOf(word)]?.()
      await settleAll(world)
    }
    expect(await Promise.all(asked)).toEqual(words)
    const more = ask('7')
    await settleAll(world)
    held[5]?.()
    await settleAll(world)
    expect(await more).toBe('7')
  })

  test('do not hold up those of another peer', async () => {
    const { alice, ask, start, world } = startAsking({
      bob: { limits, bootstrap: [addressOf('alice'), addressOf('carol')] },
      carol: { bootstrap: [] },
    })
    echo(start('carol').supervisor)
    holdAnswers(alice.supervisor)
    world.advance(3_000)
    const stuck = Array.from({ length: 5 }, () => ask('stuck', { timeoutMs: 1_000 }))
    const free = ask('free', {}, idOf('carol'))
    await settleAll(world)
    expect(await free).toBe('free')
    await pass(world, 1_000)
    expect(await Promise.all(stuck)).toEqual(Array(5).fill('timed-out'))
  })

  test('that are refused for their rate wait as long as they are told, and pass then', async () => {
    const { alice, ask, bob, world } = startAsking()
    const ran = echo(alice.supervisor)
    const waits: (number | undefined)[] = []
    bob.supervisor.messages('error').subscribe(({ message }) => waits.push(message.retryAfterMs))
    const asked = Array.from({ length: 101 }, (_, number) => ask(`${number}`))
    await pass(world, 9_000)
    expect(ran).toHaveLength(100)
    expect(waits).toHaveLength(1)
    expect(waits[0]).toBeGreaterThan(9_900)
    await pass(world, 1_100)
    expect(await Promise.all(asked)).toHaveLength(101)
    expect(ran).toHaveLength(101)
    expect(waits).toHaveLength(1)
  })

  test('that would have to wait beyond their time are refused', async () => {
    const { alice, ask, world } = startAsking({ alice: { limits: { directsPerWindowMax: 1 } } })
    echo(alice.supervisor)
    const asked = [ask('one', { timeoutMs: 5_000 }), ask('two', { timeoutMs: 5_000 })]
    await settleAll(world)
    expect(await Promise.all(asked)).toEqual(['one', 'refused-by-peer'])
  })

  test('are not stopped for ever by a peer that says so', async () => {
    const server = puppet()
    const { ask, world } = startAsking({ alice: { child: server.child } })
    const asked = [ask('one', { timeoutMs: 200_000 }), ask('two', { timeoutMs: 200_000 })]
    await settleAll(world)
    const [first] = server.heardOf('direct')
    server.say(errorTo(first?.requestId ?? ID, 429, 100_000))
    await settleAll(world)
    const third = ask('three')
    await pass(world, 9_900)
    expect(server.heardOf('direct')).toHaveLength(2)
    await pass(world, 200)
    expect(server.heardOf('direct').map(({ payload }) => payload)).toEqual(
      ['one', 'two', 'three'].map(bytesOf),
    )
    await pass(world, 89_800)
    expect(server.heardOf('direct')).toHaveLength(3)
    await pass(world, 200)
    expect(server.heardOf('direct').at(-1)).toEqual(first)
    for (const { requestId } of server.heardOf('direct')) server.say(response(requestId))
    await settleAll(world)
    // The third's own time was over.
    expect(await Promise.all([...asked, third])).toEqual(['forged', 'forged', 'timed-out'])
  })
})

test.each([408, 500, 503])(
  'an Error %i is the end of its call, whatever else it says',
  async (code) => {
    const server = puppet()
    const { ask, world } = startAsking({ alice: { child: server.child } })
    const asked = ask('one')
    await settleAll(world)
    server.say(errorTo(server.heardOf('direct')[0]?.requestId ?? ID, code, 1_000))
    await settleAll(world)
    expect(await asked).toBe('refused-by-peer')
  },
)

test('an Error about the connection is nothing to the calls', async () => {
  const { alice, bob, world } = startAsking()
  alice.supervisor.ban(idOf('bob'))
  await pass(world, 100)
  expect(bob.eventsOf('connection.closed')).toMatchObject([{ detail: 'told-banned' }])
  expect([...bob.eventsOf('child.restarted'), ...bob.eventsOf('fault')]).toEqual([])
})

test('a stop of both nodes leaves nothing behind, and calls that wait end', async () => {
  const { alice, ask, bob, world } = startAsking()
  holdAnswers(alice.supervisor)
  const asked = [ask('one'), ask('two')]
  await settleAll(world)
  const stopped = Promise.all([alice.supervisor.stop(), bob.supervisor.stop()])
  world.advance(5_000)
  await stopped
  expect(await Promise.all(asked)).toEqual(['stopped', 'stopped'])
  for (const { supervisor } of [alice, bob]) expect(supervisor.audit()).toMatchObject(NOTHING_HELD)
})
