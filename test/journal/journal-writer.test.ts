import { expect, test } from 'vitest'
import { createJournalWriter } from '../../journal/journal-writer.ts'
import type { JournalStatus } from '../../journal/journal-writer.ts'
import { decodeNodeJournal } from '../../journal/node-journal.ts'
import type { SinglePart } from '../../journal/node-parts.ts'
import { joinedBytes } from '../../journal/joined-bytes.ts'

const PARTS: readonly SinglePart[] = [
  {
    part: 'header',
    header: {
      ...{ protocol: 'native', settings: {}, name: 'one', listen: [], bootstrap: [] },
      ...{ limits: {}, speaksDatagrams: false },
    },
  },
  { part: 'secrets', secrets: { seed: new Uint8Array(32), protocol: {} } },
]

/** A journal whose segments hold so much. */
function startWriter(segmentBytesMax: number) {
  const kept: Uint8Array[] = []
  const told: JournalStatus[] = []
  let head = new Uint8Array()
  const writer = createJournalWriter({
    sink: {
      keep(segment) {
        const own = segment.slice()
        kept.push(own)
        return own
      },
      writeHead(bytes) {
        head = new Uint8Array(bytes)
      },
      close: () => undefined,
    },
    ...{ bytesMax: 2 ** 30, segmentBytesMax },
    onCutShort: (status) => told.push(status),
  })
  writer.open(PARTS)
  return {
    ...{ told, writer },
    /** One step, in which the store answered so much. */
    step(number: number, readBytes: number): boolean {
      writer.begin({ number, monotonicMs: 1, wallMs: 1 }, { kind: 'clock.alarm' })
      const reads =
        readBytes === 0 ? [] : [[[Uint8Array.of(1), new Uint8Array(readBytes)] as const]]
      return writer.end(reads, [])
    },
    read() {
      writer.close()
      return decodeNodeJournal(joinedBytes([head, ...kept]))
    },
  }
}

test('one entry that is larger than a segment ends the recording at its cap, and what is before it stays', () => {
  const { read, step, told, writer } = startWriter(200_000)
  expect([step(0, 0), step(1, 180_000), step(2, 0), step(3, 0)]).toEqual([true, true, true, true])
  expect(step(4, 200_000)).toBe(false)
  expect(told).toMatchObject([{ ending: 'cap', entries: 4, lostEntries: 1 }])
  expect(step(5, 0)).toBe(false)
  const journal = read()
  expect(writer.status).toMatchObject({ ending: 'cap', entries: 4, lostEntries: 2 })
  expect(journal).toMatchObject({ isBroken: false, head: { ending: 'cap', lostEntries: 2 } })
  expect(journal.entries).toHaveLength(4)
})

test('entries that fill a segment together are written in two', () => {
  const { read, step, told } = startWriter(60_000)
  expect([step(0, 40_000), step(1, 40_000)]).toEqual([true, true])
  expect(told).toEqual([])
  expect(read()).toMatchObject({ incomplete: undefined, entries: [{}, {}] })
})
