import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs'
import { ChildProcess, execFileSync } from 'node:child_process'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import fc from 'fast-check'
import ts from 'typescript'
import { describe, expect, onTestFinished, test, vi } from 'vitest'
import { concatBytes, encodeUtf8 } from '../../codec/bytes.ts'
import type { JournalAnswer } from '../../inspector/messages.ts'
import { createValueWriter } from '../../journal/value-writer.ts'
import {
  base64,
  connectionJournal,
  journalOf,
  nodeJournal,
  startFolder,
  startTimeTravel,
} from './journals.ts'

/** `why: message` */
const refusalOf = (answer: JournalAnswer): string =>
  'refused' in answer ? `${answer.refused.why}: ${answer.refused.message}` : JSON.stringify(answer)

const open = (bytes: Uint8Array) => ({ open: 'bytes', name: 'a file', base64: base64(bytes) })

const packed = (...values: readonly unknown[]): Uint8Array => {
  const writer = createValueWriter(0)
  writer.reset()
  for (const value of values) writer.value(value)
  return writer.written().slice()
}

const HEADER = {
  ...{ protocol: 'native', settings: {}, name: 'hurt', listen: [], bootstrap: [], limits: {} },
  speaksDatagrams: false,
}
const SECRETS = { seed: new Uint8Array(32), protocol: {} }
const CONNECTION = { protocol: 'native', settings: {}, limits: {}, options: { name: 'node/in-1' } }

const changed = (bytes: Uint8Array, at: number): Uint8Array =>
  bytes.map((byte, index) => (index === at ? byte ^ 1 : byte))

