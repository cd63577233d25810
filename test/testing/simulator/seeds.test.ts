/**
 * Seeds that found something, each with what it found: small runs that broke an invariant once.
 * `docs/simulator.md` lists them.
 */
import { expect, test } from 'vitest'
import { run } from './simulations.ts'

test.each([
  ['47', 60_000, 'a ping that was due while its connection was closing was tried again for ever'],
  ['29', 60_000, 'the same, after a reset'],
  ['30', 80_000, 'a ping that was long under way had the next one taken for one too many'],
  ['153', 300_000, 'what was told of an origin while it was banned was never asked for'],
])('seed %s, %d ms: %s', (seed, durationMs) => {
  const { violations } = run({ nodes: 4, seed, durationMs })
  expect(violations).toEqual([])
})
