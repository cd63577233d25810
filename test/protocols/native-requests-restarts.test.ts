import { describe, expect, test } from 'vitest'
import { createSupervisor, NODE_LIMITS } from '../../index.ts'
import type { ChildSpec } from '../../index.ts'
import { encodeHex } from '../../codec/bytes.ts'
import type { NativeMessage, NativeTypes } from '../../protocols/native.ts'
import type { RequestsKept } from '../../actors/requests.ts'
import { NATIVE_LIMITS } from '../../protocols/native/limits.ts'
import { requestsChild } from '../../protocols/native/requests.ts'
import { record, replay } from '../../testing/recording.ts'
import { startVirtualWorld } from '../../testing/virtual-world.ts'
import type { VirtualWorld } from '../../testing/virtual-world.ts'
import { NOTHING_HELD, startNode } from '../support/nodes.ts'
import {
  addressOf,
  bytesOf,
  echo,
  fragile,
  holdAnswers,
  idOf,
  pass,
  protocolOf,
  puppet,
  settleAll,
  startAsking,
  textOf,
} from './native-requests-support.ts'

type Scene = ReturnType<typeof startAsking>
const POISON: NativeMessage = { type: 'message', protocol: 'poison', payload: bytesOf('') }

/** Makes the actor of one of them fail; what comes for it waits until it is started again. */
const fail = (scene: Scene, whom: 'alice' | 'bob'): void => {
  const { supervisor } = whom === 'alice' ? scene.bob : scene.alice
  supervisor.send(supervisor.connections()[0]?.name ?? '', POISON)
  scene.world.settle()
  expect(scene[whom].supervisor.audit().timers).toBeGreaterThan(0)
}
const failuresOf = (scene: Scene, whom: 'alice' | 'bob') =>
  scene[whom].eventsOf('child.restarted').map(({ fresh }) => fresh)

