/**
 * What may go wrong in a simulated network, as numbers in one struct, and three presets of it. Whoever
 * wants a network of his own changes numbers; there is nothing else to set. A chance is from 0 to 1,
 * a rate of 0 never fires.
 * @module
 */

export interface Range {
  readonly min: number
  readonly max: number
}

export interface NetworkFaults {
  /**
   * One way. `min` to `max` is drawn for each pair of hosts and stays; to it comes for each segment
   * and datagram a tail, short as a rule and seldom long, with this mean.
   */
  readonly latencyMs: Range & { readonly tailMean: number }
  /** Of one direction of one stream, which queues what is more; a datagram takes its own time. */
  readonly bytesPerSecond: number

  /** A segment of a stream is lost and comes a retransmission later, and all behind it. */
  readonly segmentLoss: { readonly chance: number; readonly retransmitMs: number }
  /** A delivery is cut at a drawn place, from 1 to `bytesMax`; all others bring what is there. */
  readonly chunkCut: { readonly chance: number; readonly bytesMax: number }
  /** A stream breaks for both sides; per open stream. */
  readonly reset: { readonly perMinute: number }
  /**
   * One side of a stream is reset and the other is not told: what that one writes goes nowhere, and
   * its system gives up `giveUpMs` after the first such write; per open stream.
   */
  readonly halfOpen: { readonly perMinute: number; readonly giveUpMs: number }
  /**
   * A host takes no more than `bytesPerSecond` of each of its streams for a while, and where several
   * strike it, until the last of them ends; per host.
   */
  readonly slowReader: {
    readonly perMinute: number
    readonly ms: Range
    readonly bytesPerSecond: number
  }
  /**
   * A drawn half of the hosts at most is cut off from the rest, one way or both; of the network. It
   * lasts `ms.min` at least. Streams stall and go on after it, dials are silent, datagrams are lost.
   */
  readonly partition: {
    readonly perMinute: number
    readonly ms: Range
    readonly oneWayChance: number
  }
  readonly refusedDial: { readonly chance: number }
  readonly silentDial: { readonly chance: number }
  /** The listener's host finds no descriptor for a stream. */
  readonly overloadedAccept: { readonly chance: number }

  readonly datagramLoss: { readonly chance: number }
  readonly datagramDuplicate: { readonly chance: number }
  /** A datagram comes up to `delayMsMax` late, behind those that left after it. */
  readonly datagramReorder: { readonly chance: number; readonly delayMsMax: number }
  readonly datagramTruncate: { readonly chance: number }

  /**
   * A node's process is killed and comes back after `downMs`; per node. The network kills nobody:
   * whoever runs the nodes does, and asks `fires('crash')` first.
   */
  readonly crash: { readonly perMinute: number; readonly downMs: Range }
  /** By how much a node's wall clock is ahead or behind at most; drawn by whoever starts the node. */
  readonly clockSkewMsMax: number
}

/** Faults that fire one by one, and are counted by their name in the struct. */
export type FaultKind = Exclude<
  keyof NetworkFaults,
  'latencyMs' | 'bytesPerSecond' | 'clockSkewMsMax'
>

export type FaultCounts = Readonly<Record<FaultKind, number>>

const NEVER = { perMinute: 0 }
const NO_CHANCE = { chance: 0 }

