import { describe, expect, test } from 'vitest'
import type { World } from '../../../world/world.ts'
import { SIMULATION_PRESETS } from '../../../testing/simulator/preset.ts'
import { run } from './simulations.ts'

/** A host that nobody has: what is dialled there fails. */
const NOWHERE = '192.0.2.1'

describe('a network larger than the slots of those whom everybody knows', () => {
  test('takes in those who come late', () => {
    const { convergedMs, violations } = run({
      ...{ nodes: 40, seed: 'a', durationMs: 18_000, faults: 'calm' },
      preset: { startMsMax: 10_000, nodesPerSeed: 40, seeds: 1 },
    })
    expect(violations).toEqual([])
    expect(convergedMs).toBeGreaterThan(0)
  })
})

test('a run that is over before all have started stops all of them', () => {
  const { violations } = run({
    nodes: 8,
    seed: '1',
    durationMs: 2_000,
    faults: 'calm',
    preset: { startMsMax: 60_000 },
  })
  expect(violations).toEqual([])
})

describe('two halves that cannot reach each other from the start', () => {
  const PARTED_MS = 90_000
  const HALF = 8
  /** Applications ask and tell nobody: who is asked for is dialled, whoever it is. */
  const { workload } = SIMULATION_PRESETS.calm
  const ALONE = { ...workload, requestMs: 1e9, oneWayMs: 1e9 }

  /** Nodes of the other half cannot be dialled for so long. */
  const parted = (forMs: number) => {
    const hosts = new Map<string, number>()
    return (world: World, index: number): World => ({
      ...world,
      streams: {
        ...world.streams,
        listen(listener, address) {
          hosts.set(address.host, index)
          world.streams.listen(listener, address)
        },
        open(stream, address) {
          const other = hosts.get(address.host)
          const isOther = other !== undefined && other % 2 !== index % 2
          const isCut = isOther && world.clock.monotonicMs() < forMs
          world.streams.open(stream, isCut ? { ...address, host: NOWHERE } : address)
        },
      },
    })
  }

  const meet = (forMs: number, convergeMs: number) =>
    run({
      ...{ nodes: 2 * HALF, durationMs: PARTED_MS, faults: 'calm', seed: 'halves' },
      preset: { convergeMs, outboundFillMax: 2, seeds: 4, workload: ALONE },
      changed: { world: parted(forMs) },
    })

  test('find together when they can, though each has peers enough', () => {
    const { convergedMs, violations } = meet(PARTED_MS, 240_000)
    expect(violations).toEqual([])
    expect(convergedMs).toBeGreaterThan(1_000)
  })

  test('and not while they cannot: the test can tell', () => {
    const { violations } = meet(Infinity, 10_000)
    expect(violations.map(({ invariant }) => invariant)).toEqual(['converges'])
  })
})
