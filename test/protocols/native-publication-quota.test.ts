import { describe, expect, test } from 'vitest'
import type { ConnectionWatcher } from '../../actors/child.ts'
import type { NativeTypes } from '../../machines/handshakes/native.ts'
import { createPublicationQuota } from '../../protocols/native/publication-quota.ts'
import { startVirtualWorld } from '../support/nodes.ts'
import { bytesOf, identityOf, startGossipScene, startValidator } from './native-gossip-support.ts'
import { addressOf, itemOf, startItemNode, startRawNode } from './native-items-support.ts'
import { viewOf } from './native-support.ts'

describe('of one neighbour', () => {
  function startQuota(publicationsPerWindowMax = 3, here: ReadonlySet<string> = new Set()) {
    let nowMs = 0
    let watcher: ConnectionWatcher<NativeTypes> = {}
    const quota = createPublicationQuota(
      { monotonicMs: () => nowMs, watch: (given) => (watcher = given) },
      { publicationsPerWindowMax, publicationsWindowMs: 1_000 },
    )
    const viewOfOne = (name: string, identity: string) => viewOf('listener', { name, identity })
    return {
      gone: (name: string, identity: string) => watcher.gone?.(viewOfOne(name, identity)),
      /** How many of so many at once it takes. */
      send(count: number, atMs: number, name = 'one', identity = 'alice', source?: string) {
        nowMs = atMs
        const neighbour = viewOfOne(name, identity)
        let taken = 0
        for (let sent = 0; sent < count; sent++) {
          if (quota.isUsedUp(neighbour, source, here)) continue
          quota.note(neighbour, source)
          taken++
        }
        return taken
      },
    }
  }

  test('so many are sent within any window, however they are spread', () => {
    const { send } = startQuota()
    expect([send(2, 0), send(2, 999), send(1, 1_000), send(3, 1_001)]).toEqual([2, 1, 1, 1])
    expect([send(9, 1_998), send(9, 1_999), send(9, 2_001)]).toEqual([0, 1, 2])
  })

  test('it is nothing to another one', () => {
    const { send } = startQuota()
    expect([send(9, 0), send(9, 0, 'two', 'bob')]).toEqual([3, 3])
  })

  test('it is counted by identity: who leaves and comes back has had what it had', () => {
    const { gone, send } = startQuota()
    expect([send(3, 0), send(1, 0, 'two')]).toEqual([3, 0])
    gone('two', 'alice')
    expect([send(4, 999, 'three'), send(4, 1_000, 'three')]).toEqual([0, 3])
  })

  test('a tenth is for our own, whoever else is passed on', () => {
    const { send } = startQuota(100)
    const passOn = (source: string, atMs = 0) => send(200, atMs, 'one', 'alice', source)
    expect([passOn('a'), passOn('b'), passOn('c'), passOn('d')]).toEqual([81, 9, 0, 0])
    expect([send(200, 0), passOn('e', 999)]).toEqual([10, 0])
    expect(passOn('b', 1_000)).toBe(81)
  })

  test('of what is passed on half is for those who are here, however many send all at once', () => {
    const here = ['alice', 'a', 'b', 'c', 'd', 'e']
    const { send } = startQuota(100, new Set(here))
    const passOn = (source: string) => send(200, 0, 'one', 'alice', source)
    // Of the 90, nine for each of five; alice is not sent what she sends.
    expect([passOn('a'), passOn('b'), passOn('stranger'), passOn('c')]).toEqual([45, 18, 0, 9])
    expect([passOn('d'), passOn('e'), passOn('stranger')]).toEqual([9, 9, 0])
  })

  test('with more who are here than places are kept for, each has one', () => {
    const here = Array.from({ length: 80 }, (_, index) => `source ${index}`)
    const { send } = startQuota(100, new Set(here))
    send(200, 0, 'one', 'alice', 'source 0')
    expect(here.slice(1).map((source) => send(1, 0, 'one', 'alice', source))).not.toContain(0)
  })

  test('who passes on little is heard behind those who pass on all they may', () => {
    const { send } = startQuota(100)
    const greedy = Array.from({ length: 10 }, (_, index) => `greedy ${index}`)
    let modest = 0
    for (let atMs = 0; atMs < 10_000; atMs += 10) {
      for (const source of greedy) send(1, atMs, 'one', 'alice', source)
      if (atMs % 250 === 0) modest += send(1, atMs, 'one', 'alice', 'modest')
    }
    expect(modest).toBe(40)
  })
})

