import { describe, expect, test } from 'vitest'
import type { ToolValues } from '../../actors/protocol-tools.ts'
import { startCommandOn } from '../../cli/brought/command-node.ts'
import { tools } from '../../protocols/bitcoin.ts'
import { virtualAfter } from '../support/socks-script.ts'
import { startNode, startVirtualWorld } from '../support/nodes.ts'
import { I2P, networkAddress } from './bitcoin-addresses-support.ts'
import { regtest } from './bitcoin-support.ts'
import { saying } from '../support/rude.ts'
import type { BitcoinProtocol } from './bitcoin-support.ts'

const PORT = 18_444
const [ALICE, BOB, CAROL, NOBODY] = ['8.1.0.1', '8.2.0.2', '8.3.0.3', '8.9.0.9']
const at = (host: string) => `${host}:${String(PORT)}`

function crawlOfTools() {
  const crawl = tools.commands?.['crawl']
  if (crawl === undefined) throw new Error('there is no crawl')
  return crawl
}
const crawl = crawlOfTools()

const addr = (hosts: readonly string[]) =>
  ({
    type: 'addr',
    entries: hosts.map((host) => ({
      ...{ seenSeconds: 1_700_000_000, services: 1n, address: networkAddress(at(host)) },
    })),
  }) as const

const telling = (hosts: readonly string[], protocol: BitcoinProtocol = regtest()) =>
  saying(protocol, addr(hosts))

interface Line {
  readonly event: string
  readonly [field: string]: unknown
}

/** Whoever stands at these hosts tells of those; then the crawl, from the first of them on. */
function startCrawling(hosts: Readonly<Record<string, BitcoinProtocol>>, more: ToolValues = {}) {
  const world = startVirtualWorld({ seed: 'crawl' })
  for (const [host, protocol] of Object.entries(hosts)) {
    startNode(world, `node at ${host}`, host, protocol)
  }
  const values: ToolValues = {
    ...{ network: 'regtest', transport: 'auto', connect: [at(Object.keys(hosts)[0] ?? '')] },
    ...{ known: '100', dials: '8', rate: '2', patience: '60', for: '600' },
    ...more,
  }
  const { supervisor } = startNode(world, 'crawler', '8.4.0.4', crawl.create(values))
  const lines: (Line & { readonly atMs: number })[] = []
  const failures: unknown[] = []
  let isOver = false
  const run = startCommandOn(supervisor, crawl, values, {
    after: virtualAfter(world.clock),
    tell: (line) => lines.push({ ...line, atMs: world.clock.nowMs }),
    end: () => (isOver = true),
    failed: (error) => failures.push(error),
  })
  return {
    ...{ world, supervisor, failures, run },
    isOver: () => isOver,
    peers: () => lines.filter(({ event }) => event === 'peer'),
    summary: () => lines.find(({ event }) => event === 'summary'),
  }
}

const THREE = {
  [ALICE]: telling([BOB, CAROL, NOBODY]),
  [BOB]: telling([ALICE, CAROL], regtest({ transport: 'v1' })),
  [CAROL]: telling([CAROL]),
}

