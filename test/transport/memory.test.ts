import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { startDatagrams, startStreams } from '../../testing/transport-handle.ts'
import {
  asWritten,
  coalesced,
  drawnChunks,
  oneByte,
  splitAt,
} from '../../transport/memory/chunking.ts'
import { memoryNetwork } from '../../transport/memory.ts'
import type { MemoryNetworkOptions } from '../../transport/memory.ts'
import { seededRandom } from '../../transport/random.ts'
import type { Streams } from '../../world/streams.ts'
import { holds, piecesOf } from '../support/properties.ts'

const ONE = '10.0.0.1'
const OTHER = '10.0.0.2'

type StreamInput = Parameters<Parameters<Streams['start']>[0]>[0]

/** `hear` is given what the listener is given, within the same step. */
function startNetwork(options: MemoryNetworkOptions = {}, hear?: (input: StreamInput) => void) {
  const network = memoryNetwork(options)
  const one = network.node(ONE)
  const other = network.node(OTHER)
  const dialler = startStreams(one.streams)
  const listener = startStreams({
    ...other.streams,
    start(enter) {
      other.streams.start((input) => {
        hear?.(input)
        enter(input)
      })
    },
  })
  listener.streams.listen(1, { host: OTHER, port: 7_000 })
  network.run()
  return { network, one, other, dialler, listener, address: { host: OTHER, port: 7_000 } }
}

/** A stream, number 2 of the dialler and 1 of the listener, that both read. */
function startStream(options: MemoryNetworkOptions = {}) {
  const started = startNetwork(options)
  const { network, dialler, listener, address } = started
  dialler.streams.open(2, address)
  network.run()
  dialler.streams.resume(2)
  listener.streams.resume(1)
  network.run()
  return started
}

/** The sizes in which what was written arrived. */
function chunksUnder(options: MemoryNetworkOptions, writes: readonly number[]): readonly number[] {
  const sizes: number[] = []
  const { network, other, dialler, address } = startNetwork(options, (input) => {
    if (input.kind === 'stream.bytes') sizes.push(input.bytes.length)
  })
  dialler.streams.open(2, address)
  network.run()
  for (const length of writes) dialler.streams.write(2, new Uint8Array(length))
  other.streams.resume(1)
  network.run()
  return sizes
}

describe('chunks', () => {
  test.each([
    ['as written', asWritten, [5, 3, 2]],
    ['one byte at a time', oneByte, Array.from({ length: 10 }, () => 1)],
    ['coalesced', coalesced, [10]],
    ['split at given places, in any order', splitAt([7, 1, 10, 400]), [1, 6, 3]],
  ])('are cut %s', (_, chunking, sizes) => {
    expect(chunksUnder({ chunking }, [5, 0, 3, 2])).toEqual(sizes)
  })

  test('are drawn from a seed, the same each time', () => {
    const drawn = (): readonly number[] =>
      chunksUnder({ chunking: drawnChunks(seededRandom('sizes'), 40) }, [500])
    expect(drawn()).toEqual(drawn())
    expect(new Set(drawn()).size).toBeGreaterThan(5)
    expect(Math.max(...drawn())).toBeLessThanOrEqual(40)
  })

  test('are held to what is ready and to one byte, whatever is asked for', () => {
    expect(chunksUnder({ chunking: () => 1e9 }, [5, 5])).toEqual([10])
    expect(chunksUnder({ chunking: () => -3 }, [2])).toEqual([1, 1])
  })

  test('come in the window that was given, and carry every byte under any cut', () => {
    const property = fc.property(
      piecesOf(fc.uint8Array({ maxLength: 300 })),
      fc.integer({ min: 1, max: 90 }),
      fc.array(fc.nat(300), { maxLength: 6 }),
      (pieces, windowBytes, cuts) => {
        const { network, dialler, listener } = startStream({ windowBytes, chunking: splitAt(cuts) })
        for (const piece of pieces) dialler.streams.write(2, piece.slice())
        dialler.streams.end(2)
        network.run()
        expect([...listener.received(1)]).toEqual(pieces.flatMap((piece) => [...piece]))
        expect(dialler.sentBytes(2)).toBe(listener.receivedBytes(1))
        expect(listener.has(1, 'stream.ended')).toBe(true)
      },
    )
    holds(property)
  })

  test('are overwritten when their step is over: who keeps a view does not keep the bytes', () => {
    const kept: Uint8Array[] = []
    let seen: number[] = []
    const { network, other, dialler, address } = startNetwork({}, (input) => {
      if (input.kind !== 'stream.bytes') return
      kept.push(input.bytes)
      seen = [...input.bytes]
    })
    dialler.streams.open(2, address)
    network.run()
    other.streams.resume(1)
    dialler.streams.write(2, Uint8Array.of(1, 2, 3))
    network.run()
    expect(seen).toEqual([1, 2, 3])
    expect([...(kept[0] ?? [])]).toEqual([0xdd, 0xdd, 0xdd])
  })
})

