import { expect, test } from 'vitest'
import { createTally } from '../../cli/demo/tally.ts'

test('counts pairs of a line and a living node that holds it, by how they came', () => {
  const tally = createTally()
  tally.published('one', 1)
  tally.published('two', 2)
  tally.arrived('one', 2, 'gossip')
  tally.arrived('two', 1, 'sync')
  for (const node of ['one', 'two']) tally.holds(node, [1, 2])
  expect(tally.summary(['one', 'two'])).toEqual({
    ...{ delivered: 4, own: 2, byGossip: 1, bySync: 1, missing: 0, duplicates: 0 },
  })
  expect([tally.has('one'), tally.holdsOf('one'), tally.publishedCount]).toEqual([2, 2, 2])
  expect(tally.of('two')).toEqual({ node: 'two', holds: 2, byGossip: 0, bySync: 1 })
})

test('a node that is gone counts for nothing but what it was handed twice', () => {
  const tally = createTally()
  tally.published('gone', 1)
  tally.arrived('one', 1, 'gossip')
  tally.arrived('gone', 1, 'gossip')
  tally.arrived('gone', 1, 'sync')
  tally.holds('one', [1])
  expect(tally.summary(['one'])).toMatchObject({ delivered: 1, missing: 0, duplicates: 1 })
})

test('what a living node does not say that it holds is missing, however it was handed over', () => {
  const tally = createTally()
  tally.published('one', 1)
  tally.published('one', 2)
  tally.arrived('two', 1, 'gossip')
  tally.arrived('two', 2, 'gossip')
  tally.holds('one', [1, 2])
  tally.holds('two', [2])
  expect(tally.summary(['one', 'two'])).toMatchObject({ delivered: 3, byGossip: 1, missing: 1 })
})

test('what was never published counts nowhere', () => {
  const tally = createTally()
  tally.holds('one', [7])
  tally.arrived('one', 7, 'sync')
  expect(tally.summary(['one'])).toMatchObject({ delivered: 0, bySync: 0, missing: 0 })
  expect([tally.has('one'), tally.holdsOf('one')]).toEqual([0, 0])
})
