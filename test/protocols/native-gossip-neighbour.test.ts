import { describe, expect, test } from 'vitest'
import { encodeHex } from '../../codec/bytes.ts'
import { encodedBytes, writeMessage } from '../../codec/native/message-codec.ts'
import type { BroadcastMessage } from '../../codec/native/messages.ts'
import { createProtocolNames } from '../../codec/native/protocol-names.ts'
import { FRAME_BYTES_MAX } from '../../codec/native/wire.ts'
import { createWriter, writeU32be, writtenBytes } from '../../codec/writer.ts'
import type { NativeLimits } from '../../protocols/native/limits.ts'
import { bytesOf, identityOf, startGossipScene } from './native-gossip-support.ts'

/** A puppet, a node, and who is behind it: `near` is what is tested. */
const startRow = (limits: Partial<NativeLimits> = {}, allow?: readonly string[]) =>
  startGossipScene({
    nodes: { near: [], far: ['near'] },
    puppets: { puppet: ['near'] },
    settings: { limits, ...(allow && { allow }) },
  })

const flipped = (bytes: Uint8Array) => bytes.map((byte, index) => (index === 9 ? byte ^ 1 : byte))

describe('what a neighbour passes on', () => {
  test('is delivered and passed on where it is right, and its origin is not its neighbour', () => {
    const { pass, signed, the, world } = startRow()
    pass('puppet', 'near', signed('carol'))
    world.advance(500)
    expect(the('near').deliveries).toMatchObject([{ origin: identityOf('carol').id }])
    expect(the('far').lines()).toEqual(['hello'])
  })

  const invalid: readonly (readonly [string, (right: BroadcastMessage) => BroadcastMessage])[] = [
    ['another signature', (right) => ({ ...right, signature: flipped(right.signature) })],
    ['a foreign key', (right) => ({ ...right, originPublicKey: identityOf('eve').publicKey })],
    ['a changed topic', (right) => ({ ...right, topic: 'New York' })],
    ['a changed payload', (right) => ({ ...right, payload: bytesOf('hullo') })],
    ['a changed number', (right) => ({ ...right, sequence: 2n })],
    ['a changed time', (right) => ({ ...right, timestampMs: right.timestampMs - 1n })],
    ['another type of key', (right) => ({ ...right, keyType: 2 })],
    [
      'the key and id of another',
      (right) => {
        const { nodeId, publicKey } = identityOf('eve')
        return { ...right, originId: nodeId, originPublicKey: publicKey }
      },
    ],
  ]
  test.each(invalid)('with %s is charged to the neighbour, and goes no further', (_, change) => {
    const { pass, signed, the, world } = startRow()
    pass('puppet', 'near', change(signed('carol')))
    world.advance(500)
    expect(the('near').struck()).toEqual([`identity ${the('puppet').id}`])
    expect(the('near').deliveries).toEqual([])
    expect(the('far').broadcasts).toEqual([])
    // What is wrong is not remembered: the right one with the same id still passes.
    pass('puppet', 'near', signed('carol'))
    world.advance(500)
    expect(the('far').lines()).toEqual(['hello'])
  })

  test('is never answered, right or wrong', () => {
    const { pass, signed, the, world } = startRow()
    const sent: string[] = []
    const toPuppet = the('near')
      .supervisor.connections()
      .find(({ identity }) => identity === the('puppet').id)
    the('near').supervisor.port.watch((seen) => {
      if (seen.of !== 'message' || seen.direction !== 'sent') return
      if (seen.connection === toPuppet?.name) sent.push(seen.type)
    })
    for (const [, change] of invalid.slice(0, 2)) pass('puppet', 'near', change(signed('carol')))
    pass('puppet', 'near', signed('carol'))
    world.advance(5_000)
    expect(the('far').deliveries).toHaveLength(1)
    expect(sent).toEqual([])
    expect(the('puppet').broadcasts).toEqual([])
  })

  test.each<[string, { hopsLeft?: number; ageMs?: number }, string[]]>([
    ['with other hops left', { hopsLeft: 16 }, ['hello']],
    ['with none left is delivered', { hopsLeft: 0 }, ['hello']],
    ['with more than 16 is not', { hopsLeft: 17 }, []],
    ['as old as can be', { ageMs: 120_000 }, ['hello']],
    ['older', { ageMs: 120_001 }, []],
    ['from the future as far as clocks may differ', { ageMs: -30_000 }, ['hello']],
    ['from further on', { ageMs: -30_001 }, []],
  ])('%s: nobody is to blame', (_, { ageMs = 0, hopsLeft = 8 }, lines) => {
    const { pass, signed, the, wallMs, world } = startRow()
    pass('puppet', 'near', signed('carol', { hopsLeft, timestampMs: BigInt(wallMs() - ageMs) }))
    world.advance(500)
    expect(the('near').lines()).toEqual(lines)
    expect(the('far').lines()).toEqual(hopsLeft === 0 ? [] : lines)
    expect([...the('near').struck(), ...the('near').faults()]).toEqual([])
    expect(the('near').supervisor.connections()).toHaveLength(2)
  })

  test('is a duplicate for 300 s, and too old afterwards', () => {
    const { pass, signed, the, wallMs, world } = startRow()
    const message = signed('carol', { timestampMs: BigInt(wallMs() + 30_000) })
    const again = () => {
      pass('puppet', 'near', message)
      world.advance(500)
      return the('near').lines().length
    }
    expect(again()).toBe(1)
    world.advance(299_000 - 500)
    expect(again()).toBe(1)
    world.advance(2_000 - 500)
    expect(again()).toBe(1)
    expect(the('near').struck()).toEqual([])
  })

  test('is forgotten after 300 s', () => {
    // Only a limit that nobody has lets it be seen: a broadcast may be as old as one pleases.
    const { pass, signed, the, world } = startRow({ broadcastAgeMs: 3_600_000 })
    const message = signed('carol')
    const passAfter = (ms: number) => {
      world.advance(ms)
      pass('puppet', 'near', message)
      world.settle()
      return the('near').lines().length
    }
    expect([passAfter(0), passAfter(299_999), passAfter(1)]).toEqual([1, 1, 2])
  })

  test.each([
    ['of a node that may not take part', ['near', 'far', 'puppet'], undefined],
    ['of a node that is banned', undefined, 'carol'],
  ])('%s is ignored', (_, allow, banned) => {
    const { pass, signed, the, world } = startRow({}, allow)
    if (banned !== undefined) the('near').supervisor.ban(identityOf(banned).id)
    pass('puppet', 'near', signed('carol'))
    pass('puppet', 'near', signed('far'))
    world.advance(500)
    expect(the('near').deliveries.map(({ origin }) => origin)).toEqual([the('far').id])
    expect(the('near').struck()).toEqual([])
  })

  test('is not sent to its origin, nor delivered there', () => {
    const { pass, signed, the, world } = startRow()
    pass('puppet', 'near', signed('far'))
    pass('puppet', 'near', signed('near'))
    world.advance(500)
    expect([the('near').lines(), the('far').received()]).toEqual([['hello'], []])
  })

  test('is the same whatever its hops, and its number is taken once', () => {
    const { pass, signed, the, world } = startRow()
    pass('puppet', 'near', signed('carol'))
    pass('puppet', 'near', signed('carol', { hopsLeft: 3 }))
    world.advance(500)
    const other = signed('carol', { payload: bytesOf('another') })
    pass('puppet', 'near', other)
    pass('puppet', 'near', other)
    world.advance(500)
    pass('puppet', 'near', other)
    world.advance(500)
    expect(the('near').lines()).toEqual(['hello'])
    expect(the('far').received()).toEqual(['hello'])
    expect(the('near').struck()).toEqual([])
    // Said once: it is remembered like any other.
    expect(the('near').notes()).toEqual([
      { what: 'equivocation', about: { origin: identityOf('carol').id, sequence: '1' } },
    ])
  })

  test('with a wrong signature does not stand in the way of the right one', () => {
    const { pass, signed, the, world } = startGossipScene({
      nodes: { near: [], far: ['near'] },
      puppets: { eve: ['near'], honest: ['near'] },
    })
    const right = signed('carol')
    pass('eve', 'near', { ...right, signature: flipped(right.signature) })
    pass('honest', 'near', right)
    world.advance(500)
    expect(the('far').lines()).toEqual(['hello'])
    expect(the('near').struck()).toEqual([`identity ${the('eve').id}`])
  })

  test('before it is verified is ignored', () => {
    const { signed, the, world } = startGossipScene({ nodes: { near: [] } })
    const { streams } = world.nodeWorld('stranger', '10.0.0.9')
    const received: string[] = []
    streams.start((input) => {
      if (input.kind === 'stream.opened') {
        streams.resume(input.stream)
        streams.write(input.stream, plaintextOf(signed('carol')))
      }
      if (input.kind === 'stream.bytes') received.push(encodeHex(input.bytes.slice()))
    })
    streams.open(2, { host: '10.0.0.1', port: 9946 })
    world.advance(5_000)
    expect(
      the('near')
        .eventsOf('connection.closed')
        .map(({ detail }) => detail),
    ).toEqual(['handshake-required'])
    expect([the('near').broadcasts, the('near').deliveries]).toEqual([[], []])
    // The answer is to the stranger, not to what it said: 403.
    expect(received.join('')).toContain('cd0193')
  })
})

