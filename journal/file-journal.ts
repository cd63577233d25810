/**
 * A node's journal in a file, readable by its owner alone. Segments wait in a bounded queue while the
 * system writes; a queue that is full, and a write that fails, end the recording and not the node.
 * @module
 */
import { close, openSync, write } from 'node:fs'
import { HEAD_BYTES } from './head.ts'
import { JournalError } from './journal-error.ts'
import { createJournalWriter } from './journal-writer.ts'
import type { JournalStatus } from './journal-writer.ts'
import { recordingInto } from './recording.ts'
import type { JournalRecording } from './recording.ts'

/** An hour at 300 kB/s, or ten seconds of a node that is as busy as it can be. */
const BYTES_MAX = 1_024 * 1_024 * 1_024
/** A disk that is this far behind does not catch up; it is also what a crash may lose. */
const QUEUE_BYTES_MAX = 32 * 1_024 * 1_024

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

interface Segment {
  readonly bytes: Uint8Array
  readonly atByte: number
  readonly entries: number
}

const codeOf = (error: unknown): string =>
  error instanceof Error && 'code' in error ? String(error.code) : ''

const NO_SPACE: ReadonlySet<string> = new Set(['EDQUOT', 'EFBIG', 'ENOSPC'])

function open(path: string): number {
  try {
    return openSync(path, 'wx', 0o600)
  } catch (cause) {
    const exists = codeOf(cause) === 'EEXIST'
    const why = exists ? 'there is a file already' : 'it cannot be written'
    throw new JournalError(exists ? 'exists' : 'no-access', `${path}: ${why}`, { cause })
  }
}

/** The file is made when the recording begins. @throws {JournalError} there: `exists`, `no-access` */
export function fileJournal(path: string, options: FileJournalOptions = {}): FileJournal {
  const { bytesMax = BYTES_MAX, onCutShort = () => undefined } = options
  let descriptor = -1
  let queue: Segment[] = []
  let queuedBytes = 0
  let endByte = HEAD_BYTES
  let isWriting = false
  let isBroken = false
  let isClosing = false
  let settle: (status: JournalStatus) => void
  const closed = new Promise<JournalStatus>((resolve) => (settle = resolve))

  const fail = (error: Error): void => {
    const lost = queue.reduce((sum, { entries }) => sum + entries, 0)
    isBroken = true
    queue = []
    queuedBytes = 0
    writer.fail(NO_SPACE.has(codeOf(error)) ? 'no-space' : 'failed', lost)
  }

  const writeNext = (): void => {
    const [segment] = queue
    if (segment !== undefined) {
      writeFrom(segment, 0)
      return
    }
    isWriting = false
    if (!isClosing) return
    isClosing = false
    close(descriptor, () => {
      settle(writer.status)
    })
  }

  const writeFrom = (segment: Segment, offset: number): void => {
    isWriting = true
    const { atByte, bytes } = segment
    const length = bytes.length - offset
    write(descriptor, bytes, offset, length, atByte + offset, (error, written) => {
      if (error !== null) {
        // The first bytes are there already: that writing them again fails loses no entry.
        if (segment.atByte === 0 || isBroken) queue.shift()
        else fail(error)
        writeNext()
        return
      }
      if (written < length) {
        writeFrom(segment, offset + written)
        return
      }
      queue.shift()
      queuedBytes -= bytes.length
      writeNext()
    })
  }

  const enqueue = (segment: Segment): void => {
    queue.push(segment)
    queuedBytes += segment.bytes.length
    if (!isWriting) writeNext()
  }

  const writer = createJournalWriter({
    sink: {
      write(bytes, entries) {
        if (isBroken || queuedBytes + bytes.length > QUEUE_BYTES_MAX) return false
        enqueue({ bytes, atByte: endByte, entries })
        endByte += bytes.length
        return true
      },
      writeHead(bytes) {
        enqueue({ bytes, atByte: 0, entries: 0 })
      },
      close() {
        isClosing = true
        if (!isWriting) writeNext()
      },
    },
    bytesMax,
    onCutShort,
  })
  const recording = recordingInto(writer, {
    onStopped() {
      // The step in which the node stops is not over yet.
      setImmediate(recording.flush)
    },
  })
  return {
    begin(node) {
      if (descriptor < 0) descriptor = open(path)
      return recording.begin(node)
    },
    closed,
    get status() {
      return writer.status
    },
  }
}
