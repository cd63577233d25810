import { describe, expect, test } from 'vitest'
import { SIMULATION_PRESETS } from '../../../testing/simulator/preset.ts'
import { compareTraces } from '../../../testing/simulator/trace.ts'
import { run } from './simulations.ts'

describe('a simulated network', () => {
  test('does the same from the same seed, step by step, and another thing from another', () => {
    const lines: string[] = []
    const first = run({ onLine: (line) => lines.push(line) })
    const again: string[] = []
    const second = run({ onLine: (line) => again.push(line) })
    expect(second).toEqual(first)
    expect(again).toEqual(lines)
    expect(lines).toHaveLength(first.steps)
    expect(run({ seed: 'another' }).traceHash).not.toBe(first.traceHash)
  })

  test('does another thing when one fault is left out, and the same where that never comes', () => {
    const { faults, traceHash } = run()
    expect(run({ skipFault: 3 }).traceHash).not.toBe(traceHash)
    const count = Object.values(faults).reduce((sum, fired) => sum + fired, 0)
    expect(run({ skipFault: count }).traceHash).toBe(traceHash)
  })

  test('has this hash, on every machine and every Node', () => {
    const { steps, traceHash, violations } = run({ seed: 'pinned' })
    expect(violations).toEqual([])
    expect({ steps, traceHash }).toEqual({
      steps: 1065,
      traceHash: 'a0c16609db8bf2be02dad615c5d5a923bcba7548651f1b0d9db1196036bef30d',
    })
  })

  test('is as sound with real cryptography, and says that it was another run', () => {
    const real = run({ crypto: 'real', nodes: 3, durationMs: 10_000 })
    expect(real.violations).toEqual([])
    expect(real.traceHash).not.toBe(run({ nodes: 3, durationMs: 10_000 }).traceHash)
  })

  test('publishes, asks, tells, bans and restarts, and everything kept comes to everybody', () => {
    const result = run({ nodes: 6, durationMs: 90_000 })
    expect(result.violations).toEqual([])
    expect(result.convergedMs).toBeGreaterThan(0)
    for (const count of [result.delivered, result.answered, result.heard, result.restarts]) {
      expect(count).toBeGreaterThan(0)
    }
    expect(result.coverage['item']?.leastPercent).toBe(100)
  })

  test('has one hash for equal numbers, in whatever order they are written', () => {
    const short = { nodes: 3, durationMs: 20_000, seed: 'order' } as const
    const { swarm } = SIMULATION_PRESETS
    const operator = swarm.operator && { ...swarm.operator, everyMsMin: 500, everyMsPerNode: 1_500 }
    const preset = { ...swarm, operator }
    const turned = reversed(preset) as typeof preset
    expect(Object.keys(turned.operator?.weights ?? {})[0]).toBe('stop')
    expect(run({ ...short, preset: turned })).toEqual(run({ ...short, preset }))
    // A number that no preset has stands in the hash as well.
    const more = { ...preset, a: 1, b: { d: 2, c: 3 } }
    const other = run({ ...short, preset: more }).traceHash
    expect(run({ ...short, preset: reversed(more) as typeof more }).traceHash).toBe(other)
    expect(run({ ...short, preset }).traceHash).not.toBe(other)
  })

  test.each([
    ...[0, -1, 1.5, Number.NaN, Infinity, 65_537].map((nodes) => ({ nodes })),
    ...[-5, Number.NaN, Infinity].map((durationMs) => ({ durationMs })),
  ])('of %o is refused', (given) => {
    expect(() => run(given)).toThrow(RangeError)
  })

  test('is given the numbers of a preset, which are part of its hash', () => {
    const { workload } = SIMULATION_PRESETS.calm
    const short = { nodes: 3, durationMs: 5_000, faults: 'calm' } as const
    const other = run({ ...short, preset: { workload: { ...workload, oneWayMs: 1_000 } } })
    expect(other.traceHash).not.toBe(run(short).traceHash)
  })
})

function reversed(value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(
    Object.entries(value)
      .reverse()
      .map(([name, inner]) => [name, reversed(inner)]),
  )
}

describe('the comparison of two traces', () => {
  const compare = (expected: readonly string[], got: readonly string[]) => {
    const left = [...expected]
    const comparison = compareTraces(() => left.shift())
    for (const line of got) comparison.line(line)
    return comparison.end()
  }

  test('finds nothing where they are the same', () => {
    expect(compare(['a', 'b'], ['a', 'b'])).toBeUndefined()
  })
  test('names the first step that differs', () => {
    expect(compare(['a', 'b', 'c'], ['a', 'x', 'y'])).toEqual({ step: 2, expected: 'b', got: 'x' })
  })
  test('names the end of the shorter one', () => {
    expect(compare(['a', 'b'], ['a'])).toEqual({ step: 2, expected: 'b', got: undefined })
    expect(compare(['a'], ['a', 'b'])).toEqual({ step: 2, expected: undefined, got: 'b' })
  })
})
