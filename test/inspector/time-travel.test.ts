import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { request } from 'node:http'
import { join } from 'node:path'
import { describe, expect, onTestFinished, test, vi } from 'vitest'
import type { JournalAnswer } from '../../inspector/messages.ts'
import { recordedFlight } from '../../inspector/sent-flight.ts'
import { decodeConnectionJournal } from '../../journal/connection-journal.ts'
import { connectionSteps } from '../../journal/connection-replay.ts'
import { flightFile } from '../../journal/flight-file.ts'
import { decodeNodeJournal, redact } from '../../journal/node-journal.ts'
import { replay } from '../../journal/replay.ts'
import { tools as bitcoin } from '../../protocols/bitcoin.ts'
import type { BitcoinTypes } from '../../protocols/bitcoin.ts'
import { native, tools } from '../../protocols/native.ts'
import { startPair } from '../../testing/pair.ts'
import { usualProtocol } from '../../testing/usual-protocol.ts'
import { chooseCrypto } from '../../transport/crypto/choose.ts'
import { startUserFolder } from '../support/generated-tests.ts'
import { nativeFault, recordingOf } from '../journal/flights.ts'
import { startServer, tokenOf } from './served.ts'
import { base64, connectionJournal, nodeJournal, startFolder, startTimeTravel } from './journals.ts'

const session = (protocol: string) =>
  protocol === 'native' ? usualProtocol(tools).session : undefined

const open = (bytes: Uint8Array) => ({ open: 'bytes', name: 'a file', base64: base64(bytes) })

const nativePair = () => {
  const keys = { dialler: 1, listener: 2 }
  const pair = startPair(
    (role) => native({ network: 'test/travel', privateKey: new Uint8Array(32).fill(keys[role]) }),
    { address: (id = '', { host, port }) => `node://${id}@${host}:${port}` },
  )
  pair.listener.supervisor.messages('message').subscribe(() => undefined)
  for (let count = 0; count < 3; count++) {
    pair.dialler.supervisor.send(pair.dialler.connection, {
      ...{ type: 'message', protocol: 'chat', payload: new Uint8Array(10) },
    })
  }
  pair.world.advance(1_000)
  return pair
}

/** `why: message` */
const refusalOf = (answer: JournalAnswer): string =>
  'refused' in answer ? `${answer.refused.why}: ${answer.refused.message}` : JSON.stringify(answer)

