/** What is done to a node of the Bitcoin network, by the words of the list of such attacks, and what it does. */
import { describe, expect, test } from 'vitest'
import type { BitcoinMessage } from '../../codec/bitcoin/messages.ts'
import { encodeV1Frame } from '../../codec/bitcoin/v1-frame.ts'
import { concatBytes } from '../../codec/bytes.ts'
import { writeBytes } from '../../codec/writer.ts'
import { NODE_LIMITS } from '../../supervisor/limits.ts'
import { scriptedPeer } from '../../testing/testing.ts'
import { chooseCrypto } from '../../transport/crypto/choose.ts'
import { allocationsOf } from '../support/allocations.ts'
import { encode } from '../codec/bitcoin/encoding.ts'
import { startNode, startVirtualWorld } from '../support/nodes.ts'
import { OURS_HOST, PORT, startBytes, startStage, typesOf } from './bitcoin-stage.ts'
import type { BitcoinPeer } from './bitcoin-stage.ts'
import { list, MAGIC, raw, regtest, silent, VERACK, versionOf } from './bitcoin-support.ts'

const { sha256 } = chooseCrypto()
const PING = { type: 'ping', nonce: 9n } as const
const HEADER_BYTES = 24
/** A recv() of the platform, at most. */
const CHUNK_BYTES = 65_536

const frame = (command: string, payload: Uint8Array): Uint8Array =>
  encodeV1Frame(MAGIC, sha256, command, payload.length, (writer) => {
    writeBytes(writer, payload)
  })

/** A header that announces so many bytes. */
function headerOf(payloadBytes: number): Uint8Array {
  const header = frame('badmsg', new Uint8Array(1)).slice(0, HEADER_BYTES)
  new DataView(header.buffer).setUint32(16, payloadBytes, true)
  return header
}

const pongsOf = (peer: BitcoinPeer): number =>
  typesOf(peer).filter((type) => type === 'pong').length

describe('slow-loris, silent connections', () => {
  test('peers sending only pre-version pings are dropped at 60 s', () => {
    const stage = startStage({ transport: 'v1' })
    const peer = stage.come()
    for (let second = 0; second < 59; second++) {
      stage.say(peer, PING)
      stage.world.advance(1_000)
    }
    expect([stage.details(), peer.heard]).toEqual([[], []])
    stage.world.advance(2_000)
    expect([stage.details(), peer.hasEnded]).toEqual([['handshake-timeout'], true])
  })

  test('who says nothing for 20 minutes is dropped, and who says something is not', () => {
    const stage = startStage()
    const peer = stage.meet()
    const talking = stage.meet()
    for (let minute = 0; minute < 21; minute++) {
      stage.world.advance(60_000)
      const pings = talking.heard.flatMap((message) => (message.type === 'ping' ? [message] : []))
      stage.say(talking, { type: 'pong', nonce: pings.at(-1)?.nonce })
    }
    expect(stage.details()).toHaveLength(1)
    expect([peer.hasEnded, talking.hasEnded]).toEqual([true, false])
  })
})

describe('memory exhaustion by big frames', () => {
  test('header announcing 4,000,001 → disconnect with no large allocation', () => {
    const stage = startStage()
    const peer = stage.meet()
    const { mostBytes } = allocationsOf(() => {
      peer.write(headerOf(4_000_001))
      stage.world.advance(2_000)
    })
    expect(stage.details()).toEqual(['message-too-long'])
    expect(mostBytes).toBeLessThan(CHUNK_BYTES)
  })

  test('of what is announced at most twice what has come is allocated, however long it says to be', () => {
    const stage = startStage()
    const peer = stage.meet()
    const { bytes } = allocationsOf(() => {
      peer.write(headerOf(4_000_000))
      peer.write(new Uint8Array(1_000))
      stage.world.advance(2_000)
    })
    expect(stage.active()).toBe(1)
    // The test's own bytes and the network's copies of them are among these.
    expect(bytes).toBeLessThan(16 * 1_024)
  })
})