describe('a neighbour that passes on very much', () => {
  const flood = (count: number) => {
    const scene = startRow()
    const { pass, signed, world } = scene
    for (let number = 0; number < count; number++) {
      pass('puppet', 'near', signed('carol', { sequence: BigInt(number) }))
      if (number % 100 === 99) world.settle()
    }
    world.advance(500)
    return scene
  }

  test('is heard for 100 of them in 10 s', () => {
    const { pass, signed, the, world } = flood(150)
    expect(the('near').deliveries).toHaveLength(100)
    world.advance(9_400)
    pass('puppet', 'near', signed('carol', { sequence: 1_000n }))
    world.settle()
    expect(the('near').deliveries).toHaveLength(100)
    world.advance(100)
    pass('puppet', 'near', signed('carol', { sequence: 1_001n }))
    world.settle()
    expect(the('near').deliveries).toHaveLength(101)
    expect(the('near').struck()).toEqual([])
  })

  test('is struck once above 1,000', () => {
    const { the } = flood(1_000)
    expect(the('near').struck()).toEqual([])
    const { the: after } = flood(1_100)
    expect(after('near').struck()).toEqual([`identity ${after('puppet').id}`])
  })
})

/** In the clear, where a handshake should be. */
function plaintextOf(message: BroadcastMessage): Uint8Array {
  const names = createProtocolNames()
  const writer = createWriter(FRAME_BYTES_MAX)
  writeU32be(writer, encodedBytes(message, names))
  writeMessage(writer, message, names)
  return writtenBytes(writer)
}