describe('a crawl', () => {
  test('asks each address once, and tells of each how it ended', () => {
    const { failures, isOver, peers, summary, supervisor, world } = startCrawling(THREE)
    world.advance(200_000)
    expect([isOver(), failures]).toEqual([true, []])
    expect(
      peers()
        .map(({ address, addressesTold, ended, transport }) => [
          ...[address, ended, transport, addressesTold],
        ])
        .toSorted(),
    ).toEqual([
      [at(ALICE), 'answered', 'v2', 3],
      [at(BOB), 'answered', 'v1', 2],
      // Of itself alone: it was waited for.
      [at(CAROL), 'time-up', 'v2', 1],
      [at(NOBODY), expect.any(String), null, 0],
    ])
    expect(peers().find(({ address }) => address === at(ALICE))).toMatchObject({
      ...{ services: '0000000000000800', serviceNames: ['P2P_V2'], protocolVersion: 70_017 },
      ...{ userAgent: '/Peerloom:0.1.0/', height: 0 },
    })
    expect(summary()).toMatchObject({
      ...{ known: 4, dialled: 4, reached: 3, answered: 2, notDialled: 0 },
    })
    expect(supervisor.connections()).toEqual([])
  })

  test('dials what a peer names of the open internet, and nothing else', () => {
    const { peers, world } = startCrawling({ [ALICE]: telling(['10.0.0.9', '127.0.0.1', BOB]) })
    world.advance(200_000)
    expect(peers().map(({ address }) => address)).toEqual([at(ALICE), at(BOB)])
  })

  test('passes over what nobody can dial: port 0, and in I2P any other', () => {
    const port = (text: string, to: number) => ({ ...networkAddress(text), port: to })
    const addresses = [port(at(NOBODY), 0), port(I2P, PORT), networkAddress(at(BOB))]
    const undialable = saying(regtest(), {
      type: 'addrv2',
      entries: addresses.map((address) => ({
        ...{ seenSeconds: 1_700_000_000, services: 1n, address },
      })),
    })
    const { failures, peers, summary, world } = startCrawling({
      ...{ [ALICE]: undialable, [BOB]: telling([ALICE, CAROL]) },
    })
    world.advance(200_000)
    expect(failures).toEqual([])
    expect(peers().map(({ address }) => address)).toEqual([at(ALICE), at(BOB), at(CAROL)])
    expect(peers()[0]).toMatchObject({ ended: 'answered', addressesTold: 3 })
    expect(summary()).toMatchObject({ known: 3, dialled: 3 })
  })

  test('hears a peer that tells one address after the other out after ten of them', () => {
    const hosts = Array.from({ length: 15 }, (_, number) => `8.5.${String(number)}.1`)
    const oneByOne = saying(regtest(), ...hosts.map((host) => addr([host])))
    const { peers, summary, world } = startCrawling({ [ALICE]: oneByOne })
    world.advance(200_000)
    expect(peers().find(({ address }) => address === at(ALICE))).toMatchObject({
      ...{ ended: 'answered', addressesTold: 10 },
    })
    expect(summary()).toMatchObject({ known: 11 })
  })

  test('dials no faster than it was told, no more at once, and knows no more', () => {
    const hosts = Array.from({ length: 50 }, (_, number) => `8.5.${String(number)}.1`)
    const { isOver, peers, summary, supervisor, world } = startCrawling(
      { [ALICE]: telling(hosts) },
      { known: '21', dials: '3', rate: '1', patience: '10' },
    )
    let most = 0
    for (let second = 0; second < 100 && !isOver(); second++) {
      world.advance(1_000)
      most = Math.max(most, supervisor.connections().length)
    }
    expect(summary()).toMatchObject({ known: 21, dialled: 21, reached: 1 })
    expect(peers()).toHaveLength(21)
    expect(most).toBeLessThanOrEqual(3)
    const [first = 0, last = 0] = [peers().at(0)?.atMs, summary()?.atMs]
    expect(last - first).toBeGreaterThanOrEqual(18_000)
  })

  test('that has no time left says what it did not come to', () => {
    const hosts = Array.from({ length: 50 }, (_, number) => `8.5.${String(number)}.1`)
    const { isOver, summary, world } = startCrawling({ [ALICE]: telling(hosts) }, { for: '5' })
    world.advance(5_000)
    expect(isOver()).toBe(true)
    const notDialled = Number(summary()?.['notDialled'])
    expect(summary()).toMatchObject({ known: 51, dialled: 51 - notDialled })
    expect(notDialled).toBeGreaterThan(35)
  })

  test('that is stopped tells of those that it was with', () => {
    const { isOver, peers, run, world } = startCrawling({ [CAROL]: telling([CAROL]) })
    world.advance(1_000)
    run.stop()
    run.stop()
    expect(isOver()).toBe(true)
    expect(peers()).toMatchObject([{ address: at(CAROL), ended: 'stopped', addressesTold: 1 }])
  })

  test.for([
    [{ connect: undefined }, /--connect says where to begin/],
    [{ connect: ['::'] }, /^::: /],
    [{ dials: '0' }, /--dials is a whole number from 1 to 100/],
    [{ rate: 'fast' }, /--rate is a whole number/],
    [{ network: 'moon' }, /the network is one of/],
  ] as const)('is used wrongly with %j', ([values, sentence]) => {
    expect(() => startCrawling({ [ALICE]: regtest() }, values)).toThrow(sentence)
  })
})