describe('memory exhaustion by unread responses', () => {
  test('peer that requests but never reads: queued bytes stay ≤ limit + one message', () => {
    const stage = startStage()
    const { streams } = stage.world.nodeWorld('deaf', '10.0.0.72')
    // Never told to go on: what is sent to it fills the network's window, and then waits with us.
    streams.start((input) => {
      if (input.kind !== 'stream.opened') return
      streams.write(2, concatBytes(frame('version', encode(versionOf())), frame('verack', VOID)))
    })
    streams.open(2, { host: OURS_HOST, port: PORT })
    stage.world.settle()
    expect(stage.active()).toBe(1)
    const pings = concatBytes(
      ...Array<Uint8Array>(2_000).fill(frame('ping', new Uint8Array(8).fill(7))),
    )
    const { control } = NODE_LIMITS.laneBytesMax
    let mostBytes = 0
    for (let batch = 0; batch < 50; batch++) {
      streams.write(2, pings)
      stage.world.advance(10)
      const [connection] = stage.connections()
      mostBytes = Math.max(mostBytes, connection?.unsentBytes ?? 0)
    }
    expect(mostBytes).toBeLessThanOrEqual(NODE_LIMITS.unsentBytesMax + control + 152)
    // Then it is not read any more: of 3.2 MB of pings, and 3.2 MB of answers, most were never taken.
    const readBytes = () => stage.connections()[0]?.traffic?.received['ping'] ?? 0
    const read = readBytes()
    expect(read).toBeGreaterThan(0)
    expect(read).toBeLessThan((50 * pings.length) / 4)
    stage.world.advance(5_000)
    expect(readBytes()).toBe(read)
    // Others are served all the while.
    const other = stage.meet()
    stage.say(other, PING)
    expect(pongsOf(other)).toBe(1)
  })
})

const VOID = new Uint8Array(0)

describe('CPU: expensive requests', () => {
  test("a peer requesting 50,000 blocks does not delay another peer's pong beyond one round", () => {
    const stage = startStage()
    const rude = stage.meet()
    const other = stage.meet()
    // As many as come in one read of a socket; the last one is as long as any may be.
    const short = frame('getdata', Uint8Array.of(1, ...new Uint8Array(36)))
    const long = frame('getdata', list(50_000, 36))
    const order: string[] = []
    stage.ours.supervisor.port.watch((observation) => {
      if (observation.of === 'message' && observation.direction === 'received') {
        order.push(observation.type)
      }
    })
    rude.write(concatBytes(...Array<Uint8Array>(500).fill(short), long))
    other.say(PING)
    stage.world.settle()
    expect(pongsOf(other)).toBe(1)
    expect(order.filter((type) => type === 'getdata')).toHaveLength(501)
    expect(order.indexOf('ping')).toBeLessThanOrEqual(1)
  })
})

describe('monopolise inbound slots', () => {
  test('while attackers hold all of them, what we dial goes on', () => {
    const stage = startStage({ dials: ['manual', 'full-relay', 'block-relay-only'] })
    const held = Array.from({ length: 150 }, (_, index) => {
      // Not faster than a node takes them in.
      stage.world.advance(30)
      return index % 2 === 0 ? stage.meet() : stage.come()
    })
    expect(held.filter(({ hasEnded }) => !hasEnded)).toHaveLength(114)
    for (const peer of stage.dialled) {
      stage.greet(peer)
      stage.say(peer, VERACK, PING)
    }
    expect(stage.dialled.map(pongsOf)).toEqual([1, 1, 1])
    const dialled = stage.connections().filter(({ role }) => role === 'dialler')
    expect(dialled.map(({ phase }) => phase)).toEqual(['active', 'active', 'active'])
  })
})

