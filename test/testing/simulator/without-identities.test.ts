/**
 * A network in which nobody says who he is: who is at the other end of a connection, its host tells.
 */
import { expect, test } from 'vitest'
import { lines } from '../../../examples/smallest-network.ts'
import type { LinesTypes } from '../../../examples/smallest-network.ts'
import { SIMULATION_PRESETS } from '../../../testing/simulator/preset.ts'
import { simulate } from '../../../testing/simulator/simulation.ts'
import type { SimulationOptions } from '../../../testing/simulator/simulation.ts'

const { swarm } = SIMULATION_PRESETS
const OPTIONS: SimulationOptions<LinesTypes> = {
  ...{ protocol: 'lines', nodes: 5, seed: 'nobody', durationMs: 120_000, crypto: 'model' },
  preset: {
    ...swarm,
    workload: { ...swarm.workload, oneWayMs: 2_000, payloadBytesMax: 200 },
    operator: swarm.operator && { ...swarm.operator, everyMsPerNode: 20_000 },
  },
  tools: {
    options: [],
    create: lines,
    workload: {
      publications: [],
      takesRequests: false,
      oneWay: {
        type: 'line',
        make: (bytes) => ({ type: 'line', bytes }),
        payloadOf: ({ bytes }) => (bytes.length > 2 ? bytes : undefined),
      },
    },
  },
}

test('what one tells another comes to that one, from him, and an operator bans and parts them', () => {
  const { acts, bans, heard, violations } = simulate(OPTIONS)
  expect(violations).toEqual([])
  for (const count of [heard, acts['ban'], acts['disconnect'], bans]) {
    expect(count).toBeGreaterThan(0)
  }
})

test('a message that comes to somebody else is noticed', () => {
  const told = new Set<string>()
  const { violations } = simulate({
    ...OPTIONS,
    changed: {
      // n1 hands what it hears to n2's ledger.
      watcher: (watcher) => ({
        ...watcher,
        onMessage(life, routed) {
          told.add(life.of.name)
          const other = life.of.name === 'n1' ? { ...life, of: { ...life.of, index: 2 } } : life
          watcher.onMessage(other, routed)
        },
      }),
    },
  })
  expect(told.size).toBeGreaterThan(2)
  expect(violations.map(({ what }) => what)).toContainEqual(
    expect.stringMatching(/^a message of n\d to n1 came to n2 from n\d$/),
  )
})
