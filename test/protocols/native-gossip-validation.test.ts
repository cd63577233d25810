import { sign } from '@noble/secp256k1'
import { describe, expect, test } from 'vitest'
import { createSupervisor, NODE_LIMITS } from '../../index.ts'
import type { Validation } from '../../actors/services.ts'
import { broadcastBytes } from '../../codec/native/publication-bytes.ts'
import type { NativeLimits } from '../../protocols/native/limits.ts'
import type { NativeTypes } from '../../protocols/native.ts'
import { record, replay } from '../../testing/recording.ts'
import { chooseCrypto } from '../../transport/crypto/choose.ts'
import { startVirtualWorld } from '../support/nodes.ts'
import {
  bytesOf,
  hostsOf,
  identityOf,
  NETWORK,
  promisesSettled,
  protocolOf,
  startGossipNode,
  startGossipScene,
  startValidator,
  textOf,
} from './native-gossip-support.ts'
import type { AskedNode } from './native-gossip-support.ts'

function startRow(limits: Partial<NativeLimits> = {}) {
  const scene = startGossipScene({
    nodes: { near: [], far: ['near'] },
    puppets: { one: ['near'], two: ['near'], three: ['near'] },
    settings: { limits },
  })
  const near = scene.the('near')
  return { ...scene, near, far: scene.the('far'), ...startValidator(near) }
}

/** The work that a node gives away from now on. */
function jobsOf({ supervisor }: AskedNode): readonly string[] {
  const jobs: string[] = []
  supervisor.port.watch((seen) => {
    if (seen.of === 'effect' && seen.effect.kind === 'job.run') jobs.push(seen.effect.operation)
  })
  return jobs
}

const struckBy = (...names: readonly string[]) =>
  names.map((name) => `identity ${identityOf(name).id}`)

