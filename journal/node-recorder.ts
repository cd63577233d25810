/**
 * Records a node: it hangs on the observation port and knows nothing of the node beyond it. To be
 * replayed, a recording has to begin before the node starts.
 * @module
 */
import type { Input } from '../world/input.ts'
import type { ObservationPort, Step } from '../world/observation.ts'
import type { StoreEntry } from '../world/store.ts'
import type { FingerprintCrypto } from './fingerprint.ts'
import type { NodeEntry, OutcomeLine } from './node-entries.ts'
import { createOutcomeTaker } from './outcome.ts'

/** Where a recording goes: a step's input as it enters, and what came of it once it is over. */
export interface StepSink {
  /** The input's bytes are the step's: what is kept longer is copied. */
  begin(step: Step, input: Input): void
  end(reads: readonly (readonly StoreEntry[])[], outcome: readonly OutcomeLine[]): void
}

export interface NodeRecorder {
  /** Ends the last step, which is open until it is known to be over. */
  finish(): void
  /** Takes itself off, and ends what is open. */
  stop(): void
}

export interface NodeRecorderOptions {
  readonly crypto: FingerprintCrypto
  readonly sink: StepSink
  /** The recorder itself failed, and has been taken off. */
  onFault(error: unknown): void
}

const NO_READS: readonly (readonly StoreEntry[])[] = []

export function recordNode(port: ObservationPort, options: NodeRecorderOptions): NodeRecorder {
  const { crypto, onFault, sink } = options
  const outcome = createOutcomeTaker(crypto)
  let reads: (readonly StoreEntry[])[] | undefined
  let isOpen = false
  let isOver = false

  const finish = (): void => {
    if (!isOpen) return
    isOpen = false
    const answered = reads ?? NO_READS
    reads = undefined
    sink.end(answered, outcome.drain())
  }

  const beginStep = (step: Step, input: Input): void => {
    finish()
    // What the end of the last step brought about may have been the end of the recording.
    if (isOver) return
    isOpen = true
    sink.begin(step, input)
  }

  const unwatch = port.watch(
    (observation) => {
      if (observation.of === 'step') {
        beginStep(observation.step, observation.input)
        return
      }
      if (observation.of === 'effect' && observation.effect.kind === 'store.read') {
        reads ??= []
        reads.push(observation.effect.entries.map(([key, value]) => [key.slice(), value.slice()]))
      }
      outcome.take(observation)
    },
    { onFault },
  )

  return {
    finish,
    stop() {
      isOver = true
      unwatch()
      finish()
    },
  }
}

/** A job's result may be a shared secret. */
export const withoutResult = (input: Input): Input =>
  input.kind === 'job.done' ? { ...input, result: undefined } : input

/** A sink that makes entries with memory of their own. */
export function entrySink(onEntry: (entry: NodeEntry) => void): StepSink {
  let open: Omit<NodeEntry, 'outcome' | 'reads'> | undefined
  return {
    begin({ monotonicMs, wallMs }, input) {
      const own = 'bytes' in input ? { ...input, bytes: new Uint8Array(input.bytes) } : input
      open = { monotonicMs, wallMs, input: withoutResult(own) }
    },
    end(reads, outcome) {
      if (open !== undefined) onEntry({ ...open, reads, outcome })
    },
  }
}
