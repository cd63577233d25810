import { randomBytes } from 'node:crypto'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { ProtocolTypes } from '../../index.ts'
import { concatBytes, encodeHex } from '../../codec/bytes.ts'
import { HEAD_BYTES } from '../../journal/head.ts'
import { JournalError } from '../../journal/journal-error.ts'
import { memoryJournal } from '../../journal/memory-journal.ts'
import { decodeNodeJournal, decodeNodeJournalUntil, redact } from '../../journal/node-journal.ts'
import type { NodeJournal } from '../../journal/node-journal.ts'
import { replay } from '../../journal/replay.ts'
import {
  createSegmentWriter,
  readSegments,
  SEGMENT_OVERHEAD_BYTES,
} from '../../journal/segments.ts'
import type { JournalStatus } from '../../journal/journal-writer.ts'
import { BACKENDS } from '../support/crypto-backends.ts'
import { keyOf, recordable, recordDay } from './recorded.ts'
import type { Recordable } from './recorded.ts'
import { encodeNodeJournal } from './written-journals.ts'

function journalOf<T extends ProtocolTypes>(subject: Recordable<T>): Uint8Array {
  const journal = memoryJournal()
  recordDay(subject, journal)
  return journal.bytes()
}

/** Success is the whole day done again; all else is a difference or a refusal. */
function outcomeOf<T extends ProtocolTypes>(bytes: Uint8Array, { remake }: Recordable<T>): string {
  try {
    const difference = replay<T>(decodeNodeJournal(bytes), { protocol: remake }).run()
    return difference === undefined ? 'same' : 'different'
  } catch (error) {
    if (error instanceof JournalError) return error.code
    throw error
  }
}

/** Undefined: nothing of it can be read. */
function readable(bytes: Uint8Array): NodeJournal | undefined {
  try {
    return decodeNodeJournal(bytes)
  } catch (error) {
    if (error instanceof JournalError) return undefined
    throw error
  }
}

/** How many steps come, all of them the same, and what is said then. */
function walked<T extends ProtocolTypes>(
  journal: NodeJournal,
  { remake }: Recordable<T>,
): { readonly steps: number; readonly refused: string | undefined } {
  let steps = 0
  try {
    for (const { difference } of replay<T>(journal, { protocol: remake }).steps()) {
      expect(difference).toBeUndefined()
      steps++
    }
  } catch (error) {
    if (!(error instanceof JournalError)) throw error
    return { steps, refused: error.message }
  }
  return { steps, refused: undefined }
}

describe.each(['native', 'keyed', 'plain'] as const)('the journal of a node of %s', (name) => {
  const bytes = {
    native: () => journalOf(recordable.native),
    keyed: () => journalOf(recordable.keyed),
    plain: () => journalOf(recordable.plain),
  }[name]()
  const outcome = (changed: Uint8Array): string =>
    ({
      native: () => outcomeOf(changed, recordable.native),
      keyed: () => outcomeOf(changed, recordable.keyed),
      plain: () => outcomeOf(changed, recordable.plain),
    })[name]()
  const walk = (journal: NodeJournal) =>
    ({
      native: () => walked(journal, recordable.native),
      keyed: () => walked(journal, recordable.keyed),
      plain: () => walked(journal, recordable.plain),
    })[name]()

  test('is whole, and replays', () => {
    const journal = decodeNodeJournal(bytes)
    expect(journal).toMatchObject({ isBroken: false, incomplete: undefined })
    expect(journal.entries.length).toBeGreaterThan(50)
    expect(outcome(bytes)).toBe('same')
  })

  test('is the same bytes when it is written again', () => {
    const again = encodeNodeJournal(decodeNodeJournal(bytes))
    expect(decodeNodeJournal(again)).toEqual(decodeNodeJournal(bytes))
  })

  test('with one byte changed never replays', () => {
    fc.assert(
      fc.property(fc.nat(bytes.length - 1), fc.integer({ min: 1, max: 255 }), (at, change) => {
        const changed = bytes.slice()
        changed[at] = (changed[at] ?? 0) ^ change
        expect(outcome(changed)).not.toBe('same')
      }),
      { numRuns: 350 },
    )
  })

  test('with one byte changed and all checksums made anew but the seal never replays', () => {
    const { contents } = readSegments(bytes, HEAD_BYTES)
    // The seal is none of the secrets: what follows from other ones is another test.
    const places = contents.flatMap(({ length }, segment) =>
      segment === 1 ? [] : Array.from({ length }, (_, at) => ({ segment, at })),
    )
    fc.assert(
      fc.property(fc.constantFrom(...places), fc.integer({ min: 1, max: 255 }), (place, change) => {
        const writer = createSegmentWriter()
        const segments = contents.map((content, segment) => {
          const made = concatBytes(new Uint8Array(SEGMENT_OVERHEAD_BYTES), content)
          const at = SEGMENT_OVERHEAD_BYTES + place.at
          if (segment === place.segment) made[at] = (made[at] ?? 0) ^ change
          writer.seal(made)
          return made
        })
        expect(outcome(concatBytes(bytes.slice(0, HEAD_BYTES), ...segments))).toBe('damaged')
      }),
      { numRuns: 350 },
    )
  })

  test('with one entry changed, left out, repeated or moved never replays', () => {
    const journal = decodeNodeJournal(bytes)
    const { entries } = journal
    const place = fc.nat(entries.length - 2)
    fc.assert(
      fc.property(fc.constantFrom('drop', 'repeat', 'swap', 'later', 'wall'), place, (how, at) => {
        const changed = entries.flatMap((entry, index) => {
          const next = entries[index + 1] ?? entry
          if (how === 'swap' && index === at) return [next]
          if (how === 'swap' && index === at + 1) return [entries[at] ?? entry]
          if (index !== at) return [entry]
          if (how === 'drop') return []
          if (how === 'repeat') return [entry, entry]
          if (how === 'later') return [{ ...entry, monotonicMs: entry.monotonicMs + 0.001 }]
          return [{ ...entry, wallMs: entry.wallMs + 1 }]
        })
        expect(outcome(encodeNodeJournal({ ...journal, entries: changed }))).toBe('damaged')
      }),
      { numRuns: 100 },
    )
  })

  test('cut off anywhere replays up to there, and is then refused as cut', () => {
    const { entries } = decodeNodeJournal(bytes)
    let partsCount = 0
    fc.assert(
      fc.property(fc.nat(bytes.length - 1), (length) => {
        const cut = bytes.slice(0, length)
        expect(['damaged', 'not-a-journal']).toContain(outcome(cut))
        const part = readable(cut)
        if (part === undefined) return
        partsCount++
        expect(part).toMatchObject({ isBroken: true })
        expect(part.entries).toEqual(entries.slice(0, part.entries.length))
        const { refused, steps } = walk(part)
        expect(steps).toBe(part.entries.length)
        expect(refused).toBe(`${part.incomplete}; up to there it is the same again`)
        expect(refused).toMatch(/cut off at byte \d+|the end is missing/)
      }),
      { numRuns: 100 },
    )
    expect(partsCount).toBeGreaterThan(0)
  })
})

