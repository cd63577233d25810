import { expect, test } from 'vitest'
import { replayFlight } from '../../journal/flight-replay.ts'
import { plainCopy } from '../../journal/flight-copy.ts'
import { flightFile } from '../../journal/flight-file.ts'
import { connectionMachine } from '../../machines/connection.ts'
import { nativeSession } from '../../machines/handshakes/native.ts'
import { chooseCrypto } from '../../transport/crypto/choose.ts'
import type { CryptoBackend, FlightRecording } from '../../index.ts'
import { keyOf } from '../contracts/seats.ts'
import { plain } from '../contracts/fits/plain.ts'
import { nativeFault, nativeMessage, nativeOf, plainFault, plainMessage } from './flights.ts'
import { recordingOf, startNativePair, startPlainPair } from './flights.ts'

const eventsOf = ({ blocks }: FlightRecording): readonly string[] =>
  blocks.flatMap(({ events }) => events.map(({ chart, event }) => `${chart} ${event.type}`))

test('from its start a connection is one block: what each chart took, decoded, and what came of it', () => {
  const recording = plainFault()
  expect(eventsOf(recording)).toEqual([
    'connection xstate.init',
    'session opened',
    'session unit',
    'connection ready',
    'session unit',
    'session unit',
    'connection leave',
    'connection flushed',
    'session leave',
    'connection peer.ended',
  ])
  const [block] = recording.blocks
  expect(block?.checkpoint).toEqual({
    ...{ from: 'start', role: 'listener', startedMs: 0 },
    ...{ target: undefined, dial: undefined, slot: 'inbound' },
  })
  expect(block?.events[4]).toEqual({
    ...{ atMs: 110, chart: 'session' },
    event: {
      type: 'unit',
      message: plainMessage('ping', 1, 2, 3, 4, 5, 6, 7, 8, 9),
      ...{ raw: undefined, bytesOnWire: 14, bufferedBytes: 0 },
    },
    said: [
      {
        chart: 'session',
        said: { type: 'write', messages: [plainMessage('pong', 1, 2, 3, 4, 5, 6, 7, 8, 9)] },
      },
    ],
    armed: [],
    states: { connection: 'active', session: 'open' },
  })
  // What a chart took stands in its event alone; what went to subscribers or left a lane, here.
  expect(block?.messages.map(({ direction, message }) => [direction, message])).toEqual([
    ['received', plainMessage('blob', 1, 2, 3)],
    ['sent', plainMessage('pong', 1, 2, 3, 4, 5, 6, 7, 8, 9)],
  ])
})

test.each([
  ['the plain network', plainFault, () => replayFlight(plainFault(), { protocol: plain() })],
  [
    'the native network',
    nativeFault,
    () => replayFlight(nativeFault(), { protocol: nativeOf('listener') }),
  ],
])('a connection of %s that ended by a fault replays the same', (_, fault, replay) => {
  const recording = fault()
  expect(recording.entries.at(-1)).toMatchObject({ kind: 'closed', reason: 'peer-fault' })
  expect(replay()).toEqual({
    events: eventsOf(recording).length,
    difference: undefined,
    level: 'messages, without ciphertext',
  })
})

test('recording that begins while a connection lives opens with a checkpoint from which it replays', () => {
  const { alice, atAlice, say, world } = startPlainPair()
  alice.supervisor.recordFlight({ payloads: true })
  say(plainMessage('ping', 1))
  say(plainMessage('hello'))
  world.advance(5_000)
  const recording = recordingOf(alice.supervisor.flightRecording(atAlice))
  expect(recording.blocks[0]?.checkpoint).toMatchObject({
    from: 'snapshot',
    states: { connection: 'active', session: 'open' },
  })
  expect(recording.blocks[0]).toMatchObject({ facts: {}, unsentBytes: 0 })
  expect(eventsOf(recording)[0]).toBe('session unit')
  expect(replayFlight(recording, { protocol: plain() }).difference).toBeUndefined()
})

test('a deadline that was armed before a checkpoint and rings behind it is given to the chart', () => {
  const { alice, world } = startPlainPair(false)
  const silent = world.nodeWorld('silent', '10.0.0.7').streams
  silent.start(() => undefined)
  silent.open(2, { host: '10.0.0.1', port: 7001 })
  world.advance(1_000)
  alice.supervisor.recordFlight({ payloads: true })
  const name = alice.supervisor.connections().at(-1)?.name ?? ''
  world.advance(30_000)
  const recording = recordingOf(alice.supervisor.flightRecording(name))
  expect(recording.blocks[0]?.checkpoint).toMatchObject({
    armed: [
      { chart: 'connection', event: 'xstate.after.establishMs.connection.handshaking', ms: 8_000 },
      { chart: 'session', event: 'xstate.after.helloMs.plain.greeting', ms: 5_000 },
    ],
  })
  expect(eventsOf(recording)[0]).toBe('session xstate.after.helloMs.plain.greeting')
  expect(recording.entries.at(-1)).toMatchObject({ kind: 'closed', detail: 'hello-late' })
  expect(replayFlight(recording, { protocol: plain() }).difference).toBeUndefined()
})

test('a long flight keeps its newest two blocks, counts what is gone, and replays each', () => {
  const { alice, atAlice, say, world } = startPlainPair({ payloads: true })
  for (let count = 0; count < 400; count++) say(plainMessage('ping', 1))
  for (let count = 0; count < 400; count++) say(plainMessage('blob', 2))
  say(plainMessage('hello'))
  world.advance(5_000)
  const recording = recordingOf(alice.supervisor.flightRecording(atAlice))
  const kept = recording.blocks.flatMap(({ events, messages }) => [...events, ...messages])
  expect(recording.blocks.map(({ checkpoint }) => checkpoint.from)).toEqual([
    'snapshot',
    'snapshot',
  ])
  // Ten events of the flight itself, each ping with its pong, each blob.
  expect(kept.length + recording.lost).toBe(4 + 800 + 400 + 5)
  expect(kept.length).toBeLessThanOrEqual(512)
  expect(replayFlight(recording, { protocol: plain() }).difference).toBeUndefined()
})

