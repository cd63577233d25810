/**
 * A connection that lives again from its own recording, alone: no network, no clock, no node, no
 * waiting. It has to do the same; the first difference is named. It can be walked step by step, and
 * left at any of them.
 * @module
 */
import type { Connection } from '../actors/connection-contract.ts'
import type { ProtocolTypes } from '../machines/session.ts'
import { chooseCrypto } from '../transport/crypto/choose.ts'
import type {
  ConnectionEntry,
  ConnectionRecording,
  ConnectionSecrets,
  FinalState,
} from './connection-entries.ts'
import { forkOf } from './connection-fork.ts'
import type { ConnectionFork, ForkOptions } from './connection-fork.ts'
import { createPlayer } from './connection-player.ts'
import { createSeal } from './connection-seal.ts'
import type { ConnectionDifference, PlayerOptions } from './connection-player.ts'
import { JournalError } from './journal-error.ts'
import { finalStateOf } from './connection-recorder.ts'

export interface ReplayedConnectionStep<T extends ProtocolTypes> {
  /** Of its first entry. */
  readonly position: number
  readonly monotonicMs: number
  readonly entries: readonly ConnectionEntry<T>[]
  readonly difference: ConnectionDifference | undefined
  /** How the connection stands behind this step; only until the next one is asked for. */
  snapshot(): FinalState
  /** A connection of its own that has lived up to here and goes on as it is told. */
  fork(options?: ForkOptions<T>): ConnectionFork<T>
}

/** @throws {JournalError} `redacted`, `other-protocol` */
function whole<T extends ProtocolTypes>(
  recording: ConnectionRecording<T>,
  { protocol }: PlayerOptions<T>,
): ConnectionRecording<T> & { readonly secrets: ConnectionSecrets<T> } {
  const { header, secrets } = recording
  if (header.protocol !== protocol.name) {
    throw new JournalError(
      'other-protocol',
      `a recording of ${header.protocol} is no recording of ${protocol.name}`,
    )
  }
  if (secrets === undefined) {
    throw new JournalError(
      'redacted',
      'a recording without its secrets can be read, and not replayed',
    )
  }
  return { ...recording, secrets }
}

const stateOf = <T extends ProtocolTypes>(connection: Connection<T> | undefined): FinalState => {
  if (connection === undefined) throw new Error('the connection is not made yet')
  return finalStateOf(connection)
}

/**
 * Step by step, up to the first difference. One that is found where no step is left has a step of its
 * own, the last one.
 *
 * @throws {JournalError} `redacted`, `other-protocol`
 */
export function* connectionSteps<T extends ProtocolTypes>(
  recording: ConnectionRecording<T>,
  options: PlayerOptions<T>,
): Generator<ReplayedConnectionStep<T>, void> {
  const replayable = whole(recording, options)
  const player = createPlayer<T>(replayable, options)
  let isOver = false
  for (let first = 0, number = 1; !isOver; number++, first = player.position) {
    isOver = !player.step()
    const { connection, difference, position } = player
    if (isOver && difference === undefined) return
    const [step] = recording.entries.slice(first, first + 1)
    const steps = number
    yield {
      position: first,
      monotonicMs: step?.of === 'step' ? step.monotonicMs : 0,
      entries: recording.entries.slice(first, position),
      difference,
      snapshot: () => stateOf(connection),
      fork(given) {
        const again = createPlayer<T>(replayable, options)
        for (let count = 0; count < steps; count++) again.step()
        return forkOf(again, step, given)
      },
    }
    if (difference !== undefined) return
  }
}

/**
 * The first difference, or undefined where the connection did the same.
 *
 * @throws {JournalError} `redacted`, `other-protocol`
 */
export function replayConnection<T extends ProtocolTypes>(
  recording: ConnectionRecording<T>,
  options: PlayerOptions<T>,
): ConnectionDifference | undefined {
  const player = createPlayer<T>(whole(recording, options), options)
  while (player.step()) if (player.difference !== undefined) break
  return player.difference
}

/**
 * Without what is secret: it shows states, types and sizes, and cannot be replayed. What was written in
 * plain text could be guessed from its hash: so that becomes one that is keyed with the seed.
 */
export function redactConnection<T extends ProtocolTypes>(
  recording: ConnectionRecording<T>,
): ConnectionRecording<T> {
  const { entries, header, secrets } = recording
  if (secrets === undefined) return recording
  const { keyedHash } = createSeal(chooseCrypto(), secrets.seed, header)
  const redacted = entries.map((entry): ConnectionEntry<T> => {
    if (entry.of !== 'did' || entry.deed.kind !== 'stream.write') return entry
    return { of: 'did', deed: { ...entry.deed, hash: keyedHash(entry.deed.hash) } }
  })
  return { ...recording, entries: redacted, secrets: undefined }
}