test('a journal cut at each byte of its head and first segment is refused, and never crashes', () => {
  const bytes = journalOf(recordable.plain)
  for (let length = 0; length < 400; length++) {
    expect(outcomeOf(bytes.slice(0, length), recordable.plain)).not.toBe('same')
  }
})

test('whatever stands behind a head is refused or told to be broken', () => {
  const head = journalOf(recordable.plain).slice(0, 64)
  for (let run = 0; run < 200; run++) {
    const rest = randomBytes(run * 7)
    expect(outcomeOf(concatBytes(head, rest), recordable.plain)).toBe('damaged')
  }
})

describe('a native journal', () => {
  test.each(BACKENDS.map((one) => [one.name, one] as const))('replays with %s', (_, crypto) => {
    const journal = decodeNodeJournal(journalOf(recordable.native))
    const { remake } = recordable.native
    expect(replay(journal, { crypto, protocol: remake }).run()).toBeUndefined()
  })

  test('holds its secrets in one place, and without them it is refused, but shows what happened', () => {
    const bytes = journalOf(recordable.native)
    const key = encodeHex(keyOf('bob'))
    expect(encodeHex(bytes).split(key)).toHaveLength(2)
    const { secrets } = decodeNodeJournal(bytes)
    if (secrets === undefined) throw new Error('nothing was taken out of it')
    const redacted = redact(bytes)
    expect(encodeHex(redacted)).not.toContain(key)
    expect(encodeHex(redacted)).not.toContain(encodeHex(secrets.seed))
    // Also where they stand in a segment with something else.
    const shared = encodeNodeJournal(decodeNodeJournal(bytes))
    expect(encodeHex(shared)).toContain(key)
    expect(decodeNodeJournal(redact(shared))).toEqual(decodeNodeJournal(redacted))
    expect(encodeHex(redact(shared))).not.toContain(key)
    const journal = decodeNodeJournal(redacted)
    expect(journal).toMatchObject({ secrets: undefined, isBroken: false })
    expect(journal.entries).toEqual(decodeNodeJournal(bytes).entries)
    const { remake } = recordable.native
    expect(() => replay(journal, { protocol: remake })).toThrow(/^its secrets were taken out/)
    expect(replay(journal, { protocol: remake, secrets }).run()).toBeUndefined()
    const others = { ...secrets, seed: new Uint8Array(32) }
    expect(replay(journal, { protocol: remake, secrets: others }).run()).toBeDefined()
  })

  test('is not replayed by another network, nor with other behaviour', () => {
    const journal = decodeNodeJournal(journalOf(recordable.native))
    const { remake } = recordable.native
    expect(() => replay(journal, { protocol: recordable.plain.remake })).toThrow('network native')
    const protocol: typeof remake = (recipe) => {
      const made = remake(recipe)
      return { ...made, control: ['confirm'] }
    }
    expect(replay(journal, { protocol }).run()).toBeDefined()
  })

  test('is walked step by step, and left for a run that goes on differently', () => {
    const { remake } = recordable.native
    const replayed = replay(decodeNodeJournal(journalOf(recordable.native)), { protocol: remake })
    const phases = new Set<string>()
    let heard: string | undefined
    for (const step of replayed.steps()) {
      expect(step.difference).toBeUndefined()
      const [connection] = step.snapshot().connections
      if (connection !== undefined) phases.add(connection.phase)
      if (connection?.phase !== 'active' || heard !== undefined) continue
      const fork = step.fork()
      const lines = fork.advance(600_000)
      heard = lines.map((line) => line.join(' ')).find((line) => line.includes('connection.closed'))
      expect(fork.connections().filter(({ phase }) => phase === 'active')).toEqual([])
    }
    expect([...phases]).toEqual(['connecting', 'handshaking', 'active', 'closing'])
    expect(heard).toContain('detail=')
  })
})