/** A tenth of the usual numbers, in their proportion. */
const LIMITS = { publicationsPerWindowMax: 10, publicationsStrikeMax: 100 }
const PUBLISHERS = Array.from({ length: 12 }, (_, index) => `publisher${index}`)

describe('a node in the middle', () => {
  test('that passes on what twelve may send it is struck by nobody', () => {
    const { pass, signed, the, world } = startGossipScene({
      nodes: { middle: [], far: ['middle'] },
      puppets: Object.fromEntries(PUBLISHERS.map((name) => [name, ['middle']])),
      settings: { limits: LIMITS },
    })
    const [middle, far] = [the('middle'), the('far')]
    world.advance(10_000)
    // Four windows in which each publisher sends all that is taken of one neighbour.
    for (let second = 0; second < 40; second++) {
      for (const name of PUBLISHERS) {
        pass(name, 'middle', signed(name, { sequence: BigInt(second) }))
      }
      world.advance(1_000)
    }
    expect([middle.struck(), far.struck()]).toEqual([[], []])
    expect(middle.deliveries).toHaveLength(480)
    // One of ten in each window is for what the middle publishes itself.
    expect(far.received()).toHaveLength(36)
    expect(far.deliveries).toHaveLength(36)
    // Each of the 13 neighbours took so many, of 480 that were for all but the one that sent it.
    const [gossip] = middle.supervisor.inside.children()
    expect(gossip?.shown().totals).toMatchObject({ overQuota: 480 * 12 - 13 * 36 })
  })

  test('that passes items on has them asked for where there are too many, and is struck by nobody', () => {
    const world = startVirtualWorld({ seed: 'items over the quota' })
    const limits = { ...LIMITS, locatorEveryMs: 1_000 }
    const middle = startItemNode(world, 'middle', '10.0.0.1', { limits })
    const to = [addressOf('middle', '10.0.0.1')]
    const far = startItemNode(world, 'far', '10.0.0.2', { limits, bootstrap: to })
    const publishers = PUBLISHERS.map((name, index) => ({
      name,
      node: startRawNode(world, name, `10.0.1.${index + 1}`, to),
    }))
    world.advance(2_000)
    for (let number = 0n; number < 10n; number++) {
      for (const { name, node } of publishers) node.send(itemOf(name, number, 'hello'))
    }
    world.advance(60_000)
    expect(middle.deliveries).toHaveLength(120)
    expect(far.deliveries.map(({ by }) => by).filter((by) => by === 'gossip')).toHaveLength(9)
    expect(far.deliveries).toHaveLength(120)
    const struck = [...middle.events, ...far.events].filter(({ type }) => type === 'peer.struck')
    expect(struck).toEqual([])
  })
})

