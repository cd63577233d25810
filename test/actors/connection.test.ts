import { describe, expect, test } from 'vitest'
import { concatBytes } from '../../codec/bytes.ts'
import type { Protocol } from '../../index.ts'
import { chooseCrypto } from '../../transport/crypto/choose.ts'
import type { JobInput, Jobs } from '../../world/jobs.ts'
import { bound } from '../contracts/fits/bound.ts'
import { plain } from '../contracts/fits/plain.ts'
import type { PlainTypes } from '../contracts/fits/plain.ts'
import { startNode, startVirtualWorld } from '../support/nodes.ts'

/** Its wire breaks with what comes first, by a fault of its own. */
const breaking = (): Protocol<PlainTypes> => {
  const protocol = plain()
  return {
    ...protocol,
    wire: (setup) => ({
      ...protocol.wire(setup),
      read() {
        throw new Error('a wire that breaks')
      },
    }),
  }
}

test('a connection whose wire breaks is told of, and is gone at once', () => {
  const world = startVirtualWorld({ seed: 'breaking' })
  const alice = startNode(world, 'alice', '10.0.0.1', plain())
  const bob = startNode(world, 'bob', '10.0.0.2', breaking())
  void bob.supervisor.connect(`10.0.0.1:${String(plain().defaultPort)}`)
  world.advance(1_000)
  expect(bob.eventsOf('fault').map(({ error }) => String(error))).toContain(
    'Error: a wire that breaks',
  )
  expect(bob.eventsOf('connection.closed')[0]).toMatchObject({
    reason: 'our-fault',
    detail: 'wire-fault',
  })
  expect(bob.supervisor.audit()).toMatchObject({ connections: 0, streams: 0 })
  expect(alice.supervisor.connections()).toEqual([])
})

test('what a wire cannot write counts as not sent', () => {
  const world = startVirtualWorld({ seed: 'breaking' })
  const alice = startNode(world, 'alice', '10.0.0.1', plain())
  let isBroken = false
  const protocol = plain()
  const bob = startNode(world, 'bob', '10.0.0.2', {
    ...protocol,
    wire(setup) {
      const wire = protocol.wire(setup)
      return {
        ...wire,
        write(messages) {
          if (isBroken) throw new Error('a wire that breaks')
          wire.write(messages)
        },
      }
    },
  })
  void bob.supervisor.connect(`10.0.0.1:${String(protocol.defaultPort)}`)
  world.advance(1_000)
  const sentBefore = bob.supervisor.counts().totals.traffic.sentMessages
  isBroken = true
  const [peer = ''] = bob.supervisor.connections().map(({ name }) => name)
  const message = { type: 'blob', payload: new Uint8Array(9) } as const
  expect([bob.supervisor.send(peer, message), bob.supervisor.send(peer, message)]).toEqual([
    'queued',
    'queued',
  ])
  world.advance(100)
  expect(bob.eventsOf('connection.closed')[0]).toMatchObject({ detail: 'wire-fault' })
  expect(bob.supervisor.counts().totals.traffic).toMatchObject({
    sentMessages: sentBefore,
    unsentMessages: 2,
  })
  expect(alice.eventsOf('connection.closed')).toHaveLength(1)
})

/** What dials alice and says no more than its test has it say. */
function startStranger(world: ReturnType<typeof startVirtualWorld>, port: number) {
  const { streams } = world.nodeWorld('stranger', '10.0.0.9')
  streams.start((input) => {
    if (input.kind === 'stream.opened') streams.resume(2)
  })
  streams.open(2, { host: '10.0.0.1', port })
  world.advance(100)
  return {
    write(...parts: readonly Uint8Array[]): void {
      streams.write(2, concatBytes(...parts))
      world.advance(100)
    },
    end(): void {
      streams.end(2)
      world.advance(100)
    },
  }
}

const keyOf = (byte: number) => new Uint8Array(32).fill(byte)

/** Jobs that are done when a test says so. */
function startHeldJobs() {
  const out: number[] = []
  let tell: ((input: JobInput) => void) | undefined
  const jobs: Jobs = {
    start(enter) {
      tell = enter
    },
    run(request) {
      out.push(request)
    },
    stop: () => undefined,
  }
  const finish = (request: number): void => {
    tell?.({ kind: 'job.done', request, result: new Uint8Array(32) })
  }
  return { jobs, out, finish }
}

