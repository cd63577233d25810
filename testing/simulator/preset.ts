/**
 * How hard a simulated network is made to work, and what goes wrong in it: numbers alone, printed with
 * each run. What links and machines do wrong is one part; what applications and an operator do is the
 * rest.
 * @module
 */
import { NODE_LIMITS } from '../../supervisor/limits.ts'
import { FAULT_PRESETS } from '../../transport/simulated/faults.ts'
import type { FaultPreset, NetworkFaults } from '../../transport/simulated/faults.ts'

/** What the applications of the nodes do. Times between two of a kind are drawn from 0 to twice these. */
export interface WorkloadNumbers {
  /** A node publishes once in so long, and with many nodes once in so long for each node. */
  readonly publishMsMin: number
  readonly publishMsPerNode: number
  /** Of a hundred publications, so many are of a kind that is kept. */
  readonly keptPercent: number
  /** A node asks a peer, and tells one something, once in so long. */
  readonly requestMs: number
  readonly oneWayMs: number
  readonly payloadBytesMax: number
  /** How long a handler takes at most, and how many of a hundred fail or take longer than is waited for. */
  readonly handlerMsMax: number
  readonly handlerFailsPercent: number
  readonly handlerHangsPercent: number
  /** Of a hundred requests, so many are called off. */
  readonly calledOffPercent: number
  /** Of a hundred lives of a node, in so many nobody listens to what others tell it. */
  readonly deafPercent: number
  /** How long an application looks at a publication before it says that it is valid. */
  readonly validationMsMax: number
}

/** What an operator does to the nodes: one of these at a time, drawn by the weights. */
export interface OperatorNumbers {
  /** Between two, drawn from 0 to twice this; with many nodes shorter, so that each has its share. */
  readonly everyMsPerNode: number
  readonly everyMsMin: number
  readonly weights: {
    readonly ban: number
    readonly unban: number
    readonly connect: number
    readonly disconnect: number
    /** In good order. Machines that die at once are a fault, with a rate of their own. */
    readonly stop: number
  }
  readonly banMsMax: number
  /** Until a pair that was disconnected is connected again. */
  readonly reconnectMsMax: number
  /** Until a node that was stopped starts again. */
  readonly downMsMax: number
  /**
   * Of a hundred nodes that start again, so many have a wall clock that is wrong by up to `wrongClockMs`,
   * until their next start: more than networks forgive.
   */
  readonly wrongClockPercent: number
  readonly wrongClockMs: number
  /** Of a hundred nodes, at most so many are down at once. */
  readonly downPercentMax: number
  /** What a stop leaves to farewells. */
  readonly graceMs: number
}

export interface SimulationPreset {
  readonly name: FaultPreset
  readonly faults: NetworkFaults
  readonly workload: WorkloadNumbers
  /** Undefined: nobody does anything to the nodes. */
  readonly operator: OperatorNumbers | undefined
  /** Bytes of messages that handlers of a node hold before it stops reading. */
  readonly creditBytesMax: number
  /** Nodes start within so long. */
  readonly startMsMax: number
  /** Each node knows so many others from its start; discovery does the rest. */
  readonly seeds: number
  /** So many are known to somebody: one of so many nodes, and `seeds` at least. */
  readonly nodesPerSeed: number
  /**
   * Nodes fill so many slots by themselves, where the network fills more and not all: with a full set
   * twenty nodes would all be neighbours, and nothing would ever take two hops.
   */
  readonly outboundFillMax: number
  /**
   * Once faults have ended, everybody is connected and has what is kept within so long: the longest
   * backoff of a dial (60 s), the pause before a neighbour is told all again (60 s), and as much again.
   */
  readonly convergeMs: number
}

const WORKLOAD: WorkloadNumbers = {
  publishMsMin: 20_000,
  publishMsPerNode: 200,
  keptPercent: 50,
  requestMs: 15_000,
  oneWayMs: 10_000,
  payloadBytesMax: 1_000,
  handlerMsMax: 500,
  handlerFailsPercent: 2,
  handlerHangsPercent: 1,
  calledOffPercent: 2,
  deafPercent: 10,
  validationMsMax: 200,
}

const OPERATOR: OperatorNumbers = {
  everyMsPerNode: 200_000,
  everyMsMin: 2_000,
  weights: { ban: 2, unban: 1, connect: 2, disconnect: 3, stop: 2 },
  banMsMax: 120_000,
  reconnectMsMax: 60_000,
  downMsMax: 40_000,
  wrongClockPercent: 10,
  wrongClockMs: 120_000,
  downPercentMax: 30,
  graceMs: 5_000,
}

const presetOf = (
  name: FaultPreset,
  own: Pick<SimulationPreset, 'creditBytesMax' | 'operator' | 'startMsMax'>,
): SimulationPreset => ({
  ...{ name, faults: FAULT_PRESETS[name], workload: WORKLOAD },
  ...{ seeds: 3, nodesPerSeed: 20, outboundFillMax: 3, convergeMs: 240_000, ...own },
})

const { creditBytesMax } = NODE_LIMITS

export const SIMULATION_PRESETS: Readonly<Record<FaultPreset, SimulationPreset>> = {
  calm: presetOf('calm', { creditBytesMax, operator: undefined, startMsMax: 2_000 }),
  /** The operator is rarely there. */
  lossy: presetOf('lossy', {
    ...{ creditBytesMax, startMsMax: 10_000 },
    operator: { ...OPERATOR, everyMsPerNode: 1_000_000, wrongClockPercent: 0 },
  }),
  /** A connection's share of the credit is four small messages: reading stops and goes on. */
  swarm: presetOf('swarm', {
    ...{ creditBytesMax: 64 * 1_024, startMsMax: 10_000 },
    operator: OPERATOR,
  }),
}

const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

/**
 * The same numbers, their names in the order in which they stand in another preset: what is equal has
 * one text. Names that are not in that one come last, by the alphabet.
 */
export function inOrderOf(like: unknown, value: unknown): unknown {
  if (!isRecord(value)) return value
  const known = isRecord(like) ? like : {}
  const names = Object.keys(known).filter((name) => Object.hasOwn(value, name))
  const others = Object.keys(value).filter((name) => !Object.hasOwn(known, name))
  return Object.fromEntries(
    [...names, ...others.sort()].map((name) => [name, inOrderOf(known[name], value[name])]),
  )
}
