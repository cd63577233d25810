import { describe, expect, test } from 'vitest'
import { hexOf } from '../interop/raw-native-crypto.ts'
import {
  NUMBER,
  pack,
  publicationIdOf,
  publicationValues,
  rawIdentity,
} from '../interop/raw-native-messages.ts'
import {
  expectDropped,
  heardAt,
  lineOf,
  meshOf,
  ORIGIN,
  pass,
} from './native-conformance-broadcasts-support.ts'
import { published, ringOf, startMap } from './native-conformance-broadcasts-support.ts'
import { startRelay } from './native-conformance-broadcasts-support.ts'
import { later } from './native-conformance-directs-support.ts'
import { NETWORK, OTHER, OURS, RAW, ROLES } from './native-conformance-support.ts'

const hello = new TextEncoder().encode('hello')

describe.each(ROLES)('our node as %s', (role) => {
  test('B1: what it publishes goes to all connected, once each, signed and with 8 hops left', async () => {
    const { deliveries, neighbour, scene, sink } = startRelay(role)
    const third = scene.establish(role, { host: '10.0.0.4', identity: ORIGIN })
    const nowMs = scene.wallMs()
    const publishing = scene.ours.supervisor.publish('news', hello)
    await later(scene)
    const report = await publishing
    expect(report).toMatchObject({ queued: 3, dropped: 0 })
    const heard = [neighbour, sink, third].map(heardAt)
    expect(heard.map(({ length }) => length)).toEqual([1, 1, 1])
    for (const publication of heard.flat()) {
      expect(publication).toMatchObject({ topic: 'news', payload: hello, hopsLeft: 8 })
      expect(hexOf(publication.originId)).toBe(OURS.id)
      expect(publication.timestampMs).toBe(BigInt(nowMs))
      // A sequence begins at the wall clock's milliseconds times 1000.
      expect(publication.count).toBe(BigInt(startWallMs) * 1_000n)
      expect(publicationIdOf(NETWORK, publication)).toBe(report.id)
    }
    // It is not told what it said itself.
    expect(deliveries).toEqual([])
  })

  test('B1: what a neighbour publishes is delivered once, and goes on to all but its origin', () => {
    const { deliveries, neighbour, relay, scene, sink } = startRelay(role)
    const third = scene.establish(role, { host: '10.0.0.4', identity: ORIGIN })
    const own = published(scene.wallMs(), { payload: hello }, { identity: RAW })
    relay(own)
    expect(deliveries).toEqual([
      {
        topic: 'news',
        payload: hello,
        id: publicationIdOf(NETWORK, own),
        origin: RAW.id,
        kind: 'broadcast',
        timestampMs: scene.wallMs(),
      },
    ])
    const further = { ...own, hopsLeft: 7 }
    expect([sink, third].map(heardAt)).toEqual([[further], [further]])
    expect(heardAt(neighbour)).toEqual([])
    // Of ORIGIN, by way of RAW: neither of them is told.
    relay(published(scene.wallMs()))
    expect([neighbour, sink, third].map((stream) => heardAt(stream).length)).toEqual([0, 2, 1])
  })

  test('B1: what several neighbours pass on, and one of them twice, is delivered and goes on once', () => {
    const { deliveries, neighbour, relay, scene, sink } = startRelay(role)
    const third = scene.establish(role, { host: '10.0.0.4', identity: rawIdentity('third') })
    const publication = published(scene.wallMs())
    pass(third, publication, { hopsLeft: 3 })
    relay(publication)
    relay(publication)
    expect([deliveries.length, heardAt(sink).length]).toEqual([1, 1])
    expect([neighbour, third].flatMap(heardAt).length).toBeLessThanOrEqual(1)
    expect(scene.struck()).toEqual([])
  })

  test('B2: what it published itself is neither delivered nor passed on when it comes back', async () => {
    const { deliveries, neighbour, relay, scene, sink } = startRelay(role)
    scene.ours.supervisor.publish('news', hello).catch(() => undefined)
    await later(scene)
    const [own] = heardAt(neighbour)
    if (own === undefined) throw new Error('nothing was published')
    relay(own, { hopsLeft: 7 })
    expect([deliveries.length, heardAt(sink).length, scene.struck()]).toEqual([0, 1, []])
  })

  test('B11: after a restart of it nothing new has a number that was used', async () => {
    const { neighbour, scene } = startRelay(role)
    const publishTwice = async () => {
      for (let count = 0; count < 2; count++) {
        scene.ours.supervisor.publish('news', hello).catch(() => undefined)
        await later(scene)
      }
    }
    await publishTwice()
    const before = heardAt(neighbour).map(({ count }) => count)
    // In the same millisecond: the clock alone would give the same numbers again.
    scene.restart()
    const again = scene.establish(role, { host: '10.0.0.5', identity: rawIdentity('again') })
    await publishTwice()
    const all = [...before, ...heardAt(again).map(({ count }) => count)]
    expect(all).toHaveLength(4)
    expect(all).toEqual([...new Set(all)].sort((one, other) => (one < other ? -1 : 1)))
  })
})

