import { expect, test } from 'vitest'
import type { BitcoinTypes } from '../../protocols/bitcoin.ts'
import { tools } from '../../protocols/bitcoin.ts'
import type { ProtocolTools } from '../../actors/protocol-tools.ts'
import { simulate, SIMULATION_PRESETS } from '../../testing/testing.ts'
import { raw, regtest } from './bitcoin-support.ts'

const COMMAND = 'workload'

/** Nodes that others may fill their slots with, and whose applications say something to each other. */
const serving: ProtocolTools<BitcoinTypes> = {
  ...tools,
  create: () => regtest({ services: ['network', 'witness'] }),
  workload: {
    publications: [],
    takesRequests: false,
    oneWay: {
      type: 'unknown',
      make: (payload) => raw(COMMAND, payload),
      payloadOf: (message) =>
        message.type === 'unknown' && message.command === COMMAND ? message.payload : undefined,
    },
  },
  // Nobody proves who he is: that everybody has somebody is what can be seen.
  converged: (nodes) =>
    nodes.every((node) => node.connections().some(({ phase }) => phase === 'active')),
}

const run = (seed: string) =>
  simulate({
    ...{ protocol: 'bitcoin', tools: serving, seed, nodes: 6, durationMs: 60_000, crypto: 'model' },
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
  const { traceHash } = run('4')
  expect(traceHash).toMatch(/^[0-9a-f]{16,}/)
  expect(run('4').traceHash).toBe(traceHash)
})
