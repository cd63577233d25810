/**
 * A node's journal, read: what is whole of it, and what is wrong with the rest.
 * @module
 */
import { decodeHead, encodeHead, HEAD_BYTES } from './head.ts'
import type { JournalHead } from './head.ts'
import { joinedBytes } from './joined-bytes.ts'
import { JournalError } from './journal-error.ts'
import type { JournalSecrets, NodeEntry, NodeHeader } from './node-entries.ts'
import { createPartReader } from './node-parts.ts'
import type { NodePart, SinglePart } from './node-parts.ts'
import { unpackEach } from './packing.ts'
import { createSeal } from './seal.ts'
import { createSegmentWriter, readSegments, SEGMENT_OVERHEAD_BYTES } from './segments.ts'

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

type Placed = NodePart & { readonly bytes: Uint8Array }

/** Segment by segment: what a short entry is follows from those before it. */
function* partsOf(contents: readonly Uint8Array[]): Generator<readonly Placed[]> {
  const reader = createPartReader()
  for (const [number, content] of contents.entries()) {
    const where = `segment ${number}`
    yield unpackEach(content, where).map(({ bytes, value }) => ({
      ...reader.read(value, where),
      bytes,
    }))
  }
}

/**
 * @throws {JournalError} `not-a-journal`, `version`, `wrong-kind`; `damaged`: not even its header can be
 * read, or a whole segment holds what is no part of a journal
 */
export function decodeNodeJournal(bytes: Uint8Array): NodeJournal {
  const head = nodeHeadOf(bytes)
  const { contents, fault } = readSegments(bytes, HEAD_BYTES)
  const entries: NodeEntry[] = []
  const seal = createSeal()
  let header: NodeHeader | undefined
  let secrets: JournalSecrets | undefined
  let end: Extract<SinglePart, { part: 'end' }> | undefined
  for (const part of [...partsOf(contents)].flat()) {
    if (end !== undefined) throw new JournalError('damaged', 'something stands behind the end')
    if (part.part === 'header' || part.part === 'entry') seal.add(part.bytes)
    if (part.part === 'entry') entries.push(part.entry)
    else if (part.part === 'end') end = part
    else if (entries.length > 0) {
      throw new JournalError('damaged', `the ${part.part} stands behind entries`)
    } else if (part.part === 'header') ({ header } = part)
    else ({ secrets } = part)
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
  if (end !== undefined && end.seal !== seal.value) {
    throw new JournalError('damaged', 'an entry is not as it was recorded')
  }
  const incomplete = incompleteOf(head, fault, end !== undefined, entries.length)
  const isBroken = fault?.what === 'damaged' || (head.ending === 'whole' && end === undefined)
  return { head, header, secrets, entries, seal: end?.seal, incomplete, isBroken }
}

function nodeHeadOf(bytes: Uint8Array): JournalHead {
  const head = decodeHead(bytes)
  if (head.kind === 'node') return head
  throw new JournalError('wrong-kind', `it is the journal of a ${head.kind}, not of a node`)
}

/**
 * The journal without its secrets: it shows states and sizes, and is replayed only with other secrets
 * in their place. What the application itself gave and got in plain text is still in it.
 * @throws {JournalError} as `decodeNodeJournal`
 */
export function redact(bytes: Uint8Array): Uint8Array {
  const { head } = decodeNodeJournal(bytes)
  const writer = createSegmentWriter()
  const segmentOf = (content: readonly Uint8Array[]): Uint8Array => {
    const segment = joinedBytes([new Uint8Array(SEGMENT_OVERHEAD_BYTES), ...content])
    writer.seal(segment)
    return segment
  }
  const segments: Uint8Array[] = []
  for (const parts of partsOf(readSegments(bytes, HEAD_BYTES).contents)) {
    const shown = parts.filter(({ part }) => part !== 'secrets')
    if (shown.length > 0) segments.push(segmentOf(shown.map((part) => part.bytes)))
  }
  return joinedBytes([encodeHead(head), ...segments])
}
