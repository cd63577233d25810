/**
 * Each invariant finds what it is there for: nodes with one part that is wrong, in a network that is
 * otherwise as it is.
 */
import { expect, test } from 'vitest'
import type { Protocol } from '../../../actors/protocol.ts'
import type { NativeTypes } from '../../../machines/handshakes/native.ts'
import { SIMULATION_PRESETS } from '../../../testing/simulator/preset.ts'
import type { Invariant } from '../../../testing/simulator/violations.ts'
import { run } from './simulations.ts'
import type { Changed } from './simulations.ts'

type Manifest = Protocol<NativeTypes>
type Wire = ReturnType<Manifest['wire']>

const brokenBy = (changed: Changed): ReadonlySet<Invariant> => {
  const { violationCount, violations } = run({
    ...{ changed, nodes: 3, durationMs: 20_000, faults: 'calm' },
    preset: {
      convergeMs: 10_000,
      workload: { ...SIMULATION_PRESETS.calm.workload, publishMsMin: 2_000 },
    },
  })
  expect(violationCount).toBeGreaterThanOrEqual(violations.length)
  return new Set(violations.map(({ invariant }) => invariant))
}

const withWire = (protocol: Manifest, change: (wire: Wire) => Partial<Wire>): Manifest => ({
  ...protocol,
  wire(setup) {
    const wire = protocol.wire(setup)
    const changed = { ...wire, ...change(wire) }
    // A spread reads a getter once.
    Object.defineProperty(changed, 'bufferedBytes', { get: () => wire.bufferedBytes })
    return changed
  },
})

test('nothing is broken where nothing is wrong', () => {
  expect(brokenBy({})).toEqual(new Set())
})

test('a message that is counted nowhere breaks the accounts', () => {
  const broken = brokenBy({
    watcher: (watcher) => ({
      ...watcher,
      onHappening(life, happening) {
        const isWrong = happening.type === 'connection.closed' && happening.handledMessages > 0
        watcher.onHappening(
          life,
          isWrong ? { ...happening, handledMessages: happening.handledMessages - 1 } : happening,
        )
      },
    }),
  })
  expect(broken).toEqual(new Set(['accounts']))
})

test('a message that is handed over twice is seen', () => {
  const broken = brokenBy({
    protocol: (protocol) =>
      withWire(protocol, (wire) => {
        let again: ReturnType<Wire['read']> | undefined
        return {
          read() {
            const read = again ?? wire.read()
            const isTold = read.kind === 'message' && read.message.type === 'message'
            again = again === undefined && isTold ? read : undefined
            return read
          },
        }
      }),
  })
  expect(broken).toEqual(new Set(['handed-once']))
})

test('a request that is handed to somebody else is seen', () => {
  const broken = brokenBy({
    watcher: (watcher) => ({
      ...watcher,
      onAsked: (life, asked) =>
        // Each takes what was for the next one.
        watcher.onAsked({ ...life, of: { ...life.of, index: (life.of.index + 1) % 3 } }, asked),
    }),
  })
  expect(broken).toEqual(new Set(['handed-once']))
})

test('a publication that changes on its way is seen', () => {
  const broken = brokenBy({
    protocol: (protocol) => ({
      ...protocol,
      own: (message) => {
        const owned = protocol.own?.(message) ?? message
        return owned.type === 'message' ? { ...owned, payload: owned.payload.slice(0, 3) } : owned
      },
    }),
  })
  expect(broken).toEqual(new Set(['handed-once']))
})

test('a part that throws is seen, and so is how its connection ends', () => {
  const broken = brokenBy({
    protocol: (protocol, index) =>
      index === 1
        ? withWire(protocol, () => ({
            read() {
              throw new Error('wrong')
            },
          }))
        : protocol,
  })
  expect(broken).toEqual(new Set(['converges', 'ended', 'sound']))
})

test('a node that strikes another one for nothing is seen', () => {
  const broken = brokenBy({
    // Each pair dials each other at once, and leaves one of the two connections.
    protocol: (protocol) => ({
      ...protocol,
      details: {
        ...protocol.details,
        'session-exists': {
          reason: 'refused-by-us',
          verdict: { do: 'strike', whom: 'address' },
        },
      },
    }),
  })
  expect(broken).toEqual(new Set(['blameless']))
})

test('a connection that is called the fault of its peer is seen', () => {
  const broken = brokenBy({
    protocol: (protocol) => ({
      ...protocol,
      details: {
        ...protocol.details,
        'session-exists': { reason: 'peer-fault', verdict: { do: 'nothing' } },
      },
    }),
  })
  expect(broken).toEqual(new Set(['blameless']))
})

test('more connections than there are slots for are seen', () => {
  const slots = new Set<{ max: number }>()
  let started = 0
  const broken = brokenBy({
    protocol(protocol) {
      const own = protocol.slots.map((kind) => ({ ...kind }))
      for (const kind of own) slots.add(kind)
      return { ...protocol, slots: own }
    },
    watcher(watcher) {
      return {
        ...watcher,
        onHappening(life, happening) {
          started += Number(happening.type === 'node.started')
          // All of them are made: what they took the numbers for, they have.
          if (started === 3) for (const kind of slots) kind.max = 0
          watcher.onHappening(life, happening)
        },
      }
    },
  })
  expect(broken).toEqual(new Set(['caps']))
})

test('a node that does not synchronise keeps the network from recovering', () => {
  const broken = brokenBy({
    protocol: (protocol, index) => ({
      ...protocol,
      children: (protocol.children ?? []).filter(({ name }) => index !== 2 || name !== 'items'),
    }),
  })
  expect(broken).toEqual(new Set(['converges']))
})

test('a stream that is not given back is held when its node has ended', () => {
  const broken = brokenBy({
    world: (world, index) =>
      index === 1
        ? { ...world, streams: { ...world.streams, held: () => ({ streams: 1, listeners: 0 }) } }
        : world,
  })
  expect(broken).toEqual(new Set(['base-line']))
})
