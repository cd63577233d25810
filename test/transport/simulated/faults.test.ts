import { describe, expect, test } from 'vitest'
import { seededRandom } from '../../../transport/random.ts'
import { FAULT_PRESETS } from '../../../transport/simulated/faults.ts'
import type { NetworkFaults } from '../../../transport/simulated/faults.ts'
import { createFiring } from '../../../transport/simulated/firing.ts'
import { createSimulatedPolicy } from '../../../transport/simulated/policy.ts'
import { virtualClock } from '../../../transport/virtual-clock.ts'
import { ACCEPTED, DIALLED, DIALLER, LISTENER, startHosts, startNetwork } from './support.ts'
import { startHost, startStream, STEADY } from './support.ts'
import type { Settings } from './support.ts'

const OFTEN = 60
/** Once in ten seconds, in the mean. */
const SOMETIMES = 6
const HOUR_MS = 3_600_000

const bytes = (length: number): Uint8Array => Uint8Array.from({ length }, (_, index) => index % 251)

/** Until one fault of the kind has fired. */
function untilOne(
  { clock, network }: ReturnType<typeof startNetwork>,
  kind: keyof ReturnType<typeof network.faultCounts>,
): number {
  const hasFired = () => network.faultCounts()[kind] > 0
  if (!clock.runUntil(hasFired, { withinMs: HOUR_MS })) throw new Error(`no ${kind} in an hour`)
  return clock.nowMs
}

describe('a reset', () => {
  test('breaks a stream for both sides, once', () => {
    const stream = startStream({ faults: { reset: { perMinute: SOMETIMES } } })
    untilOne(stream, 'reset')
    stream.clock.advance(HOUR_MS)
    const { dialler, listener, network } = stream
    expect([dialler.faultsTold(), listener.faultsTold()]).toEqual([['reset'], ['reset']])
    expect(network.faultCounts().reset).toBe(1)
    expect([dialler.streams.held().streams, listener.streams.held().streams]).toEqual([0, 0])
  })

  test('comes as often as the rate says', () => {
    const { clock, network, dialler } = startHosts({ faults: { reset: { perMinute: 0.5 } } })
    for (let stream = 0; stream < 400; stream++) {
      dialler.call((streams) => streams.open(2 + 2 * stream, LISTENER))
    }
    clock.advance(60_000)
    // Of 400 streams with half a reset a minute each, 400 x (1 - 1 / sqrt(e)) = 157 are broken.
    expect(network.faultCounts().reset).toBeGreaterThan(130)
    expect(network.faultCounts().reset).toBeLessThan(185)
  })
})

test('resets find each of the streams that are open, and none that is not', () => {
  const { clock, network, dialler, listener } = startHosts({
    faults: { reset: { perMinute: OFTEN } },
  })
  const numbers = Array.from({ length: 20 }, (_, index) => 2 + 2 * index)
  dialler.call((streams) => {
    for (const stream of numbers) streams.open(stream, LISTENER)
  })
  clock.advance(HOUR_MS)
  expect(network.faultCounts().reset).toBe(20)
  expect(dialler.faultsTold()).toEqual(numbers.map(() => 'reset'))
  expect([dialler.streams.held().streams, listener.streams.held().streams]).toEqual([0, 0])
})

