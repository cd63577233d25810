import { describe, expect, test } from 'vitest'
import type { ConnectionWatcher } from '../../actors/child.ts'
import type { NativeTypes } from '../../machines/handshakes/native.ts'
import { createPublicationRates } from '../../protocols/native/publication-rates.ts'
import { viewOf } from './native-support.ts'

const LIMITS = {
  publicationsPerWindowMax: 3,
  publicationsStrikeMax: 5,
  publicationsWindowMs: 1_000,
}

function startRates(limits = LIMITS) {
  const struck: string[] = []
  let nowMs = 0
  let watcher: ConnectionWatcher<NativeTypes> = {}
  const rates = createPublicationRates(
    {
      monotonicMs: () => nowMs,
      report: (connection, detail) => struck.push(`${connection} ${detail}`),
      watch: (given) => (watcher = given),
    },
    limits,
  )
  return {
    struck,
    gone: (connection: string, identity: string) =>
      watcher.gone?.(viewOf('listener', { name: connection, identity })),
    /** How many of so many at once are looked at. */
    come(count: number, atMs: number, connection = 'one') {
      nowMs = atMs
      const peer = { connection, identity: 'alice', address: 'a' }
      return Array.from({ length: count }, () => rates.admit(peer)).filter(Boolean).length
    },
  }
}

describe('of one neighbour', () => {
  test('so many are looked at within any window, however they are spread', () => {
    const { come } = startRates()
    expect([come(2, 0), come(2, 999), come(1, 1_000), come(3, 1_001)]).toEqual([2, 1, 1, 1])
    expect([come(9, 1_998), come(9, 1_999), come(9, 2_001)]).toEqual([0, 1, 2])
  })

  test('who is always a little too fast is heard as much as is allowed', () => {
    const { come, struck } = startRates()
    let heard = 0
    // Four within each window; at most five are borne without a strike.
    for (let atMs = 0; atMs < 10_000; atMs += 250) heard += come(1, atMs)
    expect([heard, struck]).toEqual([30, []])
  })

  test('what is looked at is no flood, where more of it is allowed than is a strike by itself', () => {
    const { come, struck } = startRates({ ...LIMITS, publicationsPerWindowMax: 8 })
    expect([come(8, 0), struck]).toEqual([8, []])
    expect([come(1, 1), struck]).toEqual([0, ['one publication-flood']])
  })

  test('a flood is a strike, once within a window', () => {
    const { come, struck } = startRates()
    expect([come(5, 0), struck.length]).toEqual([3, 0])
    come(1, 500)
    expect(struck).toEqual(['one publication-flood'])
    come(50, 600)
    come(50, 1_499)
    expect(struck).toHaveLength(1)
    come(1, 1_500)
    expect(struck).toHaveLength(2)
  })

  test('it is counted by identity: who leaves and comes back has had what it had', () => {
    const { come, gone } = startRates()
    expect([come(3, 0), come(1, 0, 'two')]).toEqual([3, 0])
    gone('two', 'alice')
    expect(come(4, 999, 'three')).toBe(0)
    expect(come(4, 1_000, 'three')).toBe(3)
  })
})