test('a connection that ends while its job is out waits for it no more', () => {
  const world = startVirtualWorld({ seed: 'a job that is out' })
  const { finish, jobs, out } = startHeldJobs()
  const alice = startNode(world, 'alice', '10.0.0.1', bound(keyOf(1)), { jobs })
  const stranger = startStranger(world, 7004)
  stranger.write(chooseCrypto().publicKeyOf(keyOf(9)))
  expect(alice.supervisor.audit()).toMatchObject({ connections: 1, questions: 1 })
  alice.supervisor.disconnect('alice/in-1')
  stranger.end()
  expect(alice.supervisor.audit()).toMatchObject({ connections: 0, questions: 0 })
  expect(out).toHaveLength(1)
  const told = alice.events.length
  for (const request of out) finish(request)
  world.advance(100)
  expect(alice.events.slice(told)).toEqual([])
})

describe('a connection that is closing, with somebody who does not close', () => {
  const FLUSH_MS = 1_000

  test('is gone when its time to flush is over, though handlers hold all of its credit', () => {
    const world = startVirtualWorld({ seed: 'held' })
    const alice = startNode(world, 'alice', '10.0.0.1', plain(), {
      limits: { creditBytesMax: 8 * 1_024 },
    })
    const stranger = startStranger(world, plain().defaultPort)
    stranger.write(Uint8Array.of(0, 0, 0, 0, 1))
    alice.supervisor.handle('blob', () => new Promise<never>(() => undefined), {
      deadlineMs: 60_000,
    })
    stranger.write(Uint8Array.of(0, 0, 0, 0, 4))
    expect(alice.supervisor.counts().levels.held).toBe(1)
    alice.supervisor.disconnect('alice/in-1')
    expect(alice.supervisor.counts().levels.held).toBe(0)
    world.advance(FLUSH_MS - 1)
    expect(alice.supervisor.connections()).toMatchObject([{ phase: 'closing' }])
    world.advance(1)
    expect(alice.supervisor.audit()).toMatchObject({ connections: 0, slots: 0, streams: 0 })
  })

  test('is gone when its time to flush is over, though its job is out', () => {
    const world = startVirtualWorld({ seed: 'held' })
    const { jobs } = startHeldJobs()
    const alice = startNode(world, 'alice', '10.0.0.1', bound(keyOf(1)), { jobs })
    startStranger(world, 7004).write(chooseCrypto().publicKeyOf(keyOf(9)))
    expect(alice.supervisor.counts().levels.held).toBe(1)
    alice.supervisor.disconnect('alice/in-1')
    world.advance(FLUSH_MS)
    expect(alice.supervisor.audit()).toMatchObject({ connections: 0, questions: 0, slots: 0 })
  })
})

describe('a connection that is active', () => {
  const hello = Uint8Array.of(0, 0, 0, 0, 1)
  const blobs = Uint8Array.of(0, 0, 0, 0, 4)

  function startActive() {
    const world = startVirtualWorld({ seed: 'silence' })
    const alice = startNode(world, 'alice', '10.0.0.1', plain())
    const stranger = startStranger(world, plain().defaultPort)
    stranger.write(hello)
    const phases = () => alice.supervisor.connections().map(({ phase }) => phase)
    expect(phases()).toEqual(['active'])
    return { world, alice, stranger, phases }
  }

  test('goes on as long as bytes arrive, and ends a minute after the last', () => {
    const { world, alice, stranger, phases } = startActive()
    for (let round = 0; round < 3; round++) {
      world.advance(45_000)
      stranger.write(blobs)
      expect(phases()).toEqual(['active'])
    }
    world.advance(59_000)
    expect(phases()).toEqual(['active'])
    world.advance(3_000)
    expect(alice.eventsOf('connection.closed').map(({ detail }) => detail)).toEqual(['silent'])
  })

  test('goes on while a message comes in parts', () => {
    const { world, stranger, phases } = startActive()
    for (const byte of blobs) {
      world.advance(45_000)
      stranger.write(Uint8Array.of(byte))
      expect(phases()).toEqual(['active'])
    }
  })
})