describe('a half-open stream', () => {
  const halfOpen = { perMinute: SOMETIMES, giveUpMs: 15_000 }

  const startHalfOpen = (seed: string) => {
    const stream = startStream({ faults: { halfOpen }, seed })
    const atMs = untilOne(stream, 'halfOpen')
    stream.clock.advance(1_000)
    const { dialler, listener } = stream
    const isDiallerGone = dialler.faultsTold().length > 0
    const [gone, left] = isDiallerGone ? [dialler, listener] : [listener, dialler]
    return { ...stream, atMs, gone, left, leftStream: isDiallerGone ? ACCEPTED : DIALLED }
  }

  test('is told to one side alone, and either may be the one', () => {
    const whoIsGone = new Set<boolean>()
    for (let seed = 0; seed < 12; seed++) {
      const { clock, dialler, gone, left } = startHalfOpen(`${seed}`)
      clock.advance(HOUR_MS)
      expect([gone.faultsTold(), left.faultsTold()]).toEqual([['reset'], []])
      expect([gone.streams.held().streams, left.streams.held().streams]).toEqual([0, 1])
      whoIsGone.add(gone === dialler)
    }
    expect(whoIsGone.size).toBe(2)
  })

  test('takes what is written to nowhere, until the system gives up', () => {
    const { clock, gone, left, leftStream } = startHalfOpen('writes')
    const fromMs = clock.nowMs
    left.call((streams) => streams.write(leftStream, bytes(10)))
    clock.advance(14_000)
    left.call((streams) => streams.write(leftStream, bytes(10)))
    expect(left.faultsTold()).toEqual([])
    clock.advance(60_000)
    expect(left.faultsTold()).toEqual(['timed-out'])
    expect(left.timesOf('stream.failed')).toEqual([fromMs + 15_000])
    expect(gone.received).toEqual([])
    expect(left.streams.held().streams).toBe(0)
  })

  test('gives up of itself on what was on its way', () => {
    let leftCount = 0
    for (let seed = 0; seed < 8; seed++) {
      const { clock, dialler, listener, network } = startStream({
        faults: { halfOpen },
        seed: `${seed}`,
      })
      const isOver = () => network.faultCounts().halfOpen > 0
      while (!isOver()) {
        dialler.call((streams) => streams.write(DIALLED, bytes(1)))
        listener.call((streams) => streams.write(ACCEPTED, bytes(1)))
        clock.runUntil(isOver, { withinMs: 5 })
      }
      const before = [dialler.received.length, listener.received.length]
      clock.advance(60_000)
      expect([dialler.received.length, listener.received.length]).toEqual(before)
      if (dialler.faultsTold()[0] === 'reset') continue
      leftCount++
      expect([dialler.faultsTold(), listener.faultsTold()]).toEqual([['timed-out'], ['reset']])
    }
    expect(leftCount).toBeGreaterThan(0)
  })

  test('gives up on its own end', () => {
    const { clock, left, leftStream } = startHalfOpen('ended')
    left.call((streams) => streams.end(leftStream))
    clock.advance(60_000)
    expect(left.faultsTold()).toEqual(['timed-out'])
  })
})

describe('a slow reader', () => {
  test('takes so much a second of a stream for a while, and then all of it', () => {
    const slowReader = { perMinute: OFTEN, ms: { min: 10_000, max: 10_000 }, bytesPerSecond: 1_000 }
    const stream = startStream({ faults: { slowReader } })
    const { clock, dialler, listener, network } = stream
    // Each host may be the one that is drawn.
    clock.advance(20_000)
    dialler.call((streams) => streams.write(DIALLED, bytes(30_000)))
    clock.advance(5_000)
    expect(listener.received.length).toBeGreaterThan(4_000)
    expect(listener.received.length).toBeLessThanOrEqual(5_100)
    expect(Math.max(...listener.sizes)).toBe(100)
    network.heal()
    clock.advance(200)
    expect(listener.received).toEqual([...bytes(30_000)])
  })

  test('is slow for as long as was drawn', () => {
    const slowReader = { perMinute: 0.5, ms: { min: 2_000, max: 2_000 }, bytesPerSecond: 10 }
    const { clock, dialler, listener, network } = startStream({ faults: { slowReader } })
    for (let waited = 0; waited < 600; waited++) {
      dialler.call((streams) => streams.write(DIALLED, bytes(10)))
      clock.advance(1_000)
    }
    expect(network.faultCounts().slowReader).toBeGreaterThan(0)
    clock.advance(5_000)
    expect(listener.received).toHaveLength(6_000)
    expect(Math.min(...listener.sizes)).toBe(1)
    const slow = listener.sizes.filter((size) => size === 1).length
    // A byte each tenth of a second, two seconds long.
    expect(slow).toBeLessThanOrEqual(network.faultCounts().slowReader * 21)
  })
})

test('a host that several slow readers strike is slow until the last of them ends', () => {
  const clock = virtualClock()
  const firing = createFiring(undefined)
  const slowReader = { perMinute: 6, ms: { min: 1_000, max: 60_000 }, bytesPerSecond: 10 }
  const random = seededRandom('several')
  const policy = createSimulatedPolicy({ clock, random, faults: { ...STEADY, slowReader }, firing })
  const host = policy.addHost(['10.0.0.1'])
  let longer = 0
  for (let waited = 0; waited < 600; waited++) {
    const before = host.slowUntilMs
    clock.advance(1_000)
    expect(host.slowUntilMs).toBeGreaterThanOrEqual(before)
    if (host.slowUntilMs > before) longer++
  }
  // Some struck that would have ended sooner than the one before.
  expect(longer).toBeGreaterThan(10)
  expect(firing.counts().slowReader - longer).toBeGreaterThan(10)
})