/** A data centre on a good day: time passes and nothing breaks. */
const calm: NetworkFaults = {
  // Between hosts of one region; the tail is a busy switch.
  latencyMs: { min: 1, max: 20, tailMean: 0.5 },
  // A gigabit.
  bytesPerSecond: 125_000_000,
  // Linux sends a lost segment again after 200 ms at the earliest.
  segmentLoss: { chance: 0, retransmitMs: 200 },
  // A maximum of an Ethernet frame's payload.
  chunkCut: { chance: 0, bytesMax: 1_460 },
  reset: NEVER,
  // Linux's fifteen retransmissions take a quarter of an hour; systems of mobile devices give up sooner.
  halfOpen: { perMinute: 0, giveUpMs: 120_000 },
  slowReader: { perMinute: 0, ms: { min: 1_000, max: 10_000 }, bytesPerSecond: 20_000 },
  partition: { perMinute: 0, ms: { min: 2_000, max: 20_000 }, oneWayChance: 0.5 },
  refusedDial: NO_CHANCE,
  silentDial: NO_CHANCE,
  overloadedAccept: NO_CHANCE,
  datagramLoss: NO_CHANCE,
  datagramDuplicate: NO_CHANCE,
  datagramReorder: { chance: 0, delayMsMax: 200 },
  datagramTruncate: NO_CHANCE,
  crash: { perMinute: 0, downMs: { min: 1_000, max: 30_000 } },
  clockSkewMsMax: 0,
}

/** The open internet: homes on several continents, with lines that lose something. */
const lossy: NetworkFaults = {
  ...calm,
  // From the same town to the other side of the world; queues at home add tens of milliseconds.
  latencyMs: { min: 5, max: 150, tailMean: 15 },
  // A home's way up: ten megabits.
  bytesPerSecond: 1_250_000,
  // One in a hundred, as on a line that people complain of.
  segmentLoss: { chance: 0.01, retransmitMs: 200 },
  chunkCut: { chance: 0.1, bytesMax: 1_460 },
  // A stream lives an hour and a half in the mean: routers forget, addresses change.
  reset: { perMinute: 0.01 },
  halfOpen: { ...calm.halfOpen, perMinute: 0.002 },
  slowReader: { ...calm.slowReader, perMinute: 0.02 },
  // Hosts that were told of and are gone, or behind a router that lets nobody in.
  refusedDial: { chance: 0.02 },
  silentDial: { chance: 0.02 },
  datagramLoss: { chance: 0.02 },
  datagramDuplicate: { chance: 0.005 },
  datagramReorder: { chance: 0.02, delayMsMax: 200 },
  crash: { ...calm.crash, perMinute: 0.02 },
  // A home's clock that was last set a while ago.
  clockSkewMsMax: 2_000,
}

/** Everything at once, and more often than anywhere: ten minutes of it meet what years meet elsewhere. */
const swarm: NetworkFaults = {
  latencyMs: { min: 1, max: 300, tailMean: 30 },
  // Slow enough that a block of a megabyte takes seconds and queues build up.
  bytesPerSecond: 250_000,
  segmentLoss: { chance: 0.03, retransmitMs: 200 },
  // One delivery in ten, into parts down to single bytes: ten minutes bring thousands, at every place.
  chunkCut: { chance: 0.1, bytesMax: 600 },
  // A stream lives five minutes in the mean.
  reset: { perMinute: 0.2 },
  // Short of what nodes wait for an answer, so that both ways of learning it happen.
  halfOpen: { perMinute: 0.1, giveUpMs: 30_000 },
  slowReader: { perMinute: 0.2, ms: { min: 1_000, max: 30_000 }, bytesPerSecond: 5_000 },
  // Some outlast a node's deadlines, some do not.
  partition: { perMinute: 0.5, ms: { min: 2_000, max: 60_000 }, oneWayChance: 0.5 },
  refusedDial: { chance: 0.05 },
  silentDial: { chance: 0.05 },
  overloadedAccept: { chance: 0.02 },
  datagramLoss: { chance: 0.1 },
  datagramDuplicate: { chance: 0.05 },
  datagramReorder: { chance: 0.1, delayMsMax: 1_000 },
  datagramTruncate: { chance: 0.02 },
  crash: { perMinute: 0.1, downMs: { min: 500, max: 60_000 } },
  // Inside what protocols forgive; clocks that are wrong by more are a case of their own.
  clockSkewMsMax: 5_000,
}

export const FAULT_PRESETS = { calm, lossy, swarm } as const satisfies Readonly<
  Record<string, NetworkFaults>
>

export type FaultPreset = keyof typeof FAULT_PRESETS
