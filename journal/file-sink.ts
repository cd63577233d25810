/**
 * A journal's medium that is a file, readable by its owner alone. Segments wait in a bounded queue while
 * the system writes them.
 * @module
 */
import { close, openSync, writev } from 'node:fs'
import { HEAD_BYTES } from './head.ts'
import { JournalError } from './journal-error.ts'
import type { JournalSink } from './journal-writer.ts'

/**
 * A disk that is this far behind does not catch up; it is also what a crash may lose. One segment more
 * is taken, however large: what a store answered at its start is in one.
 */
const QUEUE_BYTES_MAX = 32 * 1_024 * 1_024

/**
 * Segments that are handed to the system at once: it answers once in a turn of the platform, and a busy
 * node fills many in one.
 */
const BATCH_SEGMENTS = 64

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

  /** What was written goes; a segment that was written in part stays with its rest. */
  const takeWritten = (written: number): void => {
    let left = written
    let [first] = queue
    while (first !== undefined && first.bytes.length <= left) {
      left -= first.bytes.length
      takeFirst()
      first = queue[0]
    }
    if (first === undefined || left === 0) return
    queuedBytes -= left
    queue[0] = { ...first, bytes: first.bytes.subarray(left), atByte: first.atByte + left }
  }

  /** What stands in the file one behind the other, from the first on: the head stands alone. */
  const nextBatch = (): readonly Waiting[] => {
    const [first] = queue
    if (first === undefined || first.atByte < HEAD_BYTES) return queue.slice(0, 1)
    const head = queue.findIndex(({ atByte }) => atByte < HEAD_BYTES)
    return queue.slice(0, Math.min(head < 0 ? queue.length : head, BATCH_SEGMENTS))
  }

  const writeNext = (): void => {
    const batch = nextBatch()
    const [first] = batch
    isWriting = first !== undefined
    if (first !== undefined) writeBatch(batch, first.atByte)
    else if (isClosing) {
      isClosing = false
      close(descriptor, options.onClosed)
    }
  }

  const writeBatch = (batch: readonly Waiting[], atByte: number): void => {
    const pieces = batch.map(({ bytes }) => bytes)
    writev(descriptor, pieces, atByte, (error, written) => {
      if (error === null) takeWritten(written)
      // The first bytes are there already: that writing them again fails loses no entry.
      else if (atByte < HEAD_BYTES || isBroken) takeFirst()
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
      if (isBroken || queuedBytes > QUEUE_BYTES_MAX) return false
      enqueue({ bytes: new Uint8Array(bytes), atByte: endByte, entries })
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
