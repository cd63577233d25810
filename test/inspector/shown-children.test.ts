import { describe, expect, test } from 'vitest'
import type { ProtocolTypes, Supervisor } from '../../index.ts'
import { botd } from '../../protocols/botd.ts'
import { native } from '../../protocols/native.ts'
import { startPair } from '../../testing/pair.ts'
import { addressOf, OURS, RAW } from '../protocols/botd-raw.ts'
import { entryOf, MINUTE_MS, startRelay } from '../protocols/bitcoin-relay-support.ts'
import { startOpeningWorld } from '../protocols/bitcoin-opening-support.ts'
import { list, raw, regtest } from '../protocols/bitcoin-support.ts'

const people = { dialler: RAW, listener: OURS }

/** What a sub-protocol of a node shows now. */
const shown = <T extends ProtocolTypes>(
  { supervisor }: { readonly supervisor: Pick<Supervisor<T>, 'inside'> },
  child: string,
) =>
  supervisor.inside
    .children()
    .find(({ name }) => name === child)
    ?.shown()

describe('native', () => {
  const startNative = () =>
    startPair((role) => native({ network: 'test', privateKey: people[role].privateKey }), {
      address: (identity = '', { host, port }) => `node://${identity}@${host}:${String(port)}`,
    })

  test('ping: what is out, and what was answered', () => {
    const { listener, world } = startNative()
    expect(shown(listener, 'ping')).toMatchObject({
      counts: { connections: 1, awaited: 0 },
      totals: { sent: 0, answered: 0 },
    })
    world.advance(MINUTE_MS)
    expect(shown(listener, 'ping')?.totals).toEqual({ sent: 1, answered: 1 })
  })

  test('discovery: whom it knows, what was asked and heard', () => {
    const { dialler, listener } = startNative()
    expect(shown(dialler, 'discovery')).toMatchObject({
      ...{ counts: { acquaintances: 1 }, totals: { asked: 1, answered: 0 } },
    })
    expect(shown(listener, 'discovery')?.totals).toMatchObject({ asked: 0, answered: 1 })
  })
})

test('botd, ping: what is out, and what was answered', () => {
  const { listener, world } = startPair((role) => botd({ privateKey: people[role].privateKey }), {
    address: (_, { host }) => addressOf(OURS, host),
  })
  world.advance(MINUTE_MS)
  expect(shown(listener, 'ping')).toMatchObject({
    counts: { connections: 1, awaited: 0 },
    totals: { sent: 1, answered: 1 },
  })
})

test('native, requests: calls that are out, and answers that are owed', () => {
  const { dialler, listener, world } = startPair(
    (role) => native({ network: 'test', privateKey: people[role].privateKey }),
    { address: (identity = '', { host, port }) => `node://${identity}@${host}:${String(port)}` },
  )
  listener.supervisor.answer('slow', () => new Promise(() => undefined))
  const { identity = '' } = dialler.supervisor.connections()[0] ?? {}
  dialler.supervisor
    .request(identity, { protocol: 'slow', payload: Uint8Array.of(1) }, { timeoutMs: 60_000 })
    .catch(() => undefined)
  world.advance(1_000)
  expect(shown(dialler, 'requests')).toMatchObject({
    counts: { calls: 1, peers: 1, answersOwed: 0 },
  })
  expect(shown(listener, 'requests')?.counts).toMatchObject({ calls: 0, answersOwed: 1 })
})

describe('bitcoin', () => {
  test('ping: what is out, and what was answered', () => {
    const { dialler, world } = startPair(regtest())
    world.settle()
    expect(shown(dialler, 'ping')).toMatchObject({
      counts: { connections: 1, awaited: 0 },
      totals: { sent: 1, answered: 1 },
    })
  })

  test('address-relay: who takes part, what waits, what was taken, passed on, and told', () => {
    const { keen, node, nowSeconds, world } = startRelay()
    const [teller] = ['100.2.1.1', '101.2.1.1', '102.2.1.1'].map((host) => keen(host))
    const before = shown(node, 'address-relay')
    expect(before?.counts).toEqual({ peers: 3, waiting: 0 })
    teller?.say({ type: 'addr', entries: [entryOf('40.1.1.1', nowSeconds())] })
    world.settle()
    expect(shown(node, 'address-relay')).toMatchObject({
      counts: { peers: 3, waiting: 2 },
      totals: { taken: (before?.totals?.['taken'] ?? 0) + 1, passedOn: 2 },
    })
    world.advance(10 * MINUTE_MS)
    const after = shown(node, 'address-relay')
    expect(after?.counts).toEqual({ peers: 3, waiting: 0 })
    expect(after?.totals?.['told']).toBe((before?.totals?.['told'] ?? 0) + 2)
  })

  test('conduct: who was left for what came', () => {
    const { dialler, listener, world } = startPair(regtest())
    expect(shown(listener, 'conduct')?.totals).toEqual({ left: 0, spared: 0 })
    dialler.supervisor.send(dialler.connection, raw('addr', list(1_001, 30)))
    world.advance(1_000)
    expect(shown(listener, 'conduct')?.totals).toEqual({ left: 1, spared: 0 })
  })

  test('opening and seeding: whom it dialled, whom it has, what it was told of', () => {
    const { startAlice, startPeer, world } = startOpeningWorld()
    startPeer('60.1.1.1')
    const alice = startAlice({ dnsSeeds: false })
    alice.tell('60.1.1.1:18444')
    world.advance(MINUTE_MS)
    const opening = shown(alice, 'opening')
    expect(opening?.counts).toMatchObject({ anchors: 0, fullRelay: 1 })
    expect(opening?.totals?.['dialled']).toBe(alice.dialled().length)
    const other = startOpeningWorld({ seed: 'seeds' })
    other.startPeer('61.1.1.1')
    const bob = other.startAlice({ dnsSeeds: false, seedNodes: ['61.1.1.1:18444'] })
    other.world.advance(MINUTE_MS)
    expect(shown(bob, 'seeding')).toMatchObject({
      counts: { seedNodes: 0, queued: 0 },
      totals: { namesAsked: 0, dialled: 1 },
    })
  })
})
