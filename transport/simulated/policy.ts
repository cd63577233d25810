/**
 * The policy of a simulated network: the numbers of `NetworkFaults` at the places where the memory
 * network asks. Nothing but its random source and the clock decides, and each purpose draws from a fork
 * of its own. What a fault needs is drawn before it is known whether it fires: one that is left out
 * takes no draw with it.
 * @module
 */
import type { Random } from '../../world/random.ts'
import type { SocketAddress } from '../../world/streams.ts'
import type { Chunking } from '../memory/chunking.ts'
import type { Breakable, Direction, HostConditions, LinkPolicy } from '../memory/policy.ts'
import type { VirtualClock } from '../virtual-clock.ts'
import { createDirection } from './direction.ts'
import { drawsFrom, mixed } from './drawing.ts'
import type { NetworkFaults } from './faults.ts'
import type { Firing } from './firing.ts'
import { createPartitions } from './partitions.ts'
import type { Partition } from './partitions.ts'
import { startRates } from './rates.ts'

export interface SimulatedPolicyOptions {
  readonly clock: Pick<VirtualClock, 'nowMs' | 'at'>
  readonly random: Random
  readonly faults: NetworkFaults
  readonly firing: Firing
}

export interface SimulatedPolicy extends LinkPolicy {
  readonly chunking: Chunking
  /** What lasts is over: partitions, slow readers. */
  heal(): void
}

/** How often a slow reader looks. */
const SLOW_REST_MS = 100

interface Host extends HostConditions {
  readonly number: number
}

/** Of one copy of a datagram. */
interface Fate {
  readonly truncatedTo: number | undefined
  readonly tailMs: number
  readonly lateMs: number | undefined
}

/** A host that nobody has: what is sent there is on its way as long as anything, outside of what is cut off. */
const NOWHERE: Host = { number: -1, slowUntilMs: 0 }

const TWO_TO_32 = 2 ** 32

