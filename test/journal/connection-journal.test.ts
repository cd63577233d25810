import fc from 'fast-check'
import { Packr } from 'msgpackr'
import { expect, test } from 'vitest'
import { concatBytes } from '../../codec/bytes.ts'
import type { NativeTypes } from '../../machines/handshakes/native.ts'
import {
  decodeConnectionJournal,
  encodeConnectionJournal,
} from '../../journal/connection-journal.ts'
import { HEAD_BYTES } from '../../journal/head.ts'
import {
  connectionSteps,
  redactConnection,
  replayConnection,
} from '../../journal/connection-replay.ts'
import { JournalError } from '../../journal/journal-error.ts'
import { decodeNodeJournal } from '../../journal/node-journal.ts'
import {
  createSegmentWriter,
  readSegments,
  SEGMENT_OVERHEAD_BYTES,
} from '../../journal/segments.ts'
import { BACKENDS } from '../support/crypto-backends.ts'
import { startRecorded, SUBJECTS } from './connection-recorded.ts'

const [crypto] = BACKENDS
if (crypto === undefined) throw new Error('there is always one backend')
const options = { protocol: SUBJECTS.native.protocol('bob'), crypto }

/** Two connections of one node, each as a journal of its own. */
function startJournals() {
  const { bob, memory, talk, world } = startRecorded<NativeTypes>(SUBJECTS.native)
  talk()
  void bob.supervisor.stop()
  world.advance(10_000)
  const journals = memory.recordings.map(encodeConnectionJournal)
  expect(journals.length).toBeGreaterThan(1)
  return { journals, recordings: memory.recordings }
}

/** What comes of a changed journal; `same` is success. */
function outcomeOf(bytes: Uint8Array): string {
  try {
    const { isBroken, recording } = decodeConnectionJournal<NativeTypes>(bytes)
    const difference = replayConnection(recording, options)
    if (!isBroken) return difference === undefined ? 'same' : 'different'
    // What is whole of it is the same all the same.
    expect(replayConnection(recording, { ...options, allowCut: true })).toBeUndefined()
    return difference?.expected === 'an end: the recording is cut' ? 'cut' : 'taken for whole'
  } catch (error) {
    if (error instanceof JournalError) return error.code
    throw error
  }
}

test('each connection of a node is replayed from its own journal, alone', () => {
  const { journals, recordings } = startJournals()
  for (const [index, bytes] of journals.entries()) {
    const { incomplete, isBroken, recording } = decodeConnectionJournal<NativeTypes>(bytes)
    expect(recording).toEqual(recordings[index])
    expect([incomplete, isBroken]).toEqual([undefined, false])
    for (const backend of BACKENDS) {
      expect(replayConnection(recording, { ...options, crypto: backend })).toBeUndefined()
    }
  }
})

test('a journal of a connection with a byte changed, or cut off, is never taken for whole', () => {
  const [bytes = new Uint8Array()] = startJournals().journals
  expect(outcomeOf(bytes)).toBe('same')
  fc.assert(
    fc.property(fc.nat(bytes.length - 1), fc.integer({ min: 1, max: 255 }), (at, change) => {
      const changed = bytes.slice()
      changed[at] = (changed[at] ?? 0) ^ change
      expect(['cut', 'damaged', 'not-a-journal', 'version']).toContain(outcomeOf(changed))
    }),
    { numRuns: 200 },
  )
  for (let cut = 1; cut < 200; cut++) {
    expect(['cut', 'damaged']).toContain(outcomeOf(bytes.slice(0, -cut * 7)))
  }
})

test('a journal of a connection of which the end alone is missing is cut, and so is what is made of it', () => {
  const [bytes = new Uint8Array()] = startJournals().journals
  const { incomplete, recording } = decodeConnectionJournal<NativeTypes>(bytes.slice(0, -1))
  expect(recording.entries.at(-1)?.of).toBe('over')
  const position = recording.entries.length
  const difference = { position, expected: 'an end: the recording is cut', got: 'the end' }
  expect(replayConnection(recording, options)).toEqual(difference)
  const steps = [...connectionSteps(recording, options)]
  expect(steps.at(-1)?.difference).toEqual(difference)
  expect(replayConnection(recording, { ...options, allowCut: true })).toBeUndefined()
  for (const made of [recording, redactConnection(recording)]) {
    const again = decodeConnectionJournal(encodeConnectionJournal(made))
    expect(again).toMatchObject({ isBroken: true, recording: { isBroken: true } })
    expect(again.incomplete).toContain(incomplete?.split(' the journal')[0])
  }
})

