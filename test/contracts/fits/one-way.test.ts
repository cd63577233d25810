import { describe, expect, test } from 'vitest'
import { concatBytes, encodeHex } from '../../../codec/bytes.ts'
import type { NodeTools } from '../../../index.ts'
import { chooseCrypto } from '../../../transport/crypto/choose.ts'
import { coalesced, oneByte } from '../../../transport/memory/chunking.ts'
import { seededRandom } from '../../../transport/random.ts'
import { NOTHING_HELD, startNode, startVirtualWorld } from '../../support/nodes.ts'
import { FIRST_RECORD_MS, oneWay, PING_EVERY_MS } from './one-way.ts'
import { DATAGRAMS_PER_SECOND } from './one-way-node.ts'
import type { OneWayMessage, OneWayTypes } from './one-way-wire.ts'

type World = ReturnType<typeof startVirtualWorld>

const crypto = chooseCrypto()
const keyOf = (byte: number) => new Uint8Array(32).fill(byte)
const identityOf = (byte: number) => encodeHex(crypto.publicKeyOf(keyOf(byte)))
const ALICE = `${identityOf(1)}@10.0.0.1:7005`
const BOB = `${identityOf(2)}@10.0.0.2:7005`
const note = (...payload: number[]): OneWayMessage => ({
  type: 'note',
  payload: Uint8Array.from(payload),
})
const ping: OneWayMessage = { type: 'ping', payload: Uint8Array.of(7) }

function startAlice(options = {}, bootstrap: readonly string[] = []) {
  const world = startVirtualWorld({ seed: 'one-way' })
  const alice = startNode(world, 'alice', '10.0.0.1', oneWay(keyOf(1), options), { bootstrap })
  const notes: number[] = []
  alice.supervisor.messages('note').subscribe(({ message }) => notes.push(...message.payload))
  const details = () => alice.eventsOf('connection.closed').map(({ detail }) => detail)
  return { world, alice, notes, details }
}

const startBob = (world: World, options = {}, bootstrap: readonly string[] = [ALICE]) =>
  startNode(world, 'bob', '10.0.0.2', oneWay(keyOf(2), options), { bootstrap })

/** A bare datagram socket, and what the holder of a key would send with it. */
function startSocket(world: World, host: string, byte: number) {
  const { datagrams } = world.nodeWorld(`socket ${host}`, host)
  const got: Uint8Array[] = []
  datagrams?.start((input) => {
    if (input.kind === 'datagrams.received') got.push(input.bytes.slice())
  })
  datagrams?.bind(1, { host, port: 7005 })
  world.settle()
  const tools: NodeTools<OneWayTypes> = {
    crypto,
    random: seededRandom(host),
    monotonicMs: () => 0,
    wallMs: () => 0,
    connections: () => [],
    tell: () => false,
    close: () => undefined,
    banned: () => undefined,
    listening: () => [],
    describe: () => undefined,
  }
  const codec = oneWay(keyOf(byte)).datagrams?.(tools)
  const address = { host: '10.0.0.1', port: 7005 }
  const sealed = (message: OneWayMessage): Uint8Array =>
    codec?.encode(message, { identity: identityOf(1), address }) ?? new Uint8Array()
  const send = (...datagramsToSend: Uint8Array[]): void => {
    for (const bytes of datagramsToSend) datagrams?.send(1, address, bytes)
    world.advance(1)
  }
  return { got, sealed, send }
}

describe.each([
  ['all at once', coalesced],
  ['one byte at a time', oneByte],
])('delivered %s', (_, chunking) => {
  test('who dials is active at once and may send behind its greeting; nobody answers', async () => {
    const { world, alice, notes } = startAlice()
    world.network.setChunking(chunking)
    const bob = startBob(world, {}, [])
    bob.supervisor.events.subscribe((event) => {
      if (event.type !== 'connection.active') return
      for (const number of [1, 2, 3]) bob.supervisor.send(event.connection, note(number))
    })
    const connected = bob.supervisor.connect(ALICE)
    world.runUntil(() => bob.eventsOf('connection.active').length > 0, { withinMs: 100 })
    expect(alice.eventsOf('connection.active')).toEqual([])
    expect(notes).toEqual([])
    world.advance(100)
    expect(await connected).toBe('bob/out-1')
    expect(notes).toEqual([1, 2, 3])
    expect(bob.supervisor.connections()).toMatchObject([
      { phase: 'active', identity: identityOf(1), counters: { receivedBytes: 0 } },
    ])
    expect(alice.supervisor.connections()).toMatchObject([
      {
        phase: 'active',
        identity: identityOf(2),
        counters: { sentBytes: 0, receivedMessages: 5, handledMessages: 5 },
      },
    ])
  })

  test('the listener sends once it has something to say', () => {
    const { world, alice } = startAlice()
    world.network.setChunking(chunking)
    const bob = startBob(world)
    const heard: number[] = []
    bob.supervisor.messages('note').subscribe(({ message }) => heard.push(...message.payload))
    world.advance(100)
    expect(alice.supervisor.send(identityOf(2), note(9, 8))).toBe('queued')
    world.advance(100)
    expect(heard).toEqual([9, 8])
  })

  test('a stop leaves nothing behind on either side', async () => {
    const { world, alice, details } = startAlice({ pings: [BOB] })
    world.network.setChunking(chunking)
    const bob = startBob(world, { pings: [ALICE, `${identityOf(3)}@10.0.0.3:7005`] })
    world.advance(3_000)
    const stopped = bob.supervisor.stop()
    world.advance(1_000)
    expect(await stopped).toEqual({ killed: [] })
    expect(details()).toEqual(['ended'])
    expect(bob.supervisor.audit()).toMatchObject(NOTHING_HELD)
    const alsoStopped = alice.supervisor.stop()
    world.advance(1_000)
    await alsoStopped
    expect(alice.supervisor.audit()).toMatchObject(NOTHING_HELD)
    expect([...alice.eventsOf('fault'), ...bob.eventsOf('fault')]).toEqual([])
  })
})

