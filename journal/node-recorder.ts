/**
 * Records a node: it hangs on the observation port and knows nothing of the node beyond it. To be
 * replayed, a recording has to begin before the node starts.
 * @module
 */
import type { CryptoBackend } from '../world/crypto.ts'
import type { Input } from '../world/input.ts'
import type { ObservationPort } from '../world/observation.ts'
import type { StoreEntry } from '../world/store.ts'
import type { NodeEntry } from './node-entries.ts'
import { createOutcomeTaker } from './outcome.ts'

export interface NodeRecorder {
  /** Hands out the last entry, which is held back until its step is known to be over. */
  finish(): void
  /** Takes itself off; what was not handed out is handed out first. */
  stop(): void
}

export interface NodeRecorderOptions {
  readonly crypto: Pick<CryptoBackend, 'sha256'>
  onEntry(entry: NodeEntry): void
  /** The recorder itself failed, and has been taken off. */
  onFault?(error: unknown): void
}

/** Bytes are the receiver's until its step ends; a job's result may be a shared secret. */
function copyOf(input: Input): Input {
  if ('bytes' in input) return { ...input, bytes: new Uint8Array(input.bytes) }
  return input.kind === 'job.done' ? { ...input, result: undefined } : input
}

interface OpenEntry {
  readonly monotonicMs: number
  readonly wallMs: number
  readonly input: Input
  readonly reads: (readonly StoreEntry[])[]
}

export function recordNode(port: ObservationPort, options: NodeRecorderOptions): NodeRecorder {
  const outcome = createOutcomeTaker(options.crypto)
  let open: OpenEntry | undefined

  const finish = (): void => {
    if (open === undefined) return
    const entry = { ...open, outcome: outcome.drain() }
    open = undefined
    options.onEntry(entry)
  }

  const unwatch = port.watch((observation) => {
    if (observation.of === 'step') {
      finish()
      const { monotonicMs, wallMs } = observation.step
      open = { monotonicMs, wallMs, input: copyOf(observation.input), reads: [] }
      return
    }
    if (observation.of === 'effect' && observation.effect.kind === 'store.read') {
      const { entries } = observation.effect
      open?.reads.push(entries.map(([key, value]) => [key.slice(), value.slice()]))
    }
    outcome.take(observation)
  }, options.onFault)

  return {
    finish,
    stop() {
      unwatch()
      finish()
    },
  }
}