test('the recording of a node that has stopped is whole, and says so before its bytes are taken', () => {
  const journal = memoryJournal()
  const { bob, world } = recordDay(recordable.plain, journal, { isStopped: false })
  expect(journal.status).toMatchObject({ ending: 'open', lostEntries: 0 })
  void bob.stop()
  world.advance(10_000)
  const { status } = journal
  expect(status).toMatchObject({ ending: 'whole', lostEntries: 0 })
  const bytes = journal.bytes()
  expect(decodeNodeJournal(bytes).entries).toHaveLength(status.entries)
  expect(bytes).toHaveLength(status.bytes)
})

test('a run that leaves its recording begins with the end of a turn only where the node asked for one', () => {
  const { entries, ...journal } = decodeNodeJournal(journalOf(recordable.plain))
  // Time goes on behind it: it asked for no other one.
  const settled = entries.flatMap(({ input, monotonicMs }, at) => {
    const isLast = (entries[at + 1]?.monotonicMs ?? 0) > monotonicMs
    return isLast && input.kind === 'clock.turn-ended' ? [at] : []
  })
  expect(settled.length).toBeGreaterThan(1)
  const replayed = replay({ entries, ...journal }, { protocol: recordable.plain.remake })
  for (const { fork, position } of replayed.steps()) {
    if (!settled.includes(position)) continue
    const entered: string[] = []
    const forked = fork()
    forked.node.port.watch((seen) => seen.of === 'step' && entered.push(seen.input.kind), {
      kinds: ['step'],
    })
    forked.advance(0)
    expect([position, entered]).toEqual([position, []])
  }
})

test('a journal is read up to an entry: what is behind it is checked, and not kept', () => {
  const bytes = journalOf(recordable.plain)
  const whole = decodeNodeJournal(bytes)
  expect(whole.entryCount).toBe(whole.entries.length)
  const some = decodeNodeJournalUntil(bytes, 9)
  expect(some).toEqual({ ...whole, entries: whole.entries.slice(0, 10) })
  const { remake } = recordable.plain
  expect(replay(some, { protocol: remake }).run()).toBeUndefined()
  const [first, ...others] = whole.entries
  if (first === undefined) throw new Error('it has entries')
  const changed = encodeNodeJournal({ ...whole, entries: [...others, first] })
  expect(() => decodeNodeJournalUntil(changed, 9)).toThrow('not as it was recorded')
  // Nothing came of most: they share what says so, and their inputs where nothing differs.
  const ends = whole.entries.filter(({ input }) => input.kind === 'clock.turn-ended')
  expect(new Set(ends.map(({ input }) => input)).size).toBeLessThan(ends.length / 2)
})

test('a recording that goes on is readable at any time', () => {
  const journal = memoryJournal()
  const { bob, world } = recordDay(recordable.native, journal, { isStopped: false })
  const before = decodeNodeJournal(journal.bytes())
  expect(before.incomplete).toContain('not brought to its end')
  expect(before.isBroken).toBe(false)
  world.advance(60_000)
  void bob.stop()
  world.advance(10_000)
  const after = decodeNodeJournal(journal.bytes())
  expect(after.entries.length).toBeGreaterThan(before.entries.length)
  expect(after.entries.slice(0, before.entries.length)).toEqual(before.entries)
  expect(replay(after, { protocol: recordable.native.remake }).run()).toBeUndefined()
})

test('a recording at its cap ends and says so once; the node goes on, and what is lost is counted', () => {
  const told: JournalStatus[] = []
  const journal = memoryJournal({
    bytesMax: 6_000,
    onCutShort(status) {
      told.push(status)
    },
  })
  const { bob } = recordDay(recordable.native, journal)
  expect(bob.state).toBe('stopped')
  expect(told).toHaveLength(1)
  const read = decodeNodeJournal(journal.bytes())
  expect(journal.bytes().length).toBeLessThanOrEqual(6_000)
  expect(read.head).toMatchObject({ ending: 'cap', lostEntries: journal.status.lostEntries })
  expect(read.head.lostEntries).toBeGreaterThan(10)
  expect(read.incomplete).toMatch(/^the recording ended at its cap, and \d+ entries were lost$/)
  const whole = decodeNodeJournal(journalOf(recordable.native))
  expect(read.entries.length + read.head.lostEntries).toBe(whole.entries.length)
  expect(replay(read, { protocol: recordable.native.remake }).run()).toBeUndefined()
})
