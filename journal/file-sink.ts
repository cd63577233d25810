/**
 * A journal's medium that is a file, readable by its owner alone. Segments wait in a bounded queue while
 * the system writes them.
 * @module
 */
import { close, openSync, write } from 'node:fs'
import { HEAD_BYTES } from './head.ts'
import { JournalError } from './journal-error.ts'
import type { JournalSink } from './journal-writer.ts'

/** A disk that is this far behind does not catch up; it is also what a crash may lose. */
const QUEUE_BYTES_MAX = 32 * 1_024 * 1_024

export interface FileSinkOptions {
  /** A write failed: nothing more is taken, and so many entries that had been taken are lost. */
  onFault(why: 'failed' | 'no-space', lostEntries: number): void
  /** All is written and the file is closed. */
  onClosed(): void
}

interface Waiting {
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

/** Makes the file. @throws {JournalError} `exists`, `no-access` */
export function openFileSink(path: string, options: FileSinkOptions): JournalSink {
  const descriptor = open(path)
  let queue: Waiting[] = []
  let queuedBytes = 0
  let endByte = HEAD_BYTES
  let isWriting = false
  let isBroken = false
  let isClosing = false

  const fail = (error: Error): void => {
    const lost = queue.reduce((sum, { entries }) => sum + entries, 0)
    isBroken = true
    queue = []
    queuedBytes = 0
    options.onFault(NO_SPACE.has(codeOf(error)) ? 'no-space' : 'failed', lost)
  }

  const takeFirst = (): void => {
    queuedBytes -= queue.shift()?.bytes.length ?? 0
  }

  const writeNext = (): void => {
    const [first] = queue
    isWriting = first !== undefined
    if (first !== undefined) writeFrom(first, 0)
    else if (isClosing) {
      isClosing = false
      close(descriptor, options.onClosed)
    }
  }

  const writeFrom = (waiting: Waiting, offset: number): void => {
    const { atByte, bytes } = waiting
    const length = bytes.length - offset
    write(descriptor, bytes, offset, length, atByte + offset, (error, written) => {
      if (error === null && written < length) {
        writeFrom(waiting, offset + written)
        return
      }
      // The first bytes are there already: that writing them again fails loses no entry.
      if (error === null || atByte === 0 || isBroken) takeFirst()
      else fail(error)
      writeNext()
    })
  }

  const enqueue = (waiting: Waiting): void => {
    queue.push(waiting)
    queuedBytes += waiting.bytes.length
    if (!isWriting) writeNext()
  }

  return {
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
  }
}
