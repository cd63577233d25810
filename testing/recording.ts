/**
 * A node recorded in memory and run again within one test: what the contract suites do with every node.
 * @module
 */
import type { ProtocolTypes } from '../machines/session.ts'
import { entrySink, recordNode } from '../journal/node-recorder.ts'
import type { NodeEntry } from '../journal/node-entries.ts'
import { replayNode } from '../journal/node-replay.ts'
import type { Difference } from '../journal/node-replay.ts'
import { printLine } from '../journal/outcome.ts'
import type { NodeOptions } from '../supervisor/node-contract.ts'
import type { CryptoBackend } from '../world/crypto.ts'
import type { ObservationPort } from '../world/observation.ts'
import type { Random } from '../world/random.ts'

export type { Difference }

export interface Recording {
  /** Those whose step is known to be over; all of them once it was stopped. */
  readonly entries: readonly NodeEntry[]
  /** A line for each thing that the node was seen to do. */
  readonly trace: readonly string[]
  stop(): void
}

/** Records from now on; to replay it, that has to be before the node starts. */
export function record(port: ObservationPort, crypto: CryptoBackend): Recording {
  const entries: NodeEntry[] = []
  const recorder = recordNode(port, {
    crypto,
    sink: entrySink((entry) => entries.push(entry)),
    onFault(error) {
      throw error
    },
  })
  return {
    get entries() {
      recorder.finish()
      return entries
    },
    get trace() {
      recorder.finish()
      return entries.flatMap(({ input, outcome }) => [
        `step ${input.kind}`,
        ...outcome.map(printLine),
      ])
    },
    stop: recorder.stop,
  }
}

export interface SameNode<T extends ProtocolTypes> extends Pick<
  NodeOptions<T>,
  'bootstrap' | 'charts' | 'limits' | 'listen' | 'name' | 'protocol'
> {
  readonly crypto: CryptoBackend
  /** The same stream of chance as the recorded node's. */
  readonly random: Random
}

/** The first difference, or undefined where the second run did the same. */
export function replay<T extends ProtocolTypes>(
  { entries }: Pick<Recording, 'entries'>,
  { protocol, random, ...rest }: SameNode<T>,
): Difference | undefined {
  return replayNode<T>(entries, { ...rest, protocol: () => protocol, random: () => random }).run()
}
