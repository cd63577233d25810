import { expect, test } from 'vitest'
import { Subject } from 'rxjs'
import { encodeHex } from '../../codec/bytes.ts'
import type { ConnectionRecording } from '../../journal/connection-entries.ts'
import { connectionMemory } from '../../journal/connection-memory.ts'
import { recordConnections } from '../../journal/connection-recorder.ts'
import type { ConnectionSink } from '../../journal/connection-recorder.ts'
import {
  connectionSteps,
  redactConnection,
  replayConnection,
} from '../../journal/connection-replay.ts'
import { printHash } from '../../journal/plain-data.ts'
import { nobleCrypto } from '../../transport/crypto/noble.ts'
import { plain } from '../contracts/fits/plain.ts'
import type { PlainTypes } from '../contracts/fits/plain.ts'
import { startNode, startVirtualWorld } from '../support/nodes.ts'
import { recordingOf, startRecorded, SUBJECTS } from './connection-recorded.ts'

const crypto = nobleCrypto()
const blob = (bytes: number) => ({ type: 'blob' as const, payload: new Uint8Array(bytes) })
const alone = (recording: ConnectionRecording<PlainTypes>, allowCut = false) =>
  replayConnection(recording, { protocol: plain(), crypto, allowCut })
const overOf = ({ entries }: ConnectionRecording<PlainTypes>) =>
  entries.flatMap((entry) => (entry.of === 'over' ? [entry.why] : []))

const bytesIn = (value: unknown): readonly Uint8Array[] => {
  if (value instanceof Uint8Array) return [value]
  if (typeof value !== 'object' || value === null) return []
  return Object.values(value).flatMap(bytesIn)
}

/** Bob, whose manifest and recorder are given, dials alice. */
function startPair(sink: ConnectionSink<PlainTypes>, { on = true, protocol = plain() } = {}) {
  const recorder = recordConnections<PlainTypes>({ sink, on })
  const world = startVirtualWorld({ seed: 'recorder' })
  const alice = startNode(world, 'alice', '10.0.0.1', plain())
  const bob = startNode(world, 'bob', '10.0.0.2', protocol, {
    bootstrap: ['10.0.0.1:7001'],
    connection: recorder.connection,
  })
  world.advance(1_000)
  const say = (bytes: number) => {
    const [to] = bob.supervisor.connections()
    const outcome = bob.supervisor.send(to?.name ?? '', blob(bytes))
    world.advance(100)
    return outcome
  }
  return { world, alice, bob, recorder, say }
}

/** Counts what is called of a sink. */
function startCounted() {
  const memory = connectionMemory<PlainTypes>()
  let calls = 0
  const sink: ConnectionSink<PlainTypes> = {
    begin(header, seed) {
      calls++
      const taker = memory.begin(header, seed)
      return (
        taker && {
          entry(entry) {
            calls++
            taker.entry(entry)
          },
          message: taker.message,
          keys: taker.keys,
        }
      )
    },
    over: memory.over,
  }
  return { memory, sink, calls: () => calls }
}

test('switched off nothing of the recorder is called, and chance is the connection its own', () => {
  const { calls, memory, sink } = startCounted()
  const { say, bob, recorder } = startPair(sink, { on: false })
  for (let count = 0; count < 10; count++) expect(say(100)).toBe('queued')
  expect(bob.eventsOf('fault')).toEqual([])
  expect([calls(), recorder.recording, memory.recordings]).toEqual([0, [], []])
})

test('switched on while the node runs, connections are recorded that start from then on', () => {
  const { calls, memory, sink } = startCounted()
  const { alice, recorder, say, world } = startPair(sink, { on: false })
  recorder.isOn = true
  say(1)
  expect(calls()).toBe(0)
  alice.supervisor.disconnect(alice.supervisor.connections()[0]?.name ?? '')
  world.advance(10_000)
  expect(recorder.recording).toHaveLength(1)
  recorder.isOn = false
  say(2)
  recorder.finish()
  expect(say(3)).toBe('queued')
  const [recording] = memory.recordings
  expect(memory.recordings).toHaveLength(1)
  expect(recording && overOf(recording)).toEqual(['stopped'])
  expect(recording?.secrets?.messages).toEqual([blob(2)])
  expect(recording && alone(recording)).toBeUndefined()
})

test('at its bound a recording says so and ends; the connection goes on', () => {
  const { bob, memory, talk } = startRecorded(SUBJECTS.plain, { recordingBytesMax: 4_000 })
  let received = 0
  bob.supervisor.messages('blob').subscribe(() => received++)
  talk()
  expect(received).toBe(40)
  expect(bob.eventsOf('fault')).toEqual([])
  expect(memory.recordings.map(overOf)).toEqual(memory.recordings.map(() => ['full']))
  expect(memory.recordings.map((recording) => alone(recording))).toEqual(
    memory.recordings.map(() => undefined),
  )
})