test('a journal of a connection that breaks before its secrets is damaged, and not redacted', () => {
  const [bytes = new Uint8Array()] = startJournals().journals
  const { contents } = readSegments(bytes, HEAD_BYTES)
  const [header = new Uint8Array(), secrets = new Uint8Array()] = contents
  const afterHeader = HEAD_BYTES + SEGMENT_OVERHEAD_BYTES + header.length
  const afterSecrets = afterHeader + SEGMENT_OVERHEAD_BYTES + secrets.length
  for (let length = HEAD_BYTES; length < afterSecrets; length += 7) {
    const flipped = bytes.slice()
    flipped[length] = (flipped[length] ?? 0) ^ 1
    for (const broken of [bytes.slice(0, length), flipped]) {
      expect(() => decodeConnectionJournal(broken)).toThrow('nothing of the recording is there')
      expect(outcomeOf(broken)).toBe('damaged')
    }
  }
  // Behind them it is read, with nothing that was recorded.
  const begun = decodeConnectionJournal<NativeTypes>(bytes.slice(0, afterSecrets))
  expect(begun).toMatchObject({ isBroken: true, recording: { entries: [] } })
  const shown = redactConnection(begun.recording)
  expect(() => encodeConnectionJournal(shown)).toThrow('before its first entry')
})

test('a value that refers to another, which is more than memory holds, is damage', () => {
  const [bytes = new Uint8Array()] = startJournals().journals
  const { contents } = readSegments(bytes, HEAD_BYTES)
  const packr = new Packr({ useRecords: false, structuredClone: true })
  let settings: unknown = []
  for (let level = 0; level < 28; level++) settings = [settings, settings]
  const writer = createSegmentWriter()
  const header = { protocol: 'native', settings, options: { name: 'one' }, limits: {} }
  const segments = [packr.pack([0, header]), ...contents.slice(1)].map((content) => {
    const segment = concatBytes(new Uint8Array(SEGMENT_OVERHEAD_BYTES), content)
    writer.seal(segment)
    return segment
  })
  expect(outcomeOf(concatBytes(bytes.slice(0, HEAD_BYTES), ...segments))).toBe('damaged')
})

/** The record with one field of another kind, for each: of the network's own only it can judge. */
type Change = readonly [name: string, changed: object]
const changesOf = (record: object): readonly Change[] =>
  Object.entries(record).flatMap(([name, value]: [string, unknown]): readonly Change[] => {
    if (value === undefined || name === 'news') return []
    const own: Change = [name, { ...record, [name]: null }]
    if (!['ask', 'call', 'deed'].includes(name) || typeof value !== 'object') return [own]
    const inner = changesOf(value ?? {}).map(([field, changed]): Change => [
      `${name}.${field}`,
      { ...record, [name]: changed },
    ])
    return [own, ...inner]
  })

test('an entry of which a field is of another kind is damage, and it is said where', () => {
  const [recording] = startJournals().recordings
  const over = recording?.entries.at(-1)
  if (over === undefined || recording === undefined) throw new Error('nothing was recorded')
  const changes = recording.entries.flatMap((entry) =>
    changesOf(entry).map(([name, changed]) => [`${entry.of} ${name}`, changed] as const),
  )
  const each = new Map(changes)
  for (const [name, changed] of each) {
    const entries = [changed as typeof over, over]
    const bytes = encodeConnectionJournal({ ...recording, entries })
    expect(() => decodeConnectionJournal(bytes), name).toThrow(
      /^segment 2 holds what is no part of a connection's journal$/,
    )
  }
  expect([...each.keys()]).toEqual(
    expect.arrayContaining([
      ...['step monotonicMs', 'in call', 'in call.kind', 'did deed.bytes', 'out ask.hash'],
      ...['in call.input', 'back answer', 'over why', 'credit exhausted', 'turn number'],
    ]),
  )
})

test('a journal of a connection is none of a node, and without its secrets it is not replayed', () => {
  const { journals, recordings } = startJournals()
  expect(() => decodeNodeJournal(journals[0] ?? new Uint8Array())).toThrow('of a connection, not')
  const [first] = recordings
  if (first === undefined) throw new Error('nothing was recorded')
  expect(outcomeOf(encodeConnectionJournal(redactConnection(first)))).toBe('redacted')
})
