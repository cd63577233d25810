/**
 * A node's journal in memory.
 * @module
 */
import { createJournalWriter } from './journal-writer.ts'
import type { JournalStatus } from './journal-writer.ts'
import { joinedBytes } from './joined-bytes.ts'
import { createKeptBytes } from './kept-bytes.ts'
import { recordingInto } from './recording.ts'
import type { JournalRecording } from './recording.ts'

/** Some minutes of a busy node; a test that needs more says so. */
const BYTES_MAX = 256 * 1_024 * 1_024

export interface MemoryJournal extends JournalRecording {
  /** The journal as a file would hold it, up to now. */
  bytes(): Uint8Array
  readonly status: JournalStatus
}

export interface MemoryJournalOptions {
  /** The recording ends before it is larger. Default: 256 MiB. */
  readonly bytesMax?: number
  /** Told once, when the recording ended before its time; the node goes on. */
  onCutShort?(status: JournalStatus): void
}

export function memoryJournal(options: MemoryJournalOptions = {}): MemoryJournal {
  const { bytesMax = BYTES_MAX, onCutShort = () => undefined } = options
  const segments = createKeptBytes()
  let head = new Uint8Array()
  const writer = createJournalWriter({
    sink: {
      keep: segments.add,
      writeHead(bytes) {
        head = new Uint8Array(bytes)
      },
      close: () => undefined,
    },
    bytesMax,
    onCutShort,
  })
  const recording = recordingInto(writer, { onStopped: () => undefined })
  return {
    begin: recording.begin,
    bytes() {
      recording.flush()
      return joinedBytes([head, ...segments.all])
    },
    get status() {
      recording.endWithNode()
      return writer.status
    },
  }
}
