/** Core's rpc_net and p2p_message_capture: what can be asked of a node and of its connections. */
import { describe, expect, test } from 'vitest'
import { concatBytes } from '../../codec/bytes.ts'
import type { BitcoinMessage } from '../../codec/bitcoin/messages.ts'
import { flightFile, readFlightFile } from '../../journal/flight-file.ts'
import type { FlightRecording } from '../../index.ts'
import { networkInfo } from '../../protocols/bitcoin.ts'
import { describeConnection } from '../../protocols/bitcoin/description.ts'
import { encode } from '../codec/bitcoin/encoding.ts'
import { ONION } from './bitcoin-addresses-support.ts'
import { placeOf, startOpeningWorld } from './bitcoin-opening-support.ts'
import { startStage } from './bitcoin-stage.ts'
import { VERACK, versionOf } from './bitcoin-support.ts'

const HEADER_BYTES = 24
const BOB = '20.1.0.1'

describe('what an operator can ask', () => {
  test('rpc_net: peer info fields before and after handshake', () => {
    const stage = startStage({ transport: 'v1' })
    const peer = stage.come()
    const shown = () =>
      stage.connections().map((one) => ({ ...one, ...describeConnection(one).fields }))
    expect(shown()).toMatchObject([
      {
        ...{ type: 'inbound', role: 'listener', network: 'not_publicly_routable' },
        ...{ phase: 'handshaking', transport: null, sessionId: null, readyMs: undefined },
        ...{ protocolVersion: null, services: null, serviceNames: [], userAgent: null },
        ...{ height: null, relay: null, pingMs: null, minimumPingMs: null },
        ...{ receivedBytesByMessage: {}, sentBytesByMessage: {}, about: {} },
      },
    ])
    expect(shown()[0]?.counters).toMatchObject({ receivedBytes: 0, sentBytes: 0 })
    stage.greet(peer, { services: 9n, height: 7, relay: false })
    stage.say(peer, VERACK)
    const [ping] = peer.heard.flatMap((message) => (message.type === 'ping' ? [message] : []))
    if (ping === undefined) throw new Error('no ping came')
    stage.say(peer, { type: 'pong', nonce: ping.nonce })
    expect(shown()).toMatchObject([
      {
        ...{ phase: 'active', transport: 'v1', sessionId: '', protocolVersion: 70_017 },
        ...{ services: '0000000000000009', serviceNames: ['NETWORK', 'WITNESS'] },
        ...{ userAgent: '/peer:1/', height: 7, relay: false, pingMs: 0, minimumPingMs: 0 },
        receivedBytesByMessage: { version: 24 + 86 + 8, verack: 24, pong: 32 },
        sentBytesByMessage: { verack: 24, wtxidrelay: 24, sendaddrv2: 24, ping: 32 },
      },
    ])
    expect(shown()[0]?.readyMs).toBeGreaterThanOrEqual(shown()[0]?.startedMs ?? Infinity)
  })

  test('rpc_net: totals', () => {
    const stage = startStage({ transport: 'v1' })
    const peers = [stage.meet(), stage.meet(), stage.come()]
    const totals = () => {
      const live = stage.connections().map(({ counters }) => counters)
      const all = [...live, ...stage.ours.eventsOf('connection.closed')]
      const sum = (of: 'receivedBytes' | 'sentBytes') =>
        all.reduce((bytes, one) => bytes + one[of], 0)
      return { received: sum('receivedBytes'), sent: sum('sentBytes') }
    }
    const before = totals()
    expect(before.received).toBe(2 * (24 + 86 + 8 + 24))
    const [first] = peers
    if (first === undefined) throw new Error('nobody came')
    stage.say(first, { type: 'ping', nonce: 5n })
    expect(totals()).toEqual({ received: before.received + 32, sent: before.sent + 32 })
    // Those that are over count on.
    for (const { name } of stage.connections()) stage.ours.supervisor.disconnect(name)
    stage.world.advance(5_000)
    expect(stage.connections()).toEqual([])
    const heard = peers.flatMap(({ heardBytes }) => heardBytes)
    expect(totals()).toEqual({
      received: before.received + 32,
      sent: concatBytes(...heard).length,
    })
  })

  test('rpc_net: network info', () => {
    const stage = startStage({ services: ['network', 'witness'] })
    const [version] = stage.meet().heard
    expect(version).toMatchObject({ protocolVersion: 70_017, services: 0x809n, relay: true })
    expect(stage.ours.supervisor.state).toBe('running')
    expect(stage.ours.supervisor.listening).toEqual([{ host: '10.0.0.1', port: 18_444 }])
    expect(networkInfo({ networks: ['ipv4'] }, {}).map(({ isReachable }) => isReachable)).toEqual([
      ...[true, false, false, false, false],
    ])
    const roles = () => stage.connections().map(({ role }) => role)
    expect(roles()).toEqual(['listener'])
    stage.meet()
    expect(roles()).toHaveLength(2)
  })

  test('rpc_net: added-node handling incl. duplicates', async () => {
    const { startAlice, startPeer, world } = startOpeningWorld()
    startPeer(BOB)
    const alice = startAlice({ connectOnly: true })
    const added = () => alice.held('manual')
    const connect = (text: string) => alice.supervisor.connect(text)
    const first = connect(BOB)
    const again = connect(placeOf(BOB))
    world.advance(1_000)
    // One connection, whatever the notation; who asks again is told of it.
    expect(await first).toBe(await again)
    expect(await connect(`${BOB}:18444`)).toBe(await first)
    expect(added()).toEqual([placeOf(BOB)])
    connect(ONION).catch(() => undefined)
    connect(`${ONION.toUpperCase()}:18444`).catch(() => undefined)
    world.advance(100)
    expect(alice.dialled().filter((text) => text.startsWith(ONION))).toHaveLength(1)
    await expect(connect('not/an/address')).rejects.toMatchObject({ code: 'bad-argument' })
    // Taken back, it stays away; whom nobody asked for can be taken back as well.
    alice.supervisor.disconnect(placeOf(BOB))
    alice.supervisor.disconnect('20.9.9.9:18444')
    world.advance(180_000)
    expect(added()).toEqual([])
    connect(BOB).catch(() => undefined)
    world.advance(1_000)
    expect(added()).toEqual([placeOf(BOB)])
  })

  test('rpc_net: service flags', () => {
    const stage = startStage()
    const peer = stage.come()
    stage.greet(peer, { services: (1n << 10n) | (1n << 3n) | (1n << 5n) | (1n << 63n) })
    stage.say(peer, VERACK)
    const [one] = stage.connections()
    if (one === undefined) throw new Error('nobody is connected')
    expect(describeConnection(one).fields).toMatchObject({
      services: '8000000000000428',
      serviceNames: ['WITNESS', 'UNKNOWN[2^5]', 'NETWORK_LIMITED', 'UNKNOWN[2^63]'],
    })
  })

  test('rpc_net: address lookup', () => {
    const { startAlice, startPeer, world } = startOpeningWorld()
    startPeer(BOB)
    const alice = startAlice({ connectOnly: true, networks: ['ipv4', 'ipv6', 'onion'] })
    const hosts = Array.from({ length: 20 }, (_, index) => `40.${String(index)}.1.1`)
    alice.tell(
      placeOf(BOB),
      placeOf('2a00::1'),
      `${ONION}:18444`,
      ...hosts.map((host) => placeOf(host)),
    )
    const book = alice.book()
    expect(book.size).toEqual({ new: 23, tried: 0 })
    expect(book.sample(1, 100)).toHaveLength(1)
    expect(book.sample(1_000, 100)).toHaveLength(23)
    const ofNetwork = (wanted: string) =>
      book
        .sample(1_000, 100, ({ address }) => address.network === wanted)
        .map(({ address }) => address.host)
    expect([ofNetwork('onion'), ofNetwork('ipv6'), ofNetwork('cjdns')]).toEqual([
      [ONION],
      ['2a00::1'],
      [],
    ])
    expect(book.find(placeOf(BOB))).toMatchObject({
      ...{ table: 'new', places: 1, marks: 0x409n, attemptedMs: 0, succeededMs: 0, failures: 0 },
      address: { network: 'ipv4', host: BOB, port: 18_444 },
    })
    expect(book.find('20.9.9.9:18444')).toBeUndefined()
    alice.supervisor.connect(BOB).catch(() => undefined)
    world.advance(1_000)
    expect(book.find(placeOf(BOB))?.table).toBe('tried')
    expect(book.size).toEqual({ new: 22, tried: 1 })
  })
})