describe('order', () => {
  test('takes turns between streams', () => {
    const order: number[] = []
    const { network, other, dialler, address } = startNetwork({}, (input) => {
      if (input.kind === 'stream.bytes') order.push(input.stream)
    })
    for (const stream of [2, 4, 6]) dialler.streams.open(stream, address)
    network.run()
    for (const stream of [2, 4, 6]) {
      for (let count = 0; count < 2; count++) dialler.streams.write(stream, new Uint8Array(10))
    }
    for (const stream of [1, 3, 5]) other.streams.resume(stream)
    network.run()
    expect(order).toEqual([1, 3, 5, 1, 3, 5])
  })

  test('is the same in each run of the same calls', () => {
    const run = (): string => {
      const { network, dialler, listener, address } = startNetwork({
        chunking: drawnChunks(seededRandom('order'), 30),
      })
      const random = seededRandom('calls')
      for (let stream = 2; stream <= 20; stream += 2) {
        dialler.streams.open(stream, address)
        dialler.streams.write(stream, random.bytes(random.below(200)))
        for (let count = random.below(9); count > 0; count--) network.deliver()
      }
      network.run()
      for (let stream = 1; stream <= 19; stream += 2) {
        listener.streams.resume(stream)
        if (random.below(3) === 0) listener.streams.destroy(stream)
      }
      network.run()
      return JSON.stringify([dialler.inputs, listener.inputs])
    }
    expect(run()).toBe(run())
  })

  test('is one delivery at a time, and none by itself', () => {
    const { network, dialler, listener, address } = startNetwork()
    dialler.streams.open(2, address)
    expect([network.pending, dialler.inputs.length]).toEqual([1, 0])
    network.deliver()
    expect(dialler.has(2, 'stream.opened')).toBe(true)
    expect(listener.inputs).toHaveLength(1)
    network.deliver()
    expect(listener.inputs).toHaveLength(2)
    expect([network.deliver(), network.pending]).toEqual([false, 0])
  })
})

describe('the window', () => {
  test('takes no more than it holds of what nobody reads, and says so in the total', () => {
    const { network, dialler, listener } = startStream({ windowBytes: 1_000 })
    listener.streams.pause(1)
    dialler.streams.write(2, new Uint8Array(600))
    dialler.streams.write(2, new Uint8Array(600))
    network.run()
    expect(dialler.sentBytes(2)).toBe(1_000)
    listener.streams.resume(1)
    network.run()
    expect([dialler.sentBytes(2), listener.receivedBytes(1)]).toEqual([1_200, 1_200])
  })

  test('is all that arrives of a sender that was destroyed', () => {
    const { network, dialler, listener } = startStream({ windowBytes: 1_000 })
    listener.streams.pause(1)
    dialler.streams.write(2, new Uint8Array(2_500))
    dialler.streams.destroy(2)
    listener.streams.resume(1)
    network.run()
    expect(listener.receivedBytes(1)).toBe(1_000)
    expect(listener.told(1)).toEqual([{ kind: 'stream.ended', stream: 1 }])
  })

  test('has one delivery and one report in the queue, however much was written', () => {
    const { network, dialler, listener } = startStream({ chunking: coalesced })
    for (let count = 0; count < 5; count++) dialler.streams.write(2, new Uint8Array(10))
    expect(network.pending).toBe(2)
    network.run()
    expect([listener.chunkCount(1), dialler.sentBytes(2)]).toEqual([1, 50])
  })

  test('loses one report where that is asked for; the next total makes it good', () => {
    const { network, dialler } = startStream()
    network.loseNextSent(ONE, 2)
    dialler.streams.write(2, new Uint8Array(100))
    network.run()
    expect(dialler.told(2).some(({ kind }) => kind === 'stream.sent')).toBe(false)
    dialler.streams.report(2)
    network.run()
    expect(dialler.sentBytes(2)).toBe(100)
  })

  test('answers a report that was asked for while the last of the stream is on its way', () => {
    const { network, dialler, listener } = startStream()
    listener.streams.end(1)
    network.run()
    dialler.streams.write(2, new Uint8Array(10))
    network.run()
    dialler.streams.end(2)
    dialler.streams.report(2)
    const before = dialler.told(2).length
    network.run()
    expect(dialler.told(2).slice(before)).toEqual([
      { kind: 'stream.sent', stream: 2, sentBytes: 10 },
    ])
    expect(dialler.streams.held().streams).toBe(0)
  })
})