describe('the journal of a node', () => {
  test('is shown step by step, and each chart stands where a second run has it', async () => {
    const { ask } = startTimeTravel({ session })
    const bytes = nodeJournal()
    const { connections, journal, ...opened } = await ask(open(bytes), 'opened')
    expect(opened).toEqual({
      ...{ of: 'node', name: 'alice', protocol: 'native', steps: 5_040, incomplete: null },
      ...{ file: null, unforkable: null },
    })
    expect(connections).toContain('alice/in-1')

    const shown = new Set([0, 1, 5, 6, 9, 13, 40, 500, 2_500, 5_038, 5_039])
    const { remake } = tools
    if (remake === undefined) throw new Error('native is not replayed')
    for (const step of replay(decodeNodeJournal(bytes), { protocol: remake }).steps()) {
      if (!shown.has(step.position)) continue
      const at = await ask({ step: step.position, journal }, 'at')
      expect(at.atMs).toBe(step.entry.wallMs)
      const { connections: lived, state } = step.snapshot()
      const sessions = at.charts.filter(({ chart, of }) => chart === 'native' && of !== 'alice')
      for (const { name, phase, sessionState } of lived) {
        const charts = at.charts.filter(({ of }) => of === name)
        expect(sessions.find(({ of }) => of === name)?.state, name).toBe(sessionState)
        expect(charts.find(({ chart }) => chart === 'connection')?.state).toMatch(phase)
      }
      const root = at.charts.find(({ chart }) => chart === 'root')
      expect(root?.state.split('.')[0] ?? 'idle').toBe(state)
    }
  })

  test('says what came, what followed, and which states are lit', async () => {
    const { ask } = startTimeTravel({ session })
    const { journal } = await ask(open(nodeJournal()), 'opened')
    const at = await ask({ step: 6, journal }, 'at')
    expect(at).toMatchObject({
      input: 'stream.bytes, 269 bytes of alice/in-1',
      ...{ chartsLeftOut: 0, leftOut: 0 },
      path: [{ connection: 'alice/in-1', chart: 'session', event: 'unit' }],
      messages: [
        {
          connection: 'alice/in-1',
          direction: 'received',
          type: 'handshake',
          bytes: 269,
          count: 1,
        },
      ],
    })
    const lit = at.charts.find(({ chart, of }) => chart === 'native' && of === 'alice/in-1')
    expect(lit?.state).toBe('shaking.checking')
    expect(lit?.active.map((id) => id.split('.').slice(1).join('.'))).toEqual([
      ...['', 'shaking', 'shaking.checking'],
    ])
    expect(at.charts.find(({ chart }) => chart === 'connection')?.active).toEqual([
      ...['connection', 'connection.handshaking'],
    ])
  })

  test('is forked into a test that runs, and that a changed network fails', async () => {
    const user = startUserFolder(['journal/journal.ts', 'protocols/native.ts'])
    writeFileSync(join(user.path, 'alice.journal'), nodeJournal())
    const { ask } = startTimeTravel({ recordDir: user.path })
    const opened = await ask({ open: 'file', file: 'alice.journal' }, 'opened')
    expect(opened.file).toBe('alice.journal')
    const { copy, file } = await ask({ fork: 20, journal: opened.journal }, 'forked')
    expect([file, copy]).toEqual(['alice-step-20.test.ts', null])
    expect(user.run(file)).toMatchObject({ passed: true })
    user.change('machines/handshakes/native.js', "'checking'", "'checked'")
    expect(user.run(file).passed).toBe(false)
  })
})

describe('the journal of a connection', () => {
  test('is shown step by step, and its charts stand where a second life has them', async () => {
    const { ask } = startTimeTravel()
    const bytes = connectionJournal()
    const { journal, ...opened } = await ask(open(bytes), 'opened')
    const { recording } = decodeConnectionJournal<BitcoinTypes>(bytes)
    const { remake } = bitcoin
    if (remake === undefined) throw new Error('bitcoin is not replayed')
    const protocol = remake({ settings: recording.header.settings, secrets: {} })
    let number = 0
    for (const step of connectionSteps(recording, { protocol, crypto: chooseCrypto() })) {
      const at = await ask({ step: number++, journal }, 'at')
      const { connectionState, sessionState } = step.snapshot()
      const states = new Map(at.charts.map(({ chart, state }) => [chart, state]))
      expect([states.get('connection'), states.get('bitcoin')]).toEqual([
        ...[connectionState, sessionState],
      ])
    }
    expect(opened).toMatchObject({ of: 'connection', protocol: 'bitcoin', steps: number })
    expect(await ask({ step: 1, journal }, 'at')).toMatchObject({ input: 'stream.opened' })
  })

  test('is forked into a test that runs, beside a copy of what was uploaded', async () => {
    const user = startUserFolder([
      ...['journal/journal.ts', 'protocols/bitcoin.ts', 'transport/crypto/choose.ts'],
    ])
    const { ask } = startTimeTravel({ recordDir: user.path })
    const { journal } = await ask(open(connectionJournal()), 'opened')
    const { copy, file } = await ask({ fork: 3, journal }, 'forked')
    expect([file, copy]).toEqual(['node-out-1-step-3.test.ts', 'node-out-1-step-3.journal'])
    expect(readFileSync(join(user.path, 'node-out-1-step-3.journal'))).toEqual(
      Buffer.from(connectionJournal()),
    )
    expect(user.run(file)).toMatchObject({ passed: true })
    const wish = await ask({ fork: 3, journal, file: '../Why it left.test.ts' }, 'forked')
    expect(wish).toMatchObject({ file: 'why-it-left.test.ts' })
    // Whatever is there is left alone.
    expect(await ask({ fork: 3, journal }, 'forked')).toMatchObject({
      file: 'node-out-1-step-3-2.test.ts',
    })
  })
})

