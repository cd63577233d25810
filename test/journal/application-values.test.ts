import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { createSupervisor } from '../../index.ts'
import { fileJournal } from '../../journal/file-journal.ts'
import { connectionMemory } from '../../journal/connection-memory.ts'
import { recordConnections } from '../../journal/connection-recorder.ts'
import type { JournalStatus } from '../../journal/journal-writer.ts'
import { memoryJournal } from '../../journal/memory-journal.ts'
import type { MemoryJournalOptions } from '../../journal/memory-journal.ts'
import { decodeNodeJournal } from '../../journal/node-journal.ts'
import { replay } from '../../journal/replay.ts'
import { createValueWriter } from '../../journal/value-writer.ts'
import { unpackAll } from '../../journal/packing.ts'
import { startVirtualWorld } from '../../testing/virtual-world.ts'
import { plain } from '../contracts/fits/plain.ts'
import type { PlainTypes } from '../contracts/fits/plain.ts'
import { startNode } from '../support/nodes.ts'
import { recordable } from './recorded.ts'

class Blob {
  readonly type = 'blob'
  readonly payload = Uint8Array.of(1, 2, 3)
  readonly more = new Map([[1, 2]])
}

function startBob(options: MemoryJournalOptions = {}) {
  const world = startVirtualWorld({ seed: 'values' })
  const { supervisor: alice } = startNode(world, 'alice', '10.0.0.1', plain())
  const { datagrams, store, streams, ...rest } = world.nodeWorld('bob', '10.0.0.2')
  const journal = memoryJournal(options)
  const bob = createSupervisor({
    ...{ name: 'bob', protocol: plain(), transport: streams, store, world: rest },
    record: journal,
    peers: { bootstrap: ['10.0.0.1:7001'] },
    ...(datagrams === undefined ? {} : { datagrams }),
  })
  void bob.start()
  return { alice, bob, journal, world }
}

test('a message that is an object of a class is recorded as its own fields, and replays', () => {
  const { bob, journal, world } = startBob()
  world.advance(1_000)
  expect(bob.send(bob.connections()[0]?.name ?? '', new Blob())).toBe('queued')
  world.advance(1_000)
  void bob.stop()
  world.advance(10_000)
  const read = decodeNodeJournal(journal.bytes())
  expect(read.incomplete).toBeUndefined()
  expect(replay(read, { protocol: recordable.plain.remake }).run()).toBeUndefined()
})

test('the journal taken from inside a step holds what is whole, and the recording goes on', () => {
  const { bob, journal, world } = startBob()
  const taken: Uint8Array[] = []
  bob.events.subscribe(() => taken.push(journal.bytes()))
  world.advance(5_000)
  void bob.stop()
  world.advance(10_000)
  const whole = decodeNodeJournal(journal.bytes())
  expect(whole.incomplete).toBeUndefined()
  expect(replay(whole, { protocol: recordable.plain.remake }).run()).toBeUndefined()
  expect(taken.length).toBeGreaterThan(2)
  for (const bytes of taken.slice(1)) {
    const { entries } = decodeNodeJournal(bytes)
    expect(entries).toEqual(whole.entries.slice(0, entries.length))
  }
})

test('a value that takes the journal while it is written down spoils nothing', () => {
  const { bob, journal, world } = startBob()
  world.advance(1_000)
  const { name = '' } = bob.connections()[0] ?? {}
  let asked = 0
  for (let number = 0; number < 20; number++) {
    const given = {
      type: 'blob',
      get payload() {
        asked++
        expect(() => decodeNodeJournal(journal.bytes())).not.toThrow()
        return Uint8Array.of(number)
      },
    } as const
    expect(bob.send(name, given)).toBe('queued')
    if (number % 5 === 0) world.advance(300)
  }
  world.advance(1_000)
  void bob.stop()
  world.advance(10_000)
  expect(asked).toBeGreaterThan(20)
  const read = decodeNodeJournal(journal.bytes())
  expect(read.incomplete).toBeUndefined()
  expect(replay(read, { protocol: recordable.plain.remake }).run()).toBeUndefined()
})

