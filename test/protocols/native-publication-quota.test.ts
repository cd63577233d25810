import { describe, expect, test } from 'vitest'
import type { ConnectionWatcher } from '../../actors/child.ts'
import type { NativeTypes } from '../../machines/handshakes/native.ts'
import { createPublicationQuota } from '../../protocols/native/publication-quota.ts'
import { startVirtualWorld } from '../support/nodes.ts'
import { identityOf, startGossipScene } from './native-gossip-support.ts'
import { addressOf, itemOf, startItemNode, startRawNode } from './native-items-support.ts'
import { viewOf } from './native-support.ts'

describe('of one neighbour', () => {
  function startQuota() {
    let nowMs = 0
    let watcher: ConnectionWatcher<NativeTypes> = {}
    const quota = createPublicationQuota(
      { monotonicMs: () => nowMs, watch: (given) => (watcher = given) },
      { publicationsPerWindowMax: 3, publicationsWindowMs: 1_000 },
    )
    const viewOfOne = (name: string, identity: string) => viewOf('listener', { name, identity })
    return {
      gone: (name: string, identity: string) => watcher.gone?.(viewOfOne(name, identity)),
      /** How many of so many at once it takes. */
      send(count: number, atMs: number, name = 'one', identity = 'alice') {
        nowMs = atMs
        const neighbour = viewOfOne(name, identity)
        let taken = 0
        for (let sent = 0; sent < count; sent++) {
          if (quota.isUsedUp(neighbour)) continue
          quota.note(neighbour)
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
    expect(far.received()).toHaveLength(40)
    expect(far.deliveries).toHaveLength(40)
    // Each of the 13 neighbours took forty, of 480 that were for all but the one that sent it.
    const [gossip] = middle.supervisor.inside.children()
    expect(gossip?.shown().totals).toMatchObject({ overQuota: 480 * 12 - 13 * 40 })
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
    expect(far.deliveries.map(({ by }) => by).filter((by) => by === 'gossip')).toHaveLength(10)
    expect(far.deliveries).toHaveLength(120)
    const struck = [...middle.events, ...far.events].filter(({ type }) => type === 'peer.struck')
    expect(struck).toEqual([])
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
