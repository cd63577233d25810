import { describe, expect, test } from 'vitest'
import { concatBytes, encodeHex, joinedPieces } from '../../../codec/bytes.ts'
import { chooseCrypto } from '../../../transport/crypto/choose.ts'
import { coalesced, oneByte } from '../../../transport/memory/chunking.ts'
import { seededRandom } from '../../../transport/random.ts'
import { performJob } from '../../../world/jobs.ts'
import { NOTHING_HELD, startNode, startVirtualWorld } from '../../support/nodes.ts'
import { boundWire } from './bound-wire.ts'
import type { BoundMessage } from './bound-wire.ts'
import { addressOf, bound, CLOSING_MS } from './bound.ts'

type World = ReturnType<typeof startVirtualWorld>
type Type = BoundMessage['type']

const crypto = chooseCrypto()
const keyOf = (byte: number) => new Uint8Array(32).fill(byte)
const identityOf = (byte: number) => encodeHex(crypto.publicKeyOf(keyOf(byte)))
const message = (type: Type, ...payload: number[]): BoundMessage => ({
  type,
  payload: Uint8Array.from(payload),
})

function startPair(chunking = coalesced) {
  const world = startVirtualWorld({ seed: 'bound' })
  world.network.setChunking(chunking)
  const alice = startNode(world, 'alice', '10.0.0.1', bound(keyOf(1)))
  const bob = startNode(world, 'bob', '10.0.0.2', bound(keyOf(2)), {
    bootstrap: ['10.0.0.1:7004'],
  })
  world.advance(100)
  return { world, alice, bob }
}

function startAlice() {
  const world = startVirtualWorld({ seed: 'bound alone' })
  const alice = startNode(world, 'alice', '10.0.0.1', bound(keyOf(1)))
  const details = () => alice.eventsOf('connection.closed').map(({ detail }) => detail)
  const phase = () => alice.supervisor.connections()[0]?.phase
  return { world, alice, details, phase }
}

/** The wire alone, dialling: it says what a test wants and answers nothing by itself. */
function startRaw(world: World, host = '10.0.0.9') {
  const { streams } = world.nodeWorld(`raw ${host}`, host)
  const heard: BoundMessage[] = []
  let binding: Uint8Array | undefined
  let hasEnded = false
  const wire = boundWire({
    role: 'dialler',
    target: undefined,
    dial: undefined,
    random: seededRandom(`raw ${host}`),
    crypto,
    out(bytes) {
      streams.write(2, joinedPieces(bytes))
    },
  })
  const readAll = (): void => {
    for (let read = wire.read(); read.kind !== 'more'; read = wire.read()) {
      if (read.kind === 'job') wire.resume(performJob(crypto, read.job))
      if (read.kind === 'secured') binding = read.facts.binding
      if (read.kind === 'message') heard.push(read.message)
    }
    wire.keep()
  }
  streams.start((input) => {
    if (input.kind === 'stream.opened') {
      wire.start()
      streams.resume(2)
    }
    if (input.kind === 'stream.ended') hasEnded = true
    if (input.kind !== 'stream.bytes') return
    wire.push(input.bytes)
    readAll()
  })
  streams.open(2, { host: '10.0.0.1', port: 7004 })
  world.advance(10)
  const signed = (byte: number, over = binding) =>
    concatBytes(crypto.publicKeyOf(keyOf(byte)), crypto.sign(over ?? new Uint8Array(), keyOf(byte)))
  return {
    heard: () => heard.map(({ type }) => type),
    hello: (): BoundMessage => heard.find(({ type }) => type === 'hello') ?? message('hello'),
    helloOf: (byte: number, over?: Uint8Array): BoundMessage => ({
      type: 'hello',
      payload: signed(byte, over),
    }),
    hasEnded: () => hasEnded,
    say(...messages: BoundMessage[]): void {
      wire.write(messages)
      world.advance(10)
    },
    end(): void {
      streams.end(2)
      world.advance(10)
    },
  }
}