export function createSimulatedPolicy(options: SimulatedPolicyOptions): SimulatedPolicy {
  const { clock, random, faults, firing } = options
  const { latencyMs, segmentLoss, chunkCut, slowReader, partition } = faults
  const bytesPerMs = faults.bytesPerSecond / 1_000
  const pairs = random.fork('pairs').below(TWO_TO_32)
  const segments = drawsFrom(random.fork('segments'))
  const chunks = drawsFrom(random.fork('chunks'))
  const dials = drawsFrom(random.fork('dials'))
  const packets = drawsFrom(random.fork('datagrams'))
  const targets = drawsFrom(random.fork('targets'))

  const byName = new Map<string, Host>()
  const hosts: Host[] = []
  const open: Breakable[] = []
  const partitions = createPartitions()

  const nowMs = (): number => clock.nowMs
  const at = (dueMs: number, run: () => void): void => clock.at(dueMs, run)

  const add = (names: readonly string[]): Host => {
    const host: Host = { number: hosts.length, slowUntilMs: 0 }
    hosts.push(host)
    for (const name of names) byName.set(name, host)
    return host
  }
  const hostOf = (name: string): Host => byName.get(name) ?? NOWHERE

  const baseOf = (from: Host, to: Host): number =>
    latencyMs.min + mixed(pairs, from.number, to.number) * (latencyMs.max - latencyMs.min)

  const directionOf = (from: Host, to: Host): Direction => {
    const baseMs = baseOf(from, to)
    return createDirection({
      nowMs,
      at,
      bytesPerMs,
      drawLatencyMs: () => baseMs + segments.tail(latencyMs.tailMean),
      drawRetransmitMs: () =>
        segments.happens(segmentLoss.chance) && firing.fires('segmentLoss')
          ? segmentLoss.retransmitMs
          : 0,
      isCut: () => partitions.isCut(from.number, to.number),
      hold: partitions.hold,
    })
  }

  const isLost = (from: Host, to: Host): boolean =>
    partitions.isCut(from.number, to.number) ||
    (packets.happens(faults.datagramLoss.chance) && firing.fires('datagramLoss'))

  const { datagramReorder, datagramTruncate } = faults
  const drawFate = (bytes: number): Fate => ({
    truncatedTo:
      bytes > 0 && packets.happens(datagramTruncate.chance) ? packets.below(bytes) : undefined,
    tailMs: packets.tail(latencyMs.tailMean),
    lateMs: packets.happens(datagramReorder.chance)
      ? packets.unit() * datagramReorder.delayMsMax
      : undefined,
  })

  const drawStream = (): Breakable | undefined =>
    open.length === 0 ? undefined : open[targets.below(open.length)]

  const reset = (): void => {
    const stream = drawStream()
    if (stream !== undefined && firing.fires('reset')) stream.reset()
  }

  const strand = (): void => {
    const stream = drawStream()
    if (stream === undefined) return
    const isDiallerGone = targets.below(2) === 0
    if (firing.fires('halfOpen')) stream.strand(isDiallerGone)
  }

  const slowDown = (): void => {
    const host = hosts[targets.below(hosts.length)]
    const untilMs = clock.nowMs + targets.between(slowReader.ms)
    if (host === undefined || !firing.fires('slowReader')) return
    host.slowUntilMs = Math.max(host.slowUntilMs, untilMs)
  }

  const drawPartition = (): Partition => {
    const isInside = new Uint8Array(hosts.length)
    const count = 1 + targets.below(Math.max(1, hosts.length >> 1))
    for (let inside = 0; inside < count;) {
      const drawn = targets.below(hosts.length)
      if (isInside[drawn] === 1) continue
      isInside[drawn] = 1
      inside++
    }
    if (!targets.happens(partition.oneWayChance)) return { isInside, cuts: 'both' }
    return { isInside, cuts: targets.below(2) === 0 ? 'in' : 'out' }
  }

  const divide = (): void => {
    if (hosts.length < 2) return
    const drawn = drawPartition()
    const ms = targets.between(partition.ms)
    if (!firing.fires('partition')) return
    partitions.begin(drawn)
    at(clock.nowMs + ms, () => partitions.end(drawn))
  }

  startRates({
    draws: drawsFrom(random.fork('rates')),
    nowMs,
    at,
    isStopped: () => firing.isStopped,
    rates: [
      { ...faults.reset, targets: () => open.length, strike: reset },
      { ...faults.halfOpen, targets: () => open.length, strike: strand },
      { ...slowReader, targets: () => hosts.length, strike: slowDown },
      { ...partition, targets: () => 1, strike: divide },
    ],
  })

  return {
    get nowMs() {
      return clock.nowMs
    },
    at,
    addHost(names) {
      const [name = ''] = names
      return byName.get(name) ?? add(names)
    },
    dial(fromAddress, toAddress) {
      const [from, to] = [hostOf(fromAddress.host), hostOf(toAddress.host)]
      const isCut =
        partitions.isCut(from.number, to.number) || partitions.isCut(to.number, from.number)
      return {
        isSilent: isCut || (dials.happens(faults.silentDial.chance) && firing.fires('silentDial')),
        isRefused: () => dials.happens(faults.refusedDial.chance) && firing.fires('refusedDial'),
        isOverload: () =>
          dials.happens(faults.overloadedAccept.chance) && firing.fires('overloadedAccept'),
        out: directionOf(from, to),
        back: directionOf(to, from),
      }
    },
    datagram(
      fromAddress: SocketAddress,
      toAddress: SocketAddress,
      bytes: Uint8Array,
      arrive: (bytes: Uint8Array) => void,
    ) {
      const [from, to] = [hostOf(fromAddress.host), hostOf(toAddress.host)]
      if (isLost(from, to)) return
      const soonestMs = clock.nowMs + bytes.length / bytesPerMs + baseOf(from, to)
      const copies = packets.happens(faults.datagramDuplicate.chance) ? 2 : 1
      const isTwice = copies === 2 && firing.fires('datagramDuplicate')
      for (let copy = 0; copy < copies; copy++) {
        const { lateMs, tailMs, truncatedTo } = drawFate(bytes.length)
        if (copy === 1 && !isTwice) break
        // Each its own: a receiver may change what it was given.
        const own = copy === 0 ? bytes : bytes.slice()
        const isCut = truncatedTo !== undefined && firing.fires('datagramTruncate')
        const part = isCut ? own.subarray(0, truncatedTo) : own
        const isLate = lateMs !== undefined && firing.fires('datagramReorder')
        at(soonestMs + tailMs + (isLate ? lateMs : 0), () => arrive(part))
      }
    },
    joined(stream) {
      stream.place = open.length
      open.push(stream)
    },
    parted(stream) {
      const { place } = stream
      if (place < 0) return
      stream.place = -1
      const last = open.pop()
      if (last === undefined || last === stream) return
      open[place] = last
      last.place = place
    },
    slowBytes: Math.max(1, Math.floor((slowReader.bytesPerSecond * SLOW_REST_MS) / 1_000)),
    slowRestMs: SLOW_REST_MS,
    strandedMs: faults.halfOpen.giveUpMs,
    chunking({ readyBytes }) {
      if (readyBytes <= 1 || !chunks.happens(chunkCut.chance)) return readyBytes
      const bytes = 1 + chunks.below(Math.min(chunkCut.bytesMax, readyBytes - 1))
      return firing.fires('chunkCut') ? bytes : readyBytes
    },
    heal() {
      for (const host of hosts) host.slowUntilMs = 0
      partitions.endAll()
    },
  }
}
