/**
 * A node's journal, read: what is whole of it, and what is wrong with the rest.
 * @module
 */
import { concatBytes } from '../codec/bytes.ts'
import { decodeHead, encodeHead, HEAD_BYTES } from './head.ts'
import type { JournalHead } from './head.ts'
import { JournalError } from './journal-error.ts'
import type { JournalSecrets, NodeEntry, NodeHeader } from './node-entries.ts'
import { decodePart, writePart } from './node-parts.ts'
import type { NodePart } from './node-parts.ts'
import { unpackAll } from './packing.ts'
import { createSeal } from './seal.ts'
import { createSegmentWriter, readSegments, SEGMENT_OVERHEAD_BYTES } from './segments.ts'
import { createValueWriter } from './value-writer.ts'

export interface NodeJournal {
  readonly head: JournalHead
  readonly header: NodeHeader
  /** Undefined: they were taken out. */
  readonly secrets: JournalSecrets | undefined
  readonly entries: readonly NodeEntry[]
  /** Of the recording as it was made; undefined: it was not brought to its end. */
  readonly seal: number | undefined
  /** One sentence about what is missing behind the entries; undefined: all is there. */
  readonly incomplete: string | undefined
  /** Whether what is missing was there once. */
  readonly isBroken: boolean
}

const ENDED_EARLY: Readonly<Record<Exclude<JournalHead['ending'], 'whole'>, string>> = {
  open: 'the recording was not brought to its end: it goes on, or its process died',
  cap: 'the recording ended at its cap',
  slow: 'the recording ended because its medium could not keep up',
  'no-space': 'the recording ended because its medium was full',
  failed: 'the recording ended because its medium failed',
}

/** In a sentence. */
export const endedEarly = (ending: JournalHead['ending']): string =>
  ending === 'whole' ? 'the recording is whole' : ENDED_EARLY[ending]

function incompleteOf(
  head: JournalHead,
  fault: ReturnType<typeof readSegments>['fault'],
  hasEnd: boolean,
  entries: number,
): string | undefined {
  const lost = head.lostEntries === 0 ? '' : `, and ${head.lostEntries} entries were lost`
  if (fault !== undefined) {
    const what = fault.what === 'cut' ? 'cut off' : 'damaged'
    const because =
      head.ending === 'whole' || head.ending === 'open' ? '' : ENDED_EARLY[head.ending]
    const why = because === '' ? '' : `: ${because}`
    return `behind entry ${entries - 1} the journal is ${what} at byte ${fault.atByte}${why}${lost}`
  }
  if (head.ending !== 'whole') return `${ENDED_EARLY[head.ending]}${lost}`
  if (!hasEnd) return 'the end is missing, and the head says that there was one'
  return undefined
}

/**
 * @throws {JournalError} `not-a-journal`, `version`, `wrong-kind`; `damaged`: not even its header can be
 * read, or a whole segment holds what is no part of a journal
 */
export function decodeNodeJournal(bytes: Uint8Array): NodeJournal {
  const head = decodeHead(bytes)
  if (head.kind !== 'node') {
    throw new JournalError('wrong-kind', `it is the journal of a ${head.kind}, not of a node`)
  }
  const { contents, fault } = readSegments(bytes, HEAD_BYTES)
  const entries: NodeEntry[] = []
  let header: NodeHeader | undefined
  let secrets: JournalSecrets | undefined
  let end: Extract<NodePart, { part: 'end' }> | undefined
  for (const [number, content] of contents.entries()) {
    for (const value of unpackAll(content, `segment ${number}`)) {
      const part = decodePart(value, `segment ${number}`)
      if (end !== undefined) throw new JournalError('damaged', 'something stands behind the end')
      if (part.part === 'entry') entries.push(part.entry)
      else if (part.part === 'end') end = part
      else if (entries.length > 0) {
        throw new JournalError('damaged', `the ${part.part} stands behind entries`)
      } else if (part.part === 'header') ({ header } = part)
      else ({ secrets } = part)
    }
  }
  // A journal whose secrets were taken out has entries or an end behind its header.
  const isCutAtStart = secrets === undefined && entries.length === 0 && end === undefined
  if (header === undefined || isCutAtStart) {
    const where =
      fault === undefined
        ? 'it breaks off at its start'
        : `it is ${fault.what} at byte ${fault.atByte}`
    throw new JournalError('damaged', `${where}, and nothing of the recording is there`)
  }
  if (end !== undefined && end.entries !== entries.length) {
    throw new JournalError('damaged', `it says ${end.entries} entries and has ${entries.length}`)
  }
  if (end !== undefined && end.seal !== sealOf(header, entries)) {
    throw new JournalError('damaged', 'an entry is not as it was recorded')
  }
  const incomplete = incompleteOf(head, fault, end !== undefined, entries.length)
  const isBroken = fault?.what === 'damaged' || (head.ending === 'whole' && end === undefined)
  return { head, header, secrets, entries, seal: end?.seal, incomplete, isBroken }
}

function sealOf(header: NodeHeader, entries: readonly NodeEntry[]): number {
  const seal = createSeal()
  const writer = createValueWriter(0)
  const add = (part: NodePart): void => {
    writer.reset()
    writePart(writer, part)
    seal.add(writer.written())
  }
  add({ part: 'header', header })
  for (const entry of entries) add({ part: 'entry', entry })
  return seal.value
}

/** Entries that stand in one segment; a reader that is cut off loses at most this many. */
const SEGMENT_ENTRIES = 64

/** The journal's bytes again. */
export function encodeNodeJournal(
  journal: Omit<NodeJournal, 'incomplete' | 'isBroken'>,
): Uint8Array {
  const { entries, head, header, seal, secrets } = journal
  const writer = createSegmentWriter()
  const values = createValueWriter(SEGMENT_OVERHEAD_BYTES)
  const segment = (parts: readonly NodePart[]): Uint8Array => {
    values.reset()
    for (const part of parts) writePart(values, part)
    const made = values.written().slice()
    writer.seal(made)
    return made
  }
  const first: NodePart[] = [{ part: 'header', header }]
  if (secrets !== undefined) first.push({ part: 'secrets', secrets })
  const segments = [segment(first)]
  for (let at = 0; at < entries.length; at += SEGMENT_ENTRIES) {
    const some = entries.slice(at, at + SEGMENT_ENTRIES)
    segments.push(segment(some.map((entry): NodePart => ({ part: 'entry', entry }))))
  }
  if (seal !== undefined) segments.push(segment([{ part: 'end', entries: entries.length, seal }]))
  return concatBytes(encodeHead(head), ...segments)
}

/**
 * The journal without its secrets: it shows states and sizes, and is replayed only with other secrets
 * in their place. What the application itself gave and got in plain text is still in it.
 * @throws {JournalError} as `decodeNodeJournal`
 */
export const redact = (bytes: Uint8Array): Uint8Array =>
  encodeNodeJournal({ ...decodeNodeJournal(bytes), secrets: undefined })