test('who is of another network is closed without a word', () => {
  const { world, alice, details } = startAlice()
  const bob = startBob(world, { network: 2 })
  world.advance(100)
  expect(details()).toEqual(['other-network'])
  expect(alice.eventsOf('connection.closed')[0]?.sentBytes).toBe(0)
  expect(bob.eventsOf('connection.closed').map(({ detail }) => detail)).toEqual(['ended'])
})

test('who dialled with a wrong key in mind is closed at its first record', () => {
  const { world, details } = startAlice()
  startBob(world, {}, [`${identityOf(3)}@10.0.0.1:7005`])
  world.advance(100)
  expect(details()).toEqual(['bad-record'])
})

test('who comes in and says nothing is late', () => {
  const { world, details } = startAlice()
  const { streams } = world.nodeWorld('silent', '10.0.0.9')
  streams.start(() => undefined)
  streams.open(2, { host: '10.0.0.1', port: 7005 })
  world.advance(FIRST_RECORD_MS - 1)
  expect(details()).toEqual([])
  world.advance(1_002)
  expect(details()).toEqual(['late'])
})

test('the newest connection of an identity wins', () => {
  const { world, alice, notes, details } = startAlice()
  const bob = startBob(world)
  world.advance(100)
  const newer = startNode(world, 'bob again', '10.0.0.3', oneWay(keyOf(2)), {
    bootstrap: [ALICE],
  })
  world.advance(100)
  expect(details()).toEqual(['duplicate'])
  expect(alice.supervisor.connections().map(({ name }) => name)).toEqual(['alice/in-2'])
  expect(bob.eventsOf('connection.closed').map(({ detail }) => detail)).toEqual(['ended'])
  newer.supervisor.send(identityOf(1), note(5))
  world.advance(100)
  expect(notes).toEqual([5])
})

test('of two dials that cross both ends keep the same one', () => {
  const { world, alice } = startAlice({}, [BOB])
  const bob = startBob(world)
  world.advance(10_000)
  const [ofAlice, ...moreOfAlice] = alice.supervisor.connections()
  const [ofBob, ...moreOfBob] = bob.supervisor.connections()
  expect([...moreOfAlice, ...moreOfBob]).toEqual([])
  expect([ofAlice?.phase, ofBob?.phase]).toEqual(['active', 'active'])
  expect(new Set([ofAlice?.role, ofBob?.role])).toEqual(new Set(['dialler', 'listener']))
})