interface Captured {
  readonly atMs: number
  readonly direction: 'received' | 'sent'
  readonly message: BitcoinMessage
}

const isMessage = (value: unknown): value is BitcoinMessage =>
  typeof value === 'object' && value !== null && 'type' in value && typeof value.type === 'string'

/** All messages of a recording with payloads, in the order in which they were read and said. */
function capturedIn({ blocks }: FlightRecording): readonly Captured[] {
  return blocks.flatMap(({ events, messages }) => {
    const laned = (index: number): readonly Captured[] =>
      messages.flatMap(({ atMs, direction, eventsBefore, message }) =>
        eventsBefore === index && isMessage(message) ? [{ atMs, direction, message }] : [],
      )
    const of = (
      { atMs }: { readonly atMs: number },
      direction: Captured['direction'],
      messages: readonly unknown[],
    ): readonly Captured[] =>
      messages.filter(isMessage).map((message) => ({ atMs, direction, message }))
    const charted = events.flatMap((one, index): readonly Captured[] => {
      const given = 'message' in one.event ? [one.event.message] : []
      const written = one.said.flatMap(({ said }): readonly unknown[] =>
        said.type === 'write' && 'messages' in said && Array.isArray(said.messages)
          ? said.messages
          : [],
      )
      return [...laned(index), ...of(one, 'received', given), ...of(one, 'sent', written)]
    })
    return [...charted, ...laned(events.length)]
  })
}