test('B2: in a line of 5 the last gets it, and each passes it on with one hop less', async () => {
  const { attach, counts, expectNobodyStruck, the, world } = startMap(5, lineOf(5))
  const ends = [0, 1, 2, 3, 4].map((at) => attach(at, rawIdentity(`end ${at}`)))
  the(0)
    .supervisor.publish('news', hello)
    .catch(() => undefined)
  await later({ world })
  expect(counts()).toEqual([0, 1, 1, 1, 1])
  const heard = ends.map((end) => heardAt(end).map(({ hopsLeft }) => hopsLeft))
  expect(heard).toEqual([[8], [7], [6], [5], [4]])
  expect(hexOf(ends.flatMap(heardAt).at(-1)?.originId ?? hello)).toBe(the(0).identity.id)
  expectNobodyStruck()
})

test.each([
  ['ring', ringOf(6), [8, 7, 6, 5, 6, 7]],
  ['full mesh', meshOf(6), [8, 7, 7, 7, 7, 7]],
] as const)(
  'B2: in a %s of 6 each gets it exactly once, its origin not at all',
  async (...given) => {
    const [, edges, hops] = given
    const { attach, counts, expectNobodyStruck, the, world } = startMap(6, edges)
    const ends = hops.map((_, at) => attach(at, rawIdentity(`end ${at}`)))
    the(0)
      .supervisor.publish('news', hello)
      .catch(() => undefined)
    await later({ world })
    world.advance(10_000)
    expect(counts()).toEqual([0, 1, 1, 1, 1, 1])
    expect(ends.map((end) => heardAt(end).length)).toEqual([1, 1, 1, 1, 1, 1])
    // The network may be quicker one way than another; nobody gets it with more hops than the shortest has.
    for (const [at, end] of ends.entries()) {
      expect(heardAt(end)[0]?.hopsLeft).toBeLessThanOrEqual(hops[at] ?? 0)
    }
    expectNobodyStruck()
  },
)

test('B3: in a line the 9th after the origin still delivers, and the 10th gets nothing', () => {
  const { attach, counts, expectNobodyStruck, nowMs, world } = startMap(10, lineOf(10))
  const origin = attach(0, ORIGIN)
  // Behind the 8th, the 9th and the 10th: each is as far as the node after the one it is at.
  const ends = [7, 8, 9].map((at) => attach(at, rawIdentity(`end ${at}`)))
  pass(origin, published(nowMs(), { payload: hello }))
  world.settle()
  expect(counts()).toEqual([1, 1, 1, 1, 1, 1, 1, 1, 1, 0])
  const heard = ends.map((end) => heardAt(end).map(({ hopsLeft }) => hopsLeft))
  expect(heard).toEqual([[0], [], []])
  expect(heardAt(origin)).toEqual([])
  expectNobodyStruck()
})

