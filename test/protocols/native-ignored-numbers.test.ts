import { describe, expect, test } from 'vitest'
import { createIgnoredNumbers } from '../../protocols/native/ignored-numbers.ts'

function startIgnored(ignoredMax = 1_024) {
  let nowMs = 0
  const ignored = createIgnoredNumbers({ monotonicMs: () => nowMs }, { ignoredMax, ignoredMs: 100 })
  return {
    ...ignored,
    at(atMs: number) {
      nowMs = atMs
      return ignored
    },
  }
}

describe('a number', () => {
  test('is ignored for its time, counted from the first time', () => {
    const { at } = startIgnored()
    at(0).add('origin', 7n)
    at(50).add('origin', 8n)
    at(60).add('origin', 7n)
    expect([at(99).of('origin'), at(100).of('origin'), at(150).of('origin')]).toEqual([
      ...[[7n, 8n], [8n, 8n], []],
    ])
  })

  test('is one of its own origin alone', () => {
    const { add, of } = startIgnored()
    add('one', 7n)
    expect([of('one'), of('other')]).toEqual([[7n, 7n], []])
  })

  test('makes room for newer ones, the oldest first', () => {
    const { add, of } = startIgnored(2)
    for (const number of [1n, 5n, 9n]) add('origin', number)
    expect(of('origin')).toEqual([5n, 5n, 9n, 9n])
  })
})

// Each that ended had all others gathered anew: a neighbour that gave every second number of an origin
// held the node up for ten seconds.
test('as many as there may be, none beside another, cost as much as they are', () => {
  const { at } = startIgnored()
  for (let number = 0n; number < 8_192n; number += 2n) at(0).add('origin', number)
  expect(at(0).of('origin')).toHaveLength(2 * 1_024)
  expect(at(100).of('origin')).toEqual([])
}, 5_000)