describe('faults', () => {
  test('an address that no host has is unreachable, one where nobody listens refuses', () => {
    const { network, dialler } = startNetwork()
    dialler.streams.open(2, { host: '10.0.0.9', port: 7_000 })
    dialler.streams.open(4, { host: OTHER, port: 7_001 })
    dialler.streams.open(6, { host: '2001:db8::1', port: 7_000 })
    network.run()
    expect([2, 4, 6].map((stream) => dialler.told(stream))).toMatchObject([
      [{ fault: 'unreachable' }],
      [{ fault: 'refused' }],
      [{ fault: 'unreachable' }],
    ])
  })

  test('the way is what the test says it is, for each dial', () => {
    const { network, dialler, listener, address } = startNetwork()
    const answers = ['timed-out', 'silent', 'refused', 'open'] as const
    let dials = 0
    network.setReach((from, to) => {
      expect([from.host, to]).toEqual([ONE, address])
      return answers[dials++] ?? 'open'
    })
    for (const stream of [2, 4, 6, 8]) dialler.streams.open(stream, address)
    network.run()
    expect([2, 4, 6, 8].map((stream) => dialler.told(stream))).toMatchObject([
      [{ fault: 'timed-out' }],
      [],
      [{ fault: 'refused' }],
      [{ kind: 'stream.opened' }],
    ])
    expect(listener.inputs).toHaveLength(2)
    expect(dialler.streams.held().streams).toBe(2)
    dialler.close()
  })

  test('a reset breaks a stream for both, and what was on its way is lost', () => {
    const { network, dialler, listener } = startStream()
    dialler.streams.write(2, new Uint8Array(10))
    network.reset(ONE, 2)
    network.run()
    expect(dialler.told(2).at(-1)).toEqual({ kind: 'stream.failed', stream: 2, fault: 'reset' })
    expect(listener.told(1)).toEqual([{ kind: 'stream.failed', stream: 1, fault: 'reset' }])
    expect(listener.receivedBytes(1)).toBe(0)
    expect([dialler.streams.held().streams, listener.streams.held().streams]).toEqual([0, 0])
  })

  test('destroying what has unread bytes resets the far side, ahead of what it was sent', () => {
    const { network, dialler, listener } = startStream()
    listener.streams.pause(1)
    listener.streams.write(1, new Uint8Array(10))
    dialler.streams.write(2, new Uint8Array(10))
    listener.streams.destroy(1)
    network.run()
    expect(dialler.told(2).filter(({ kind }) => kind !== 'stream.sent')).toMatchObject([
      { kind: 'stream.opened' },
      { kind: 'stream.failed', fault: 'reset' },
    ])
    expect(dialler.receivedBytes(2)).toBe(0)
  })

  test('destroying what has none ends it for the far side, after what it was sent', () => {
    const { network, dialler, listener } = startStream()
    listener.streams.write(1, new Uint8Array(10))
    listener.streams.destroy(1)
    network.run()
    expect(dialler.receivedBytes(2)).toBe(10)
    expect(dialler.told(2).at(-1)).toEqual({ kind: 'stream.ended', stream: 2 })
    dialler.streams.write(2, new Uint8Array(1))
    network.run()
    expect(dialler.told(2).at(-1)).toEqual({ kind: 'stream.failed', stream: 2, fault: 'reset' })
  })

  test('a dialler that left before it was accepted is accepted, and has ended', () => {
    const { network, dialler, listener, address } = startNetwork()
    dialler.streams.open(2, address)
    dialler.streams.write(2, Uint8Array.of(1, 2))
    network.deliver()
    dialler.streams.destroy(2)
    network.run()
    listener.streams.resume(1)
    network.run()
    expect([...listener.received(1)]).toEqual([1, 2])
    expect(listener.told(1).at(-1)).toEqual({ kind: 'stream.ended', stream: 1 })
    listener.streams.write(1, Uint8Array.of(3))
    network.run()
    expect(listener.told(1).at(-1)).toEqual({ kind: 'stream.failed', stream: 1, fault: 'reset' })
  })

  test('a host without descriptors tells its listener and resets the dialler, once', () => {
    const { network, dialler, listener, address } = startNetwork()
    network.failNextAccept(OTHER)
    dialler.streams.open(2, address)
    dialler.streams.open(4, address)
    network.run()
    expect(listener.toldOfListener(1).slice(1)).toMatchObject([
      { kind: 'listener.overloaded', fault: 'too-many-open' },
      { kind: 'listener.accepted', stream: 1 },
    ])
    expect(dialler.told(2).at(-1)).toMatchObject({ kind: 'stream.failed', fault: 'reset' })
    expect(dialler.told(4).at(-1)).toMatchObject({ kind: 'stream.opened' })
  })
})