describe('an actor of requests that fails', () => {
  test('goes on with its calls: none is lost, and none is sent twice on a connection', async () => {
    const scene = startAsking({ bob: { child: fragile({ directsInFlightMax: 2 }) } })
    const { alice, ask, bob, world } = scene
    const { held, ran } = holdAnswers(alice.supervisor)
    const asked = ['one', 'two', 'three'].map((word) => ask(word))
    await settleAll(world)
    fail(scene, 'bob')
    // Answered while the actor is down.
    held[0]?.()
    await settleAll(world)
    await pass(world, 200)
    held[1]?.()
    await settleAll(world)
    held[2]?.()
    await settleAll(world)
    expect(await Promise.all(asked)).toEqual(['one', 'two', 'three'])
    expect(ran).toEqual(['one', 'two', 'three'])
    expect(failuresOf(scene, 'bob')).toEqual([false])
    expect(bob.supervisor.audit().calls).toBe(0)
  })

  test('goes on with them also where another one that failed is back before', async () => {
    const before: ChildSpec<NativeTypes> = {
      name: 'another',
      restart: 'permanent',
      keep: () => undefined,
      start(tools) {
        tools.serve({ publish: () => () => undefined, holds: () => false })
        tools.feed('message', () => {
          throw new Error('made to fail')
        })
        return () => undefined
      },
    }
    const scene = startAsking({ bob: { before, child: fragile() } })
    const { alice, ask, bob, world } = scene
    const { held } = holdAnswers(alice.supervisor)
    const asked = ask('one')
    await settleAll(world)
    fail(scene, 'bob')
    await pass(world, 200)
    expect(bob.eventsOf('child.restarted').map(({ child }) => child)).toEqual([
      ...['another', 'requests'],
    ])
    held[0]?.()
    await settleAll(world)
    expect(await asked).toBe('one')
  })

  test('ends its calls in their time, and one that is called off while it is down is gone', async () => {
    const scene = startAsking({ bob: { child: fragile({ directsInFlightMax: 2 }) } })
    const { alice, ask, bob, world } = scene
    const { ran } = holdAnswers(alice.supervisor)
    const caller = new AbortController()
    const asked = ask('one', { timeoutMs: 1_000 })
    const calledOff = ask('two', { signal: caller.signal })
    const waits = ask('three', { timeoutMs: 1_500 })
    await settleAll(world)
    fail(scene, 'bob')
    caller.abort()
    await settleAll(world)
    expect(await calledOff).toBe('aborted')
    await pass(world, 300)
    expect(ran).toEqual(['one', 'two', 'three'])
    await pass(world, 690)
    expect(bob.supervisor.audit().calls).toBe(2)
    await pass(world, 600)
    expect(await Promise.all([asked, waits])).toEqual(['timed-out', 'timed-out'])
    expect(bob.supervisor.audit().calls).toBe(0)
  })

  test('sends again what its peer lost while it was down', async () => {
    const scene = startAsking({ bob: { child: fragile() } })
    const { alice, ask, cut, world } = scene
    const { held, ran } = holdAnswers(alice.supervisor)
    const asked = ask('one')
    await settleAll(world)
    fail(scene, 'bob')
    cut()
    held[0]?.()
    await pass(world, 10_000)
    expect(await asked).toBe('one')
    expect(ran).toEqual(['one'])
  })

  test('keeps what a peer made it wait for', async () => {
    const limits = { directsPerWindowMax: 1 }
    const scene = startAsking({ alice: { limits }, bob: { child: fragile() } })
    const { alice, ask, world } = scene
    const ran = echo(alice.supervisor)
    const asked = [ask('one'), ask('two')]
    await settleAll(world)
    fail(scene, 'bob')
    await pass(world, 9_000)
    expect(ran).toEqual(['one'])
    await pass(world, 1_500)
    expect(await Promise.all(asked)).toEqual(['one', 'two'])
  })

  test.each([
    ['while it is down', 0],
    ['once it is back', 200],
  ])('owes its answers still: a handler that answers %s is heard', async (_, ms) => {
    const scene = startAsking({ alice: { child: fragile() } })
    const { alice, ask, world } = scene
    const { held, ran } = holdAnswers(alice.supervisor)
    const asked = ask('one')
    await settleAll(world)
    fail(scene, 'alice')
    await pass(world, ms)
    held[0]?.()
    await settleAll(world)
    await pass(world, 200)
    expect(await asked).toBe('one')
    expect(ran).toEqual(['one'])
    expect(failuresOf(scene, 'alice')).toEqual([false])
  })

  test('answers for a handler that takes too long, counted from when it was asked', async () => {
    const scene = startAsking({ alice: { child: fragile({ handlerMs: 5_000 }) } })
    const { alice, ask, bob, world } = scene
    holdAnswers(alice.supervisor, 60_000)
    const codes: number[] = []
    bob.supervisor.messages('error').subscribe(({ message }) => codes.push(message.code))
    const asked = ask('one')
    await settleAll(world)
    world.advance(2_000)
    fail(scene, 'alice')
    world.advance(2_900)
    await settleAll(world)
    expect(codes).toEqual([])
    world.advance(100)
    await settleAll(world)
    expect(codes).toEqual([408])
    expect(await asked).toBe('refused-by-peer')
  })

  test('remembers what it answered, and how often it was asked', async () => {
    const caller = puppet()
    const scene = startAsking({
      alice: { child: fragile({ directsPerWindowMax: 3 }) },
      bob: { child: caller.child },
    })
    const { alice, world } = scene
    const ran = echo(alice.supervisor)
    const say = async (number: number) => {
      caller.say({
        ...{ type: 'direct', requestId: new Uint8Array(16).fill(number), protocol: 'test/echo' },
        ...{ payload: bytesOf(`${number}`), metadata: undefined },
      })
      await settleAll(world)
    }
    await say(1)
    await say(2)
    fail(scene, 'alice')
    await pass(world, 200)
    await say(1)
    await say(3)
    expect(ran).toEqual(['1', '2'])
    expect(caller.heardOf('response').map(({ payload }) => textOf(payload))).toEqual([
      ...['1', '2', '1'],
    ])
    expect(caller.heardOf('error').map(({ code }) => code)).toEqual([429])
  })

  test('more often than its state is trusted ends the calls that it had', async () => {
    const scene = startAsking({ bob: { child: fragile() } })
    const { alice, ask, bob, world } = scene
    holdAnswers(alice.supervisor)
    const asked = ask('one')
    for (let failure = 0; failure < 3; failure++) {
      await settleAll(world)
      fail(scene, 'bob')
      await pass(world, 200)
    }
    expect(failuresOf(scene, 'bob')).toEqual([false, false, true])
    expect(await asked).toBe('restarting')
    expect(bob.supervisor.audit().calls).toBe(0)
    const next = ask('two', { timeoutMs: 100 })
    await pass(world, 200)
    expect(await next).toBe('timed-out')
  })

  test('leaves nothing behind where its node stops', async () => {
    const scene = startAsking({ alice: { child: fragile() }, bob: { child: fragile() } })
    const { alice, ask, bob, world } = scene
    const { held } = holdAnswers(alice.supervisor)
    const asked = ask('one')
    await settleAll(world)
    fail(scene, 'alice')
    fail(scene, 'bob')
    await pass(world, 200)
    const stopped = Promise.all([alice.supervisor.stop(), bob.supervisor.stop()])
    held[0]?.()
    await pass(world, 5_000)
    await stopped
    expect(await asked).toBe('stopped')
    for (const { supervisor } of [alice, bob]) {
      expect(supervisor.audit()).toMatchObject(NOTHING_HELD)
    }
  })
})

