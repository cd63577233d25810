/**
 * A node's journal written by another hand than the recorder's: with other entries, and under whatever
 * seal.
 * @module
 */
import { createEntryWriter } from '../../journal/entry-writer.ts'
import { encodeHead } from '../../journal/head.ts'
import { joinedBytes } from '../../journal/joined-bytes.ts'
import type { NodeJournal } from '../../journal/node-journal.ts'
import { writePart } from '../../journal/node-parts.ts'
import { createSegmentWriter, SEGMENT_OVERHEAD_BYTES } from '../../journal/segments.ts'
import { createValueWriter } from '../../journal/value-writer.ts'

const SEGMENT_ENTRIES = 64

/** The journal's bytes again, where its entries are as they were recorded. */
export function encodeNodeJournal(
  journal: Omit<NodeJournal, 'entryCount' | 'incomplete' | 'isBroken'>,
): Uint8Array {
  const { entries, head, header, seal, secrets } = journal
  const segments = createSegmentWriter()
  const values = createValueWriter(SEGMENT_OVERHEAD_BYTES)
  const entryWriter = createEntryWriter(values)
  const made = [encodeHead(head)]
  const end = (): void => {
    const segment = values.written().slice()
    segments.seal(segment)
    made.push(segment)
    values.reset()
  }
  writePart(values, { part: 'header', header })
  if (secrets !== undefined) writePart(values, { part: 'secrets', secrets })
  end()
  for (const [index, { input, monotonicMs, outcome, reads, wallMs }] of entries.entries()) {
    const at = values.length
    entryWriter.begin({ monotonicMs, wallMs }, input)
    entryWriter.end(at, reads, outcome)
    if ((index + 1) % SEGMENT_ENTRIES === 0) end()
  }
  if (seal !== undefined) writePart(values, { part: 'end', entries: entries.length, seal })
  end()
  return joinedBytes(made)
}