describe('what cannot be lived again', () => {
  test('says so when it is opened, and is no beginning of a test', async () => {
    const folder = startFolder()
    const { ask, travel } = startTimeTravel({ recordDir: folder })
    const { journal, unforkable } = await ask(open(redact(nodeJournal())), 'opened')
    expect(unforkable).toMatch(/^its secrets were taken out: /)
    const answer = await travel.ask({ fork: 3, journal })
    expect(answer).toEqual({ refused: { why: 'bad-journal', message: unforkable } })
    expect(readdirSync(folder)).toEqual([])
  })

  test('of a flight with payloads is what was before them', async () => {
    const folder = startFolder()
    const { ask, travel } = startTimeTravel({ recordDir: folder })
    const { dialler, world } = nativePair()
    dialler.supervisor.recordFlight({ payloads: true })
    dialler.supervisor.disconnect(dialler.connection)
    world.advance(1_000)
    const recording = recordingOf(dialler.supervisor.flightRecording(dialler.connection))
    const { journal, steps, unforkable } = await ask(open(flightFile(recording)), 'opened')
    expect(unforkable).toBe(null)
    const early = await travel.ask({ fork: 0, journal })
    expect(refusalOf(early)).toMatch(/its payloads begin behind this step$/)
    // The name that it had asked for is free again.
    expect(readdirSync(folder)).toEqual([])
    await ask({ fork: steps - 1, journal }, 'forked')
  })
})

describe('tests that are written at the same moment', () => {
  test('have names of their own, and each the journal that it reads', async () => {
    const folder = startFolder()
    // Two inspectors of one folder: nothing but the folder keeps them apart.
    const travels = [1, 2].map(() => startTimeTravel({ recordDir: folder }))
    const answers = await Promise.all(
      travels.map(async ({ ask }) => {
        const { journal } = await ask(open(connectionJournal()), 'opened')
        const wishes = Array.from({ length: 8 }, () =>
          ask({ fork: 3, journal, file: 'same' }, 'forked'),
        )
        return Promise.all(wishes)
      }),
    )
    const forked = answers.flat()
    expect(new Set(forked.map(({ file }) => file)).size).toBe(16)
    expect(readdirSync(folder).toSorted()).toEqual(
      forked.flatMap(({ copy, file }) => [copy, file]).toSorted(),
    )
    for (const { copy, file } of forked) {
      expect(readFileSync(join(folder, file), 'utf8')).toContain(`./${String(copy)}`)
      expect(readFileSync(join(folder, String(copy)))).toEqual(Buffer.from(connectionJournal()))
    }
  })

  test('leave nothing behind where one cannot be written', async () => {
    const folder = startFolder()
    const { ask, travel } = startTimeTravel({ recordDir: folder })
    const { journal } = await ask(open(connectionJournal()), 'opened')
    const answers = await Promise.all([
      ...[1, 2, 3].map(() => travel.ask({ fork: 9_999_999, journal, file: 'same' })),
      travel.ask({ fork: 3, journal, file: 'same' }),
    ])
    for (const answer of answers.slice(0, 3)) {
      expect(refusalOf(answer)).toMatch(/^bad-journal: there are steps 0 to /)
    }
    const files = answers.flatMap((one) => ('forked' in one ? [one.forked] : []))
    expect(readdirSync(folder).toSorted()).toEqual(
      files.flatMap(({ copy, file }) => [copy, file]).toSorted(),
    )
    expect(files).toHaveLength(1)
  })
})

