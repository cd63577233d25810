/**
 * Writes a recording down as it is made: entries are gathered into segments, a segment goes to the
 * medium when it is large or old enough. When the medium cannot take one, or the cap is reached, the
 * recording ends there; the node goes on, and what it loses is counted.
 * @module
 */
import { concatBytes } from '../codec/bytes.ts'
import { encodeHead, HEAD_BYTES } from './head.ts'
import type { JournalEnding, JournalHead } from './head.ts'
import type { NodeEntry } from './node-entries.ts'
import { encodePart } from './node-parts.ts'
import type { NodePart } from './node-parts.ts'
import { createSeal } from './seal.ts'
import { createSegmentWriter } from './segments.ts'

/** A write call costs as much as copying some tens of kilobytes. */
const SEGMENT_BYTES = 64 * 1_024
/** What a process that dies may lose at most, but for what its last step did. */
const SEGMENT_MS = 250

export interface JournalSink {
  /** False: it cannot keep up, and has taken nothing. */
  write(segment: Uint8Array, entries: number): boolean
  /** Writes over the first bytes. */
  writeHead(head: Uint8Array): void
  /** Nothing follows. */
  close(): void
}

export interface JournalStatus {
  readonly ending: JournalEnding
  readonly entries: number
  readonly lostEntries: number
  readonly bytes: number
}

export interface JournalWriter {
  begin(parts: readonly NodePart[]): void
  entry(entry: NodeEntry): void
  /** The medium failed, and with it what it had taken and not yet kept. */
  fail(ending: 'failed' | 'no-space', lostEntries: number): void
  /** One more entry that was not written down. */
  lose(): void
  readonly isOver: boolean
  /** What waits goes to the medium now. */
  flush(): void
  /** The recording is whole, unless it ended before. */
  end(): void
  readonly status: JournalStatus
}

export interface JournalWriterOptions {
  readonly sink: JournalSink
  readonly bytesMax: number
  /** Told once, when the recording ended before its time. */
  onCutShort(status: JournalStatus): void
}

export function createJournalWriter(options: JournalWriterOptions): JournalWriter {
  const { bytesMax, sink } = options
  const segments = createSegmentWriter()
  const seal = createSeal()
  let waiting: Uint8Array[] = []
  let waitingBytes = 0
  let waitingEntries = 0
  let waitingSinceMs: number | undefined
  let ending: JournalEnding = 'open'
  let writtenEntries = 0
  let lostEntries = 0
  let bytes = 0
  let isClosed = false

  const status = (): JournalStatus => ({ ending, entries: writtenEntries, lostEntries, bytes })

  const writeHead = (): void => {
    const head: JournalHead = { kind: 'node', ending, lostEntries }
    sink.writeHead(encodeHead(head))
  }

  const cutShort = (how: JournalEnding, lost: number): void => {
    lostEntries += lost
    // What was thought to be whole still waits for its medium.
    if (ending !== 'open' && ending !== 'whole') return
    ending = how
    waiting = []
    waitingEntries = 0
    writeHead()
    options.onCutShort(status())
  }

  const flush = (): void => {
    if (waiting.length === 0 || ending !== 'open') return
    const content = concatBytes(...waiting)
    const isTaken = bytes + content.length <= bytesMax
    const entries = waitingEntries
    waiting = []
    waitingBytes = 0
    waitingEntries = 0
    waitingSinceMs = undefined
    if (!isTaken) return cutShort('cap', entries)
    const segment = segments.segment(content)
    if (!sink.write(segment, entries)) return cutShort('slow', entries)
    bytes += segment.length
    writtenEntries += entries
  }

  const add = (part: NodePart): void => {
    const encoded = encodePart(part)
    if (part.part !== 'secrets') seal.add(encoded)
    waiting.push(encoded)
    waitingBytes += encoded.length
  }

  return {
    begin(parts) {
      writeHead()
      bytes = HEAD_BYTES
      for (const part of parts) add(part)
      flush()
    },
    entry(entry) {
      if (ending !== 'open') {
        lostEntries++
        return
      }
      add({ part: 'entry', entry })
      waitingEntries++
      waitingSinceMs ??= entry.monotonicMs
      const isOld = entry.monotonicMs - waitingSinceMs >= SEGMENT_MS
      if (isOld || waitingBytes >= SEGMENT_BYTES) flush()
    },
    fail(how, lost) {
      writtenEntries -= lost
      cutShort(how, lost + waitingEntries)
    },
    lose() {
      lostEntries++
    },
    get isOver() {
      return ending !== 'open'
    },
    flush,
    end() {
      if (isClosed) return
      isClosed = true
      flush()
      if (ending === 'open') {
        add({ part: 'end', entries: writtenEntries, seal: seal.value })
        flush()
        // What the end itself could not be written for has said so.
        if (!isCutShort()) ending = 'whole'
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
