/**
 * A node's journal in a file. A disk that cannot keep up, and a write that fails, end the recording and
 * not the node.
 * @module
 */
import { rmSync } from 'node:fs'
import { openFileSink } from './file-sink.ts'
import { createJournalWriter } from './journal-writer.ts'
import type { JournalSink, JournalStatus } from './journal-writer.ts'
import { recordingInto } from './recording.ts'
import type { JournalRecording } from './recording.ts'

/** An hour at 300 kB/s, or ten seconds of a node that is as busy as it can be. */
const BYTES_MAX = 1_024 * 1_024 * 1_024

/** What a process that is killed may lose. */
const FLUSH_MS = 250

export interface FileJournal extends JournalRecording {
  readonly status: JournalStatus
  /** Settles when the node has stopped and the file is closed. */
  readonly closed: Promise<JournalStatus>
}

export interface FileJournalOptions {
  /** The recording ends before the file is larger. Default: 1 GiB. */
  readonly bytesMax?: number
  /** Told once, when the recording ended before its time; the node goes on. */
  onCutShort?(status: JournalStatus): void
}

/** The file is made when the recording begins. @throws {JournalError} there: `exists`, `no-access` */
export function fileJournal(path: string, options: FileJournalOptions = {}): FileJournal {
  const { bytesMax = BYTES_MAX, onCutShort = () => undefined } = options
  let file: JournalSink | undefined
  let settle: (status: JournalStatus) => void
  const closed = new Promise<JournalStatus>((resolve) => (settle = resolve))
  const writer = createJournalWriter({
    sink: {
      write: (segment, entries) => file?.write(segment, entries) ?? false,
      writeHead: (head) => file?.writeHead(head),
      close: () => file?.close(),
    },
    bytesMax,
    onCutShort,
  })
  const recording = recordingInto(writer, {
    onStopped() {
      // The step in which the node stops is not over yet.
      setImmediate(recording.flush)
    },
    onAbandoned() {
      file?.close()
      rmSync(path, { force: true })
    },
  })
  let flushing: NodeJS.Timeout | undefined
  return {
    begin(node) {
      file ??= openFileSink(path, {
        onFault: writer.fail,
        onClosed() {
          clearInterval(flushing)
          settle(writer.status)
        },
      })
      const begun = recording.begin(node)
      // A node to which nothing happens has steps that wait for no other one.
      flushing ??= setInterval(recording.flush, FLUSH_MS)
      flushing.unref()
      return begun
    },
    closed,
    get status() {
      return writer.status
    },
  }
}