describe('a journal made to hurt is refused, and the next one is opened:', () => {
  const nested = new Uint8Array(1_000_000).fill(0x91)
  test.each<[string, Uint8Array, RegExp]>([
    ['nothing', new Uint8Array(0), /^bad-journal: it does not begin as a journal does$/],
    ['a text', encodeUtf8('hello, world '.repeat(100)), /does not begin as a journal/],
    ['of another version', changed(nodeJournal(), 17), /^bad-journal: the journal is of version 3/],
    [
      'with a changed head',
      changed(nodeJournal(), 30),
      /the head, bytes 0 to 63, is not as written/,
    ],
    ['cut in its head', nodeJournal().subarray(0, 40), /does not begin as a journal/],
    ['cut behind its head', nodeJournal().subarray(0, 70), /nothing of the recording is there/],
    ['nested a million deep', journalOf('node', nested), /^bad-journal: segment 0 is no msgpack$/],
    [
      'of an array of four thousand million',
      journalOf('node', Uint8Array.of(0xdd, 0xff, 0xff, 0xff, 0xff, 1)),
      /^bad-journal: /,
    ],
    [
      'of a map of four thousand million',
      journalOf('connection', Uint8Array.of(0xdf, 0xff, 0xff, 0xff, 0xff, 1)),
      /^bad-journal: /,
    ],
    [
      'of a text of four gigabytes',
      journalOf('node', Uint8Array.of(0xdb, 0xff, 0xff, 0xff, 0xff, 1)),
      /^bad-journal: /,
    ],
    [
      'with a segment of two gigabytes',
      concatBytes(journalOf('node'), Uint8Array.of(0x7f, 255, 255, 255, 0, 0, 0, 0)),
      /nothing of the recording is there/,
    ],
    [
      'of entries that are none',
      journalOf('node', packed([0, HEADER], [1, SECRETS], [2, 1, 1, { kind: 'other' }, [], []])),
      /segment 0 is no part of a journal/,
    ],
    [
      'of a flight that is none',
      concatBytes(encodeUtf8('peerloom-flight'), new Uint8Array(60)),
      /^bad-journal: .*version/,
    ],
  ])('%s', async (_, bytes, message) => {
    const { ask, travel } = startTimeTravel()
    expect(refusalOf(await travel.ask(open(bytes)))).toMatch(message)
    await ask(open(connectionJournal()), 'opened')
  })

  test('one that is cut is shown as far as it goes, and says where', async () => {
    const { ask } = startTimeTravel()
    const { incomplete, journal, steps } = await ask(
      open(nodeJournal().subarray(0, 90_000)),
      'opened',
    )
    expect(incomplete).toMatch(/^behind entry \d+ the journal is cut off at byte \d+$/)
    expect(steps).toBeGreaterThan(10)
    expect(await ask({ step: steps - 1, journal }, 'at')).toMatchObject({ step: steps - 1 })
  })

  test('one that wants more memory than there is, and its node turns on meanwhile', async () => {
    // Entries of twelve bytes that are objects of a hundred.
    const entry = packed([2, { of: 'turn' }])
    const entries = new Uint8Array(entry.length * 1_000_000)
    for (let at = 0; at < entries.length; at += entry.length) entries.set(entry, at)
    const bytes = journalOf('connection', packed([0, CONNECTION]), entries)
    const { ask, travel } = startTimeTravel({ heapMibMax: 48 })
    let turns = 0
    let isDone = false
    const turn = (): void => {
      turns++
      if (!isDone) setImmediate(turn)
    }
    const asked = travel.ask(open(bytes))
    setImmediate(turn)
    const answer = await asked
    isDone = true
    expect(refusalOf(answer)).toMatch(
      /^bad-journal: the recording cannot be read: it takes more than 48 MiB$/,
    )
    expect(turns).toBeGreaterThan(100)
    await ask(open(connectionJournal()), 'opened')
  })

  test('one of millions of empty maps: the process that reads it ends, and no other', async () => {
    const maps = new Uint8Array(4_000_000).fill(0x80)
    maps.set([0xdd, 0x00, 0x3d, 0x08, 0xfb])
    const { ask, travel } = startTimeTravel({ heapMibMax: 64 })
    expect(refusalOf(await travel.ask(open(journalOf('connection', maps))))).toMatch(
      /^bad-journal: /,
    )
    await ask(open(connectionJournal()), 'opened')
  })

  test('more than two that are being opened are not, and none once it is closed', async () => {
    const { travel } = startTimeTravel()
    const many = await Promise.all(
      Array.from({ length: 5 }, () => travel.ask(open(connectionJournal()))),
    )
    const opened = many.filter((answer) => 'opened' in answer)
    expect(opened).toHaveLength(2)
    expect(refusalOf(many[4] ?? { closed: true })).toBe('too-many-queries: others are being opened')

    const asked = travel.ask(open(connectionJournal()))
    await travel.close()
    expect(await asked).toHaveProperty('refused')
    expect(refusalOf(await travel.ask(open(connectionJournal())))).toBe(
      'failed: the inspector is closing',
    )
  })

  test('one that is never done is ended at its deadline', async () => {
    const program = join(startFolder(), 'never-done.mjs')
    writeFileSync(program, `process.on('message', () => { for (;;); })`)
    const { travel } = startTimeTravel({ program: pathToFileURL(program), answerMs: 2_000 })
    expect(refusalOf(await travel.ask(open(connectionJournal())))).toBe(
      'bad-journal: the recording took longer than 2000 ms',
    )
  })

  test('texts without end and names of objects are shown short, as texts', async () => {
    const long = 'x'.repeat(1_000_000)
    const did = (deed: object) => [2, { of: 'did', deed }]
    const bytes = journalOf(
      'connection',
      packed([0, { ...CONNECTION, protocol: long, options: { name: long } }]),
      packed(
        [2, { of: 'step', monotonicMs: 0, wallMs: 0, stalledMs: 0, check: long }],
        [
          2,
          {
            of: 'in',
            call: { kind: 'stream', input: { kind: 'stream.failed', stream: 0, fault: long } },
          },
        ],
        did({ kind: 'transition', chart: 'session', event: long, state: '__proto__' }),
        did({ kind: 'transition', chart: '__proto__', event: '1', state: '2' }),
        did({ kind: 'message', direction: 'sideways', type: '', bytesOnWire: 0 }),
        did({ kind: 'refused', detail: long, bytesOnWire: 0 }),
        ...Array.from({ length: 1_000 }, () =>
          did({ kind: 'message', type: 'm', direction: 'sent', bytesOnWire: 1 }),
        ),
        [3, 1_006],
      ),
    )
    const { ask } = startTimeTravel()
    const { journal, ...opened } = await ask(open(bytes), 'opened')
    expect(opened.name).toHaveLength(259)
    const at = await ask({ step: 0, journal }, 'at')
    expect(at).toMatchObject({ atMs: 0, leftOut: 802 })
    expect(at.messages).toHaveLength(200)
    expect(at.messages[0]).toMatchObject({ direction: 'received', type: '', bytes: 0 })
    expect(at.charts).toMatchObject([{ state: '__proto__', active: [] }])
    expect(JSON.stringify(at).length).toBeLessThan(100_000)
  })

  test.each([
    ['a time that is none', { of: 'step', monotonicMs: 0, wallMs: Number.NaN, stalledMs: 0 }],
    ['a text for a number', { of: 'did', deed: { kind: 'message', bytesOnWire: 'many' } }],
    ['a call of nothing', { of: 'in', call: { kind: 'stream', input: { kind: '__proto__' } } }],
  ])('%s is no entry of a connection', async (_, entry) => {
    const { travel } = startTimeTravel()
    const bytes = journalOf('connection', packed([0, CONNECTION]), packed([2, entry], [3, 1]))
    expect(refusalOf(await travel.ask(open(bytes)))).toBe(
      "bad-journal: segment 1 holds what is no part of a connection's journal",
    )
  })

  test.each([
    [1e300, 8.64e15],
    [-1e300, -8.64e15],
  ])('a time of %d milliseconds is one that a date can be', async (wallMs, atMs) => {
    const step = [2, { of: 'step', monotonicMs: 0, wallMs, stalledMs: 0, check: '' }]
    const deed = { kind: 'message', type: 'm', direction: 'sent', bytesOnWire: 1 }
    const said = [2, { of: 'did', deed }]
    const { ask } = startTimeTravel()
    const { journal } = await ask(
      open(journalOf('connection', packed([0, CONNECTION]), packed(step, said, [3, 2]))),
      'opened',
    )
    expect(await ask({ step: 0, journal }, 'at')).toMatchObject({ atMs, messages: [{ atMs }] })
  })

  test('names of thousands of connections are told up to a bound', async () => {
    const lines = Array.from({ length: 20_000 }, (_, number) => [
      ...['state', `hurt/in-${number}`, 'connection', 'start', 'active'],
    ])
    const bytes = journalOf(
      'node',
      packed([0, HEADER], [1, SECRETS], [2, 1, 1, { kind: 'clock.alarm' }, [], lines]),
    )
    const { ask } = startTimeTravel()
    const { connections, journal } = await ask(open(bytes), 'opened')
    expect(connections).toHaveLength(1_000)
    const at = await ask({ step: 0, journal }, 'at')
    expect([at.charts.length, at.chartsLeftOut, at.path.length, at.leftOut]).toEqual([
      ...[500, 19_500, 200, 19_800],
    ])
  })

  test('whatever a byte is changed to, it is an answer', { timeout: 120_000 }, async () => {
    const bytes = connectionJournal()
    const { travel } = startTimeTravel()
    for (let at = 0; at < bytes.length; at += Math.ceil(bytes.length / 40)) {
      const answer = await travel.ask(open(changed(bytes, at)))
      expect('opened' in answer || 'refused' in answer).toBe(true)
    }
  })

  test('a test made of one holds no code of its own', async () => {
    const evil = `*/ process.exit(7) /* '\${process.exit(8)}\` \u2028`
    const bytes = journalOf(
      'node',
      packed(
        [0, { ...HEADER, name: evil }],
        [1, SECRETS],
        [2, 1, 1, { kind: 'clock.alarm' }, [], [['state', evil, 'session', evil, evil]]],
      ),
    )
    const recordDir = startFolder()
    const { ask, travel } = startTimeTravel({ recordDir })
    const { journal } = await ask(open(bytes), 'opened')
    const { file } = await ask({ fork: 0, journal }, 'forked')
    expect(file).toMatch(/^[a-z0-9-]+\.test\.ts$/)
    const text = readFileSync(join(recordDir, file), 'utf8')
    // What it names is in comments and in strings, whatever stands in it.
    const source = ts.createSourceFile(file, text, ts.ScriptTarget.Latest, true)
    const words: string[] = []
    const visit = (node: ts.Node): void => {
      if (ts.isIdentifier(node)) words.push(node.text)
      expect(ts.isTemplateLiteral(node)).toBe(false)
      ts.forEachChild(node, visit)
    }
    visit(source)
    expect(words).toContain('decodeNodeJournal')
    expect(words).not.toContain('process')
    expect(words).not.toContain('exit')

    const named = journalOf(
      'node',
      packed(
        [0, { ...HEADER, protocol: '../evil' }],
        [1, SECRETS],
        [2, 1, 1, { kind: 'clock.alarm' }, [], []],
      ),
    )
    const other = await ask(open(named), 'opened')
    expect(refusalOf(await travel.ask({ fork: 0, journal: other.journal }))).toBe(
      'bad-journal: what the recording names is no name of a network',
    )
  })
})