describe('the flight of a live connection', () => {
  test('is shown entry by entry, with the times of its node', async () => {
    const { dialler } = nativePair()
    const recording = dialler.supervisor.flightRecording(dialler.connection)
    if (recording === undefined) throw new Error('nothing is kept')
    const { ask, travel } = startTimeTravel({
      flight: (node, connection) =>
        node === 'dialler' && connection === dialler.connection
          ? { bytes: flightFile(recording), wallAheadMs: 1_000_000, before: {} }
          : undefined,
      session,
    })
    const asked = { open: 'flight', node: 'dialler', connection: dialler.connection }
    const { journal, ...opened } = await ask(asked, 'opened')
    const { entries } = recording
    expect(opened).toMatchObject({ of: 'flight', protocol: 'native', steps: entries.length })
    const last = await ask({ step: entries.length - 1, journal }, 'at')
    expect(last).toMatchObject({
      atMs: (entries.at(-1)?.atMs ?? 0) + 1_000_000,
      messages: [{ direction: 'sent', type: 'message', count: 3 }],
    })
    const states = new Map(last.charts.map(({ chart, state }) => [chart, state]))
    expect([...states]).toEqual(expect.arrayContaining([['connection', 'active']]))
    expect(refusalOf(await travel.ask({ fork: 2, journal }))).toMatch(/^journals-off: /)
    const other = await travel.ask({ ...asked, connection: 'dialler/out-9' })
    expect(refusalOf(other)).toMatch(/^unknown-connection: /)
  })

  test('says where its charts stand, though what moved them was long ago', async () => {
    const { dialler, world } = nativePair()
    // The ring begins anew, and holds no transition.
    dialler.supervisor.recordFlight({ entries: 8 })
    const payload = Uint8Array.of(1)
    const message = { type: 'message', protocol: 'chat', payload } as const
    dialler.supervisor.send(dialler.connection, message)
    world.advance(1_000)
    const clock = { monotonicMs: () => 1_000_000, wallMs: () => 5_000_000 }
    const { ask } = startTimeTravel({
      flight: (_, connection) => recordedFlight(dialler.supervisor, connection, clock),
      session,
    })
    const asked = { open: 'flight', node: 'dialler', connection: dialler.connection }
    const { journal, steps } = await ask(asked, 'opened')
    expect(steps).toBe(1)
    const { atMs, charts } = await ask({ step: 0, journal }, 'at')
    expect(charts).toMatchObject([
      { chart: 'connection', state: 'active', active: ['connection', 'connection.active'] },
      { chart: 'native', state: 'active' },
    ])
    const [entry] = dialler.supervisor.flight(dialler.connection)
    expect(atMs).toBe((entry?.atMs ?? 0) + 4_000_000)
  })

  test('with payloads is forked into a test that runs; without it says why not', async () => {
    const user = startUserFolder(['testing/testing.ts', 'protocols/native.ts'])
    const { ask, travel } = startTimeTravel({ recordDir: user.path })
    const { dialler } = nativePair()
    const bare = recordingOf(dialler.supervisor.flightRecording(dialler.connection))
    const { journal } = await ask(open(flightFile(bare)), 'opened')
    const answer = await travel.ask({ fork: 1, journal })
    expect(refusalOf(answer)).toBe('bad-journal: it was recorded without payloads')

    const full = nativeFault()
    const opened = await ask(open(flightFile(full)), 'opened')
    const last = opened.steps - 1
    const { file } = await ask({ fork: last, journal: opened.journal }, 'forked')
    const early = await ask({ fork: 6, journal: opened.journal }, 'forked')
    const texts = [file, early.file].map((name) => readFileSync(join(user.path, name), 'utf8'))
    const events = texts.map((text) => text.match(/flight\.(?:give|start)\(/g)?.length ?? 0)
    expect(events[0]).toBe(full.blocks.flatMap((block) => block.events).length)
    expect(events[1]).toBeLessThan(events[0] ?? 0)
    expect([user.run(file).passed, user.run(early.file).passed]).toEqual([true, true])
  })
})

test('four are open at once: the one that was looked at longest ago is closed for a fifth', async () => {
  const { ask, travel } = startTimeTravel()
  const journals: string[] = []
  for (let count = 0; count < 4; count++) {
    journals.push((await ask(open(connectionJournal()), 'opened')).journal)
  }
  const [first = '', second = ''] = journals
  await ask({ step: 0, journal: first }, 'at')
  await ask(open(connectionJournal()), 'opened')
  expect(await travel.ask({ step: 0, journal: second })).toMatchObject({
    refused: { why: 'bad-journal' },
  })
  await ask({ step: 0, journal: first }, 'at')
  await ask({ close: first }, 'closed')
  expect(await travel.ask({ step: 0, journal: first })).toMatchObject({
    refused: { why: 'bad-journal' },
  })
})

test('one that nobody looks at is closed by itself', async () => {
  const { ask, travel } = startTimeTravel({ answerMs: 2_000_000 })
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
  onTestFinished(() => {
    vi.useRealTimers()
  })
  const { journal } = await ask(open(connectionJournal()), 'opened')
  vi.advanceTimersByTime(599_000)
  await ask({ step: 0, journal }, 'at')
  vi.advanceTimersByTime(599_000)
  await ask({ step: 0, journal }, 'at')
  vi.advanceTimersByTime(600_000)
  expect(refusalOf(await travel.ask({ step: 0, journal }))).toMatch(/^bad-journal: it is not open/)
})

test('of a folder with more than are listed it is said how many', async () => {
  const folder = startFolder()
  for (let number = 1_000; number < 1_503; number++) writeFileSync(join(folder, `${number}`), '')
  const { ask } = startTimeTravel({ recordDir: folder })
  expect(await ask({ list: true }, 'more')).toBe(3)
  expect((await ask({ list: true }, 'files')).at(-1)).toEqual({ file: '1499', bytes: 0 })
})

test('a folder holds what there is to open, and nothing else', async () => {
  const folder = startFolder()
  writeFileSync(join(folder, 'node.journal'), nodeJournal())
  writeFileSync(join(folder, '.hidden'), '')
  writeFileSync(join(folder, 'a b'), '')
  const { ask, travel } = startTimeTravel({ recordDir: folder })
  expect(await ask({ list: true }, 'more')).toBe(0)
  expect(await ask({ list: true }, 'files')).toEqual([{ file: 'node.journal', bytes: 167_887 }])
  const none = startTimeTravel()
  expect(await none.travel.ask({ list: true })).toMatchObject({ refused: { why: 'journals-off' } })
  expect(await travel.ask({ open: 'file', file: 'other.journal' })).toMatchObject({
    refused: { why: 'bad-journal', message: 'other.journal is not there' },
  })
})

test('a recording that is opened for somebody who has left is closed again', async () => {
  const { travel } = startTimeTravel()
  const asked: unknown[] = []
  let leave: () => void = () => undefined
  let isOver: () => void = () => undefined
  const left = new Promise<void>((resolve) => (leave = resolve))
  const over = new Promise<void>((resolve) => (isOver = resolve))
  const { server } = await startServer({
    routes: {
      chart: () => undefined,
      async journal(given) {
        asked.push(given)
        client.destroy()
        await left
        const answer = await travel.ask(given)
        if ('closed' in answer) isOver()
        return answer
      },
    },
  })
  const client = request(`http://127.0.0.1:${String(server.port)}/journals`, {
    method: 'POST',
    headers: { authorization: `Bearer ${tokenOf(server)}` },
  })
  client.on('error', () => undefined)
  client.on('close', leave)
  client.end(JSON.stringify(open(connectionJournal())))
  await over
  expect(asked).toMatchObject([{ open: 'bytes' }, { close: 'journal-1' }])
  expect(refusalOf(await travel.ask({ step: 0, journal: 'journal-1' }))).toMatch(/not open/)
})
