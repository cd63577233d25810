/**
 * A node's inputs, recorded in memory, and the node run again from them: with no network, no clock
 * and no waiting. The second run has to do the same; the first difference is named.
 * @module
 */
import { encodeHex } from '../codec/bytes.ts'
import type { ProtocolTypes } from '../machines/session.ts'
import { createNode } from '../supervisor/node.ts'
import type { NodeOptions } from '../supervisor/node-contract.ts'
import type { CryptoBackend } from '../world/crypto.ts'
import type { Input } from '../world/input.ts'
import { performJob } from '../world/jobs.ts'
import type { CryptoJob } from '../world/jobs.ts'
import type { Observation, ObservationPort } from '../world/observation.ts'
import type { Random } from '../world/random.ts'
import type { StoreEntry } from '../world/store.ts'
import type { World } from '../world/world.ts'

export interface RecordedStep {
  readonly monotonicMs: number
  readonly wallMs: number
  readonly input: Input
}

export interface Recording {
  readonly steps: readonly RecordedStep[]
  /** What reads of the store answered, in their order. */
  readonly reads: readonly (readonly StoreEntry[])[]
  /** A line for each thing that the node was seen to do. */
  readonly trace: readonly string[]
  stop(): void
}

const copyOf = (input: Input): Input =>
  'bytes' in input ? { ...input, bytes: input.bytes.slice() } : input

/** What is compared: states, messages, and what was asked of the world; sent bytes by their hash. */
function lineOf(observation: Observation, crypto: CryptoBackend): string {
  switch (observation.of) {
    case 'step':
      return `step ${observation.step.number} ${observation.input.kind}`
    case 'transition': {
      const { chart, event, name, state } = observation
      return `${name} ${chart} ${event} -> ${state}`
    }
    case 'message': {
      const { bytesOnWire, connection, direction, type } = observation
      return `${connection} ${direction} ${type} ${bytesOnWire}`
    }
    case 'refused':
      return `${observation.connection} refused ${observation.detail} ${observation.bytesOnWire}`
    case 'event':
      return `event ${observation.event.type}`
    case 'effect': {
      const { effect } = observation
      const subject = 'stream' in effect ? ` ${effect.stream}` : ''
      const bytes = 'bytes' in effect ? ` ${encodeHex(crypto.sha256(effect.bytes))}` : ''
      return `${effect.kind}${subject}${bytes}`
    }
  }
}

/** Records from now on; to replay it, that has to be before the node starts. */
export function record(port: ObservationPort, crypto: CryptoBackend): Recording {
  const steps: RecordedStep[] = []
  const reads: (readonly StoreEntry[])[] = []
  const trace: string[] = []
  const stop = port.watch((observation) => {
    trace.push(lineOf(observation, crypto))
    if (observation.of === 'step') {
      const { monotonicMs, wallMs } = observation.step
      steps.push({ monotonicMs, wallMs, input: copyOf(observation.input) })
    } else if (observation.of === 'effect' && observation.effect.kind === 'store.read') {
      reads.push(observation.effect.entries.map(([key, value]) => [key.slice(), value.slice()]))
    }
  })
  return { steps, reads, trace, stop }
}

export interface Difference {
  /** The line of the trace. */
  readonly position: number
  readonly expected: string | undefined
  readonly got: string | undefined
}

export interface ReplayOptions<T extends ProtocolTypes> extends Pick<
  NodeOptions<T>,
  'bootstrap' | 'charts' | 'limits' | 'listen' | 'name' | 'protocol'
> {
  readonly crypto: CryptoBackend
  /** The same stream of chance as the recorded node's. */
  readonly random: Random
}

/** The first difference, or undefined where the second run did the same. */
export function replay<T extends ProtocolTypes>(
  recording: Pick<Recording, 'reads' | 'steps' | 'trace'>,
  options: ReplayOptions<T>,
): Difference | undefined {
  const { crypto, random, ...rest } = options
  const jobs = new Map<number, CryptoJob>()
  const reads = [...recording.reads]
  const nothing = (): void => undefined
  let now: Pick<RecordedStep, 'monotonicMs' | 'wallMs'> = recording.steps[0] ?? {
    monotonicMs: 0,
    wallMs: 0,
  }

  const world: World = {
    clock: {
      start: nothing,
      monotonicMs: () => now.monotonicMs,
      wallMs: () => now.wallMs,
      setAlarm: nothing,
      askEndOfTurn: nothing,
      stop: nothing,
    },
    crypto,
    datagrams: {
      start: nothing,
      bind: nothing,
      send: nothing,
      unbind: nothing,
      held: () => ({ sockets: 0 }),
    },
    // A job is computed again: what it answered stands in no recording.
    jobs: { start: nothing, run: (request, job) => jobs.set(request, job), stop: nothing },
    names: { start: nothing, resolve: nothing },
    random,
    store: {
      open: nothing,
      get: () => reads.shift()?.[0]?.[1],
      range: () => reads.shift() ?? [],
      write: nothing,
      close: nothing,
    },
    streams: {
      start: nothing,
      open: nothing,
      listen: nothing,
      unlisten: nothing,
      write: nothing,
      pause: nothing,
      resume: nothing,
      report: nothing,
      end: nothing,
      destroy: nothing,
      held: () => ({ streams: 0, listeners: 0 }),
    },
  }
  const node = createNode<T>({
    ...rest,
    world,
    onHappening: nothing,
    runHandler: nothing,
    onWaitOver: nothing,
  })
  const again = record(node.port, crypto)

  const entered = (input: Input): Input => {
    if (input.kind !== 'job.done') return input
    const job = jobs.get(input.request)
    return job === undefined ? input : { ...input, result: performJob(crypto, job) }
  }
  for (const step of recording.steps) {
    now = step
    node.loop.enter(entered(step.input))
  }

  const length = Math.max(recording.trace.length, again.trace.length)
  for (let position = 0; position < length; position++) {
    const [expected, got] = [recording.trace[position], again.trace[position]]
    if (expected !== got) return { position, expected, got }
  }
  return undefined
}