test('whoever keeps the entries may fail: the recording is over, and the connection goes on', () => {
  const memory = connectionMemory<PlainTypes>()
  const ends: unknown[] = []
  let left = 30
  const { bob, say } = startPair({
    begin(header, seed) {
      const taker = memory.begin(header, seed)
      return (
        taker && {
          ...taker,
          entry(entry) {
            if (left-- <= 0) throw new Error('the disk is full')
            taker.entry(entry)
          },
        }
      )
    },
    over: (_, why, error) => ends.push([why, String(error)]),
  })
  expect(say(10)).toBe('queued')
  expect(bob.supervisor.connections().map(({ phase }) => phase)).toEqual(['active'])
  expect([ends, bob.eventsOf('fault')]).toEqual([[['failed', 'Error: the disk is full']], []])
  const [recording] = memory.recordings
  expect(recording && alone(recording, true)).toBeUndefined()
  expect(recording && alone(recording)?.expected).toMatch('the recording is cut')
})

test.each(['begin', 'entry', 'nothing'] as const)(
  'a sink that throws as it is told of an end, where %s failed before, ends no connection',
  (failing) => {
    const memory = connectionMemory<PlainTypes>()
    const fail = (what: string) => {
      if (what === failing) throw new Error(`it fails at its ${what}`)
    }
    const { bob, recorder, say, world } = startPair({
      begin(header, seed) {
        fail('begin')
        const taker = memory.begin(header, seed)
        return (
          taker && {
            ...taker,
            entry(entry) {
              taker.entry(entry)
              fail('entry')
            },
          }
        )
      },
      over() {
        throw new Error('it fails at its end')
      },
    })
    expect(say(10)).toBe('queued')
    expect(bob.supervisor.connections().map(({ phase }) => phase)).toEqual(['active'])
    void bob.supervisor.stop()
    world.advance(10_000)
    expect([bob.supervisor.state, bob.eventsOf('fault')]).toEqual(['stopped', []])
    expect([recorder.unheardEnds, recorder.recording]).toEqual([1, []])
  },
)

test('a slow handler holds the connection in the recording as it did in life', async () => {
  const limits = { creditBytesMax: 8 * 32 * 1024 }
  const { alice, bob, memory, world } = startRecorded(SUBJECTS.plain, { limits })
  const settled = new Subject<undefined>()
  bob.supervisor.handle(
    'blob',
    () =>
      new Promise((resolve) =>
        settled.subscribe(() => {
          resolve()
        }),
      ),
    {
      deadlineMs: 600_000,
    },
  )
  const [to] = alice.supervisor.connections()
  for (let count = 0; count < 20; count++) alice.supervisor.send(to?.name ?? '', blob(10_000))
  world.advance(1_000)
  expect(bob.supervisor.audit().creditBytes).toBe(40_000)
  for (let round = 0; round < 10; round++) {
    settled.next(undefined)
    for (let turn = 0; turn < 5; turn++) await Promise.resolve()
    world.advance(1_000)
  }
  expect(bob.supervisor.audit().creditBytes).toBe(0)
  void bob.supervisor.stop()
  world.advance(5_000)
  const recording = recordingOf(memory.recordings, 'dialler')
  const credits = recording.entries.flatMap((one) => (one.of === 'credit' ? [one.exhausted] : []))
  expect(credits.filter((isExhausted) => isExhausted).length).toBeGreaterThan(2)
  expect(alone(recording)).toBeUndefined()
  const held = recording.entries.findIndex((one) => one.of === 'credit' && one.exhausted)
  expect(alone({ ...recording, entries: recording.entries.toSpliced(held, 1) })).toBeDefined()
})

test.each([
  ['hello-late', 6_000, false],
  ['silent', 70_000, true],
] as const)('a deadline ends it again by itself: %s', (detail, waitMs, isGreeted) => {
  const memory = connectionMemory<PlainTypes>()
  const { bob, world } = startPair(memory)
  const far = world.network.node('10.0.0.9').streams
  far.start(() => undefined)
  far.open(2, { host: '10.0.0.2', port: 7001 })
  world.settle()
  if (isGreeted) far.write(2, Uint8Array.of(0, 0, 0, 0, 1))
  world.advance(waitMs)
  const recording = recordingOf(memory.recordings, 'listener')
  expect(bob.eventsOf('connection.closed').map((event) => event.detail)).toContain(detail)
  expect(alone(recording)).toBeUndefined()
  // The ring is found out again: a recording that keeps it to itself differs.
  const rings = recording.entries.findLastIndex(
    (one) => one.of === 'in' && one.call.kind === 'ring',
  )
  expect(alone({ ...recording, entries: recording.entries.toSpliced(rings, 1) })).toBeDefined()
})

test('a part of the network that throws drops it again', () => {
  const throwing = () => {
    const protocol = plain()
    return {
      ...protocol,
      wire: (setup: Parameters<typeof protocol.wire>[0]) => ({
        ...protocol.wire(setup),
        get bufferedBytes() {
          return 0
        },
        push() {
          throw new Error('a wire that fails')
        },
      }),
    }
  }
  const memory = connectionMemory<PlainTypes>()
  const { bob } = startPair(memory, { protocol: throwing() })
  expect(bob.eventsOf('connection.closed').map(({ detail }) => detail)).toContain('wire-fault')
  const recording = recordingOf(memory.recordings, 'dialler')
  expect(replayConnection(recording, { protocol: throwing(), crypto })).toBeUndefined()
  expect(alone(recording)).toMatchObject({ expected: 'out fault' })
})