test('what is remembered of peers is let go once it is of no use', async () => {
  const child = requestsChild({ limits: NATIVE_LIMITS })
  let kept: RequestsKept | undefined
  const keep = () => (kept = child.keep())
  const peer = puppet()
  const scene = startAsking({ alice: { child: peer.child }, bob: { child: { ...child, keep } } })
  const { ask, bob, world } = scene
  const held = () => ({
    calls: kept?.outgoing.calls.size,
    remotes: kept?.outgoing.remotes.size,
    talkers: kept?.outgoing.talkers.size,
    answers: kept?.incoming.answers.size,
    rated: kept?.incoming.rated.size,
    owed: kept?.incoming.owed.size,
  })
  const requestId = new Uint8Array(16).fill(3)
  echo(bob.supervisor)
  const asked = ask('never', { timeoutMs: 100 })
  peer.say({ type: 'response', requestId, payload: bytesOf('nobody asked') })
  const direct = { type: 'direct', requestId, payload: bytesOf('?'), metadata: undefined } as const
  peer.say({ ...direct, protocol: 'test/echo' })
  await pass(world, 1_000)
  expect(await asked).toBe('timed-out')
  const one = { remotes: 1, talkers: 1, answers: 1, rated: 1 }
  expect(held()).toEqual({ calls: 0, owed: 0, ...one })
  await pass(world, 1_080_000)
  const none = { remotes: 0, talkers: 0, answers: 0, rated: 0 }
  expect(held()).toEqual({ calls: 0, owed: 0, ...none })
})

describe('a node that asks and answers, recorded', () => {
  async function startRecorded() {
    const start = () => startVirtualWorld({ seed: 'recorded' })
    const world: VirtualWorld = start()
    const limits = { directsPerWindowMax: 20 }
    const alice = startNode(world, 'alice', '10.0.0.1', protocolOf('alice', { limits }))
    const { crypto, datagrams: _, store, streams, ...rest } = world.nodeWorld('bob', '10.0.0.2')
    const protocol = () => protocolOf('bob', { child: fragile() })
    const supervisor = createSupervisor({
      ...{ name: 'bob', protocol: protocol(), transport: streams, store },
      world: { ...rest, crypto },
      listen: ['10.0.0.2:9946'],
      peers: { bootstrap: [addressOf('alice')] },
    })
    const recording = record(supervisor.port, crypto)
    supervisor.start().catch(() => undefined)
    echo(alice.supervisor)
    echo(supervisor)
    await pass(world, 1_000)
    const outcomes: string[] = []
    const ask = (from: { request: typeof supervisor.request }, to: string, timeoutMs: number) => {
      from
        .request(to, { protocol: 'test/echo', payload: bytesOf('again') }, { timeoutMs })
        .then(textOf, (error: unknown) => (error instanceof Error ? error.name : ''))
        .then((outcome) => outcomes.push(outcome))
        .catch(() => undefined)
    }
    for (let round = 0; round < 15; round++) {
      ask(supervisor, idOf('alice'), 30_000)
      ask(alice.supervisor, idOf('bob'), 30_000)
    }
    ask(supervisor, idOf('carol'), 1_000)
    await settleAll(world)
    alice.supervisor.send(alice.supervisor.connections()[0]?.name ?? '', POISON)
    for (let round = 0; round < 10; round++) ask(supervisor, idOf('alice'), 20_000)
    await pass(world, 500)
    alice.supervisor.disconnect(alice.supervisor.connections()[0]?.name ?? '')
    await pass(world, 30_000, 20)
    const replayed = () =>
      replay<NativeTypes>(recording, {
        ...{ name: 'bob', protocol: protocol(), limits: NODE_LIMITS, crypto },
        listen: [{ host: '10.0.0.2', port: 9946 }],
        bootstrap: [{ id: idOf('alice'), host: '10.0.0.1', port: 9946 }],
        random: start().nodeWorld('bob', '10.0.0.2').random,
      })
    const text = new TextEncoder().encode(recording.trace.join('\n'))
    return { hash: encodeHex(crypto.sha256(text)), outcomes, recording, replayed }
  }

  test('does the same again, and the same in another run', async () => {
    const { hash, outcomes, recording, replayed } = await startRecorded()
    expect(outcomes.filter((outcome) => outcome === 'again')).toHaveLength(40)
    expect(outcomes).toHaveLength(41)
    const restarted = recording.trace.filter((line) => line.startsWith('event child.restarted '))
    expect(restarted).toHaveLength(1)
    expect(replayed()).toBeUndefined()
    expect((await startRecorded()).hash).toBe(hash)
  })
})