describe('datagrams', () => {
  test('go both ways under the keys of the nodes, and are asked for until they are answered', () => {
    const { world, alice } = startAlice({ pings: [BOB] })
    const seen: string[] = []
    alice.supervisor.messages('pong').subscribe(({ peer }) => {
      seen.push(`${peer.identity ?? ''}@${peer.address} ${peer.connection}`)
    })
    world.advance(PING_EVERY_MS * 3 + 10)
    expect(alice.supervisor.datagrams()).toMatchObject({ sentMessages: 3, receivedMessages: 0 })
    const bob = startBob(world, {}, [])
    const asked: (string | undefined)[] = []
    bob.supervisor.messages('ping').subscribe(({ peer }) => asked.push(peer.identity))
    world.advance(PING_EVERY_MS * 10)
    expect(asked).toEqual([identityOf(1)])
    expect(seen).toEqual([`${BOB} datagrams-1`])
    expect(alice.supervisor.datagrams()).toMatchObject({
      sentMessages: 4,
      receivedMessages: 1,
      handledMessages: 1,
      dropped: {},
    })
    expect(bob.supervisor.datagrams()).toMatchObject({
      sentMessages: 1,
      receivedMessages: 1,
      handledMessages: 1,
    })
    // There was never a connection.
    expect([...alice.supervisor.connections(), ...bob.supervisor.connections()]).toEqual([])
  })

  test('go to nobody whose key is not known', () => {
    const { world, alice } = startAlice({ pings: ['10.0.0.2:7005'] })
    startBob(world, {}, [])
    world.advance(PING_EVERY_MS * 3)
    expect(alice.supervisor.datagrams()).toMatchObject({ sentMessages: 0 })
  })

  test.each([
    ['address', '10.0.0.9'],
    ['identity', identityOf(2)],
  ])('of a banned %s are dropped and counted', (_, subject) => {
    const { world, alice } = startAlice()
    const socket = startSocket(world, '10.0.0.9', 2)
    socket.send(socket.sealed(ping))
    expect(socket.got).toHaveLength(1)
    alice.supervisor.ban(subject)
    socket.send(socket.sealed(ping), socket.sealed(ping))
    expect(socket.got).toHaveLength(1)
    expect(alice.supervisor.datagrams()).toMatchObject({
      receivedMessages: 3,
      handledMessages: 1,
      dropped: { banned: 2 },
    })
    alice.supervisor.unban(subject)
    socket.send(socket.sealed(ping))
    expect(socket.got).toHaveLength(2)
  })

  test('of a banned address are not even opened', () => {
    const { world, alice } = startAlice()
    alice.supervisor.ban('10.0.0.9')
    startSocket(world, '10.0.0.9', 2).send(new Uint8Array(100))
    expect(alice.eventsOf('datagrams.refused')).toEqual([])
    expect(alice.supervisor.datagrams()?.dropped).toEqual({ banned: 1 })
  })

  test('of anybody are dropped and counted while the node is paused, and none is sent', () => {
    const { world, alice } = startAlice({ pings: [BOB] })
    const socket = startSocket(world, '10.0.0.9', 2)
    world.advance(PING_EVERY_MS)
    const sentBefore = alice.supervisor.datagrams()?.sentMessages
    alice.supervisor.pause()
    socket.send(socket.sealed(ping))
    world.advance(PING_EVERY_MS * 3)
    expect(socket.got).toEqual([])
    expect(alice.supervisor.datagrams()).toMatchObject({
      ...{ sentMessages: sentBefore, handledMessages: 0, dropped: { banned: 1 } },
    })
    alice.supervisor.resume()
    socket.send(socket.sealed(ping))
    world.advance(PING_EVERY_MS)
    expect(socket.got).toHaveLength(1)
    expect(alice.supervisor.datagrams()?.sentMessages).toBeGreaterThan((sentBefore ?? 0) + 1)
  })

  test('are not sent to who is banned', () => {
    const { world, alice } = startAlice({ pings: [BOB] })
    const sentBefore = alice.supervisor.datagrams()?.sentMessages
    alice.supervisor.ban(identityOf(2))
    startBob(world, {}, [])
    world.advance(PING_EVERY_MS * 3)
    expect(alice.supervisor.datagrams()?.sentMessages).toBe(sentBefore)
  })

  test('are held to a rate, each group by itself', () => {
    const { world, alice } = startAlice()
    const [one, other] = [startSocket(world, '10.0.0.8', 2), startSocket(world, '10.0.0.9', 3)]
    const burst = Array.from({ length: DATAGRAMS_PER_SECOND + 3 }, () => one.sealed(ping))
    one.send(...burst)
    other.send(other.sealed(ping))
    expect(one.got).toHaveLength(DATAGRAMS_PER_SECOND)
    expect(other.got).toHaveLength(1)
    expect(alice.supervisor.datagrams()?.dropped).toEqual({ overload: 3 })
    world.advance(1_000)
    one.send(one.sealed(ping))
    expect(one.got).toHaveLength(DATAGRAMS_PER_SECOND + 1)
  })

  test('that prove nothing are refused, told and counted', () => {
    const { world, alice } = startAlice({ pings: [`${identityOf(2)}@10.0.0.9:7005`] })
    const socket = startSocket(world, '10.0.0.9', 2)
    world.advance(PING_EVERY_MS + 10)
    const [ofAlice = new Uint8Array()] = socket.got
    const good = socket.sealed(ping)
    const keyOfBob = good.subarray(0, 33)
    const bent = good.slice()
    bent[bent.length - 1] = (bent.at(-1) ?? 0) ^ 1
    const refusals: [Uint8Array, string][] = [
      [new Uint8Array(), 'bad-key'],
      [new Uint8Array(33).fill(5), 'bad-key'],
      // Her own, as it was sent, and under the key of whom it was sent to.
      [ofAlice, 'bad-key'],
      [concatBytes(keyOfBob, ofAlice.subarray(33)), 'bad-record'],
      [keyOfBob, 'bad-record'],
      [bent, 'bad-record'],
      [good.subarray(0, -1), 'bad-record'],
      [socket.sealed(note(1)), 'bad-record'],
    ]
    for (const [bytes] of refusals) {
      socket.send(bytes)
      world.advance(1_000)
    }
    expect(alice.eventsOf('datagrams.refused').map(({ detail }) => detail)).toEqual(
      refusals.map(([, detail]) => detail),
    )
    socket.send(new Uint8Array(1_201))
    const { dropped, handledMessages } = alice.supervisor.datagrams() ?? {}
    expect({ dropped, handledMessages }).toEqual({
      dropped: { refused: refusals.length + 1 },
      handledMessages: 0,
    })
  })
})
