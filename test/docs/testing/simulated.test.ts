import { expect, test } from 'vitest'
import { tools } from '../../../protocols/native.ts'
import { simulate, SIMULATION_PRESETS } from '../../../testing/testing.ts'

test('three nodes live through a minute of everything', () => {
  const { traceHash, violations } = simulate({
    ...{ protocol: 'native', tools, nodes: 3, seed: 'mine', durationMs: 60_000 },
    ...{ preset: SIMULATION_PRESETS.swarm, crypto: 'model' },
  })
  expect(violations).toEqual([])
  expect(traceHash).toHaveLength(64) // the same on every run, machine and Node
})