describe('a partition', () => {
  const lasting = (ms: number, oneWayChance: number) => ({
    partition: { perMinute: SOMETIMES, ms: { min: ms, max: ms }, oneWayChance },
  })

  /** Both sides write a byte each tenth of a second; when each then has come to the other. */
  const startTalk = (settings: Settings) => {
    const stream = startStream(settings)
    const { clock, dialler, listener } = stream
    const talk = (ms: number) => {
      for (let waited = 0; waited < ms; waited += 100) {
        dialler.call((streams) => streams.write(DIALLED, bytes(1)))
        listener.call((streams) => streams.write(ACCEPTED, bytes(1)))
        clock.advance(100)
      }
    }
    return { ...stream, talk }
  }

  test('both ways holds up all bytes while it lasts, and loses none', () => {
    const { talk, network, dialler, listener } = startTalk({ faults: lasting(5_000, 0) })
    while (network.faultCounts().partition === 0) talk(100)
    const [out, back] = [listener.received.length, dialler.received.length]
    talk(4_800)
    expect([listener.received.length, dialler.received.length]).toEqual([out, back])
    network.heal()
    talk(200)
    expect(listener.received.length - out).toBeGreaterThanOrEqual(49)
    expect(dialler.received.length - back).toBe(listener.received.length - out)
    expect([...dialler.faultsTold(), ...listener.faultsTold()]).toEqual([])
  })

  test('holds up a reset, and the answer to a dial, until it is over', () => {
    const slow = { latencyMs: { min: 3_000, max: 3_000, tailMean: 0 } }
    const hosts = startHosts({ faults: { ...lasting(60_000, 0), ...slow } })
    const { clock, dialler, listener, network } = hosts
    let opened = 0
    for (let stream = 2; network.faultCounts().partition === 0; stream += 2) {
      opened++
      dialler.call((streams) => {
        streams.open(stream, LISTENER)
        streams.write(stream, bytes(1))
      })
      clock.advance(1_000)
    }
    const answered = dialler.timesOf('stream.opened').length
    expect(answered).toBeLessThan(opened)
    listener.call((streams) => {
      for (let stream = 1; stream < 2 * opened; stream += 2) streams.destroy(stream)
    })
    clock.advance(30_000)
    expect(dialler.timesOf('stream.opened')).toHaveLength(answered)
    expect([dialler.timesOf('stream.ended'), dialler.faultsTold()]).toEqual([[], []])
    network.heal()
    clock.advance(30_000)
    expect(dialler.timesOf('stream.opened')).toHaveLength(opened)
  })

  test('ends by itself, not before its time', () => {
    const { talk, clock, network, dialler } = startTalk({ faults: lasting(3_000, 0), seed: 'ends' })
    while (network.faultCounts().partition === 0) talk(100)
    const sinceMs = clock.nowMs
    const count = dialler.received.length
    while (dialler.received.length <= count + 1) talk(100)
    expect(clock.nowMs - sinceMs).toBeGreaterThanOrEqual(2_900)
  })

  test('one way lets the other way through, and either may be cut', () => {
    const ways = new Set<string>()
    for (let seed = 0; seed < 12; seed++) {
      const { talk, network, dialler, listener } = startTalk({
        faults: lasting(5_000, 1),
        seed: `${seed}`,
      })
      while (network.faultCounts().partition === 0) talk(100)
      if (network.faultCounts().partition > 1) continue
      const [out, back] = [listener.received.length, dialler.received.length]
      talk(2_000)
      if (network.faultCounts().partition > 1) continue
      const passed = [listener.received.length - out, dialler.received.length - back]
      expect(passed.toSorted((one, other) => one - other)).toEqual([0, 20])
      ways.add(passed.join(' '))
    }
    expect([...ways].toSorted()).toEqual(['0 20', '20 0'])
  })

  test.each([0, 1])('leaves dials across it unanswered (one-way chance %i)', (oneWayChance) => {
    const hosts = startHosts({ faults: lasting(60_000, oneWayChance) })
    const { clock, dialler, listener } = hosts
    untilOne(hosts, 'partition')
    dialler.call((streams) => streams.open(DIALLED, LISTENER))
    clock.advance(10_000)
    expect(dialler.inputs).toEqual([])
    expect(listener.timesOf('listener.accepted')).toEqual([])
    hosts.network.heal()
    dialler.call((streams) => streams.open(4, LISTENER))
    clock.advance(1_000)
    expect(dialler.timesOf('stream.opened')).toHaveLength(1)
  })

  test('loses datagrams across it', () => {
    const hosts = startHosts({ faults: lasting(60_000, 0) })
    const { clock, dialler, listener, network } = hosts
    listener.datagrams.bind(1, LISTENER)
    dialler.datagrams.bind(1, { host: DIALLER, port: 9 })
    untilOne(hosts, 'partition')
    dialler.datagrams.send(1, LISTENER, bytes(3))
    clock.advance(1_000)
    network.heal()
    dialler.datagrams.send(1, LISTENER, bytes(4))
    clock.advance(1_000)
    const received = listener.inputs.filter(({ kind }) => kind === 'datagrams.received')
    expect(received).toMatchObject([{ bytes: bytes(4) }])
  })

  test('holds hosts inside together', () => {
    const world = startNetwork({ faults: lasting(60_000, 0), seed: 'inside' })
    const hosts = Array.from({ length: 10 }, (_, index) => startHost(world, `10.0.0.${index + 1}`))
    for (const [index, host] of hosts.entries()) {
      host.call((streams) => streams.listen(1, { host: `10.0.0.${index + 1}`, port: 7 }))
    }
    untilOne(world, 'partition')
    for (const host of hosts) {
      for (const [index] of hosts.entries()) {
        host.call((streams) =>
          streams.open(2 + 2 * index, { host: `10.0.0.${index + 1}`, port: 7 }),
        )
      }
    }
    world.clock.advance(1_000)
    const reached = hosts.map((host) => host.timesOf('stream.opened').length)
    const sizes = [...new Set(reached)]
    const [inside = 0] = sizes.toSorted((one, other) => one - other)
    expect(inside).toBeLessThanOrEqual(5)
    expect(reached.filter((count) => count === inside).length % inside).toBe(0)
    expect(reached.every((count) => count === inside || count === 10 - inside)).toBe(true)
  })
})

