import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { holds, piecesOf } from '../../support/properties.ts'
import { FAULT_PRESETS } from '../../../transport/simulated/faults.ts'
import type { NetworkFaults } from '../../../transport/simulated/faults.ts'
import { ACCEPTED, DIALLED, LISTENER, startHost, startHosts } from './support.ts'
import { startStream, STEADY } from './support.ts'
import type { Settings } from './support.ts'

const bytes = (length: number): Uint8Array => Uint8Array.from({ length }, (_, index) => index % 251)

/** Writes at once, and lets a time pass. */
function writeAndWait(settings: Settings, writes: readonly number[], waitMs = 60_000) {
  const stream = startStream(settings)
  const fromMs = stream.clock.nowMs
  stream.dialler.call((streams) => {
    for (const length of writes) streams.write(DIALLED, bytes(length))
  })
  stream.clock.advance(waitMs)
  const afterMs = stream.listener.timesOf('stream.bytes').map((ms) => ms - fromMs)
  return { ...stream, afterMs }
}

describe('latency', () => {
  test('a dial is answered after a round trip, and accepted one way later', () => {
    const { clock, dialler, listener } = startHosts()
    dialler.call((streams) => streams.open(DIALLED, LISTENER))
    clock.advance(100)
    expect(dialler.timesOf('stream.opened')).toEqual([20])
    expect(listener.timesOf('listener.accepted')).toEqual([30])
  })

  test('bytes and the end come one way later, what a system says of itself at once', () => {
    const { clock, dialler, listener } = startStream()
    dialler.call((streams) => {
      streams.write(DIALLED, bytes(5))
      streams.end(DIALLED)
    })
    clock.advance(100)
    expect(dialler.timesOf('stream.sent')).toEqual([30])
    expect(listener.timesOf('stream.bytes')).toEqual([40])
    expect(listener.timesOf('stream.ended')).toEqual([40])
  })

  test('belongs to a pair of hosts, and stays between its bounds and the tail', () => {
    const latencyMs = { min: 20, max: 80, tailMean: 0 }
    const seen = new Set<number>()
    for (let seed = 0; seed < 20; seed++) {
      const { afterMs, ...stream } = writeAndWait({ faults: { latencyMs }, seed: `${seed}` }, [1])
      const [first = 0] = afterMs
      stream.dialler.call((streams) => streams.write(DIALLED, bytes(1)))
      const fromMs = stream.clock.nowMs
      stream.clock.advance(1_000)
      expect((stream.listener.timesOf('stream.bytes')[1] ?? 0) - fromMs).toBeCloseTo(first, 2)
      expect(first).toBeGreaterThanOrEqual(20)
      expect(first).toBeLessThanOrEqual(80)
      seen.add(first)
    }
    expect(seen.size).toBe(20)
  })

  test('is the same for a host that comes back', () => {
    const latencyMs = { min: 20, max: 80, tailMean: 0 }
    const world = startHosts({ faults: { latencyMs } })
    const { clock, dialler } = world
    const dialMs = (stream: number): number => {
      const fromMs = clock.nowMs
      dialler.call((streams) => streams.open(stream, LISTENER))
      clock.advance(1_000)
      return (dialler.timesOf('stream.opened').at(-1) ?? 0) - fromMs
    }
    const before = dialMs(2)
    world.listener.crash()
    const again = startHost(world, LISTENER.host)
    again.call((streams) => streams.listen(1, LISTENER))
    clock.settle()
    expect(dialMs(4)).toBeCloseTo(before, 2)
  })
})

describe('a rate', () => {
  test('is shared by what is written after each other', () => {
    const { afterMs, received } = (() => {
      const { listener, ...rest } = writeAndWait(
        { faults: { bytesPerSecond: 1_000 } },
        [5_000, 3_000, 1_000],
      )
      return { ...rest, received: listener.received }
    })()
    expect(afterMs).toEqual([5_010, 8_010, 9_010])
    expect(received).toEqual([...bytes(5_000), ...bytes(3_000), ...bytes(1_000)])
  })

  test('brings a long write in parts', () => {
    const { afterMs } = writeAndWait({ faults: { bytesPerSecond: 16_384 } }, [40_000])
    expect(afterMs).toHaveLength(3)
    expect(afterMs[0]).toBeCloseTo(1_010, 3)
  })

  test('and the window say how much a reader that is far away gets', () => {
    const { afterMs } = writeAndWait({ windowBytes: 1_000 }, [10_000])
    expect(afterMs).toHaveLength(10)
    expect(afterMs.at(-1)).toBeCloseTo(100, 1)
  })
})

