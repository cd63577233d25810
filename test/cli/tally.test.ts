import { expect, test } from 'vitest'
import { createTally } from '../../cli/demo/tally.ts'

function startTally(lineCount = 6) {
  const tally = createTally(['first', 'second'], lineCount)
  tally.opened('first', 'a')
  tally.opened('second', 'b')
  const send = (receiver: string, connection: string, first: number, last: number) => {
    tally.sent({ receiver, connection, first, last })
  }
  return { tally, send }
}

test('a receiver that got every line in order is well', () => {
  const { tally, send } = startTally()
  send('second', 'b', 1, 6)
  tally.arrived('second', [1, 2, 3, 4, 5, 6])
  expect(tally.summary('second')).toEqual({
    receiver: 'second',
    sent: 6,
    arrived: 6,
    duplicates: 0,
    lostInKill: 0,
    missing: 0,
    ok: true,
  })
})

test.each([
  ['a line is missing', [1, 2, 3, 4, 5], { missing: 1, ok: false }],
  ['a line came twice', [1, 2, 3, 4, 5, 6, 6], { duplicates: 1, ok: false }],
  ['lines came out of order', [1, 3, 2, 4, 5, 6], { missing: 0, ok: false }],
])('it is not well when %s', (_, arrived, expected) => {
  const { tally, send } = startTally()
  send('second', 'b', 1, 6)
  tally.arrived('second', arrived)
  expect(tally.summary('second')).toMatchObject(expected)
})

test('a line that was never sent is missing to a receiver that was never killed', () => {
  const { tally, send } = startTally()
  send('second', 'b', 1, 5)
  tally.arrived('second', [1, 2, 3, 4, 5])
  expect(tally.summary('second')).toMatchObject({ missing: 1, ok: false })
})

test('what was on its way to a killed receiver is lost in the kill, and only that', () => {
  const { tally, send } = startTally()
  send('first', 'a', 1, 3)
  tally.arrived('first', [1, 2])
  tally.killed('first')
  // Reported late, of the session that died.
  send('first', 'a', 4, 4)
  tally.opened('first', 'c')
  send('first', 'c', 6, 6)
  tally.arrived('first', [6])
  expect(tally.summary('first')).toEqual({
    receiver: 'first',
    sent: 5,
    arrived: 3,
    duplicates: 0,
    lostInKill: 2,
    missing: 0,
    ok: true,
  })
})

test('a hole in the first life is no loss in the kill', () => {
  const { tally, send } = startTally()
  send('first', 'a', 1, 3)
  tally.arrived('first', [1, 3])
  tally.killed('first')
  expect(tally.summary('first').ok).toBe(false)
})