describe('while the application looks at it, a broadcast', () => {
  test('is neither delivered nor passed on; accepted, it is both, but not to who sent it', async () => {
    const { answer, asked, far, near, pass, signed, the, world } = startRow()
    const message = signed('carol')
    pass('one', 'near', message)
    world.advance(1_000)
    pass('two', 'near', message)
    world.advance(1_000)
    expect(asked).toHaveLength(1)
    expect(asked[0]?.delivery).toMatchObject({
      ...{ topic: 'news', kind: 'broadcast', origin: identityOf('carol').id },
      timestampMs: Number(message.timestampMs),
    })
    expect([near.lines(), far.received(), the('three').received()]).toEqual([[], [], []])
    await answer(0, 'accept')
    world.advance(500)
    expect([near.lines(), far.received(), the('three').received()]).toEqual([
      ...[['hello'], ['hello'], ['hello']],
    ])
    expect([the('one').received(), the('two').received()]).toEqual([[], []])
    expect(near.deliveries[0]?.id).toBe(asked[0]?.delivery.id)
  })

  test('with another signature that is as right is the same', async () => {
    const { answer, asked, near, pass, signed, the, world } = startRow()
    const message = signed('carol')
    const { privateKey } = identityOf('carol')
    const signature = sign(broadcastBytes(chooseCrypto(), NETWORK, message), privateKey, {
      extraEntropy: new Uint8Array(32).fill(7),
    })
    expect(signature).not.toEqual(message.signature)
    pass('one', 'near', message)
    pass('two', 'near', { ...message, signature })
    world.advance(100)
    expect(asked).toHaveLength(1)
    await answer(0, 'accept')
    world.settle()
    expect(near.lines()).toEqual(['hello'])
    expect(['one', 'two', 'three'].map((name) => the(name).received().length)).toEqual([0, 0, 1])
    expect([near.struck(), near.notes()]).toEqual([[], []])
  })

  test('is charged to all who sent it once it is rejected, and remembered', async () => {
    const { answer, asked, far, near, pass, signed, world } = startRow()
    const message = signed('carol')
    pass('one', 'near', message)
    pass('two', 'near', message)
    world.advance(1_000)
    await answer(0, 'reject')
    world.advance(500)
    pass('three', 'near', message)
    world.advance(1_000)
    expect(asked).toHaveLength(1)
    expect([near.lines(), far.received()]).toEqual([[], []])
    expect(near.struck()).toEqual(struckBy('one', 'two'))
  })

  test('is forgotten after a minute once it is ignored, while it is still taken', async () => {
    const { answer, asked, near, pass, signed, world } = startRow()
    const message = signed('carol')
    pass('one', 'near', message)
    world.settle()
    await answer(0, 'ignore')
    const passAfter = (ms: number) => {
      world.advance(ms)
      pass('two', 'near', message)
      world.settle()
      return asked.length
    }
    expect([passAfter(1_000), passAfter(58_999), passAfter(1)]).toEqual([1, 1, 2])
    await answer(1, 'accept')
    world.settle()
    expect(near.lines()).toEqual(['hello'])
    expect(near.struck()).toEqual([])
    // From now on it is remembered for as long as any other.
    expect([passAfter(59_999), passAfter(1), passAfter(60_000)]).toEqual([2, 2, 2])
  })

  test('waits for 5 s, then it is ignored, whatever is said later', async () => {
    const { answer, asked, far, near, pass, signed, world } = startRow()
    const message = signed('carol')
    pass('one', 'near', message)
    world.advance(5_000)
    await answer(0, 'accept')
    world.advance(1_000)
    expect([near.lines(), far.received(), near.struck()]).toEqual([[], [], []])
    world.advance(54_000)
    pass('two', 'near', message)
    world.settle()
    expect(asked).toHaveLength(2)
  })

  test('is accepted until just before', async () => {
    const { answer, near, pass, signed, world } = startRow()
    pass('one', 'near', signed('carol'))
    world.advance(4_999)
    await answer(0, 'accept')
    world.settle()
    expect(near.lines()).toEqual(['hello'])
  })

  test.each([
    ['throws', () => Promise.reject(new Error('no'))],
    ['says what is no verdict', () => Promise.resolve('perhaps' as Validation)],
  ])('is ignored where the application %s', async (_, handler) => {
    const { near, far, pass, signed, world } = startRow()
    near.supervisor.validate('news', handler)
    const message = signed('carol')
    pass('one', 'near', message)
    world.settle()
    await promisesSettled()
    world.settle()
    expect([near.lines(), far.received(), near.struck()]).toEqual([[], [], []])
    near.supervisor.validate('news', () => Promise.resolve('accept'))
    world.advance(60_000)
    pass('two', 'near', message)
    world.settle()
    await promisesSettled()
    world.settle()
    expect(near.lines()).toEqual(['hello'])
  })

  test('is the application’s own: what it does to it changes nothing that is passed on', async () => {
    const { answer, asked, far, near, pass, signed, world } = startRow()
    const seen: string[] = []
    near.supervisor.topic('news').subscribe(({ payload }) => {
      seen.push(textOf(payload))
      payload.fill(0)
    })
    pass('one', 'near', signed('carol'))
    world.settle()
    asked[0]?.delivery.payload.fill(0)
    await answer(0, 'accept')
    world.settle()
    expect([seen, far.lines(), far.struck()]).toEqual([['hello'], ['hello'], []])
  })

  test('has one of a bounded number of places; the one too many is not remembered', async () => {
    const { answer, asked, near, pass, signed, texts, world } = startRow({
      pendingPublicationsMax: 2,
    })
    const messages = ['a', 'b', 'c'].map((text, number) =>
      signed('carol', { sequence: BigInt(number), payload: bytesOf(text) }),
    )
    const jobs = jobsOf(near)
    for (const [number, message] of messages.entries()) {
      pass(number === 1 ? 'two' : 'one', 'near', message)
    }
    world.advance(100)
    expect(texts()).toEqual(['a', 'b'])
    // Where it has no place its signature is not worth the check.
    expect(jobs).toEqual(['verify', 'verify'])
    await answer(0, 'accept')
    for (const message of messages) pass('one', 'near', message)
    world.advance(100)
    expect(texts()).toEqual(['a', 'b', 'c'])
    await answer(2, 'accept')
    world.advance(100)
    expect(near.lines()).toEqual(['a', 'c'])
    expect(asked).toHaveLength(3)
  })

  test('of another topic is nobody’s to wait for', () => {
    const { asked, far, pass, signed, world } = startRow()
    pass('one', 'near', signed('carol', { topic: 'olds' }))
    world.settle()
    expect([asked.length, far.broadcasts.length]).toEqual([0, 1])
  })
})

