/**
 * The recording of one connection as bytes, and back: the same head and segments as a node's journal.
 * @module
 */
import { concatBytes } from '../codec/bytes.ts'
import type { ProtocolTypes } from '../machines/session.ts'
import type {
  ConnectionEntry,
  ConnectionHeader,
  ConnectionRecording,
  ConnectionSecrets,
  OverReason,
} from './connection-entries.ts'
import { isConnectionEntry } from './connection-check.ts'
import { decodeHead, encodeHead, HEAD_BYTES } from './head.ts'
import type { JournalEnding } from './head.ts'
import { JournalError } from './journal-error.ts'
import { unpackAll } from './packing.ts'
import { createSegmentWriter, readSegments, SEGMENT_OVERHEAD_BYTES } from './segments.ts'
import { createValueWriter } from './value-writer.ts'

export interface ConnectionJournal<T extends ProtocolTypes> {
  readonly recording: ConnectionRecording<T>
  /** One sentence about what is missing behind the entries; undefined: all is there. */
  readonly incomplete: string | undefined
  /** Whether what is missing was there once. */
  readonly isBroken: boolean
}

const [HEADER, SECRETS, ENTRY, END] = [0, 1, 2, 3]
/** Entries that stand in one segment; a journal that is cut off loses at most this many. */
const SEGMENT_ENTRIES = 256

const ENDINGS: Readonly<Record<OverReason, JournalEnding>> = {
  closed: 'whole',
  stopped: 'whole',
  full: 'cap',
  unmade: 'failed',
  failed: 'failed',
}

/**
 * What comes of a broken journal is broken, too.
 * @throws {JournalError} `damaged`: of one that broke before its first entry there is nothing to show
 * without its secrets
 */
export function encodeConnectionJournal<T extends ProtocolTypes>({
  entries,
  header,
  isBroken = false,
  secrets,
}: ConnectionRecording<T>): Uint8Array {
  if (isBroken && secrets === undefined && entries.length === 0) {
    throw new JournalError('damaged', 'it breaks off before its first entry')
  }
  const segments = createSegmentWriter()
  const values = createValueWriter(SEGMENT_OVERHEAD_BYTES)
  const segment = (parts: readonly unknown[]): Uint8Array => {
    values.reset()
    for (const part of parts) values.value(part)
    const made = values.written().slice()
    segments.seal(made)
    return made
  }
  const last = entries.at(-1)
  const ending = last?.of === 'over' ? ENDINGS[last.why] : 'open'
  const made = [segment([[HEADER, header]])]
  if (secrets !== undefined) made.push(segment([[SECRETS, secrets]]))
  for (let at = 0; at < entries.length; at += SEGMENT_ENTRIES) {
    made.push(segment(entries.slice(at, at + SEGMENT_ENTRIES).map((entry) => [ENTRY, entry])))
  }
  if (!isBroken) made.push(segment([[END, entries.length]]))
  return concatBytes(encodeHead({ kind: 'connection', ending, lostEntries: 0 }), ...made)
}

const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

const isHeader = (value: unknown): boolean =>
  isRecord(value) &&
  typeof value['protocol'] === 'string' &&
  isRecord(value['limits']) &&
  isRecord(value['options']) &&
  typeof value['options']['name'] === 'string'

const isSecrets = (value: unknown): boolean =>
  isRecord(value) &&
  value['seed'] instanceof Uint8Array &&
  Array.isArray(value['messages']) &&
  Array.isArray(value['keys'])

interface Parts {
  header: unknown
  secrets: unknown
  readonly entries: unknown[]
  end: unknown
}

function take(parts: Parts, value: unknown, where: string): void {
  const fields: readonly unknown[] = Array.isArray(value) ? value : []
  const [number, content] = fields
  const isFirst = parts.entries.length === 0 && parts.end === undefined
  if (number === HEADER && isFirst && isHeader(content)) parts.header = content
  else if (number === SECRETS && isFirst && isSecrets(content)) parts.secrets = content
  else if (number === ENTRY && parts.end === undefined && isConnectionEntry(content)) {
    parts.entries.push(content)
  } else if (number === END && parts.end === undefined) parts.end = content
  else throw new JournalError('damaged', `${where} holds what is no part of a connection's journal`)
}

/**
 * Whose messages and keys they are only the network can say: a recording of another one is refused
 * when it is replayed.
 * @throws {JournalError} `not-a-journal`, `version`, `wrong-kind`, `damaged`
 */
export function decodeConnectionJournal<T extends ProtocolTypes>(
  bytes: Uint8Array,
): ConnectionJournal<T> {
  const head = decodeHead(bytes)
  if (head.kind !== 'connection') {
    throw new JournalError('wrong-kind', `it is the journal of a ${head.kind}, not of a connection`)
  }
  const { contents, fault } = readSegments(bytes, HEAD_BYTES)
  const parts: Parts = { header: undefined, secrets: undefined, entries: [], end: undefined }
  for (const [number, content] of contents.entries()) {
    const where = `segment ${number}`
    for (const value of unpackAll(content, where)) take(parts, value, where)
  }
  const isBroken = fault !== undefined || parts.end === undefined
  // Where its secrets were taken out before anything happened, a journal is a header and an end.
  const isCutAtStart = isBroken && parts.secrets === undefined && parts.entries.length === 0
  if (parts.header === undefined || isCutAtStart) {
    const where =
      fault === undefined
        ? 'it breaks off at its start'
        : `it is ${fault.what} at byte ${fault.atByte}`
    throw new JournalError('damaged', `${where}, and nothing of the recording is there`)
  }
  if (fault === undefined && parts.end !== undefined && parts.end !== parts.entries.length) {
    throw new JournalError('damaged', `it has ${parts.entries.length} entries, and says otherwise`)
  }
  const behind = `behind entry ${parts.entries.length - 1} the journal is`
  const incomplete =
    fault !== undefined
      ? `${behind} ${fault.what === 'cut' ? 'cut off' : 'damaged'} at byte ${fault.atByte}`
      : isBroken
        ? `${behind} cut off: the end is missing`
        : head.ending === 'whole'
          ? undefined
          : 'the recording was ended before the connection was'
  return {
    recording: {
      header: parts.header as ConnectionHeader<T>,
      secrets: parts.secrets as ConnectionSecrets<T> | undefined,
      entries: parts.entries as ConnectionEntry<T>[],
      ...(isBroken ? { isBroken } : {}),
    },
    incomplete,
    isBroken,
  }
}
