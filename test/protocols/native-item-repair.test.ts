/**
 * Nodes that join late, and what keeps them from what the others hold: items that are gone, neighbours
 * that lie, and more origins than a node remembers at once.
 */
import { describe, expect, test } from 'vitest'
import { startVirtualWorld } from '../support/nodes.ts'
import {
  addressOf,
  identityOf,
  itemOf,
  startItemNode,
  startRawNode,
} from './native-items-support.ts'
import type { ItemNodeOptions } from './native-items-support.ts'

const [HOST, RAW_HOST, LATE_HOST] = ['10.0.0.1', '10.0.0.2', '10.0.0.3'] as const
const HOLDER = addressOf('holder', HOST)
const OPEN = { publicationsPerWindowMax: 100_000, pendingPublicationsMax: 100_000 } as const

/** A node that holds what was published under so many names, each the same number of items. */
function startHolder(
  { each, origins }: { readonly origins: number; readonly each: number },
  limits: ItemNodeOptions['limits'] = {},
) {
  const world = startVirtualWorld({ seed: 'repair' })
  const holder = startItemNode(world, 'holder', HOST, { limits: { ...OPEN, ...limits } })
  const raw = startRawNode(world, 'raw', RAW_HOST, [HOLDER])
  world.advance(2_000)
  for (let origin = 0; origin < origins; origin++) {
    for (let number = 0; number < each; number++) {
      raw.send(itemOf(`origin ${origin}`, BigInt(number), 'x'))
      if (number % 200 === 199) world.advance(500)
    }
    if (each >= 50 || origin % 200 === 199) world.advance(500)
  }
  world.advance(2_000)
  expect(holder.deliveries).toHaveLength(origins * each)
  world.kill('raw')
  world.advance(2_000)
  return world
}

describe('what is held behind items that are gone', () => {
  test.each([
    ['of one origin', { origins: 1, each: 1_100 }, 100, 30_000],
    ['of many origins', { origins: 20, each: 300 }, 5, 30_000],
  ])('reaches who joins late: %s', (_, published, kept, ms) => {
    const world = startHolder(published, { itemsPerOriginMax: kept })
    const late = startItemNode(world, 'late', LATE_HOST, { bootstrap: [HOLDER] })
    world.advance(ms)
    expect(late.deliveries).toHaveLength(published.origins * kept)
  })

  test('wherever it is: holes in the middle cost no leap over what follows', () => {
    const world = startVirtualWorld({ seed: 'holes' })
    const late = startItemNode(world, 'late', LATE_HOST)
    const raw = startRawNode(world, 'raw', RAW_HOST, [addressOf('late', LATE_HOST)])
    world.advance(2_000)
    // As a node answers that holds these alone: of each range the first of them.
    const held = [...Array.from({ length: 300 }, (__, at) => 2_000n + BigInt(at)), 7_000n, 9_999n]
    const { nodeId: originId } = identityOf('origin')
    raw.send({ type: 'locator', origins: [{ originId, runs: [0n, 9_999n] }] })
    let answered = 0
    for (let second = 0; second < 60; second++) {
      world.advance(1_000)
      for (const { first, last } of raw.gotOf('range').slice(answered)) {
        answered++
        const fitting = held.filter((number) => first <= number && number <= last)
        for (const number of fitting.slice(0, 256)) {
          raw.send(itemOf('origin', number, 'x', { hopsLeft: 0 }))
        }
      }
    }
    expect(late.deliveries.map(({ number }) => number)).toEqual(held)
  })
})

describe('liars among the neighbours', () => {
  const PUBLISHED = 1_000
  const LIARS = 24
  const startLied = (about: (liar: string) => string) => {
    const world = startHolder({ origins: 1, each: PUBLISHED })
    const late = startItemNode(world, 'late', LATE_HOST)
    const liars = Array.from({ length: LIARS }, (_, index) => `liar ${index}`).map(
      (name, index) => {
        const bootstrap = [addressOf('late', LATE_HOST)]
        const liar = startRawNode(world, name, `10.3.${index}.1`, bootstrap)
        world.advance(300)
        const { nodeId: originId } = identityOf(about(name))
        liar.send({ type: 'locator', origins: [{ originId, runs: [0n, 2n ** 64n - 2n] }] })
        return { ...liar, about: about(name), answered: 0 }
      },
    )
    world.advance(1_000)
    void late.supervisor.connect(HOLDER)
    /** Of each range the last item, late, worth nothing and yet no fault of who sends it. */
    const goOn = (seconds: number) => {
      for (let second = 0; second < seconds && late.deliveries.length < PUBLISHED; second++) {
        world.advance(1_000)
        if (second % 9 !== 8) continue
        for (const liar of liars) {
          for (const { last } of liar.gotOf('range').slice(liar.answered)) {
            liar.answered++
            const change = { hopsLeft: 0, timestampMs: 2n ** 63n }
            liar.send(itemOf(liar.about, last, 'tomorrow', change))
          }
        }
      }
      return late.deliveries.length
    }
    return { late, goOn }
  }

  test('about names of their own keep nobody waiting', () => {
    const { goOn } = startLied((name) => `name of ${name}`)
    expect(goOn(10)).toBe(PUBLISHED)
  })

  test('about what an honest neighbour holds keep it back for a moment', () => {
    const { goOn, late } = startLied(() => 'origin 0')
    expect(goOn(60)).toBe(PUBLISHED)
    expect(late.supervisor.connections()).toHaveLength(LIARS + 1)
  })
})

test('of more origins than are remembered of a neighbour all are asked for in the end', () => {
  const world = startHolder({ origins: 4_300, each: 1 })
  const late = startItemNode(world, 'late', LATE_HOST, { bootstrap: [HOLDER] })
  world.advance(180_000)
  expect(late.deliveries).toHaveLength(4_300)
}, 60_000)
