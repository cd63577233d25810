import { describe, expect, test } from 'vitest'
import { coalesced, oneByte } from '../../../transport/memory/chunking.ts'
import { NOTHING_HELD, startNode, startVirtualWorld } from '../../support/nodes.ts'
import { PING_WINDOW_MS } from './keyed-node.ts'
import { keyed } from './keyed.ts'
import type { KeyedMessage } from './keyed-wire.ts'

const keyOf = (byte: number) => new Uint8Array(32).fill(byte)
const ping: KeyedMessage = { type: 'ping', payload: new Uint8Array(1) }
const note = (number: number): KeyedMessage => ({ type: 'note', payload: Uint8Array.of(number) })

function startPair(chunking = coalesced) {
  const world = startVirtualWorld({ seed: 'keyed' })
  world.network.setChunking(chunking)
  const alice = startNode(world, 'alice', '10.0.0.1', keyed(keyOf(1)))
  const bob = startNode(world, 'bob', '10.0.0.2', keyed(keyOf(2)), {
    bootstrap: ['10.0.0.1:7002'],
  })
  const notes: number[] = []
  alice.supervisor.messages('note').subscribe(({ message }) => notes.push(message.payload[0] ?? 0))
  world.advance(100)
  const bobsName = () => bob.supervisor.connections()[0]?.name ?? ''
  return { world, alice, bob, notes, bobsName }
}

describe.each([
  ['all at once', coalesced],
  ['one byte at a time', oneByte],
])('delivered %s', (_, chunking) => {
  test('keys change between two frames of one chunk, and both know each other', () => {
    const { world, alice, bob, notes, bobsName } = startPair(chunking)
    expect(alice.supervisor.connections()[0]?.identity).toBe(keyed(keyOf(2)).identity)
    expect(bob.supervisor.connections()[0]?.identity).toBe(keyed(keyOf(1)).identity)
    // Ten records, with a change of keys after each fourth.
    for (let number = 0; number < 10; number++) bob.supervisor.send(bobsName(), note(number))
    world.advance(100)
    expect(notes).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9])
  })
})

test('a second ping within the window ends the connection, over a reconnect as well', () => {
  const { world, alice, bob, bobsName } = startPair()
  const details = () => alice.eventsOf('connection.closed').map(({ detail }) => detail)
  bob.supervisor.send(bobsName(), ping)
  world.advance(10)
  expect(details()).toEqual([])
  bob.supervisor.disconnect(bobsName())
  world.advance(2_000)
  const again = bob.supervisor.connect('10.0.0.1:7002')
  again.catch(() => undefined)
  world.advance(2_000)
  bob.supervisor.send(bobsName(), ping)
  world.advance(10)
  expect(details()).toEqual(['bye', 'ping-rate'])
  world.advance(PING_WINDOW_MS)
  bob.supervisor.send(bobsName(), ping)
  world.advance(10)
  expect(details()).toEqual(['bye', 'ping-rate'])
})

test('an end without a farewell is truncated, one with it is not', async () => {
  const { world, alice, bob } = startPair()
  world.kill('bob')
  world.advance(10)
  const [lost] = alice.eventsOf('connection.closed')
  expect(['left-truncated', 'transport-reset']).toContain(lost?.detail)

  const other = startPair()
  const stopped = other.bob.supervisor.stop()
  other.world.advance(5_000)
  await stopped
  expect(other.alice.eventsOf('connection.closed').map(({ detail }) => detail)).toEqual(['bye'])
  expect(other.bob.supervisor.audit()).toMatchObject(NOTHING_HELD)
  expect(bob.eventsOf('fault')).toEqual([])
})

test('who sends rubbish in place of a hello is struck, and nobody else notices', () => {
  const { world, alice } = startPair()
  const { streams } = world.nodeWorld('rude', '10.0.0.9')
  streams.start((input) => {
    if (input.kind === 'stream.opened') streams.write(2, Uint8Array.of(0, 1, 99))
  })
  streams.open(2, { host: '10.0.0.1', port: 7002 })
  world.advance(2_000)
  expect(alice.eventsOf('connection.closed').map(({ detail }) => detail)).toEqual(['bad-frame'])
  expect(alice.eventsOf('peer.struck')).toHaveLength(1)
  expect(alice.supervisor.connections()).toHaveLength(1)
})
