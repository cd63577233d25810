/**
 * The recording of one node, from before its start: what it is given in place of its own chance, and
 * what hangs on its observation port. The node knows nothing of it.
 * @module
 */
import { seededRandom } from '../transport/random.ts'
import { PeerloomError } from '../world/errors.ts'
import type { ObservationPort } from '../world/observation.ts'
import type { Random } from '../world/random.ts'
import type { FingerprintCrypto } from './fingerprint.ts'
import type { JournalWriter } from './journal-writer.ts'
import type { NodeHeader } from './node-entries.ts'
import { recordNode } from './node-recorder.ts'
import type { NodeRecorder } from './node-recorder.ts'
import type { SinglePart } from './node-parts.ts'

const SEED_BYTES = 32

/** A node that is about to be made. */
export interface NodeToRecord extends NodeHeader {
  /** What the network's factory was given that is secret. */
  readonly secrets: Readonly<Record<string, Uint8Array>>
  /** Where the seed is drawn from. */
  readonly random: Random
  readonly crypto: FingerprintCrypto
}

export interface BegunRecording {
  /** The node's chance from now on: all of it follows from the seed in the journal. */
  readonly random: Random
  /** Once the node is there, and before it starts. */
  watch(port: ObservationPort): void
  /** In place of that, where no node came of it: nothing is left behind. */
  abandon(): void
}

/** What `createSupervisor` takes. It records one node. */
export interface JournalRecording {
  /** @throws {PeerloomError} `bad-argument`: it has begun before */
  begin(node: NodeToRecord): BegunRecording
}

export interface OngoingRecording extends JournalRecording {
  /**
   * Everything up to now goes to the medium, but for a step that is being run; after the node's end the
   * recording ends.
   */
  flush(): void
  /** After the node's end, and not within its last step, the recording ends. */
  endWithNode(): void
}

export interface RecordingEnds {
  readonly onStopped: () => void
  readonly onAbandoned?: () => void
}

export function recordingInto(
  writer: JournalWriter,
  { onAbandoned = () => undefined, onStopped }: RecordingEnds,
): OngoingRecording {
  let recorder: NodeRecorder | undefined
  let hasBegun = false
  let hasStopped = false
  /** Until it has begun, no step is run. */
  let isInStep = (): boolean => false

  const endWithNode = (): void => {
    if (!hasStopped || isInStep()) return
    recorder?.stop()
    recorder = undefined
    writer.close()
  }

  return {
    begin({ crypto, random, secrets, ...header }) {
      if (hasBegun) throw new PeerloomError('bad-argument', 'a journal records one node')
      hasBegun = true
      const seed = random.bytes(SEED_BYTES)
      const parts: readonly SinglePart[] = [
        { part: 'header', header },
        { part: 'secrets', secrets: { seed, protocol: secrets } },
      ]
      return {
        random: seededRandom(seed),
        abandon: onAbandoned,
        watch(port) {
          writer.open(parts)
          isInStep = () => port.isInStep
          const count = (): void => {
            port.watch(
              () => {
                writer.lose()
              },
              { kinds: ['step'] },
            )
          }
          recorder = recordNode(port, {
            crypto,
            sink: {
              begin: writer.begin,
              end(reads, outcome) {
                if (writer.end(reads, outcome) || recorder === undefined) return
                const over = recorder
                recorder = undefined
                over.stop()
                // A step ends as the next one begins: that one is the first to be lost.
                writer.lose()
                count()
              },
            },
            onFault() {
              writer.giveUp()
              recorder = undefined
              count()
            },
          })
          port.watch(
            (observation) => {
              if (observation.of !== 'event' || observation.event.type !== 'node.stopped') return
              hasStopped = true
              onStopped()
            },
            { kinds: ['event'] },
          )
        },
      }
    },
    endWithNode,
    flush() {
      endWithNode()
      if (isInStep()) writer.flush()
      else if (!hasStopped) {
        recorder?.finish()
        writer.flush()
      }
    },
  }
}
