import { describe, expect, test } from 'vitest'
import type { BitcoinTypes } from '../../protocols/bitcoin.ts'
import type { ChildTools } from '../../index.ts'
import type { ConnectionAbout } from '../../actors/protocol.ts'
import { startNode } from '../support/nodes.ts'
import { plainly, serving, startOpeningWorld } from './bitcoin-opening-support.ts'
import type { BitcoinProtocol } from './bitcoin-opening-support.ts'

const INBOUND_MAX = 21

/** A full node, and what its children would have found out about those who came in. */
function startFull(aboutOf: (index: number) => ConnectionAbout = () => ({})) {
  const { startPeer, world } = startOpeningWorld({ seed: 'eviction' })
  const lent: ChildTools<BitcoinTypes>[] = []
  const base = plainly({ connectOnly: true, limits: { inboundMax: INBOUND_MAX } })
  const protocol: BitcoinProtocol = {
    ...base,
    // What a ping takes in a virtual world is nothing, for all alike.
    children: [
      {
        name: 'finder',
        restart: 'permanent',
        keep: () => undefined,
        start(tools: ChildTools<BitcoinTypes>) {
          lent.push(tools)
          return () => undefined
        },
      },
    ],
  }
  const full = startNode(world, 'full', '9.9.9.9', protocol)
  const come = (host: string): void => {
    const { supervisor } = startPeer(host, serving())
    supervisor.connect('9.9.9.9:18444').catch(() => undefined)
    // Who is given up does not come back.
    supervisor.events.subscribe(({ type }) => {
      if (type === 'connection.closed') supervisor.disconnect('9.9.9.9:18444')
    })
    world.advance(1_000)
  }
  const hostOf = (index: number): string => `20.${index}.0.1`
  for (let index = 0; index < INBOUND_MAX; index++) {
    come(hostOf(index))
    const name = full.supervisor.connections().at(-1)?.name ?? ''
    lent.at(-1)?.describe(name, aboutOf(index))
  }
  const held = (): readonly string[] =>
    full.supervisor
      .connections()
      .filter(({ phase }) => phase === 'active')
      .map(({ address }) => address.split(':')[0] ?? '')
  const evicted = (): readonly string[] =>
    full
      .eventsOf('connection.closed')
      .flatMap(({ address, detail }) => (detail === 'evicted' ? [address.split(':')[0] ?? ''] : []))
  return { come, evicted, full, held, hostOf, startPeer, world }
}

describe('a full node', () => {
  test('p2p_eviction: gives up one for a newcomer', () => {
    const { come, evicted, held } = startFull()
    expect(held()).toHaveLength(INBOUND_MAX)
    come('30.1.0.1')
    expect(evicted()).toHaveLength(1)
    expect(held()).toHaveLength(INBOUND_MAX)
    expect(held()).toContain('30.1.0.1')
  })

  test('p2p_eviction: keeps four that gave blocks, four that gave transactions, eight that answer fast', () => {
    const { come, evicted, hostOf } = startFull((index) => {
      if (index < 4) return { lastBlockMs: 1_000 + index }
      if (index < 8) return { lastTransactionMs: 1_000 + index }
      return index < 16 ? { minimumPingMs: index } : { minimumPingMs: 10_000 }
    })
    for (let newcomer = 0; newcomer < 3; newcomer++) come(`30.${newcomer}.0.1`)
    expect(evicted().length).toBeGreaterThan(0)
    const safe = new Set(Array.from({ length: 16 }, (_, index) => hostOf(index)))
    expect(evicted().filter((host) => safe.has(host))).toEqual([])
  })

  test('row 13: lets nobody in where all who are there are protected', () => {
    const { startPeer, world } = startOpeningWorld({ seed: 'protected' })
    const full = startNode(
      world,
      'full',
      '9.9.9.9',
      plainly({ connectOnly: true, limits: { inboundMax: 4 } }),
    )
    const come = (host: string) => {
      const peer = startPeer(host, serving())
      peer.supervisor.connect('9.9.9.9:18444').catch(() => undefined)
      world.advance(1_000)
    }
    for (let index = 0; index < 4; index++) come(`20.${index}.0.1`)
    come('30.1.0.1')
    expect(full.supervisor.connections()).toHaveLength(4)
    expect(full.eventsOf('connection.refused')[0]).toMatchObject({ why: 'slots-full' })
    expect(full.eventsOf('connection.closed')).toEqual([])
  })

  test('row 13: never gives up a peer that it dialled', () => {
    const { come, evicted, full, startPeer, world } = startFull()
    startPeer('40.1.0.1', serving())
    full.supervisor.connect('40.1.0.1:18444').catch(() => undefined)
    world.advance(1_000)
    for (let newcomer = 0; newcomer < 4; newcomer++) come(`30.${newcomer}.0.1`)
    expect(evicted()).toHaveLength(4)
    expect(full.supervisor.connections().filter(({ role }) => role === 'dialler')).toMatchObject([
      { address: '40.1.0.1:18444', phase: 'active' },
    ])
  })
})