test('where as many ids are remembered as can be, new broadcasts are dropped, and old ones stay', () => {
  const { pass, signed, the, world } = startGossipScene({
    nodes: { near: [] },
    puppets: { one: ['near'] },
    settings: { limits: { seenMax: 2, broadcastAgeMs: 3_600_000 } },
  })
  const noted: string[] = []
  the('near').supervisor.events.subscribe((event) => {
    if (event.type === 'child.noted') noted.push(event.what)
  })
  const messages = ['a', 'b', 'c'].map((text, number) =>
    signed('carol', { sequence: BigInt(number), payload: bytesOf(text) }),
  )
  const passAll = () => {
    for (const message of messages) pass('one', 'near', message)
    world.settle()
    return the('near').lines().join('')
  }
  expect(passAll()).toBe('ab')
  const jobs = jobsOf(the('near'))
  expect(passAll()).toBe('ab')
  // What could not be remembered is not worth the check of its signature.
  expect(jobs).toEqual([])
  // However many are dropped, it is said once, until there is room again.
  expect(noted).toEqual(['seen-full'])
  world.advance(299_999)
  expect(passAll()).toBe('ab')
  world.advance(1)
  // Both are forgotten at once; the first two to come take their places again.
  expect(passAll()).toBe('abab')
  expect(noted).toEqual(['seen-full', 'seen-full'])
  expect(the('near').struck()).toEqual([])
})

test('a node in a mesh, run again from what it was told, does the same', async () => {
  const crypto = chooseCrypto()
  const names = ['n1', 'n2', 'n3', 'seen']
  const hosts = hostsOf(names)
  const start = () => startVirtualWorld({ seed: 'replayed' })
  const world = start()
  const others = ['n1', 'n2', 'n3'].map((name, index) =>
    startGossipNode(world, name, 'node', hosts, names.slice(0, index)),
  )
  // Few of the crowd are drawn: the draw is part of what has to be the same.
  const protocol = () =>
    protocolOf('seen', 'node', { limits: { forwardToAllMax: 2, forwardToSome: 1 } })
  const manifest = protocol()
  const dialled = others.map(({ id, host }) => `node://${id}@${host}:9946`)
  const { datagrams: _, store, streams, ...rest } = world.nodeWorld('seen', '10.0.0.4')
  const supervisor = createSupervisor({
    ...{ name: 'seen', protocol: manifest, transport: streams, store, world: rest },
    listen: ['10.0.0.4:9946'],
    peers: { bootstrap: dialled },
  })
  const recording = record(supervisor.port, crypto)
  const started = supervisor.start()
  const { asked, answer } = startValidator({ supervisor })
  world.advance(2_000)
  await started
  others.forEach((node, index) => void node.publish(`from ${index}`))
  void supervisor.publish('news', bytesOf('from me'))
  world.advance(1_000)
  await answer(0, 'accept')
  await answer(1, 'reject')
  world.advance(10_000)
  expect(asked).toHaveLength(3)
  expect(recording.trace.filter((line) => line.includes(' broadcast '))).not.toEqual([])
  const bootstrap = dialled.map((text) => {
    const parsed = manifest.addresses.parse(text)
    if ('wrong' in parsed) throw new Error(parsed.wrong)
    return parsed.address
  })
  const options = {
    ...{ name: 'seen', bootstrap, limits: NODE_LIMITS, crypto },
    listen: [{ host: '10.0.0.4', port: 9946 }],
  }
  const again = (random = start().nodeWorld('seen', '10.0.0.4').random) =>
    replay<NativeTypes>(recording, { ...options, protocol: protocol(), random })
  expect(again()).toBeUndefined()
  expect(again(start().nodeWorld('other', '10.0.0.4').random)).toBeDefined()
})