describe.each([
  ['all at once', coalesced],
  ['one byte at a time', oneByte],
])('delivered %s', (_, chunking) => {
  test('both are active once they were answered, and know whom the signatures name', () => {
    const { world, alice, bob } = startPair(chunking)
    expect(alice.supervisor.connections()).toMatchObject([
      { role: 'listener', phase: 'active', identity: identityOf(2) },
    ])
    expect(bob.supervisor.connections()).toMatchObject([
      { role: 'dialler', phase: 'active', identity: identityOf(1) },
    ])
    expect(alice.supervisor.connections()[0]?.facts).toEqual(bob.supervisor.connections()[0]?.facts)
    const fetched: number[] = []
    alice.supervisor.messages('fetch').subscribe((routed) => {
      fetched.push(routed.message.payload.length)
    })
    // Bodies on either side of a block's edge: the chain of blocks never restarts.
    for (const bytes of [0, 7, 8, 9, 4_000]) {
      bob.supervisor.send(identityOf(1), { type: 'fetch', payload: new Uint8Array(bytes) })
    }
    world.advance(100)
    expect(fetched).toEqual([0, 7, 8, 9, 4_000])
  })

  test('a control message is answered by the session while active', () => {
    const { world, bob } = startPair(chunking)
    const times: string[] = []
    bob.supervisor.messages('time').subscribe(({ peer }) => times.push(peer.identity ?? ''))
    bob.supervisor.send(identityOf(1), message('timeRequest'))
    world.advance(100)
    expect(times).toEqual([identityOf(1)])
  })

  test('a stop says closing, is answered by one, and leaves nothing behind', async () => {
    const { world, alice, bob } = startPair(chunking)
    const stopped = bob.supervisor.stop()
    world.advance(1_000)
    expect(await stopped).toEqual({ killed: [] })
    expect(alice.eventsOf('connection.closed').map(({ detail }) => detail)).toEqual([
      'told-to-close',
    ])
    expect(bob.supervisor.audit()).toMatchObject(NOTHING_HELD)
    expect(alice.supervisor.audit()).toMatchObject({ streams: 0, connections: 0, questions: 0 })
    expect([...alice.eventsOf('fault'), ...bob.eventsOf('fault')]).toEqual([])
  })
})

test('it is active with the answer to its address request, and not before', () => {
  const { world, phase } = startAlice()
  const raw = startRaw(world)
  expect(raw.heard()).toEqual(['hello'])
  raw.say(raw.helloOf(2))
  expect(raw.heard()).toEqual(['hello', 'accepted'])
  raw.say(message('accepted'))
  expect(raw.heard()).toEqual(['hello', 'accepted', 'addressRequest'])
  raw.say(message('addressRequest'))
  expect(raw.heard().at(-1)).toBe('address')
  expect(phase()).toBe('handshaking')
  raw.say(message('address'))
  expect(phase()).toBe('active')
})

test('a fetch from who came in makes it active as well, and reaches who fetches', () => {
  const { world, alice, phase } = startAlice()
  const fetched: number[] = []
  alice.supervisor.messages('fetch').subscribe((routed) => {
    fetched.push(...routed.message.payload)
  })
  const raw = startRaw(world)
  raw.say(raw.helloOf(2), message('accepted'))
  expect(phase()).toBe('handshaking')
  raw.say(message('fetch', 1), message('fetch', 2), message('address'))
  expect(phase()).toBe('active')
  expect(fetched).toEqual([1, 2])
  const counters = alice.supervisor.connections()[0]?.counters
  expect(counters).toMatchObject({ receivedMessages: 5, handledMessages: 5, dropped: {} })
})

test('a fetch of somebody banned makes nothing active and reaches nobody', () => {
  const { world, alice, details } = startAlice()
  const fetched: number[] = []
  alice.supervisor.messages('fetch').subscribe((routed) => {
    fetched.push(...routed.message.payload)
  })
  alice.supervisor.ban(identityOf(2))
  const raw = startRaw(world)
  raw.say(raw.helloOf(2), message('accepted'), message('fetch', 1), message('closing'))
  raw.end()
  expect(details()).toEqual(['banned'])
  expect(fetched).toEqual([])
})

test('who is found by a dial of ours is told under which address, on the connection he has', () => {
  const { world, alice, bob } = startPair()
  const told: (string | undefined)[] = []
  bob.supervisor.messages('reachable').subscribe((routed) => told.push(addressOf(routed.message)))
  const again = alice.supervisor.connect('10.0.0.2:7004', { timeoutMs: 500 })
  again.catch(() => undefined)
  world.advance(100)
  expect(told).toEqual(['10.0.0.2:7004'])
  // Both refuse the second one, each answers the other's closing, and the first one stays.
  for (const node of [alice, bob]) {
    expect(node.eventsOf('connection.closed').map(({ detail }) => detail)).toEqual(['known'])
  }
  expect(alice.supervisor.connections().map(({ name }) => name)).toEqual(['alice/in-1'])
})

test('two that dial each other at once keep the same one connection', () => {
  const world = startVirtualWorld({ seed: 'bound both' })
  const alice = startNode(world, 'alice', '10.0.0.1', bound(keyOf(1)), {
    bootstrap: ['10.0.0.2:7004'],
  })
  const bob = startNode(world, 'bob', '10.0.0.2', bound(keyOf(2)), {
    bootstrap: ['10.0.0.1:7004'],
  })
  world.advance(10_000)
  const [ofAlice, ...moreOfAlice] = alice.supervisor.connections()
  const [ofBob, ...moreOfBob] = bob.supervisor.connections()
  expect([...moreOfAlice, ...moreOfBob]).toEqual([])
  expect([ofAlice?.phase, ofBob?.phase]).toEqual(['active', 'active'])
  expect(new Set([ofAlice?.role, ofBob?.role])).toEqual(new Set(['dialler', 'listener']))
})