describe('loss', () => {
  test('on a stream is delay: what is lost comes a retransmission later, and all behind it', () => {
    const faults = { segmentLoss: { chance: 1, retransmitMs: 200 } }
    const { afterMs, network } = writeAndWait({ faults, skipFault: 1 }, [3, 4])
    expect(afterMs).toEqual([210])
    expect(network.faultCounts().segmentLoss).toBe(1)
  })
})

describe('cuts', () => {
  test('as small as can be leave single bytes', () => {
    const { listener, network } = writeAndWait(
      { faults: { chunkCut: { chance: 1, bytesMax: 1 } } },
      [10, 10],
    )
    expect(listener.sizes).toEqual(Array.from({ length: 20 }, () => 1))
    // The last byte has no cut behind it.
    expect(network.faultCounts().chunkCut).toBe(19)
  })

  test('that never happen leave what was written at once in one delivery', () => {
    expect(writeAndWait({}, [10, 10]).listener.sizes).toEqual([20])
  })

  test('are left out one by one', () => {
    const faults = { chunkCut: { chance: 1, bytesMax: 1 } }
    const { listener, network } = writeAndWait({ faults, skipFault: 3 }, [10])
    expect(listener.sizes).toEqual([1, 1, 1, 7])
    expect(network.faultCounts().chunkCut).toBe(3)
  })
})

describe('the end of a side', () => {
  test('that was given up with unread bytes resets the other, one way later', () => {
    const { clock, dialler, listener } = startStream()
    listener.call((streams) => streams.pause(ACCEPTED))
    dialler.call((streams) => streams.write(DIALLED, bytes(5)))
    clock.advance(100)
    listener.call((streams) => streams.destroy(ACCEPTED))
    const fromMs = clock.nowMs
    clock.advance(100)
    expect(dialler.faultsTold()).toEqual(['reset'])
    expect(dialler.timesOf('stream.failed')).toEqual([fromMs + 10])
  })

  test('that was given up answers what is written to it, a round trip later and once', () => {
    const { clock, dialler, listener } = startStream()
    listener.call((streams) => streams.destroy(ACCEPTED))
    dialler.call((streams) => {
      streams.write(DIALLED, bytes(5))
      streams.write(DIALLED, bytes(5))
    })
    const fromMs = clock.nowMs
    clock.advance(100)
    expect(dialler.timesOf('stream.ended')).toEqual([fromMs + 10])
    expect(dialler.faultsTold()).toEqual(['reset'])
    expect(dialler.timesOf('stream.failed')).toEqual([fromMs + 20])
    expect(dialler.streams.held().streams).toBe(0)
  })

  test('leaves what it sent before to arrive', () => {
    const { clock, dialler, listener } = startStream()
    dialler.call((streams) => {
      streams.write(DIALLED, bytes(5))
      streams.destroy(DIALLED)
    })
    clock.advance(100)
    expect(listener.received).toEqual([...bytes(5)])
    expect(listener.timesOf('stream.ended')).toHaveLength(1)
  })

  test('that crashed before it was accepted is noticed', () => {
    const { clock, dialler, listener } = startHosts()
    dialler.call((streams) => {
      streams.open(DIALLED, LISTENER)
      streams.write(DIALLED, bytes(3))
    })
    clock.advance(25)
    dialler.crash()
    clock.advance(100)
    expect(listener.timesOf('listener.accepted')).toEqual([30])
    expect(listener.timesOf('stream.ended')).toHaveLength(1)
    listener.call((streams) => streams.write(ACCEPTED, bytes(1)))
    clock.advance(100)
    expect(listener.faultsTold()).toEqual(['reset'])
  })
})

const range = (max: number) =>
  fc.tuple(fc.nat(max), fc.nat(max)).map(([one, other]) => ({
    min: Math.min(one, other),
    max: Math.max(one, other),
  }))