test('p2p_message_capture: captured messages are parseable: u64 µs time, 12-byte type, u32 length, payload', () => {
  const stage = startStage({ transport: 'v1' })
  const { supervisor } = stage.ours
  supervisor.recordFlight({ payloads: true })
  const beganMs = stage.monotonicMs()
  const peer = stage.come()
  stage.greet(peer)
  stage.world.advance(1_000)
  const said: readonly BitcoinMessage[] = [
    VERACK,
    { type: 'ping', nonce: 0x0102_0304n },
    { type: 'feefilter', feeRate: 7 },
  ]
  stage.say(peer, ...said)
  const recording = supervisor.flightRecording(stage.connections()[0]?.name ?? '')
  if (recording === undefined) throw new Error('nothing was captured')
  // As a file that somebody else reads.
  const read = readFlightFile(flightFile(recording), { protocol: 'bitcoin' })

  // Type and payload of each message, both ways and in order: the payload is that of the wire again.
  const captured = capturedIn(read)
  const of = (direction: Captured['direction']) =>
    captured.filter((one) => one.direction === direction).map(({ message }) => message)
  expect(of('sent').map(encode)).toEqual(peer.heard.map(encode))
  expect(of('sent').map(({ type }) => type)).toEqual([
    ...['version', 'wtxidrelay', 'sendaddrv2', 'verack', 'sendcmpct', 'ping', 'pong'],
  ])
  expect(of('received').map(encode)).toEqual([versionOf(), ...said].map(encode))
  // When it was.
  const timesOf = (type: string) =>
    captured.flatMap(({ atMs, message }) => (message.type === type ? [atMs - beganMs] : []))
  expect(timesOf('version')).toEqual([0, 0])
  expect(timesOf('verack')).toEqual([0, 1_000])
  // And how long it was on the wire, where it came.
  const lengths = read.entries.flatMap((entry) =>
    entry.kind === 'message' && entry.direction === 'received' ? [entry.bytesOnWire] : [],
  )
  expect(lengths).toEqual([versionOf(), ...said].map((one) => HEADER_BYTES + encode(one).length))
})
