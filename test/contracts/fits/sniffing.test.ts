import { describe, expect, test } from 'vitest'
import { coalesced, oneByte } from '../../../transport/memory/chunking.ts'
import { startNode, startVirtualWorld } from '../../support/nodes.ts'
import { sniffing } from './sniffing.ts'
import type { Kind, LineMessage } from './sniffing.ts'

const line = (...bytes: number[]): LineMessage => ({
  type: 'line',
  payload: Uint8Array.from(bytes),
})

function startPair(listenerSpeaks: readonly Kind[] = ['old', 'new'], chunking = coalesced) {
  const world = startVirtualWorld({ seed: 'sniffing' })
  world.network.setChunking(chunking)
  const alice = startNode(world, 'alice', '10.0.0.1', sniffing(listenerSpeaks))
  const bob = startNode(world, 'bob', '10.0.0.2', sniffing(), { bootstrap: ['10.0.0.1:7003'] })
  const lines: number[][] = []
  alice.supervisor.messages('line').subscribe(({ message }) => lines.push([...message.payload]))
  world.advance(100)
  return { world, alice, bob, lines }
}

/** A stream that says what it is told to a node, and keeps what it heard. */
function startRaw(world: ReturnType<typeof startVirtualWorld>) {
  const { streams } = world.nodeWorld('raw', '10.0.0.9')
  let heardBytes = 0
  streams.start((input) => {
    if (input.kind === 'stream.opened') streams.resume(2)
    if (input.kind === 'stream.bytes') heardBytes += input.bytes.length
  })
  streams.open(2, { host: '10.0.0.1', port: 7003 })
  world.settle()
  const say = (bytes: Uint8Array): void => {
    streams.write(2, bytes)
    world.advance(1)
  }
  return { say, heardBytes: () => heardBytes }
}

const START = new TextEncoder().encode('sniffing/1\0\0\0\0\0\0')

describe.each([
  ['all at once', coalesced],
  ['one byte at a time', oneByte],
])('delivered %s', (_, chunking) => {
  test('two that know the new kind speak it', () => {
    const { world, alice, bob, lines } = startPair(['old', 'new'], chunking)
    expect(alice.supervisor.connections()[0]?.facts).toEqual({ kind: 'new' })
    expect(bob.supervisor.send('bob/out-1', line(1, 2, 3))).toBe('queued')
    world.advance(10)
    expect(lines).toEqual([[1, 2, 3]])
  })
})

test('the listener says nothing while it could be the old kind, up to the sixteenth byte', () => {
  const { world, alice } = startPair()
  const old = startRaw(world)
  for (const byte of START.subarray(0, 15)) {
    old.say(Uint8Array.of(byte))
    expect(old.heardBytes()).toBe(0)
  }
  old.say(START.subarray(15))
  expect(old.heardBytes()).toBe(16)
  expect(alice.supervisor.connections().at(-1)?.facts).toEqual({ kind: 'old' })
})

test('a sixteenth byte that differs is the new kind', () => {
  const { world } = startPair()
  const raw = startRaw(world)
  raw.say(START.subarray(0, 15))
  expect(raw.heardBytes()).toBe(0)
  raw.say(Uint8Array.of(1))
  expect(raw.heardBytes()).toBe(24)
})

test('an old listener is dialled once more with the old kind, in the one slot, nothing charged', () => {
  const { world, alice, bob, lines } = startPair(['old'])
  expect(bob.eventsOf('connection.started')).toHaveLength(2)
  expect(bob.supervisor.connections()).toMatchObject([
    { name: 'bob/out-2', phase: 'active', facts: { kind: 'old' }, slot: 'outbound' },
  ])
  expect(bob.supervisor.peers().map(({ failures }) => failures)).toEqual([0])
  bob.supervisor.send('bob/out-2', line(7))
  world.advance(10)
  expect(lines).toEqual([[7]])
  expect(alice.eventsOf('connection.closed').map(({ detail }) => detail)).toEqual(['not-ours'])
})

test('a frame with a wrong check byte is passed over and counted, and the next one is read', () => {
  const { world, alice, lines } = startPair()
  const old = startRaw(world)
  old.say(START)
  old.say(Uint8Array.of(1, 5, 5, 1, 9, 8, 1, 6, 6))
  expect(lines).toEqual([[5], [6]])
  const counters = alice.supervisor.connections().at(-1)?.counters
  expect(counters).toMatchObject({ receivedMessages: 3, handledMessages: 2 })
  expect(counters?.dropped).toEqual({ refused: 1 })
})