describe('hosts', () => {
  test('are IP literals, in any spelling, one node each', () => {
    const { network } = startNetwork()
    expect(() => network.node('example.org')).toThrow(RangeError)
    expect(() => network.node('::ffff:10.0.0.1')).toThrow('taken')
    expect(() => network.reset('10.0.0.9', 2)).toThrow(RangeError)
    network.node('2001:DB8::1', '10.0.0.3')
    expect(() => network.node('2001:db8:0::1')).toThrow('taken')
  })

  test('of both families are dialled from the one of the target', () => {
    const { network, listener, address } = startNetwork()
    const both = startStreams(network.node('2001:db8::1', '10.0.0.3').streams)
    both.streams.open(2, address)
    network.run()
    expect(listener.inputs.at(-1)).toMatchObject({ remote: { host: '10.0.0.3' } })
  })

  test('take a wildcard for every address of theirs, and only once', () => {
    const { network, listener, dialler } = startNetwork()
    listener.streams.listen(2, { host: '0.0.0.0', port: 8_000 })
    listener.streams.listen(3, { host: OTHER, port: 8_000 })
    listener.streams.listen(4, { host: '::', port: 7_000 })
    dialler.streams.open(2, { host: OTHER, port: 8_000 })
    network.run()
    expect(listener.toldOfListener(2)).toMatchObject([
      { kind: 'listener.listening' },
      { kind: 'listener.accepted', local: { host: OTHER, port: 8_000 } },
    ])
    expect([3, 4].map((id) => listener.toldOfListener(id))).toMatchObject([
      [{ fault: 'address-in-use' }],
      [{ fault: 'address-in-use' }],
    ])
  })

  test('that crash are told nothing more, close as a system closes, and may come back', () => {
    const { network, other, dialler, listener, address } = startStream()
    listener.streams.write(1, Uint8Array.of(1))
    listener.streams.listen(5, { host: OTHER, port: 9_000 })
    const before = listener.inputs.length
    other.crash()
    listener.streams.open(8, { host: ONE, port: 1 })
    listener.streams.listen(6, { host: OTHER, port: 9_001 })
    network.run()
    expect(listener.inputs).toHaveLength(before)
    expect([...dialler.received(2)]).toEqual([1])
    expect(dialler.has(2, 'stream.ended')).toBe(true)
    dialler.streams.open(4, address)
    network.run()
    expect(dialler.told(4)).toMatchObject([{ fault: 'unreachable' }])

    const again = startStreams(network.node(OTHER).streams)
    again.streams.listen(1, address)
    network.run()
    dialler.streams.open(6, address)
    network.run()
    expect(again.inputs.at(-1)).toMatchObject({ kind: 'listener.accepted', stream: 1 })
    other.crash()
    network.run()
    expect(again.has(1, 'stream.failed')).toBe(false)
    expect(() => network.node(OTHER)).toThrow('taken')
  })

  test('hand out each port of their own once, and again when it is free', () => {
    const { network, dialler, listener, address } = startNetwork()
    // One more than there are ports for private use (RFC 6335).
    const ports = 65_536 - 49_152
    for (let index = 0; index <= ports; index++) dialler.streams.open(2 + 2 * index, address)
    network.run()
    const refused = dialler.inputs.filter(({ kind }) => kind === 'stream.failed')
    expect(refused).toMatchObject([{ fault: 'too-many-open' }])
    dialler.streams.destroy(2)
    dialler.streams.open(100_002, address)
    network.run()
    expect(dialler.told(100_002)).toMatchObject([{ kind: 'stream.opened' }])
    expect(listener.streams.held().streams).toBe(ports + 1)
  })
})