describe('a hello is refused', () => {
  const refusals: [string, (raw: ReturnType<typeof startRaw>) => BoundMessage, string][] = [
    ['that signs another channel', (raw) => raw.helloOf(2, keyOf(7)), 'bad-proof'],
    ['that names one key and is signed by another', (raw) => mixed(raw), 'bad-proof'],
    ['that is too short', () => message('hello', 2), 'bad-proof'],
    ['that is our own, sent back', (raw) => raw.hello(), 'own-key'],
  ]
  const mixed = (raw: ReturnType<typeof startRaw>): BoundMessage => ({
    type: 'hello',
    payload: concatBytes(crypto.publicKeyOf(keyOf(3)), raw.helloOf(2).payload.subarray(33)),
  })
  test.each(refusals)('%s', (_, hello, detail) => {
    const { world, details } = startAlice()
    const raw = startRaw(world)
    raw.say(hello(raw))
    raw.say(message('closing'))
    raw.end()
    expect(raw.heard()).toEqual(['hello', 'closing'])
    expect(details()).toEqual([detail])
  })
})

test('a message out of its turn ends the connection', () => {
  const { world, details } = startAlice()
  const raw = startRaw(world)
  raw.say(raw.helloOf(2), message('address'))
  raw.say(message('closing'))
  raw.end()
  expect(details()).toEqual(['out-of-turn'])
})

test('a key that is no point is dropped without a word', () => {
  const { world, alice, details } = startAlice()
  const { streams } = world.nodeWorld('rude', '10.0.0.9')
  let heardBytes = 0
  streams.start((input) => {
    if (input.kind === 'stream.opened') {
      streams.resume(2)
      streams.write(2, new Uint8Array(33).fill(5))
    }
    if (input.kind === 'stream.bytes') heardBytes += input.bytes.length
    if (input.kind === 'stream.ended') streams.end(2)
  })
  streams.open(2, { host: '10.0.0.1', port: 7004 })
  world.advance(100)
  expect(details()).toEqual(['bad-key'])
  expect(heardBytes).toBe(33)
  expect(alice.supervisor.audit()).toMatchObject({ streams: 0, connections: 0, questions: 0 })
})

test('who says nothing is late, and is not waited for once more', () => {
  const { world, alice, details } = startAlice()
  const { streams } = world.nodeWorld('silent', '10.0.0.9')
  streams.start(() => undefined)
  streams.open(2, { host: '10.0.0.1', port: 7004 })
  world.advance(4_999)
  expect(alice.supervisor.connections()).toHaveLength(1)
  world.advance(1_002)
  expect(details()).toEqual(['late'])
  expect(alice.supervisor.audit()).toMatchObject({ streams: 0, connections: 0 })
})

describe('a farewell', () => {
  function startLeaving() {
    const { world, alice, details, phase } = startAlice()
    const raw = startRaw(world)
    raw.say(raw.helloOf(2), message('accepted'), message('addressRequest'), message('address'))
    expect(phase()).toBe('active')
    alice.supervisor.disconnect('alice/in-1')
    world.advance(10)
    expect(raw.heard().at(-1)).toBe('closing')
    return { world, alice, raw, details, phase }
  }

  test('is waited for twenty seconds, and then it is over', () => {
    const { world, raw, details, phase } = startLeaving()
    world.advance(CLOSING_MS - 20)
    expect(phase()).toBe('closing')
    expect(raw.hasEnded()).toBe(false)
    world.advance(1_050)
    expect(raw.hasEnded()).toBe(true)
    expect(details()).toEqual(['disconnected'])
  })

  test('ends the wait when it comes, and nothing else is read meanwhile', () => {
    const { alice, raw, details, phase } = startLeaving()
    raw.say(message('fetch', 1), message('timeRequest'))
    expect(phase()).toBe('closing')
    expect(alice.supervisor.connections()[0]?.counters.dropped).toEqual({ closing: 2 })
    expect(raw.heard().at(-1)).toBe('closing')
    raw.say(message('closing'))
    expect(raw.hasEnded()).toBe(true)
    raw.end()
    expect(details()).toEqual(['disconnected'])
  })

  test('comes too late for a node that is stopped sooner', async () => {
    const { world, alice } = startLeaving()
    const stopped = alice.supervisor.stop({ graceMs: 1_000 })
    world.advance(1_000)
    expect(await stopped).toEqual({ killed: ['alice/in-1'] })
    expect(alice.supervisor.audit()).toMatchObject(NOTHING_HELD)
  })
})
