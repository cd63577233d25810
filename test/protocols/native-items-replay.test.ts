import { expect, test } from 'vitest'
import type { ChildSpec, Protocol } from '../../index.ts'
import { NODE_LIMITS } from '../../index.ts'
import type { NativeTypes } from '../../protocols/native.ts'
import { record, replay } from '../../testing/recording.ts'
import type { Recording } from '../../testing/recording.ts'
import { chooseCrypto } from '../../transport/crypto/choose.ts'
import { startVirtualWorld } from '../support/nodes.ts'
import {
  addressOf,
  identityOf,
  itemOf,
  itemProtocol,
  short,
  startItemNode,
  startRawNode,
} from './native-items-support.ts'

const [HOST, RAW_HOST, OTHER_HOST] = ['10.0.0.1', '10.0.0.2', '10.0.0.3'] as const
const crypto = chooseCrypto()

test('a node that published, was flooded, asked, answered and dropped does the same again', () => {
  const limits = { itemBytesMax: 6_000 }
  const options = { limits, bootstrap: [addressOf('other', OTHER_HOST)] }
  const world = startVirtualWorld({ seed: 'items' })
  const other = startItemNode(world, 'other', OTHER_HOST)
  for (let number = 0; number < 20; number++) void other.publish(`item ${number}`)
  world.advance(1_000)
  // Its first life, so that there is something to read at the start of the second.
  const first = startItemNode(world, 'one', HOST, options)
  world.advance(5_000)
  world.kill('one')
  void other.publish('missed')
  world.advance(1_000)

  const recordings: Recording[] = []
  const one = startItemNode(world, 'one', HOST, {
    ...options,
    before: ({ port }) => recordings.push(record(port, crypto)),
  })
  const raw = startRawNode(world, 'raw', RAW_HOST, [addressOf('one', HOST)])
  world.advance(5_000)
  for (let number = 0; number < 10; number++) void one.publish(`mine ${number}`)
  for (const number of [0n, 3n, 4n]) raw.send(itemOf('third', number, `third ${number}`))
  raw.send({ type: 'range', originId: identityOf('other').nodeId, first: 0n, last: 99n })
  world.advance(20_000)

  const [recording] = recordings
  if (recording === undefined) throw new Error('nothing was recorded')
  expect(first.deliveries).toHaveLength(20)
  expect(one.lines()[0]).toBe(`${short('other')} 20 missed`)
  expect(raw.gotOf('item').length).toBeGreaterThan(10)
  expect(one.notes('items-dropped').length).toBeGreaterThan(0)

  const protocol = itemProtocol('one', { limits })
  const bootstrap = options.bootstrap.map((text) => {
    const parsed = protocol.addresses.parse(text)
    if ('wrong' in parsed) throw new Error(parsed.wrong)
    return parsed.address
  })
  const replayed = (changed: Partial<Recording> = {}) =>
    replay<NativeTypes>(
      { ...recording, ...changed },
      {
        name: 'one',
        protocol,
        listen: [{ host: HOST, port: 9946 }],
        bootstrap,
        limits: NODE_LIMITS,
        crypto,
        random: startLife(),
      },
    )
  /** The second life has other chance than the first. */
  function startLife() {
    const fresh = startVirtualWorld({ seed: 'items' })
    fresh.nodeWorld('one', HOST)
    fresh.kill('one')
    return fresh.nodeWorld('one', HOST).random
  }
  expect(recording.entries.flatMap(({ reads }) => reads).length).toBeGreaterThan(5)
  expect(replayed()).toBeUndefined()
  const { entries } = recording
  const read = entries.findIndex(({ reads }) => reads.length > 0)
  const unread = entries.map((entry, at) => (at === read ? { ...entry, reads: [] } : entry))
  expect(replayed({ entries: unread })).toBeDefined()
})

test('a child that fails goes on with what it had, and hands nothing over twice', () => {
  const world = startVirtualWorld({ seed: 'restarted' })
  const failing = (protocol: Protocol<NativeTypes>): Protocol<NativeTypes> => ({
    ...protocol,
    children: (protocol.children ?? []).map((child): ChildSpec<NativeTypes> => ({
      ...child,
      start(tools, kept) {
        tools.feed('pong', () => {
          throw new Error('asked for')
        })
        return child.start(tools, kept)
      },
    })),
  })
  const one = startItemNode(world, 'one', HOST, { protocol: failing(itemProtocol('one')) })
  const raw = startRawNode(world, 'raw', RAW_HOST, [addressOf('one', HOST)])
  world.advance(2_000)
  const { nodeId: originId } = identityOf('third')
  raw.send(itemOf('third', 0n, 'first'))
  world.advance(100)
  raw.send({ type: 'locator', origins: [{ originId, runs: [0n, 2n] }] })
  world.advance(100)
  expect(raw.gotOf('range').map(({ first, last }) => [first, last])).toEqual([[1n, 2n]])
  raw.send({ type: 'pong', id: new Uint8Array(16) })
  world.advance(1_000)
  expect(one.events.filter(({ type }) => type === 'child.restarted')).toHaveLength(1)
  // What the neighbour said that it holds is asked for again, though it does not say it again.
  expect(raw.gotOf('range').map(({ first, last }) => [first, last])).toEqual([
    [1n, 2n],
    [1n, 2n],
  ])
  raw.send(itemOf('third', 0n, 'first'))
  raw.send(itemOf('third', 1n, 'second'))
  world.advance(1_000)
  expect(one.lines()).toEqual([`${short('third')} 0 first`, `${short('third')} 1 second`])
})