describe('neighbours that send all that they may, all the time', () => {
  const GREEDY = PUBLISHERS.slice(0, 4)

  /** Those who are greedy send `perSecond` each, and `now` is called once a second. */
  function flood(
    scene: ReturnType<typeof startGossipScene>,
    [seconds, perSecond]: readonly [number, number],
    now: (second: number) => void,
  ): void {
    const { pass, signed, world } = scene
    for (let round = 0; round < seconds * perSecond; round++) {
      for (const name of GREEDY) {
        const change = { sequence: BigInt(round), payload: bytesOf('flood') }
        pass(name, 'middle', signed(name, change))
      }
      if (round % perSecond === 0) now(round / perSecond)
      world.advance(1_000 / perSecond)
    }
    world.advance(1_000)
  }

  test('silence neither the node that passes it on nor another one behind it', async () => {
    const scene = startGossipScene({
      nodes: { middle: [], quiet: ['middle'], far: ['middle'] },
      puppets: Object.fromEntries(GREEDY.map((name) => [name, ['middle']])),
      settings: { limits: { publicationsPerWindowMax: 40 } },
    })
    const [middle, quiet, far] = [scene.the('middle'), scene.the('quiet'), scene.the('far')]
    const published: Promise<unknown>[] = []
    flood(scene, [60, 4], (second) => {
      if (second % 4 === 1) published.push(middle.publish('of middle'), quiet.publish('of quiet'))
    })
    await Promise.all(published)
    const linesOf = (text: string) => far.lines().filter((line) => line === text).length
    expect([linesOf('of middle'), linesOf('of quiet')]).toEqual([15, 15])
    // Six windows, of 40 each: the flood has what nobody else wants.
    expect(linesOf('flood')).toBeGreaterThan(6 * 25)
    expect(far.struck()).toEqual([])
  })

  test('and leave before it is passed on, silence nobody either', async () => {
    const scene = startGossipScene({
      nodes: { middle: [], quiet: ['middle'], far: ['middle'] },
      puppets: { greedy: ['middle'] },
      settings: { limits: { publicationsPerWindowMax: 40, validationMs: 60_000 } },
    })
    const { pass, signed, the, world } = scene
    const { asked, answer } = startValidator(the('middle'), 60_000)
    const { supervisor } = the('greedy')
    const { id } = identityOf('middle')
    const address = `node://${id}@${String(scene.hosts.get('middle'))}:9946`
    for (let sequence = 0n; sequence < 40n; sequence++) {
      pass('greedy', 'middle', signed('greedy', { sequence, payload: bytesOf('flood') }))
      if (sequence % 8n !== 7n) continue
      world.advance(100)
      supervisor.disconnect(id)
      world.advance(100)
      const connected = supervisor.connect(address)
      world.advance(1_500)
      await connected
    }
    for (const index of asked.keys()) await answer(index, 'accept')
    world.advance(1_000)
    const published = the('quiet').publish('of quiet')
    world.advance(1_000)
    await answer(40, 'accept')
    world.advance(1_000)
    await published
    expect(
      the('far')
        .lines()
        .filter((line) => line === 'flood'),
    ).toHaveLength(24)
    expect(the('far').lines().at(-1)).toBe('of quiet')
  })

  test('and leave before their items are passed on, silence nobody either', async () => {
    const world = startVirtualWorld({ seed: 'items of who left' })
    const limits = { publicationsPerWindowMax: 40, validationMs: 60_000, locatorEveryMs: 600_000 }
    const middle = startItemNode(world, 'middle', '10.0.0.1', { limits })
    const address = addressOf('middle', '10.0.0.1')
    const far = startItemNode(world, 'far', '10.0.0.2', { limits, bootstrap: [address] })
    const greedy = startRawNode(world, 'greedy', '10.0.0.3', [address])
    const quiet = startRawNode(world, 'quiet', '10.0.0.4', [address])
    const { answer } = startValidator(middle, 60_000)
    world.advance(2_000)
    for (let number = 0n; number < 40n; number++) {
      greedy.send(itemOf('greedy', number, 'flood'))
      if (number % 8n !== 7n) continue
      world.advance(100)
      greedy.supervisor.disconnect(middle.id)
      world.advance(100)
      const connected = greedy.supervisor.connect(address)
      world.advance(1_500)
      await connected
    }
    quiet.send(itemOf('quiet', 0n, 'of quiet'))
    world.advance(100)
    for (let index = 0; index <= 40; index++) await answer(index, 'accept')
    world.advance(1_000)
    expect(far.lines().filter((line) => line.endsWith('flood'))).toHaveLength(24)
    expect(far.lines().at(-1)).toMatch(/of quiet$/)
  })

  test('and pass on first what others say, silence nobody for whom another one speaks', () => {
    const scene = startGossipScene({
      nodes: { middle: [], far: ['middle'] },
      puppets: { greedy: ['middle'], quiet: ['middle'] },
      settings: { limits: { publicationsPerWindowMax: 40 } },
    })
    const { pass, signed, the, world } = scene
    for (let sequence = 0n; sequence < 35n; sequence++) {
      pass('greedy', 'middle', signed('greedy', { sequence, payload: bytesOf('flood') }))
    }
    world.advance(1_000)
    const said = signed('author', { payload: bytesOf('of author') })
    pass('greedy', 'middle', said)
    world.advance(1_000)
    const others = () => [the('far'), the('quiet')].map((one) => one.received().at(-1))
    expect([the('middle').lines().at(-1), ...others()]).toEqual(['of author', 'flood', 'flood'])
    for (let time = 0; time < 3; time++) pass('quiet', 'middle', said)
    world.advance(1_000)
    // Once, and not to who has it.
    expect(others()).toEqual(['of author', 'flood'])
    expect(the('far').received()).toHaveLength(25)
  })

  test('and another one speaks while the application looks at it: it is passed on as that one’s', async () => {
    const scene = startGossipScene({
      nodes: { middle: [], far: ['middle'] },
      puppets: { greedy: ['middle'], quiet: ['middle'] },
      settings: { limits: { publicationsPerWindowMax: 40 } },
    })
    const { pass, signed, the, world } = scene
    const { answer } = startValidator(the('middle'))
    for (let sequence = 0n; sequence < 35n; sequence++) {
      pass('greedy', 'middle', signed('greedy', { sequence, payload: bytesOf('flood') }))
    }
    const said = signed('author', { payload: bytesOf('of author') })
    pass('greedy', 'middle', said)
    world.advance(100)
    pass('quiet', 'middle', said)
    world.advance(100)
    for (let index = 0; index <= 35; index++) await answer(index, 'accept')
    world.advance(1_000)
    expect(the('far').received().at(-1)).toBe('of author')
    expect(the('far').received()).toHaveLength(25)
  })

  test('and that the application is slow to look at, leave room for others', async () => {
    const scene = startGossipScene({
      nodes: { middle: [], quiet: ['middle'] },
      puppets: Object.fromEntries(GREEDY.map((name) => [name, ['middle']])),
      settings: { limits: { pendingPublicationsMax: 40 } },
    })
    const { texts } = startValidator(scene.the('middle'))
    const published: Promise<unknown>[] = []
    flood(scene, [30, 10], (second) => {
      if (second % 4 === 3) published.push(scene.the('quiet').publish('of quiet'))
    })
    await Promise.all(published)
    expect(texts().filter((text) => text === 'of quiet')).toHaveLength(published.length)
  })

  test('all at once, do not fill what is remembered', async () => {
    const scene = startGossipScene({
      nodes: { middle: [], quiet: ['middle'] },
      puppets: Object.fromEntries(GREEDY.map((name) => [name, ['middle']])),
      settings: { limits: { seenMax: 100 } },
    })
    const { pass, signed, the, world } = scene
    for (const name of GREEDY) {
      for (let sequence = 0n; sequence < 95n; sequence++) {
        pass(name, 'middle', signed(name, { sequence, payload: bytesOf('flood') }))
      }
      world.advance(1_000)
    }
    const published = the('quiet').publish('of quiet')
    world.advance(1_000)
    await published
    expect(the('middle').lines().at(-1)).toBe('of quiet')
  })

  test('do not fill what is remembered, so that others are heard', async () => {
    const scene = startGossipScene({
      nodes: { middle: [], quiet: ['middle'] },
      puppets: Object.fromEntries(GREEDY.map((name) => [name, ['middle']])),
      settings: { limits: { seenMax: 100, seenMs: 60_000 } },
    })
    const [middle, quiet] = [scene.the('middle'), scene.the('quiet')]
    const published: Promise<unknown>[] = []
    flood(scene, [120, 1], (second) => {
      if (second % 4 === 3) published.push(quiet.publish('of quiet'))
    })
    await Promise.all(published)
    const lines = middle.lines().filter((line) => line !== 'flood')
    expect([published.length, lines.length]).toEqual([30, 30])
    expect(middle.notes().map(({ what }) => what)).toContain('seen-full')
  })
})

