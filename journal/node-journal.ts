/**
 * A node's journal, read: what is whole of it, and what is wrong with the rest.
 * @module
 */
import { equalBytes } from '../codec/bytes.ts'
import { SECRET_KEY } from '../supervisor/address-book-records.ts'
import { decodeHead, encodeHead, HEAD_BYTES } from './head.ts'
import type { JournalHead } from './head.ts'
import { joinedBytes } from './joined-bytes.ts'
import { JournalError } from './journal-error.ts'
import type { JournalSecrets, NodeEntry, NodeHeader } from './node-entries.ts'
import { createPartReader, writePart } from './node-parts.ts'
import type { NodePart, SinglePart } from './node-parts.ts'
import { visitEach } from './packing.ts'
import { createSeal } from './seal.ts'
import { createSegmentWriter, readSegments, SEGMENT_OVERHEAD_BYTES } from './segments.ts'
import { createValueWriter } from './value-writer.ts'

export interface NodeJournal {
  readonly head: JournalHead
  readonly header: NodeHeader
  /** Undefined: they were taken out. */
  readonly secrets: JournalSecrets | undefined
  /** All of them, unless it was read up to one. */
  readonly entries: readonly NodeEntry[]
  /** How many it has. */
  readonly entryCount: number
  /** Over the entries as they stand there; undefined: the recording was not brought to its end. */
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
  unwritable: 'the recording ended because something that it was given could not be written down',
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

/** Where all was written before the head said so, whatever is missing was there once. */
const WRITTEN_BEFORE: ReadonlySet<JournalHead['ending']> = new Set([
  ...(['cap', 'slow', 'unwritable', 'whole'] as const),
])

const isBrokenOff = (
  { ending }: JournalHead,
  fault: ReturnType<typeof readSegments>['fault'],
  hasEnd: boolean,
): boolean =>
  fault?.what === 'damaged' ||
  (fault !== undefined && WRITTEN_BEFORE.has(ending)) ||
  (ending === 'whole' && !hasEnd)

/** Part by part, and no more of them at a time: what a short entry is follows from those before it. */
function visitParts(
  contents: readonly Uint8Array[],
  visit: (part: NodePart, bytes: Uint8Array, segment: number) => void,
): void {
  const reader = createPartReader()
  for (const [number, content] of contents.entries()) {
    const where = `segment ${number}`
    visitEach(content, where, (value, bytes) => {
      visit(reader.read(value, where), bytes, number)
    })
  }
}

/** What a journal has one of. */
interface Single {
  header: NodeHeader | undefined
  secrets: JournalSecrets | undefined
  end: Extract<SinglePart, { part: 'end' }> | undefined
}

/**
 * @throws {JournalError} `not-a-journal`, `version`, `wrong-kind`; `damaged`: not even its header can be
 * read, or a whole segment holds what is no part of a journal
 */
export const decodeNodeJournal = (bytes: Uint8Array): NodeJournal =>
  decodeNodeJournalUntil(bytes, Infinity)

/**
 * The same, with entries up to one alone, counted from 0. What stands behind it is held against its
 * checksums all the same, and takes no memory.
 * @throws {JournalError} as `decodeNodeJournal`
 */
export function decodeNodeJournalUntil(bytes: Uint8Array, until: number): NodeJournal {
  const head = nodeHeadOf(bytes)
  const { contents, fault } = readSegments(bytes, HEAD_BYTES)
  const entries: NodeEntry[] = []
  const seal = createSeal()
  let entryCount = 0
  let bookSecret: Uint8Array | undefined
  const single: Single = { header: undefined, secrets: undefined, end: undefined }
  visitParts(contents, (part, partBytes) => {
    if (single.end !== undefined) {
      throw new JournalError('damaged', 'something stands behind the end')
    }
    if (part.part === 'header' || part.part === 'entry') seal.add(partBytes)
    if (part.part === 'entry') {
      if (single.secrets !== undefined) bookSecret ??= bookSecretIn(part.entry)?.slice()
      if (entryCount++ <= until) entries.push(part.entry)
    } else if (part.part === 'end') single.end = part
    else if (entryCount > 0) {
      throw new JournalError('damaged', `the ${part.part} stands behind entries`)
    } else if (part.part === 'header') single.header = part.header
    else single.secrets = part.secrets
  })
  const { end, header } = single
  const secrets = single.secrets && {
    ...single.secrets,
    ...(bookSecret === undefined ? {} : { bookSecret }),
  }
  const isBroken = isBrokenOff(head, fault, end !== undefined)
  // Where its secrets were taken out before anything entered, a journal is a header alone.
  const isCut = fault !== undefined || isBroken
  const isCutAtStart = isCut && secrets === undefined && entryCount === 0
  if (header === undefined || isCutAtStart) {
    const where =
      fault === undefined
        ? 'it breaks off at its start'
        : `it is ${fault.what} at byte ${fault.atByte}`
    throw new JournalError('damaged', `${where}, and nothing of the recording is there`)
  }
  if (end !== undefined && end.entries !== entryCount) {
    throw new JournalError('damaged', `it says ${end.entries} entries and has ${entryCount}`)
  }
  if (end !== undefined && end.seal !== seal.value) {
    throw new JournalError('damaged', 'an entry is not as it was recorded')
  }
  const incomplete = incompleteOf(head, fault, end !== undefined, entryCount)
  return { head, header, secrets, entries, entryCount, seal: end?.seal, incomplete, isBroken }
}

function nodeHeadOf(bytes: Uint8Array): JournalHead {
  const head = decodeHead(bytes)
  if (head.kind === 'node') return head
  throw new JournalError('wrong-kind', `it is the journal of a ${head.kind}, not of a node`)
}

/** Of what no segment begins with, so that what was read from a broken journal is one again. */
const BROKEN_TAILS: Readonly<Record<'cut' | 'damaged', Uint8Array>> = {
  cut: new Uint8Array(SEGMENT_OVERHEAD_BYTES - 1),
  damaged: new Uint8Array(SEGMENT_OVERHEAD_BYTES).fill(0xff),
}

/** What was read of the secret that the address book draws its places with. */
const bookSecretIn = ({ reads }: NodeEntry): Uint8Array | undefined =>
  reads.flat().find(([key]) => equalBytes(key, SECRET_KEY))?.[1]

/** In place of it; its bytes are those of the part. */
function hideBookSecret({ reads }: NodeEntry): void {
  for (const [key, value] of reads.flat()) if (equalBytes(key, SECRET_KEY)) value.fill(0)
}

/** The entries of a redacted journal with what was hidden in its place. */
export const withBookSecret = (
  entries: readonly NodeEntry[],
  secret: Uint8Array,
): readonly NodeEntry[] =>
  entries.map((entry) => {
    if (bookSecretIn(entry) === undefined) return entry
    const reads = entry.reads.map((read) =>
      read.map(([key, value]) => [key, equalBytes(key, SECRET_KEY) ? secret : value] as const),
    )
    return { ...entry, reads }
  })

/**
 * The journal without its secrets: it shows states and sizes, and is replayed only with other secrets
 * in their place. What the application itself gave and got in plain text is still in it. Where it is
 * broken, so is what comes of it.
 * @throws {JournalError} as `decodeNodeJournal`
 */
export function redact(bytes: Uint8Array): Uint8Array {
  const { entryCount, head, isBroken } = decodeNodeJournalUntil(bytes, -1)
  const { contents, fault } = readSegments(bytes, HEAD_BYTES)
  if (entryCount === 0 && (isBroken || fault !== undefined)) {
    throw new JournalError('damaged', 'it breaks off before its first entry')
  }
  const writer = createSegmentWriter()
  const seal = createSeal()
  const shown = (part: NodePart, partBytes: Uint8Array): Uint8Array | undefined => {
    if (part.part === 'secrets') return undefined
    if (part.part === 'end') {
      const values = createValueWriter(0)
      writePart(values, { part: 'end', entries: part.entries, seal: seal.value })
      return values.written()
    }
    if (part.part === 'entry') hideBookSecret(part.entry)
    seal.add(partBytes)
    return partBytes
  }
  const kept: Uint8Array[][] = contents.map(() => [])
  visitParts(contents, (part, partBytes, number) => {
    const piece = shown(part, partBytes)
    if (piece !== undefined) kept[number]?.push(piece)
  })
  const segments = kept
    .filter(({ length }) => length > 0)
    .map((pieces) => {
      const segment = joinedBytes([new Uint8Array(SEGMENT_OVERHEAD_BYTES), ...pieces])
      writer.seal(segment)
      return segment
    })
  const tail = fault === undefined ? [] : [BROKEN_TAILS[fault.what]]
  return joinedBytes([encodeHead(head), ...segments, ...tail])
}
