import { expect, test } from 'vitest'
import { bitcoin } from '../../protocols/bitcoin.ts'
import { startNode, startVirtualWorld } from '../support/nodes.ts'
import { MINUTE_MS } from './bitcoin-relay-support.ts'
import type { BitcoinProtocol } from './bitcoin-support.ts'

/** Nodes that others want to know. */
const sociable = (): BitcoinProtocol =>
  bitcoin({ services: ['network', 'witness', 'networkLimited'] })

/** Three nodes, of which two know the third alone. */
function startThree(hosts: readonly [string, string, string]) {
  const world = startVirtualWorld({ seed: 'three' })
  const [known] = hosts
  const nodes = hosts.map((host) =>
    startNode(world, host, host, sociable(), {
      bootstrap: host === known ? [] : [`${known}:8333`],
    }),
  )
  world.advance(10 * MINUTE_MS)
  const peersOf = nodes.map(({ supervisor }) =>
    supervisor
      .connections()
      .filter(({ phase }) => phase === 'active')
      .map(({ address }) => address.split(':')[0])
      .sort(),
  )
  const typesOf = nodes.map(({ supervisor }) => supervisor.audit().remembered['booked'])
  return { booked: typesOf, peersOf }
}

test('two nodes that know a third one alone learn of each other by it, and connect', () => {
  const [first, second, third] = ['20.1.1.1', '30.1.1.1', '40.1.1.1'] as const
  const { booked, peersOf } = startThree([first, second, third])
  const others = (host: string) => [first, second, third].filter((other) => other !== host)
  for (const [index, host] of [first, second, third].entries()) {
    expect(new Set(peersOf[index])).toEqual(new Set(others(host)))
  }
  expect(booked.every((count) => (count ?? 0) > 0)).toBe(true)
})

test('where nobody else can reach them, as on one machine, nothing is kept or passed on', () => {
  const [first, second, third] = ['127.0.0.1', '127.0.0.2', '127.0.0.3'] as const
  const { booked, peersOf } = startThree([first, second, third])
  expect(peersOf).toEqual([[second, third], [first], [first]])
  expect(booked).toEqual([0, 0, 0])
})