describe('self-connection', () => {
  test('dialling ourselves ends in a disconnect on both ends', () => {
    const stage = startStage()
    stage.ours.supervisor.connect(`${OURS_HOST}:${String(PORT)}`).catch(() => undefined)
    stage.world.advance(500)
    const closed = stage.ours.eventsOf('connection.closed')
    expect(closed.map(({ detail, role }) => [role, detail]).toSorted()).toEqual([
      ['dialler', 'self-connection'],
      ['listener', 'self-connection'],
    ])
    expect(stage.ours.eventsOf('connection.active')).toEqual([])
    // Whoever only says what another said of itself is somebody else.
    expect(stage.discouraged()).toBe(0)
    stage.meet()
    expect(stage.active()).toBe(1)
  })

  test('the address is not retried as a peer', () => {
    const world = startVirtualWorld({ seed: 'self' })
    const protocol = regtest({ services: ['network', 'witness'] })
    const bootstrap = ['10.0.0.1:18444']
    const node = startNode(world, 'self', '10.0.0.1', protocol, { bootstrap })
    world.advance(600_000)
    expect(node.eventsOf('connection.started').map(({ role }) => role)).toEqual([
      'dialler',
      'listener',
    ])
  })

  test('a nonce of a connection that is active is no sign of ourselves any more', () => {
    const stage = startStage({ dials: ['manual'] })
    const [dialled] = stage.dialled
    if (dialled === undefined) throw new Error('nobody is dialled')
    const [version] = dialled.heard
    if (version?.type !== 'version') throw new Error('no version came')
    stage.greet(dialled)
    stage.say(dialled, VERACK)
    stage.meet('v1', { nonce: version.nonce })
    expect([stage.active(), stage.details()]).toEqual([2, []])
  })
})

describe('v2 downgrade / false P2P_V2 flag', () => {
  /** A node of ours that dials a listener which is only a stream. */
  function startDialled(firstBytes: Uint8Array) {
    const world = startVirtualWorld({ seed: 'downgrade' })
    const { streams } = world.nodeWorld('listener', '10.0.0.2')
    const came: Uint8Array[] = []
    let dials = 0
    streams.start((input) => {
      if (input.kind === 'listener.accepted') {
        dials++
        streams.resume(input.stream)
      }
      if (input.kind !== 'stream.bytes') return
      came.push(input.bytes.slice())
      if (firstBytes.length > 0) streams.write(input.stream, firstBytes)
      streams.end(input.stream)
    })
    streams.listen(1, { host: '10.0.0.2', port: PORT })
    const node = startNode(world, 'alice', OURS_HOST, regtest())
    node.supervisor.connect(`10.0.0.2:${String(PORT)}`).catch(() => undefined)
    // Less than what a node waits before it dials somebody again by itself.
    world.advance(400)
    return { came, dials: () => dials, node }
  }

  test('v1-only peer advertised as v2 is reached with v1 on the second attempt', () => {
    const { came, dials } = startDialled(VOID)
    expect(dials()).toBe(2)
    expect(came.map((bytes) => [...bytes.subarray(0, 4)]).at(-1)).toEqual([...MAGIC])
  })

  test('a v2 peer that sent ≥ 1 byte is not retried', () => {
    expect(startDialled(Uint8Array.of(1)).dials()).toBe(1)
  })

  test('who is reached with v1 and ends that as well is not dialled a third time', () => {
    const { dials, node } = startDialled(VOID)
    expect(dials()).toBe(2)
    expect(node.supervisor.connections()).toEqual([])
  })
})

describe('passive identification', () => {
  test('first 64 bytes of two sessions are unrelated', () => {
    const stage = startStage()
    const firsts = Array.from({ length: 8 }, () =>
      concatBytes(...stage.come('v2').heardBytes).subarray(0, 64),
    )
    expect(firsts.map(({ length }) => length)).toEqual(Array<number>(8).fill(64))
    // No place has the same byte in all of them, but for chance: one in 2^56 for each place.
    const constant = Array.from({ length: 64 }, (_, at) => new Set(firsts.map((one) => one[at])))
    expect(constant.filter(({ size }) => size === 1)).toEqual([])
  })

  test('nothing is sent after 4 magic bytes', () => {
    const stage = startStage()
    const bytes = startBytes(stage.world)
    bytes.write(MAGIC)
    stage.world.advance(59_000)
    expect([bytes.heardBytes(), stage.details()]).toEqual([0, []])
  })
})