test('B9: a neighbour that does not read loses broadcasts, keeps directs, and costs no more than its lane', async () => {
  const { neighbour, scene, sink } = startRelay()
  const laneBytes = 4 * 1_024 * 1_024
  sink.pause()
  const reports = []
  for (let count = 0; count < 80; count++) {
    const payload = new Uint8Array(65_536).fill(count)
    const publishing = scene.ours.supervisor.publish('news', payload)
    await later(scene)
    reports.push(await publishing)
  }
  const droppedCount = reports.filter(({ dropped }) => dropped === 1).length
  expect(droppedCount).toBeGreaterThan(0)
  const [unsent = 0] = scene.ours.supervisor
    .connections()
    .filter(({ identity }) => identity === OTHER.id)
    .map(({ unsentBytes }) => unsentBytes)
  // All that is held for it: its lane, what is handed to the transport, and the stream's own window.
  const heldBytes = (80 - droppedCount) * 65_536
  expect(heldBytes).toBeLessThanOrEqual(laneBytes + unsent + 65_536)
  expect(heldBytes).toBeGreaterThan(laneBytes - 65_536)
  expect(unsent).toBeLessThanOrEqual(1_024 * 1_024)
  expect(heardAt(neighbour)).toHaveLength(80)

  const asked = scene.ours.supervisor.request(OTHER.id, { protocol: 'test/echo', payload: hello })
  scene.world.settle()
  expect(sink.peer.heardOf(NUMBER.direct)).toEqual([])
  sink.resume()
  scene.world.settle()
  const [direct] = sink.peer.heardOf(NUMBER.direct)
  expect(direct?.slice(2)).toEqual(['test/echo', hello, null])
  // Before the broadcasts that had waited longer.
  const numbers = sink.peer.heard.map(({ values: [number] }) => number)
  expect(numbers.lastIndexOf(NUMBER.broadcast)).toBeGreaterThan(numbers.indexOf(NUMBER.direct))
  sink.peer.say([NUMBER.response, direct?.[1] ?? null, hello])
  scene.world.settle()
  await expect(asked).resolves.toEqual(hello)
  expect(heardAt(sink)).toHaveLength(80 - droppedCount)
  expect([sink.state(), sink.peer.problems, scene.struck()]).toEqual(['open', [], []])
})

describe('B10: who is not verified', () => {
  test('is told of no broadcast, ours or another’s, until it is', async () => {
    const { deliveries, neighbour, scene } = startRelay()
    const provisional = scene.greet('responder', undefined, {
      host: '10.0.0.4',
      identity: ORIGIN,
    })
    const dialled = scene.attract({ host: '10.0.0.5', identity: rawIdentity('dialled') })
    scene.ours.supervisor.publish('news', hello).catch(() => undefined)
    await later(scene)
    pass(neighbour, published(scene.wallMs(), {}, { identity: RAW }))
    scene.world.settle()
    expect(deliveries).toHaveLength(1)
    for (const { peer } of [provisional, dialled]) {
      expect(peer.heard.map(({ values: [number] }) => number)).toEqual([NUMBER.handshake])
    }
    provisional.peer.confirm()
    scene.world.settle()
    pass(neighbour, published(scene.wallMs(), { count: 2n }, { identity: RAW }))
    scene.world.settle()
    expect(heardAt(provisional).map(({ count }) => count)).toEqual([2n])
  })

  test('is not heard: neither its own nor what is of another', () => {
    const { deliveries, scene, sink } = startRelay()
    const stranger = rawIdentity('stranger')
    for (const [at, identity] of [stranger, ORIGIN].entries()) {
      const publication = published(scene.wallMs(), {}, { identity })
      const host = `10.0.0.${at + 4}`
      const stream = scene.greet('responder', undefined, { host, identity: stranger })
      // Its handshake is right, and it has no keys: what it says is in the clear.
      stream.peer.frame(pack(publicationValues(publication)))
      scene.world.settle()
      expect([stream.state(), stream.peer.errors()]).toEqual(['ended', []])
    }
    expect([deliveries, heardAt(sink)]).toEqual([[], []])
  })

  test('nor is an origin that is banned, or not on the allow list, through one that is', () => {
    const allowing = startRelay('responder', { allow: [RAW.id, OTHER.id] })
    const banning = startRelay()
    banning.scene.ours.supervisor.ban(ORIGIN.id)
    banning.scene.world.settle()
    for (const relayed of [allowing, banning]) {
      const { relay, scene } = relayed
      expectDropped(relayed, () => {
        relay(published(scene.wallMs()))
      })
      expect(scene.struck()).toEqual([])
      relay(published(scene.wallMs(), {}, { identity: RAW }))
      expect(relayed.deliveries.map(({ origin }) => origin)).toEqual([RAW.id])
    }
  })
})

/** The virtual world's wall clock when our node started. */
const startWallMs = 1_735_689_600_000
