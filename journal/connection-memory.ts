/**
 * Recordings of connections in memory: the newest ones, whole.
 * @module
 */
import type { ProtocolTypes } from '../machines/session.ts'
import type {
  ConnectionEntry,
  ConnectionHeader,
  ConnectionRecording,
} from './connection-entries.ts'
import type { OverReason } from './connection-entries.ts'
import type { ConnectionSink } from './connection-recorder.ts'

export interface ConnectionMemoryOptions {
  /** How many recordings are kept; the oldest goes first. Default: 64. */
  readonly recordingsMax?: number
}

export interface ConnectionMemory<T extends ProtocolTypes> extends Required<ConnectionSink<T>> {
  readonly recordings: readonly ConnectionRecording<T>[]
  /** The recording of a connection, as far as it has come. */
  of(connection: string): ConnectionRecording<T> | undefined
  /** Recordings that something failed in, with what failed. */
  readonly failures: readonly { readonly connection: string; readonly error: unknown }[]
}

/** With the bound of one recording at its default these are at most 4 GiB, and a few megabytes usually. */
const RECORDINGS_MAX = 64

interface Kept<T extends ProtocolTypes> {
  readonly header: ConnectionHeader<T>
  readonly seed: Uint8Array
  readonly entries: ConnectionEntry<T>[]
  readonly messages: T['message'][]
  readonly keys: T['keys'][]
}

const recordingOf = <T extends ProtocolTypes>({
  entries,
  header,
  keys,
  messages,
  seed,
}: Kept<T>): ConnectionRecording<T> => ({ header, entries, secrets: { seed, messages, keys } })

export function connectionMemory<T extends ProtocolTypes>({
  recordingsMax = RECORDINGS_MAX,
}: ConnectionMemoryOptions = {}): ConnectionMemory<T> {
  const kept = new Map<string, Kept<T>>()
  const failures: { connection: string; error: unknown }[] = []
  return {
    begin(header, seed) {
      const recording: Kept<T> = { header, seed, entries: [], messages: [], keys: [] }
      kept.set(header.options.name, recording)
      const [oldest] = kept.keys()
      if (kept.size > recordingsMax && oldest !== undefined) kept.delete(oldest)
      return {
        entry: (entry) => recording.entries.push(entry),
        message: (message) => recording.messages.push(message),
        keys: (keys) => recording.keys.push(keys),
      }
    },
    over(connection, why: OverReason, error) {
      if (why !== 'failed') return
      failures.push({ connection, error })
      if (failures.length > recordingsMax) failures.shift()
    },
    get recordings() {
      return [...kept.values()].map(recordingOf)
    },
    of(connection) {
      const found = kept.get(connection)
      return found && recordingOf(found)
    },
    failures,
  }
}