describe('a node that publishes too much', () => {
  test('is told for whom it was dropped, and struck by nobody', async () => {
    const { the, world } = startGossipScene({
      nodes: { near: [], far: ['near'] },
      settings: { limits: LIMITS },
    })
    const [near, far] = [the('near'), the('far')]
    const publish = async () => {
      const published = Promise.all(Array.from({ length: 150 }, () => near.publish('hello')))
      world.advance(1_000)
      return await published
    }
    for (let window = 0; window < 4; window++) {
      const reports = await publish()
      const queued = reports.filter((report) => report.queued === 1 && report.dropped === 0)
      const dropped = reports.filter((report) => report.queued === 0 && report.dropped === 1)
      expect([queued.length, dropped.length]).toEqual([10, 140])
      world.advance(9_000)
    }
    expect(far.deliveries).toHaveLength(40)
    expect(far.struck()).toEqual([])
  })

  test('comes back with what it has had', async () => {
    const { the, world } = startGossipScene({
      nodes: { near: [], far: ['near'] },
      settings: { limits: LIMITS },
    })
    const [near, far] = [the('near'), the('far')]
    const publish = async () => {
      const published = Promise.all(Array.from({ length: 10 }, () => near.publish('hello')))
      world.settle()
      return (await published).filter(({ dropped }) => dropped > 0).length
    }
    expect(await publish()).toBe(0)
    near.supervisor.disconnect(identityOf('far').id)
    world.advance(5_000)
    expect(far.supervisor.connections()).toHaveLength(1)
    expect(await publish()).toBe(10)
  })
})
