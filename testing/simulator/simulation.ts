/**
 * A network of whole supervised nodes in one process and one virtual world, from one seed: it is kept
 * busy, its links fail, its nodes are stopped and killed; then faults end, and it has to recover.
 * Nothing here reads a clock or draws a chance but the seed's: the same options, the same run.
 * @module
 */
import type { ProtocolTools } from '../../actors/protocol-tools.ts'
import type { Protocol } from '../../actors/protocol.ts'
import type { ProtocolTypes } from '../../machines/session.ts'
import { NODE_LIMITS } from '../../supervisor/limits.ts'
import type { NodeLimits } from '../../supervisor/node-contract.ts'
import { chooseCrypto } from '../../transport/crypto/choose.ts'
import { seededRandom } from '../../transport/random.ts'
import type { CryptoBackend } from '../../world/crypto.ts'
import { shuffled } from '../../world/random.ts'
import type { Random } from '../../world/random.ts'
import type { World } from '../../world/world.ts'
import { usualOptions } from '../usual-protocol.ts'
import { startVirtualWorld } from '../virtual-world.ts'
import { createConvergence } from './convergence.ts'
import { createInvariants } from './invariants.ts'
import { createLedger } from './ledger.ts'
import { modelCrypto } from './model-crypto.ts'
import { createOperator } from './operator.ts'
import { inOrderOf, SIMULATION_PRESETS } from './preset.ts'
import type { SimulationPreset } from './preset.ts'
import { createSchedule } from './schedule.ts'
import { createSimulatedNode, nodeBehind } from './simulated-node.ts'
import type { Life, LifeWatcher, SimulatedNode } from './simulated-node.ts'
import { coverageOf, createTally, percentilesOf } from './tally.ts'
import type { Counts, Coverage, Percentiles } from './tally.ts'
import { createTrace } from './trace.ts'
import { createViolations } from './violations.ts'
import type { Violation } from './violations.ts'
import { createApplications, drawMs } from './workload.ts'

export type CryptoKind = 'model' | 'real'

export interface SimulationOptions<T extends ProtocolTypes> {
  /** The network's name, for the header. */
  readonly protocol: string
  readonly tools: ProtocolTools<T>
  readonly nodes: number
  readonly seed: string
  /** For so long faults happen. Recovery and the end come behind it. */
  readonly durationMs: number
  readonly preset: SimulationPreset
  readonly crypto: CryptoKind
  /** The number of the one fault that is left out, from 0. */
  readonly skipFault?: number
  /** Gets a line a step. */
  readonly onLine?: (line: string) => void
  /** So much virtual time has passed, of all that there is before recovery. */
  readonly onProgress?: (atMs: number) => void
  /** For tests: what a node runs in place of what it is. */
  readonly changed?: {
    protocol?(protocol: Protocol<T>, index: number): Protocol<T>
    world?(world: World, index: number): World
    watcher?(watcher: LifeWatcher<T>): LifeWatcher<T>
  }
}

export interface SimulationResult {
  readonly traceHash: string
  readonly steps: number
  readonly violations: readonly Violation[]
  readonly violationCount: number
  /** Virtual milliseconds, all in all, and until the network had recovered. */
  readonly simulatedMs: number
  readonly convergedMs: number | undefined
  readonly published: number
  readonly delivered: number
  readonly publishRefused: number
  readonly requests: number
  readonly answered: number
  readonly asked: number
  readonly told: number
  readonly heard: number
  readonly receivedMessages: number
  readonly dropped: Counts
  readonly connections: number
  readonly activeConnections: number
  readonly reasons: Counts
  readonly details: Counts
  readonly refusals: Counts
  readonly notes: Counts
  readonly bans: number
  readonly strikes: number
  readonly restarts: number
  readonly acts: Counts
  /** How often each kind of fault fired. */
  readonly faults: Counts
  readonly coverage: Readonly<Record<string, Coverage>>
  readonly latencyMs: Percentiles | undefined
}

/** Every count is looked at so often, besides with each event. */
const LOOK_MS = 5_000
/** How often it is asked whether the network has recovered. */
const RECOVERY_MS = 1_000
/** What the last stop leaves to farewells; more than any wait of one. */
const LAST_GRACE_MS = 60_000
/** A key that is none is drawn once in 2^128. */
const PRIVATE_KEY_BYTES = 32

/** Two bytes of a host are the number of its node. */
const NODES_MAX = 65_536

function checkNumbers({
  durationMs,
  nodes,
}: Pick<SimulationOptions<ProtocolTypes>, 'durationMs' | 'nodes'>): void {
  if (!Number.isInteger(nodes) || nodes < 1 || nodes > NODES_MAX) {
    throw new RangeError(`nodes is a whole number from 1 to ${NODES_MAX}, and not ${nodes}`)
  }
  if (!Number.isFinite(durationMs) || durationMs < 0) {
    throw new RangeError(`durationMs is a number from 0, and not ${durationMs}`)
  }
}

