import { describe, expect, test } from 'vitest'
import { concatBytes, encodeAscii } from '../../../../codec/bytes.ts'
import { coalesced, oneByte } from '../../../../transport/memory/chunking.ts'
import { startNode, startVirtualWorld } from '../../../support/nodes.ts'
import { carried, v1Frame } from './carried.ts'
import type { CarriedTypes, Transport } from './carried.ts'
import { FAR_KEY, REGTEST } from './far-side.ts'

const line = (...bytes: number[]): CarriedTypes['message'] => ({
  type: 'line',
  payload: Uint8Array.from(bytes),
})

function startPair(listenerSpeaks: readonly Transport[] = ['v1', 'v2'], chunking = coalesced) {
  const world = startVirtualWorld({ seed: 'carried' })
  world.network.setChunking(chunking)
  const alice = startNode(world, 'alice', '10.0.0.1', carried(listenerSpeaks))
  const bob = startNode(world, 'bob', '10.0.0.2', carried(), { bootstrap: ['10.0.0.1:7005'] })
  const lines: number[][] = []
  for (const { supervisor } of [alice, bob]) {
    supervisor.messages('line').subscribe(({ message }) => lines.push([...message.payload]))
  }
  world.advance(100)
  return { world, alice, bob, lines }
}

/** A listener, and a stream to it that says what it is told to. */
function startRaw() {
  const world = startVirtualWorld({ seed: 'carried raw' })
  const alice = startNode(world, 'alice', '10.0.0.1', carried())
  const { streams } = world.nodeWorld('raw', '10.0.0.9')
  let [heardBytes, hasEnded] = [0, false]
  streams.start((input) => {
    if (input.kind === 'stream.opened') streams.resume(2)
    if (input.kind === 'stream.bytes') heardBytes += input.bytes.length
    if (input.kind === 'stream.ended') hasEnded = true
  })
  streams.open(2, { host: '10.0.0.1', port: 7005 })
  world.settle()
  return {
    world,
    alice,
    say(bytes: Uint8Array): void {
      streams.write(2, bytes)
      world.advance(1)
    },
    heardBytes: () => heardBytes,
    hasEnded: () => hasEnded,
    details: () => alice.eventsOf('connection.closed').map(({ detail }) => detail),
  }
}

describe.each([
  ['all at once', coalesced],
  ['one byte at a time', oneByte],
])('delivered %s', (_, chunking) => {
  test('two nodes come to one v2 session, and speak over it', () => {
    const { alice, bob, lines, world } = startPair(['v1', 'v2'], chunking)
    const [here, there] = [alice, bob].map(({ supervisor }) => supervisor.connections()[0])
    expect(here).toMatchObject({
      phase: 'active',
      facts: { transport: 'v2', sessionId: expect.stringMatching(/^[0-9a-f]{64}$/) as string },
    })
    expect(here?.facts).toEqual(there?.facts)
    expect(bob.supervisor.send('bob/out-1', line(1, 2, 3))).toBe('queued')
    world.advance(10)
    expect(alice.supervisor.send(here?.name ?? '', line(4))).toBe('queued')
    world.advance(10)
    expect(lines).toEqual([[1, 2, 3], [4]])
    expect([...alice.eventsOf('fault'), ...bob.eventsOf('fault')]).toEqual([])
  })

  test('one that knows v1 alone is dialled once more with v1, in the one slot, nothing charged', () => {
    const { bob, lines, world } = startPair(['v1'], chunking)
    expect(bob.eventsOf('connection.started')).toHaveLength(2)
    expect(bob.supervisor.connections()).toMatchObject([
      { name: 'bob/out-2', phase: 'active', facts: { transport: 'v1' }, slot: 'outbound' },
    ])
    expect(bob.supervisor.peers().map(({ failures }) => failures)).toEqual([0])
    bob.supervisor.send('bob/out-2', line(7))
    world.advance(10)
    expect(lines).toEqual([[7]])
  })
})

test('a listener speaks v1 with whom it hears it from, on the same stream', () => {
  const { alice, heardBytes, say } = startRaw()
  const hello = v1Frame(new Uint8Array(0))
  say(hello.subarray(0, 4))
  say(hello.subarray(4, 15))
  expect(heardBytes()).toBe(0)
  const lines: number[][] = []
  alice.supervisor.messages('line').subscribe(({ message }) => lines.push([...message.payload]))
  say(concatBytes(hello.subarray(15), v1Frame(Uint8Array.of(9))))
  expect(heardBytes()).toBe(24)
  expect(lines).toEqual([[9]])
  expect(alice.supervisor.connections()[0]?.facts).toEqual({ transport: 'v1', sessionId: '' })
})

test('whoever says four bytes and no more hears nothing, until it is too late', () => {
  const { details, hasEnded, heardBytes, say, world } = startRaw()
  say(REGTEST)
  world.advance(9_000)
  expect([heardBytes(), hasEnded()]).toEqual([0, false])
  world.advance(2_000)
  expect([heardBytes(), details()]).toEqual([0, ['late']])
})

test('a v1 peer of another network is ended unheard', () => {
  const { details, heardBytes, say, world } = startRaw()
  const magic = Uint8Array.of(0xf9, 0xbe, 0xb4, 0xd9)
  say(concatBytes(magic, encodeAscii('version\0\0\0\0\0'), new Uint8Array(8)))
  world.advance(2_000)
  expect([heardBytes(), details()]).toEqual([0, ['other-network']])
})

test('garbage without end is ended by its length, and what is held of it is given back', () => {
  const { alice, details, say, world } = startRaw()
  say(FAR_KEY)
  say(new Uint8Array(4_110))
  world.advance(2_000)
  expect(details()).toEqual([])
  expect(alice.supervisor.connections()).toMatchObject([{ facts: undefined }])
  say(new Uint8Array(1))
  world.advance(2_000)
  expect(details()).toEqual(['garbage-unterminated'])
  expect(alice.supervisor.audit()).toMatchObject({ streams: 0, connections: 0, questions: 0 })
})