describe('dials', () => {
  const dialled = (faults: Partial<NetworkFaults>) => {
    const { clock, dialler, listener, network } = startHosts({ faults })
    dialler.call((streams) => streams.open(DIALLED, LISTENER))
    clock.advance(HOUR_MS)
    return { dialler, listener, counts: network.faultCounts() }
  }

  test('are refused by chance, after a round trip', () => {
    const { dialler, counts } = dialled({ refusedDial: { chance: 1 } })
    expect(dialler.inputs).toEqual([{ kind: 'stream.failed', stream: DIALLED, fault: 'refused' }])
    expect(dialler.timesOf('stream.failed')).toEqual([20])
    expect(counts.refusedDial).toBe(1)
  })

  test('are silent by chance', () => {
    const { dialler, listener, counts } = dialled({ silentDial: { chance: 1 } })
    expect(dialler.inputs).toEqual([])
    expect(listener.timesOf('listener.accepted')).toEqual([])
    expect(counts.silentDial).toBe(1)
  })

  test('find a host without descriptors by chance: its listener is told, the dialler is reset', () => {
    const { dialler, listener, counts } = dialled({ overloadedAccept: { chance: 1 } })
    expect(dialler.inputs.map(({ kind }) => kind)).toEqual(['stream.opened', 'stream.failed'])
    expect(dialler.timesOf('stream.failed')).toEqual([40])
    expect(listener.inputs.at(-1)).toEqual({
      kind: 'listener.overloaded',
      listener: 1,
      fault: 'too-many-open',
    })
    expect(counts.overloadedAccept).toBe(1)
  })
})

