import { describe, expect, test } from 'vitest'
import { botd, tools } from '../../protocols/botd.ts'
import { startNode, startVirtualWorld } from '../support/nodes.ts'
import { addressOf, OTHER, OURS, personOf } from './botd-raw.ts'
import { app } from './botd-support.ts'

const privateKey = OURS.privateKey

describe('a manifest of botd', () => {
  test('is not made of a key or a limit that is none', () => {
    expect(() => botd({ privateKey: new Uint8Array(32) })).toThrow(RangeError)
    expect(() => botd({ privateKey: new Uint8Array(31).fill(1) })).toThrow(RangeError)
    expect(() => botd({ privateKey, limits: { pongMs: -1 } })).toThrow(/pongMs/)
  })

  test('is made again from its recipe', () => {
    const made = botd({ privateKey, closeOnMissingPong: false, limits: { pongMs: 5 } })
    const recipe = made.recipe?.()
    if (recipe === undefined) throw new Error('no recipe')
    const again = tools.remake?.(recipe)
    expect(again?.identity).toBe(made.identity)
    expect(again?.recipe?.()).toEqual(recipe)
    const other = tools.remake?.({ settings: recipe.settings, secrets: {} })
    expect(other?.identity).not.toBe(made.identity)
  })

  test.each([
    ['no settings', undefined],
    ['limits that are none', { limits: [] }],
    ['neither yes nor no', { closeOnMissingPong: 'yes' }],
  ])('is not made of a recipe with %s', (_, settings) => {
    expect(() => tools.remake?.({ settings, secrets: { privateKey } })).toThrow(RangeError)
  })

  test('keeps a copy of its key', () => {
    const { privateKey: given } = personOf('copied')
    const made = botd({ privateKey: given })
    given.fill(0)
    expect(made.recipe?.().secrets['privateKey']).toEqual(personOf('copied').privateKey)
  })
})

test('one list of bootstrap addresses is for all nodes: none dials itself', () => {
  const world = startVirtualWorld({ seed: 'botd' })
  const people = [OURS, OTHER]
  const bootstrap = people.map((who, index) => addressOf(who, `10.0.0.${String(index + 1)}`))
  const [one, other] = people.map(({ privateKey: key }, index) => {
    const host = `10.0.0.${String(index + 1)}`
    return startNode(world, host, host, botd({ privateKey: key }), { bootstrap })
  })
  world.advance(60_000)
  for (const node of [one, other]) {
    expect(node?.supervisor.connections()).toHaveLength(1)
    expect(node?.eventsOf('connection.closed').map(({ detail }) => detail)).not.toContain('own-key')
  }
})

describe('an application may send', () => {
  const { wrongWith } = botd({ privateKey })

  test('what is on a topic', () => {
    expect(wrongWith?.(app(1))).toBeUndefined()
  })

  test.each([
    ['a ping', { type: 'ping' as const, id: 'p' }],
    ['an empty id', { ...app(), id: '' }],
    ['an id of 65 bytes', { ...app(), id: 'x'.repeat(65) }],
    ['a topic of 129 bytes', { ...app(), topic: 'ü'.repeat(65) }],
  ])('but not %s', (_, message) => {
    expect(wrongWith?.({ ...message })).toEqual(expect.any(String))
  })
})