test('a value that cannot be read ends the recording, which says so and keeps what is before it', () => {
  const live = (extra: () => object) => {
    const told: JournalStatus[] = []
    const { bob, journal, world } = startBob({ onCutShort: (status) => told.push(status) })
    world.advance(1_000)
    const message = { type: 'blob', payload: Uint8Array.of(1), extra: extra() } as const
    expect(bob.send(bob.connections()[0]?.name ?? '', message)).toBe('queued')
    world.advance(1_000)
    void bob.stop()
    world.advance(10_000)
    expect(bob.state).toBe('stopped')
    return { read: decodeNodeJournal(journal.bytes()), status: journal.status, told }
  }
  const whole = live(() => ({}))
  const { read, status, told } = live(() => {
    const { proxy, revoke } = Proxy.revocable({}, {})
    revoke()
    return proxy
  })
  const at = whole.read.entries.findIndex(
    ({ input }) => input.kind === 'command' && input.command.name === 'send',
  )
  expect(told).toMatchObject([{ ending: 'unwritable', entries: at, lostEntries: 1 }])
  expect(read).toMatchObject({ isBroken: false, head: { ending: 'unwritable' } })
  expect(read.incomplete).toMatch(/could not be written down, and \d+ entries were lost$/)
  expect(read.entries).toEqual(whole.read.entries.slice(0, at))
  expect(status.entries + status.lostEntries).toBe(whole.read.entries.length)
})

test('what a handler gives that is no answer is not looked at, and the node goes on', async () => {
  const { alice, bob, journal, world } = startBob()
  world.advance(1_000)
  let asked = 0
  const given = {
    get inside() {
      asked++
      return given
    },
  }
  // The compiler refuses it: in JavaScript a handler may give whatever its last call gave.
  const settled = new Promise<void>((resolve) => {
    Reflect.apply(resolve, undefined, [given])
  })
  bob.handle('blob', () => settled)
  alice.send(alice.connections()[0]?.name ?? '', new Blob())
  world.advance(1_000)
  await new Promise(setImmediate)
  world.advance(1_000)
  void bob.stop()
  world.advance(10_000)
  const read = decodeNodeJournal(journal.bytes())
  const answers = read.entries.filter(({ input }) => input.kind === 'handler.settled')
  expect([answers.map(({ input }) => input), asked]).toMatchObject([
    [{ outcome: 'done', value: null }],
    0,
  ])
  expect(replay(read, { protocol: recordable.plain.remake }).run()).toBeUndefined()
})

test('whatever an application gives can be written, and is read again', () => {
  const cyclic: Record<string, unknown> = { name: 'ring' }
  cyclic['self'] = cyclic
  const given = [
    ...[
      Symbol('x'),
      () => 1,
      2n ** 70n,
      cyclic,
      new Map([[1, 2]]),
      new Blob(),
      Object('boxed') as unknown,
    ],
    Object.defineProperty({}, 'bad', {
      enumerable: true,
      get: () => {
        throw new Error('asked for')
      },
    }),
    JSON.parse('{"__proto__":{"x":1},"kept":2}') as unknown,
  ]
  const writer = createValueWriter(0)
  writer.value(given)
  const [read] = unpackAll(writer.written(), 'the test')
  const again = createValueWriter(0)
  again.value(read)
  expect(again.written()).toEqual(writer.written())
})

test('a supervisor that does not come about leaves no file, and its path is free', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'peerloom-abandoned-'))
  onTestFinished(() => {
    rmSync(folder, { recursive: true, force: true })
  })
  const path = join(folder, 'bob.journal')
  const world = startVirtualWorld({ seed: 'abandoned' })
  const { datagrams, store, streams, ...rest } = world.nodeWorld('bob', '10.0.0.2')
  const parts = { name: 'bob', protocol: plain(), transport: streams, store, world: rest }
  const both = { record: fileJournal(path), flight: { entries: -1 } }
  expect(() => createSupervisor({ ...parts, ...both })).toThrow('entries')
  expect(existsSync(path)).toBe(false)
  await both.record.closed

  const connection = recordConnections({ sink: connectionMemory<PlainTypes>() }).connection
  const pair = { record: memoryJournal(), connection }
  expect(() => createSupervisor({ ...parts, ...pair })).toThrow('a node is recorded, or')
  expect(datagrams).toBeDefined()
})

test('what happened to a node that is idle is in its file soon, without another step', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'peerloom-idle-'))
  onTestFinished(() => {
    rmSync(folder, { recursive: true, force: true })
  })
  const path = join(folder, 'bob.journal')
  const world = startVirtualWorld({ seed: 'idle' })
  const { datagrams, store, streams, ...rest } = world.nodeWorld('bob', '10.0.0.2')
  const record = fileJournal(path)
  const parts = { name: 'bob', protocol: plain(), transport: streams, store, world: rest }
  void createSupervisor({ ...parts, record, ...(datagrams && { datagrams }) }).start()
  world.settle()
  const steps = () => decodeNodeJournal(readFileSync(path)).entries.length
  await expect.poll(steps, { timeout: 20_000 }).toBeGreaterThan(1)
})