test('a reader that cannot be started is said, and no process is sent a signal', async () => {
  const { ask, travel } = startTimeTravel()
  const { execPath } = process
  const signals = vi.spyOn(ChildProcess.prototype, 'kill')
  onTestFinished(() => {
    signals.mockRestore()
  })
  process.execPath = join(startFolder(), 'nothing')
  try {
    const answer = await travel.ask(open(nodeJournal()))
    expect(refusalOf(answer)).toMatch(/the recording cannot be read: no process can be started/)
  } finally {
    process.execPath = execPath
  }
  expect(signals).not.toHaveBeenCalled()
  await ask(open(nodeJournal()), 'opened')
})

describe('a page', () => {
  test.each([
    ...['../node.journal', '..', '.', '.hidden', '/etc/passwd', 'a/b', 'a\\b', 'a\0b', 'a b', ''],
    ...['node.journal/', './node.journal', 'a..b', 'a.', 'x'.repeat(129), '%2e%2e%2fa'],
  ])('cannot name %j as a file', async (file) => {
    const recordDir = startFolder()
    writeFileSync(join(recordDir, 'node.journal'), nodeJournal())
    const { travel } = startTimeTravel({ recordDir })
    expect(refusalOf(await travel.ask({ open: 'file', file }))).toMatch(/^bad-query: /)
  })

  test('cannot open links, folders and pipes of the folder, nor more than there may be', async () => {
    const recordDir = startFolder()
    const elsewhere = startFolder()
    writeFileSync(join(elsewhere, 'node.journal'), nodeJournal())
    symlinkSync(join(elsewhere, 'node.journal'), join(recordDir, 'link.journal'))
    symlinkSync(elsewhere, join(recordDir, 'linked'))
    mkdirSync(join(recordDir, 'folder.journal'))
    execFileSync('mkfifo', [join(recordDir, 'pipe.journal')])
    writeFileSync(join(recordDir, 'huge.journal'), '')
    truncateSync(join(recordDir, 'huge.journal'), 10_000_000_000)
    const { ask, travel } = startTimeTravel({ recordDir })
    const opened = async (file: string) => refusalOf(await travel.ask({ open: 'file', file }))
    expect(await opened('link.journal')).toBe('bad-journal: link.journal cannot be read')
    expect(await opened('folder.journal')).toMatch(
      /^bad-journal: folder.journal (?:is no file|cannot)/,
    )
    expect(await opened('pipe.journal')).toBe('bad-journal: pipe.journal is no file')
    expect(await opened('huge.journal')).toMatch(/is larger than 64 MiB: use peerloom replay$/)
    expect(await ask({ list: true }, 'files')).toEqual([
      { file: 'huge.journal', bytes: 10_000_000_000 },
    ])
  })

  test('cannot write elsewhere, nor over what is there: the name is ours', async () => {
    const recordDir = startFolder()
    const elsewhere = join(startFolder(), 'target')
    const { ask, travel } = startTimeTravel({ recordDir })
    const { journal } = await ask(open(connectionJournal()), 'opened')
    writeFileSync(join(recordDir, 'node-out-1-step-0.test.ts'), 'mine')
    symlinkSync(elsewhere, join(recordDir, 'node-out-1-step-0-2.test.ts'))
    writeFileSync(join(recordDir, 'node-out-1-step-0-3.journal'), 'mine too')
    expect(await ask({ fork: 0, journal }, 'forked')).toEqual({
      file: 'node-out-1-step-0-4.test.ts',
      copy: 'node-out-1-step-0-4.journal',
    })
    const given = { fork: 0, journal, file: '../../evil/../etc/x.test.ts', path: '/tmp/evil' }
    expect(await ask(given, 'forked')).toMatchObject({ file: 'evil-etc-x.test.ts' })
    expect(await ask({ ...given, file: '/' }, 'forked')).toMatchObject({ file: 'journal.test.ts' })
    expect(existsSync(elsewhere)).toBe(false)
    expect(readFileSync(join(recordDir, 'node-out-1-step-0.test.ts'), 'utf8')).toBe('mine')
    expect(readdirSync(recordDir).toSorted()).toEqual([
      ...['evil-etc-x.journal', 'evil-etc-x.test.ts', 'journal.journal', 'journal.test.ts'],
      ...['node-out-1-step-0-2.test.ts', 'node-out-1-step-0-3.journal'],
      ...['node-out-1-step-0-4.journal', 'node-out-1-step-0-4.test.ts'],
      'node-out-1-step-0.test.ts',
    ])
    expect(refusalOf(await travel.ask({ fork: 10_000, journal }))).toMatch(/there are steps 0 to/)
  })

  test('writes no more tests than a hundred', { timeout: 120_000 }, async () => {
    const recordDir = startFolder()
    const { ask, travel } = startTimeTravel({ recordDir })
    const { journal, steps } = await ask(open(connectionJournal()), 'opened')
    for (let count = 0; count < 100; count++) await ask({ fork: count % steps, journal }, 'forked')
    expect(refusalOf(await travel.ask({ fork: 0, journal }))).toMatch(/^failed: 100 tests were/)
  })

  test('gets an answer to whatever it says', async () => {
    const { travel } = startTimeTravel({ recordDir: startFolder() })
    const key = fc.constantFrom(
      'open',
      'file',
      'step',
      'fork',
      'journal',
      'close',
      'list',
      'base64',
      'name',
    )
    const value = fc.oneof(
      fc.constantFrom('file', 'bytes', 'flight', 'journal-1', '', 'AAAA', '***', '__proto__'),
      fc.anything(),
    )
    await fc.assert(
      fc.asyncProperty(fc.oneof(fc.anything(), fc.dictionary(key, value)), async (given) => {
        const answer = await travel.ask(given)
        expect(Object.keys(answer)).toHaveLength(1)
      }),
      { seed: 20_260_101, numRuns: 200 },
    )
  })

  test('that uploads more than 16 MiB is refused before it is read', async () => {
    const { travel } = startTimeTravel()
    const given = { open: 'bytes', name: 'a', base64: 'A'.repeat(22_400_000) }
    expect(refusalOf(await travel.ask(given))).toMatch(/^bad-query: /)
  })

  test('that asks for a hundred steps at once gets some of them, and none is lost', async () => {
    const { ask, travel } = startTimeTravel()
    const { journal } = await ask(open(nodeJournal()), 'opened')
    const answers = await Promise.all(
      Array.from({ length: 100 }, (_, step) => travel.ask({ step, journal })),
    )
    const refused = answers.filter((answer) => 'refused' in answer)
    expect(refused.length).toBeLessThan(100)
    for (const [step, answer] of answers.entries()) {
      if ('at' in answer) expect(answer.at.step).toBe(step)
      else expect(refusalOf(answer)).toBe('bad-journal: it is asked too much at once')
    }
    await ask({ step: 5_039, journal }, 'at')
  })
})