describe('datagrams', () => {
  const sent = (faults: Partial<NetworkFaults>, settings: Settings = {}) => {
    const { clock, dialler, listener, network } = startHosts({ ...settings, faults })
    listener.datagrams.bind(1, LISTENER)
    dialler.datagrams.bind(1, { host: DIALLER, port: 9 })
    clock.settle()
    for (let number = 0; number < 100; number++) {
      dialler.datagrams.send(1, LISTENER, Uint8Array.of(number, 1, 2, 3))
      clock.advance(1)
    }
    clock.advance(HOUR_MS)
    const received = listener.inputs.flatMap((input) =>
      input.kind === 'datagrams.received' ? [input.bytes] : [],
    )
    const numbers = received.map(([number]) => number)
    return { received, numbers, counts: network.faultCounts(), listener }
  }
  const inOrder = Array.from({ length: 100 }, (_, number) => number)

  test('come one way later, in order and whole, where nothing happens to them', () => {
    const { numbers, listener } = sent({})
    expect(numbers).toEqual(inOrder)
    expect(listener.timesOf('datagrams.received')[0]).toBe(10)
  })

  test('are lost', () => {
    const { numbers, counts } = sent({ datagramLoss: { chance: 0.3 } })
    expect(counts.datagramLoss).toBeGreaterThan(10)
    expect(numbers).toHaveLength(100 - counts.datagramLoss)
    expect(numbers).toEqual(inOrder.filter((number) => numbers.includes(number)))
  })

  test('come twice', () => {
    const { numbers, counts } = sent({ datagramDuplicate: { chance: 0.3 } })
    expect(counts.datagramDuplicate).toBeGreaterThan(10)
    expect(numbers).toHaveLength(100 + counts.datagramDuplicate)
    expect([...new Set(numbers)]).toEqual(inOrder)
  })

  test('come in another order', () => {
    const { numbers, counts } = sent({ datagramReorder: { chance: 0.3, delayMsMax: 50 } })
    expect(counts.datagramReorder).toBeGreaterThan(10)
    expect(numbers).not.toEqual(inOrder)
    expect(numbers.toSorted((one = 0, other = 0) => one - other)).toEqual(inOrder)
  })

  test('come cut short', () => {
    const { received, counts } = sent({ datagramTruncate: { chance: 0.3 } })
    expect(received).toHaveLength(100)
    expect(received.filter(({ length }) => length < 4)).toHaveLength(counts.datagramTruncate)
    expect(counts.datagramTruncate).toBeGreaterThan(10)
  })

  test('that come twice are each their own', () => {
    const { listener, received } = sent({ datagramDuplicate: { chance: 1 } })
    expect(received).toHaveLength(200)
    expect(new Set(listener.buffers).size).toBe(200)
  })

  test('lose one less where one is left out', () => {
    const { numbers } = sent({ datagramLoss: { chance: 1 } }, { skipFault: 42 })
    expect(numbers).toEqual([42])
  })
})

describe('when faults stop', () => {
  test('nothing new fires, whoever carries it out, and latencies stay', () => {
    const { clock, network, dialler, listener } = startHosts({ faults: FAULT_PRESETS.swarm })
    expect(network.fires('crash')).toBe(true)
    clock.advance(600_000)
    network.heal()
    const before = network.faultCounts()
    expect(network.fires('crash')).toBe(false)
    dialler.call((streams) => streams.open(DIALLED, LISTENER))
    clock.advance(HOUR_MS)
    dialler.call((streams) => streams.write(DIALLED, bytes(50_000)))
    const fromMs = clock.nowMs
    clock.advance(HOUR_MS)
    expect(listener.received).toEqual([...bytes(50_000)])
    expect((listener.timesOf('stream.bytes')[0] ?? 0) - fromMs).toBeGreaterThan(1)
    expect(network.faultCounts()).toEqual(before)
    expect(before).toMatchObject({ crash: 1 })
    expect(before.partition + before.slowReader).toBeGreaterThan(0)
  })
})

describe('numbers that cannot be', () => {
  const wrong: readonly (readonly [string, Partial<NetworkFaults>])[] = [
    ['bytesPerSecond cannot be 0', { bytesPerSecond: 0 }],
    ['latencyMs.max cannot be 1', { latencyMs: { min: 2, max: 1, tailMean: 0 } }],
    ['latencyMs.tailMean cannot be -1', { latencyMs: { min: 2, max: 2, tailMean: -1 } }],
    ['datagramLoss.chance cannot be 1.1', { datagramLoss: { chance: 1.1 } }],
    ['reset.perMinute cannot be NaN', { reset: { perMinute: NaN } }],
    ['chunkCut.bytesMax cannot be 0', { chunkCut: { chance: 0, bytesMax: 0 } }],
  ]
  test.each(wrong)('are refused: %s', (text, faults) => {
    expect(() => startNetwork({ faults })).toThrow(
      new RangeError(`the faults of a network: ${text}`),
    )
  })

  test('stand in no preset', () => {
    for (const faults of [...Object.values(FAULT_PRESETS), STEADY]) {
      expect(() => startNetwork({ faults })).not.toThrow()
    }
  })
})