describe('datagrams', () => {
  const startSockets = (options: MemoryNetworkOptions = {}) => {
    const { network, one, other } = startNetwork(options)
    const from = startDatagrams(one.datagrams)
    const to = startDatagrams(other.datagrams)
    from.datagrams.bind(1, { host: '0.0.0.0', port: 5_000 })
    to.datagrams.bind(1, { host: OTHER, port: 5_000 })
    network.run()
    return { network, other, from, to, address: { host: OTHER, port: 5_000 } }
  }

  test('share a port with streams, and come from the address that the target sees', () => {
    const { network, from, to, address } = startSockets()
    from.datagrams.send(1, address, Uint8Array.of(1))
    network.run()
    expect(to.told(1).at(-1)).toMatchObject({ from: { host: ONE, port: 5_000 } })
  })

  test('are copied when they are sent', () => {
    const { network, from, to, address } = startSockets()
    const bytes = Uint8Array.of(1)
    from.datagrams.send(1, address, bytes)
    bytes[0] = 9
    network.run()
    expect(to.told(1).at(-1)).toMatchObject({ bytes: Uint8Array.of(1) })
  })

  test('are lost where the way is not open, and above what a socket has waiting', () => {
    const { network, from, to, address } = startSockets()
    network.setReach(() => 'silent')
    from.datagrams.send(1, address, Uint8Array.of(1))
    network.setReach(() => 'open')
    for (let count = 0; count < 2_000; count++) {
      from.datagrams.send(1, address, Uint8Array.of(2))
    }
    network.run()
    expect(to.told(1).length - 1).toBe(1_024)
    from.datagrams.send(1, address, Uint8Array.of(3))
    network.run()
    expect(to.told(1).at(-1)).toMatchObject({ bytes: Uint8Array.of(3) })
  })

  test('of a host that crashed are gone', () => {
    const { network, other, from, to, address } = startSockets()
    from.datagrams.send(1, address, Uint8Array.of(1))
    other.crash()
    to.datagrams.bind(2, { host: OTHER, port: 0 })
    network.run()
    from.datagrams.send(1, address, Uint8Array.of(1))
    network.run()
    expect([to.told(1).length, to.told(2).length]).toEqual([1, 0])
    expect(to.datagrams.held()).toEqual({ sockets: 0 })
  })
})

test('belongs to one node: a second one would take the first one’s inputs', () => {
  const { datagrams, streams } = memoryNetwork().node(ONE)
  const start = (): void => {
    streams.start(() => undefined)
  }
  const bind = (): void => {
    datagrams.start(() => undefined)
  }
  start()
  bind()
  expect(start).toThrow('belongs to a node already')
  expect(bind).toThrow('belongs to a node already')
})
