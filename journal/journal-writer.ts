/**
 * Writes a recording down as it is made: entries are gathered into segments, a segment goes to the
 * medium when it is large or old enough. When the medium cannot take one, or the cap is reached, the
 * recording ends there; the node goes on, and what it loses is counted.
 *
 * A checksum guards what leaves the process. Where the medium is memory, segments get theirs when they
 * are to be read, and most recordings of a node that does well never are.
 * @module
 */
import type { StoreEntry } from '../world/store.ts'
import { createEntryWriter } from './entry-writer.ts'
import { encodeHead, HEAD_BYTES } from './head.ts'
import type { JournalEnding } from './head.ts'
import type { OutcomeLine } from './node-entries.ts'
import type { StepSink } from './node-recorder.ts'
import { writePart } from './node-parts.ts'
import type { SinglePart } from './node-parts.ts'
import { createSeal } from './seal.ts'
import { createSegmentWriter, SEGMENT_BYTES_MAX, SEGMENT_OVERHEAD_BYTES } from './segments.ts'
import { createValueWriter } from './value-writer.ts'

/** A write call costs as much as copying some tens of kilobytes. */
const SEGMENT_BYTES = 64 * 1_024
/** What a process that dies may lose at most, but for what its last step did. */
const SEGMENT_MS = 250

interface Medium {
  /** Writes over the first bytes. */
  writeHead(head: Uint8Array): void
  /** Nothing follows. */
  close(): void
}

export interface JournalSink extends Medium {
  /** The bytes are written over afterwards. False: it cannot keep up, and has taken nothing. */
  write(segment: Uint8Array, entries: number): boolean
}

export interface JournalMemory extends Medium {
  /** Gives the copy that stays. What stands in front of its content is filled in by `flush` and `close`. */
  keep(segment: Uint8Array): Uint8Array
}

export interface JournalStatus {
  readonly ending: JournalEnding
  readonly entries: number
  readonly lostEntries: number
  readonly bytes: number
}

export interface JournalWriter extends StepSink {
  open(parts: readonly SinglePart[]): void
  /** Whether the recording goes on. */
  end(reads: readonly (readonly StoreEntry[])[], outcome: readonly OutcomeLine[]): boolean
  /** The medium failed, and with it what it had taken and not yet kept. */
  fail(ending: 'failed' | 'no-space', lostEntries: number): void
  /** The entry that is open cannot be written: the recording ends with what is whole before it. */
  giveUp(): void
  /** One more entry that was not written down. */
  lose(): void
  /** What waits and is whole goes to the medium now, and can be read there. */
  flush(): void
  /** The recording is whole, unless it ended before. */
  close(): void
  readonly status: JournalStatus
}

export interface JournalWriterOptions {
  readonly sink: JournalMemory | JournalSink
  readonly bytesMax: number
  /** Where one entry alone is larger, the recording ends. Left out: what is read again. */
  readonly segmentBytesMax?: number
  /** Told once, when the recording ended before its time. */
  onCutShort(status: JournalStatus): void
}