const chance = fc.constantFrom(0, 0.1, 0.5, 1)

/** Whatever delays, cuts or stalls a stream, and breaks none. */
const unbreaking: fc.Arbitrary<NetworkFaults> = fc
  .record({
    latencyMs: fc
      .tuple(range(300), fc.nat(100))
      .map(([latencyMs, tailMean]) => ({ ...latencyMs, tailMean })),
    bytesPerSecond: fc.integer({ min: 50, max: 1e6 }),
    segmentLoss: fc.record({ chance, retransmitMs: fc.nat(500) }),
    chunkCut: fc.record({ chance, bytesMax: fc.integer({ min: 1, max: 50 }) }),
    slowReader: fc.record({
      perMinute: fc.constantFrom(0, 20),
      ms: range(20_000),
      bytesPerSecond: fc.integer({ min: 1, max: 1_000 }),
    }),
    partition: fc.record({
      perMinute: fc.constantFrom(0, 20),
      ms: range(20_000),
      oneWayChance: chance,
    }),
  })
  .map((faults) => ({ ...STEADY, ...faults }))

const writes = fc.array(
  fc.record({ pieces: piecesOf(fc.uint8Array({ maxLength: 300 })), waitMs: fc.nat(3_000) }),
  { minLength: 1, maxLength: 6 },
)

function exchange(faults: NetworkFaults, seed: string, out: Writes, back: Writes) {
  const { clock, network, dialler, listener } = startHosts({ faults, seed })
  const wroteBack: number[] = []
  dialler.call((streams) => streams.open(DIALLED, LISTENER))
  for (let turn = 0; turn < Math.max(out.length, back.length); turn++) {
    dialler.call((streams) => {
      for (const piece of out[turn]?.pieces ?? []) streams.write(DIALLED, piece.slice())
    })
    clock.advance(out[turn]?.waitMs ?? 0)
    if (listener.timesOf('listener.accepted').length > 0) {
      listener.call((streams) => {
        for (const piece of back[turn]?.pieces ?? []) {
          streams.write(ACCEPTED, piece.slice())
          wroteBack.push(...piece)
        }
      })
    }
    clock.advance(back[turn]?.waitMs ?? 0)
  }
  network.heal()
  clock.advance(3_600_000)
  return { dialler, listener, network, wroteBack }
}
type Writes = readonly { readonly pieces: readonly Uint8Array[]; readonly waitMs: number }[]

const whole = (of: Writes): readonly number[] =>
  of.flatMap(({ pieces }) => pieces.flatMap((piece) => [...piece]))

describe('whatever delays, cuts and stalls', () => {
  test('what arrives is what was written, whole and in order, and nothing arrives inside a call', () => {
    holds(
      fc.property(unbreaking, fc.nat(), writes, writes, (faults, seed, out, back) => {
        const { dialler, listener, wroteBack } = exchange(faults, `${seed}`, out, back)
        // A dial across a partition is silent.
        if (dialler.timesOf('stream.opened').length === 0) return
        expect(listener.received).toEqual(whole(out))
        expect(dialler.received).toEqual(wroteBack)
        expect([...dialler.faultsTold(), ...listener.faultsTold()]).toEqual([])
      }),
      60,
    )
  })

  test('the same seed brings the same at the same times', () => {
    holds(
      fc.property(unbreaking, fc.nat(), writes, (faults, seed, out) => {
        const one = exchange(faults, `${seed}`, out, out)
        const other = exchange(faults, `${seed}`, out, out)
        expect(other.listener.trace).toEqual(one.listener.trace)
        expect(other.dialler.trace).toEqual(one.dialler.trace)
        expect(other.network.faultCounts()).toEqual(one.network.faultCounts())
      }),
      20,
    )
  })

  test('another seed brings the same at other times', () => {
    const out = [{ pieces: [bytes(300)], waitMs: 3_000 }]
    const one = exchange(FAULT_PRESETS.lossy, 'one', out, out)
    const other = exchange(FAULT_PRESETS.lossy, 'other', out, out)
    expect(other.listener.received).toEqual(one.listener.received)
    expect(other.listener.trace).not.toEqual(one.listener.trace)
  })
})