describe('bloom filter CPU/division bug', () => {
  const load = (filter: Uint8Array): BitcoinMessage => ({
    ...{ type: 'filterload', filter, functionCount: 50, tweak: 0, flags: 0 },
  })
  const endOf = (services: readonly 'bloom'[], ...messages: readonly BitcoinMessage[]) => {
    const stage = startStage({ services })
    stage.say(stage.meet(), ...messages)
    stage.world.advance(100)
    const faults =
      stage.ours.eventsOf('fault').length + stage.ours.eventsOf('child.restarted').length
    return [stage.details()[0] ?? 'active', stage.discouraged(), faults]
  }

  test('zero-length filter does not throw, and neither does what is added to it', () => {
    expect(endOf(['bloom'], load(VOID), { type: 'filteradd', item: Uint8Array.of(1) })).toEqual([
      ...['active', 0, 0],
    ])
  })

  test('filters above their limits are discouraged, and the service is off by default', () => {
    const FUNCTIONS_AT_LIMIT = 36_000
    expect(endOf(['bloom'], load(new Uint8Array(FUNCTIONS_AT_LIMIT)))).toEqual(['active', 0, 0])
    const tooLarge = raw('filterload', list(36_001, 1), new Uint8Array(9))
    const tooMany = raw('filterload', 0, 51, new Uint8Array(8))
    const tooLong = raw('filteradd', list(521, 1))
    for (const [message, detail] of [
      [tooLarge, 'filter-too-large'],
      [tooMany, 'filter-too-large'],
      [tooLong, 'filter-item-too-long'],
    ] as const) {
      expect(endOf(['bloom'], message)).toEqual([detail, 1, 0])
      expect(endOf([], message)).toEqual(['service-not-offered', 0, 0])
    }
  })
})

describe('locator abuse', () => {
  test.each(['getheaders', 'getblocks'])('102 hashes → disconnect, 101 → not (%s)', (command) => {
    const ends = [101, 102].map((count) => {
      const stage = startStage()
      const locator = new Uint8Array((count + 1) * 32)
      stage.say(stage.meet(), raw(command, new Uint8Array(4), count, locator))
      stage.world.advance(100)
      return [stage.details()[0] ?? 'active', stage.discouraged()]
    })
    expect(ends).toEqual([
      ['active', 0],
      ['locator-too-long', 0],
    ])
  })
})

describe('late feature switching', () => {
  test.each([
    ['wtxidrelay', { type: 'wtxidrelay' }],
    ['sendaddrv2', { type: 'sendaddrv2' }],
    ['feature', { type: 'feature', id: 'test', data: VOID }],
  ] as const)('%s after verack → disconnect', (_, message) => {
    const stage = startStage()
    const early = stage.come()
    stage.greet(early)
    stage.say(early, message, VERACK)
    const late = stage.meet()
    stage.say(late, message)
    stage.world.advance(2_000)
    expect([stage.details(), early.hasEnded, late.hasEnded]).toEqual([
      ['late-negotiation'],
      false,
      true,
    ])
  })

  test('what was agreed on before verack is what holds', () => {
    const stage = startStage()
    const peer = scriptedPeer(stage.world, {
      ...{ protocol: silent(), dials: `${OURS_HOST}:${String(PORT)}`, dial: 'v1' },
    })
    stage.world.settle()
    stage.greet(peer)
    stage.say(peer, { type: 'sendaddrv2' }, VERACK)
    expect(stage.connections()[0]?.facts).toMatchObject({
      peer: { wantsAddrV2: true, wtxidRelay: false },
    })
  })
})
