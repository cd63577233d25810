import { expect, test } from 'vitest'
import type { ToolNodeOfMany } from '../../actors/protocol-tools.ts'
import { tools } from '../../protocols/bitcoin.ts'
import { simulate, SIMULATION_PRESETS } from '../../testing/testing.ts'

const run = (seed: string) =>
  simulate({
    ...{ protocol: 'bitcoin', tools, seed, nodes: 6, durationMs: 30_000, crypto: 'model' },
    preset: SIMULATION_PRESETS.swarm,
  })

test.each(['1', '2'])('six nodes live through half a minute of everything (seed %s)', (seed) => {
  const { convergedMs, heard, told, violations } = run(seed)
  expect(violations).toEqual([])
  expect(convergedMs).toBeGreaterThan(0)
  expect(told).toBeGreaterThanOrEqual(heard)
  expect(heard).toBeGreaterThan(0)
})

test('it is the same from the same seed', () => {
  const { traceHash, violations } = run('3')
  expect(violations).toEqual([])
  expect(traceHash).toMatch(/^[0-9a-f]{64}$/)
  expect(run('3').traceHash).toBe(traceHash)
})

/** Those are all that anybody knows from the start. */
const SEEDS = ['n0', 'n1', 'n2']

const hasOther = (node: ToolNodeOfMany): boolean =>
  node
    .connections()
    .some(({ peer, phase }) => phase === 'active' && !SEEDS.includes(peer ?? 'nobody'))

test('nodes that know no more than the seeds find each other by the addresses that are told', () => {
  const newcomers = new Set<string>()
  const { convergedMs, violations } = simulate({
    ...{ protocol: 'bitcoin', seed: '1', nodes: 10, durationMs: 5_000, crypto: 'model' },
    tools: {
      ...tools,
      converged(nodes) {
        const others = nodes.filter(({ name }) => !SEEDS.includes(name))
        for (const { name } of others) newcomers.add(name)
        return others.every(hasOther) && tools.converged?.(nodes) === true
      },
    },
    preset: SIMULATION_PRESETS.calm,
  })
  expect(violations).toEqual([])
  expect(newcomers.size).toBe(7)
  expect(convergedMs).toBeGreaterThan(1_000)
})

test('nodes that nobody can fill a place with are told from those that hang together', () => {
  const { convergedMs, violations } = simulate({
    ...{ protocol: 'bitcoin', seed: '1', nodes: 3, durationMs: 5_000, crypto: 'model' },
    // As an operator's nodes are by default: they offer nothing.
    tools: {
      ...tools,
      simulated: (given) => tools.create({ network: 'regtest', transport: 'auto' }, given),
    },
    preset: { ...SIMULATION_PRESETS.calm, convergeMs: 5_000 },
  })
  expect(convergedMs).toBeUndefined()
  expect(violations.map(({ invariant }) => invariant)).toContain('converges')
})