test('payloads of all connections together take no more than their bound, and are let go', () => {
  const { alice, say } = startPlainPair({ payloads: true })
  const bytesOf = () => alice.supervisor.audit().remembered['flight-payload-bytes'] ?? 0
  for (let count = 0; count < 4; count++) say({ type: 'blob', payload: new Uint8Array(1_000_000) })
  expect(bytesOf()).toBeGreaterThan(1_000_000)
  expect(bytesOf()).toBeLessThan(3_000_000)
  alice.supervisor.recordFlight({})
  expect(bytesOf()).toBe(0)
  alice.supervisor.recordFlight({ payloads: true })
  expect(bytesOf()).toBe(0)
})

test.each([
  [
    'another delay of the session',
    () =>
      replayFlight(nativeFault(), {
        protocol: { ...nativeOf('listener'), session: nativeSession(29_000) },
      }),
    { event: 1, what: 'armed' },
  ],
  [
    'another delay of the manifest',
    () => {
      const { deadlines } = plain()
      const establish = { ...deadlines.establish, ms: 7_000 }
      return replayFlight(plainFault(), {
        protocol: { ...plain(), deadlines: { ...deadlines, establish } },
      })
    },
    { event: 0, what: 'armed' },
  ],
  [
    'another guard of the connection’s chart',
    () =>
      replayFlight(plainFault(), {
        protocol: plain(),
        chart: connectionMachine.provide({ guards: { bothDone: () => false } }),
      }),
    { event: 9, what: 'states' },
  ],
])('%s is a difference', (_, replay, where) => {
  expect(replay().difference).toMatchObject(where)
})

test('any event that moved a chart is missed where it is left out or put elsewhere', () => {
  const recording = plainFault()
  const [block] = recording.blocks
  if (block === undefined) throw new Error('no block')
  const { events } = block
  const isSame = (changed: typeof events): boolean => {
    const again = { ...recording, blocks: [{ ...block, events: changed }] }
    return replayFlight(again, { protocol: plain() }).difference === undefined
  }
  // The session says something to the ping and to the second hello, and nothing to the leave; all
  // three leave it where it was. Behind the last one nothing shows that it lacks.
  const [ping, hello, leave, last] = [4, 5, 8, events.length - 1]
  const without = [...events.keys()].filter((at) => isSame(events.toSpliced(at, 1)))
  expect(without).toEqual([ping, hello, leave, last])
  const swapped = [...events.keys()].slice(1).filter((at) => {
    const pair = events.slice(at - 1, at + 1).toReversed()
    return isSame([...events.slice(0, at - 1), ...pair, ...events.slice(at + 1)])
  })
  expect(swapped).toEqual([hello, leave])
})

test('no private key, shared secret or session key of the native network is in a recording', () => {
  const secrets: Uint8Array[] = []
  const spied = spiedCrypto(secrets)
  const { alice, atAlice, say } = startNativePair({ payloads: true }, { crypto: spied })
  say(nativeMessage(1, 2, 3))
  const file = flightFile(recordingOf(alice.supervisor.flightRecording(atAlice)))
  secrets.push(keyOf('listener'), keyOf('dialler'))
  expect(secrets.length).toBeGreaterThan(6)
  const found = secrets.filter((secret) => holds(file, secret))
  expect(found).toEqual([])
  // The search finds what is there.
  expect(holds(file, Uint8Array.of(1, 2, 3))).toBe(true)
})

/** Puts every secret that passes into a list. */
function spiedCrypto(secrets: Uint8Array[]): CryptoBackend {
  const crypto = chooseCrypto()
  const seen = <Given extends Uint8Array | undefined>(secret: Given): Given => {
    if (secret !== undefined) secrets.push(secret.slice())
    return secret
  }
  return {
    ...crypto,
    publicKeyOf: (own) => crypto.publicKeyOf(seen(own)),
    sharedX: (own, theirs) => seen(crypto.sharedX(seen(own), theirs)),
    sign: (message, own) => crypto.sign(message, seen(own)),
    aes256Gcm: (key) => crypto.aes256Gcm(seen(key)),
    chacha20Poly1305: (key) => crypto.chacha20Poly1305(seen(key)),
  }
}

const holds = (bytes: Uint8Array, part: Uint8Array): boolean =>
  Buffer.from(bytes).includes(Buffer.from(part))

test('a value that refers to itself, or holds more than there is memory for, is copied in part', () => {
  let asked = 0
  const ring = {
    get left(): unknown {
      return ++asked < 100_000 ? [ring, 1] : 0
    },
    get right(): unknown {
      return ++asked < 100_000 ? new Map([['ring', ring]]) : 0
    },
  }
  expect(plainCopy(ring).value).toEqual({ left: [undefined, 1], right: [['ring', undefined]] })
  expect(asked).toBe(2)
  let given: unknown = []
  asked = 0
  for (let level = 0; level < 30; level++) {
    const inner = given
    const next = (): unknown => (++asked < 4_000_000 ? inner : 0)
    given = {
      get left() {
        return next()
      },
      get right() {
        return next()
      },
    }
  }
  expect(plainCopy({ given, beside: 4 }).value).toMatchObject({ beside: 4 })
  expect(asked).toBeLessThan(2_200_000)
})