test('a network that behaves otherwise is told apart, and where', () => {
  const memory = connectionMemory<PlainTypes>()
  const { say } = startPair(memory)
  say(10)
  const recording = recordingOf(memory.recordings, 'dialler')
  const protocol = { ...plain(), estimateBytes: () => 1 }
  expect(replayConnection(recording, { protocol, crypto, allowCut: true })).toMatchObject({
    expected: 'did message bytesOnWire=15 direction=sent type=blob',
    got: 'did message bytesOnWire=1 direction=sent type=blob',
  })
})

test('it is walked step by step, and left at any of them', () => {
  const memory = connectionMemory<PlainTypes>()
  const { bob, say, world } = startPair(memory)
  say(10)
  void bob.supervisor.stop()
  world.advance(5_000)
  const recording = recordingOf(memory.recordings, 'dialler')
  const options = { protocol: plain(), crypto }
  const phases: string[] = []
  for (const { snapshot } of connectionSteps(recording, options)) phases.push(snapshot().phase)
  expect([...new Set(phases)]).toEqual(['connecting', 'handshaking', 'active', 'closing', 'closed'])

  for (const step of connectionSteps(recording, options)) {
    if (step.snapshot().phase !== 'active') continue
    const fork = step.fork()
    const ping = Uint8Array.of(0, 0, 0, 1, 2, 9)
    expect(fork.receive(ping)).toContainEqual(expect.objectContaining({ kind: 'stream.write' }))
    expect(fork.send(blob(4)).outcome).toBe('queued')
    expect(fork.snapshot().counters).toMatchObject({ receivedMessages: 2, handledMessages: 2 })
    fork.advance(61_000)
    expect(fork.snapshot().ending).toMatchObject({ reason: 'deadline', detail: 'silent' })
    // The walk itself has not moved.
    expect(step.snapshot().phase).toBe('active')
    break
  }
  expect(alone(recording)).toBeUndefined()
})

test('of a recording that is only its end, the last step says so', () => {
  const memory = connectionMemory<PlainTypes>()
  const { bob, world } = startPair(memory)
  void bob.supervisor.stop()
  world.advance(5_000)
  const recording = recordingOf(memory.recordings, 'dialler')
  const end = { ...recording, entries: recording.entries.slice(-1) }
  const steps = [...connectionSteps(end, { protocol: plain(), crypto })]
  expect(steps).toMatchObject([{ position: 0, entries: end.entries, difference: { position: 0 } }])
  expect(alone(end)).toEqual(steps[0]?.difference)
})

test('what is secret stands among the secrets alone, and without them nothing is replayed', () => {
  const { memory, protocol, talk } = startRecorded(SUBJECTS.native)
  talk(3)
  const recording = recordingOf(memory.recordings, 'dialler')
  const redacted = redactConnection(recording)
  const secrets = bytesIn([recording.secrets?.seed, recording.secrets?.keys]).filter(
    ({ length }) => length >= 8,
  )
  expect(secrets.length).toBeGreaterThan(4)
  const text = JSON.stringify(redacted, (_, value: unknown) =>
    value instanceof Uint8Array ? encodeHex(value) : typeof value === 'bigint' ? `${value}` : value,
  )
  for (const secret of secrets) expect(text).not.toContain(encodeHex(secret))
  expect(() => replayConnection(redacted, { protocol: protocol(), crypto })).toThrow(
    'a recording without its secrets can be read, and not replayed',
  )
})

test('what was written in plain text cannot be guessed from a recording without its secrets', () => {
  const memory = connectionMemory<PlainTypes>()
  const { say } = startPair(memory)
  say(4)
  const recording = recordingOf(memory.recordings, 'dialler')
  const hashesIn = ({ entries }: ConnectionRecording<PlainTypes>) =>
    entries.flatMap((entry) =>
      entry.of === 'did' && entry.deed.kind === 'stream.write' ? [entry.deed.hash] : [],
    )
  // The greeting of that network.
  const guessed = printHash(crypto.sha256(Uint8Array.of(0, 0, 0, 0, 1)))
  const redacted = redactConnection(recording)
  expect(hashesIn(recording)).toContain(guessed)
  expect(hashesIn(redacted)).toHaveLength(hashesIn(recording).length)
  expect(hashesIn(recording).filter((hash) => hashesIn(redacted).includes(hash))).toEqual([])
  // Equal writes stay equal, and it is taken out once.
  expect(redactConnection(redacted)).toEqual(redacted)
  expect(alone(recording)?.expected).toContain('cut')
})

test('a recording of another network is refused', () => {
  const memory = connectionMemory<PlainTypes>()
  startPair(memory)
  const recording = recordingOf(memory.recordings, 'dialler')
  expect(() =>
    replayConnection(recording, { protocol: { ...plain(), name: 'other' }, crypto }),
  ).toThrow('a recording of plain is no recording of other')
})
