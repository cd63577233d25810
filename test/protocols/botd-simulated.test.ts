import { expect, test } from 'vitest'
import { tools } from '../../protocols/botd.ts'
import { simulate, SIMULATION_PRESETS } from '../../testing/testing.ts'

const run = (seed: string) =>
  simulate({
    ...{ protocol: 'botd', tools, seed, nodes: 6, durationMs: 60_000, crypto: 'model' },
    preset: SIMULATION_PRESETS.swarm,
  })

test.each(['1', '2', '3'])('six nodes live through a minute of everything (seed %s)', (seed) => {
  const { convergedMs, heard, told, violations } = run(seed)
  expect(violations).toEqual([])
  expect(convergedMs).toBeGreaterThan(0)
  expect(told).toBeGreaterThanOrEqual(heard)
  expect(heard).toBeGreaterThan(0)
})

test('it is the same from the same seed', () => {
  expect(run('again').traceHash).toBe(run('again').traceHash)
})

test('nodes that never connect are told from those that do', () => {
  const { connections, convergedMs, violations } = simulate({
    ...{ protocol: 'botd', seed: '1', nodes: 3, durationMs: 5_000, crypto: 'model' },
    tools: {
      ...tools,
      create(values, given) {
        const manifest = tools.create(values, given)
        return { ...manifest, slots: manifest.slots.map((slot) => ({ ...slot, max: 0 })) }
      },
    },
    preset: { ...SIMULATION_PRESETS.swarm, convergeMs: 1_000 },
  })
  expect([connections, convergedMs]).toEqual([0, undefined])
  expect(violations.map(({ invariant }) => invariant)).toEqual(['converges'])
})