export function createJournalWriter(options: JournalWriterOptions): JournalWriter {
  const { bytesMax, segmentBytesMax = SEGMENT_BYTES_MAX, sink } = options
  const segments = createSegmentWriter()
  const seal = createSeal()
  const waiting = createValueWriter(SEGMENT_OVERHEAD_BYTES)
  const entryWriter = createEntryWriter(waiting)
  /** Up to here it is entries that are whole; behind it stands one that is open. */
  let wholeBytes = SEGMENT_OVERHEAD_BYTES
  /** What an application gave is being read, and may ask for the journal meanwhile. */
  let isBeginning = false
  let waitingEntries = 0
  let waitingSinceMs: number | undefined
  let ending: JournalEnding = 'open'
  let writtenEntries = 0
  let lostEntries = 0
  let bytes = 0
  let isClosed = false
  /** What is kept in memory and was not to be read yet. */
  let unchecked: { readonly segment: Uint8Array; readonly isSealed: boolean }[] = []

  const status = (): JournalStatus => ({ ending, entries: writtenEntries, lostEntries, bytes })

  const contentIn = (length: number): number => length - SEGMENT_OVERHEAD_BYTES

  const writeHead = (): void => {
    sink.writeHead(encodeHead({ kind: 'node', ending, lostEntries }))
  }

  const cutShort = (how: JournalEnding, lost: number): void => {
    lostEntries += lost
    // What was thought to be whole still waits for its medium.
    if (ending !== 'open' && ending !== 'whole') return
    ending = how
    waiting.reset()
    wholeBytes = SEGMENT_OVERHEAD_BYTES
    waitingEntries = 0
    writeHead()
    options.onCutShort(status())
  }

  const check = (segment: Uint8Array, isSealed: boolean): void => {
    const content = segments.seal(segment)
    if (isSealed) seal.addChecked(content)
  }

  const checkKept = (): void => {
    for (const { isSealed, segment } of unchecked) check(segment, isSealed)
    unchecked = []
  }

  /** @param isSealed whether it is part of what the seal holds together. */
  const flush = (isSealed = true): void => {
    if (wholeBytes === SEGMENT_OVERHEAD_BYTES || ending !== 'open') return
    const entries = waitingEntries
    const segmentBytes = wholeBytes
    if (bytes + segmentBytes > bytesMax || contentIn(segmentBytes) > segmentBytesMax) {
      return cutShort('cap', entries)
    }
    const segment = waiting.written().subarray(0, segmentBytes)
    if ('keep' in sink) unchecked.push({ segment: sink.keep(segment), isSealed })
    else {
      check(segment, isSealed)
      if (!sink.write(segment, entries)) return cutShort('slow', entries)
    }
    waiting.forgetTo(segmentBytes)
    wholeBytes = SEGMENT_OVERHEAD_BYTES
    waitingEntries = 0
    waitingSinceMs = undefined
    bytes += segmentBytes
    writtenEntries += entries
  }

  return {
    open(parts) {
      writeHead()
      bytes = HEAD_BYTES
      for (const part of parts) {
        writePart(waiting, part)
        wholeBytes = waiting.length
        flush(part.part !== 'secrets')
      }
    },
    begin(step, input) {
      if (ending !== 'open') return
      const { monotonicMs } = step
      waitingSinceMs ??= monotonicMs
      isBeginning = true
      entryWriter.begin(step, input)
      isBeginning = false
      if (monotonicMs - waitingSinceMs >= SEGMENT_MS) waitingSinceMs = -Infinity
    },
    end(reads, outcome) {
      if (ending !== 'open') {
        lostEntries++
        return false
      }
      entryWriter.end(wholeBytes, reads, outcome)
      // It may be too much by itself: what stands before it is not.
      if (contentIn(waiting.length) > segmentBytesMax) flush()
      if (isCutShort()) {
        lostEntries++
        return false
      }
      wholeBytes = waiting.length
      waitingEntries++
      if (waitingSinceMs === -Infinity || wholeBytes >= SEGMENT_BYTES) flush()
      return !isCutShort()
    },
    fail(how, lost) {
      writtenEntries -= lost
      cutShort(how, lost + waitingEntries)
    },
    giveUp() {
      isBeginning = false
      flush()
      cutShort('unwritable', 1)
    },
    lose() {
      lostEntries++
    },
    flush() {
      if (isBeginning) return
      flush()
      checkKept()
    },
    close() {
      if (isClosed) return
      isClosed = true
      flush()
      checkKept()
      if (ending === 'open') {
        writePart(waiting, { part: 'end', entries: writtenEntries, seal: seal.value })
        wholeBytes = waiting.length
        flush(false)
        // What the end itself could not be written for has said so.
        if (!isCutShort()) ending = 'whole'
        checkKept()
      }
      writeHead()
      sink.close()
    },
    get status() {
      return status()
    },
  }

  /** TypeScript holds that nothing changed in between. */
  function isCutShort(): boolean {
    return ending !== 'open'
  }
}