/**
 * What decides a run, as text: it stands in the hash. A fault that is left out does not: it has to show
 * in what happens.
 */
export function headerOf<T extends ProtocolTypes>(options: SimulationOptions<T>): string {
  const { crypto, durationMs, nodes, preset, protocol, seed } = options
  const ordered = inOrderOf(SIMULATION_PRESETS.swarm, preset)
  return JSON.stringify({ protocol, nodes, seed, durationMs, crypto, preset: ordered })
}

/** IPv4 addresses that are nobody's in particular, each in a group of its own as far as groups go. */
const hostOf = (index: number): string =>
  `${20 + (index % 64)}.${(index * 37) % 256}.${(index >> 8) & 0xff}.${index & 0xff}`

function drawKey(random: Random, isKey: (bytes: Uint8Array) => boolean): Uint8Array {
  for (;;) {
    const bytes = random.bytes(PRIVATE_KEY_BYTES)
    if (isKey(bytes)) return bytes
  }
}

/** @throws {RangeError} there can be no such number of nodes, or no such duration */
export function simulate<T extends ProtocolTypes>(options: SimulationOptions<T>): SimulationResult {
  checkNumbers(options)
  const { changed, durationMs, preset, seed, tools } = options
  const crypto: CryptoBackend = options.crypto === 'model' ? modelCrypto() : chooseCrypto()
  const limits: NodeLimits = { ...NODE_LIMITS, creditBytesMax: preset.creditBytesMax }
  const { faults } = preset
  const world = startVirtualWorld({
    ...{ seed, faults },
    ...(options.skipFault === undefined ? {} : { skipFault: options.skipFault }),
  })
  const random = seededRandom(seed).fork('simulation')
  const schedule = createSchedule(world.clock.forNode())
  const trace = createTrace(headerOf(options), options.onLine)
  const nowMs = (): number => world.clock.nowMs
  const violations = createViolations(nowMs)
  const invariants = createInvariants<T>(violations, limits)
  const tally = createTally<T>()
  const ledger = createLedger()
  const nodes: SimulatedNode<T>[] = []

  // ---- who looks on ------------------------------------------------------------------------------

  const note = (life: Life<T>, wrong: string | undefined): void => {
    if (wrong !== undefined) violations.report('handed-once', life.of.name, wrong)
  }
  const oneWay = tools.workload?.oneWay
  const watcher: LifeWatcher<T> = {
    onHappening(life, happening) {
      invariants.happened(life, happening)
      tally.happened(happening)
    },
    onDelivery(life, delivery) {
      note(life, ledger.delivered(delivery, life.handed, nowMs()))
    },
    onMessage(life, { message, peer }) {
      const payload = oneWay?.payloadOf(message)
      if (payload === undefined) return
      const { connection } = peer
      const own = life.node.connections().find(({ name }) => name === connection)
      const speaker = { connection, index: own && nodeBehind(nodes, own.view)?.index }
      const { index } = life.of
      note(life, ledger.heard(payload, speaker, { index, lastHeard: life.handed.lastHeard }))
    },
    onStrayCall(life) {
      note(life, 'a call was settled twice')
    },
    onStopped: invariants.stopped,
    onKilled: tally.killed,
    onAsked(life, { payload }) {
      const { askedThisLife } = life.handed
      note(life, ledger.asked(payload, { index: life.of.index, askedThisLife }))
      return applications.answer(life, payload)
    },
    onValidate: (life) => applications.validate(life),
    listens: (life) => applications.listens(life),
  }

  // ---- who is there ------------------------------------------------------------------------------

  const makeProtocol = (index: number): Protocol<T> => {
    const { isPrivateKey } = tools
    const privateKey =
      isPrivateKey === undefined ? undefined : drawKey(random.fork(`key ${index}`), isPrivateKey)
    const given = { privateKey, ...(options.crypto === 'model' ? { crypto } : {}) }
    const protocol = tools.simulated?.(given) ?? tools.create(usualOptions(tools), given)
    const slots = protocol.slots.map((kind) =>
      kind.fill === undefined
        ? kind
        : { ...kind, fill: Math.min(kind.fill, preset.outboundFillMax) },
    )
    const made = { ...protocol, slots }
    return changed?.protocol?.(made, index) ?? made
  }

  const seedCount = Math.max(preset.seeds, Math.ceil(options.nodes / preset.nodesPerSeed))

  /** The same at each start of a node. */
  const seedsFor = (index: number) => (): readonly T['address'][] =>
    shuffled(random.fork(`seeds ${index}`), nodes.slice(0, seedCount))
      .slice(0, preset.seeds)
      .flatMap(({ address, index: other, protocol }) => {
        const parsed = protocol.addresses.parse(address)
        return other === index || 'wrong' in parsed ? [] : [parsed.address]
      })

  for (let index = 0; index < options.nodes; index++) {
    const changedWorld = changed?.world
    const node = createSimulatedNode<T>({
      ...{ crypto, index, limits, schedule, tools, trace, world },
      watcher: changed?.watcher?.(watcher) ?? watcher,
      host: hostOf(index),
      makeProtocol: () => makeProtocol(index),
      seeds: seedsFor(index),
      wallAheadMs: Math.floor((random.unit() * 2 - 1) * faults.clockSkewMsMax),
      ...(changedWorld === undefined ? {} : { changed: (own) => changedWorld(own, index) }),
    })
    nodes.push(node)
  }

  const applications = createApplications<T>({
    ...{ ledger, nodes, nowMs, schedule },
    workload: tools.workload ?? { publications: [], takesRequests: false },
    numbers: preset.workload,
    random: random.fork('applications'),
    onWrongAnswer: note,
  })
  const start = (node: SimulatedNode<T>, wrongByMs = 0): void => {
    node.start(wrongByMs)
    if (node.life !== undefined) applications.begin(node.life)
  }
  const operator = createOperator<T>({
    ...{ nodes, schedule, start },
    numbers: preset.operator,
    crash: faults.crash,
    crashes: () => world.network.fires('crash'),
    random: random.fork('operator'),
  })

  const look = (): void => {
    for (const { life } of nodes) if (life !== undefined) invariants.look(life)
  }

  // ---- the run -----------------------------------------------------------------------------------

  let isRecovering = false
  const disturb = (): void => {
    const starting = random.fork('starts')
    for (const node of nodes) {
      const isSeed = node.index < seedCount
      schedule.after(isSeed ? 0 : drawMs(starting, preset.startMsMax), () => {
        // In a short run the recovery has started them all, and the end may have come.
        if (!isRecovering) start(node)
      })
    }
    operator.begin()
    for (let atMs = 0; atMs < durationMs;) {
      const sliceMs = Math.min(LOOK_MS, durationMs - atMs)
      world.advance(sliceMs)
      atMs += sliceMs
      look()
      options.onProgress?.(atMs)
    }
  }

  /** How long it took; undefined: it did not come to its end in time. */
  const recover = (): number | undefined => {
    isRecovering = true
    applications.stop()
    world.network.heal()
    operator.heal()
    const convergence = createConvergence(nodes, tools, ledger.published)
    let missing: string | undefined = 'everything'
    for (let afterMs = 0; afterMs < preset.convergeMs;) {
      world.advance(RECOVERY_MS)
      afterMs += RECOVERY_MS
      missing = convergence.missing()
      if (missing === undefined) return afterMs
    }
    violations.report('converges', 'all', `after ${preset.convergeMs} ms ${missing}`)
    return undefined
  }

  const end = (): void => {
    look()
    for (const node of nodes) node.stop(LAST_GRACE_MS)
    const isOver = (): boolean => nodes.every(({ life }) => life === undefined)
    for (let afterMs = 0; !isOver() && afterMs < 2 * LAST_GRACE_MS; afterMs += RECOVERY_MS) {
      world.advance(RECOVERY_MS)
    }
    for (const { life, name } of nodes) {
      if (life !== undefined) violations.report('base-line', name, 'did not stop within its grace')
    }
    schedule.stop()
  }

  let convergedMs: number | undefined
  try {
    disturb()
    convergedMs = recover()
    end()
  } catch (error) {
    const text = error instanceof Error ? (error.stack ?? error.message) : String(error)
    violations.report('sound', 'all', `the run ended early: ${text}`)
  }

  const { answered, published, refused: publishRefused, requests, told } = applications.counts
  const { restart: restarts, ...acts } = operator.counts
  return {
    traceHash: trace.end(),
    steps: trace.steps,
    violations: violations.first,
    violationCount: violations.count,
    simulatedMs: nowMs(),
    ...{ convergedMs, published, publishRefused, requests, answered, told, restarts, acts },
    delivered: ledger.deliveries,
    asked: ledger.askedCount,
    heard: ledger.heardCount,
    receivedMessages: tally.receivedMessages,
    dropped: tally.dropped,
    connections: tally.connections,
    activeConnections: tally.activeConnections,
    reasons: tally.reasons,
    details: tally.details,
    refusals: tally.refusals,
    notes: tally.notes,
    bans: tally.bans,
    strikes: tally.strikes,
    coverage: coverageOf(ledger.published),
    faults: world.network.faultCounts(),
    latencyMs: percentilesOf(ledger.latenciesMs),
  }
}
