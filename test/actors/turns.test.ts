import { expect, test } from 'vitest'
import { createTurns } from '../../actors/turns.ts'
import type { Reader } from '../../actors/turns.ts'
import { virtualClock } from '../../transport/virtual-clock.ts'
import { seededRandom } from '../../transport/random.ts'
import { createObservationPort } from '../../world/observation.ts'
import { createStepLoop } from '../../world/step-loop.ts'

function startTurns(seed = 'turns') {
  const time = virtualClock()
  const clock = time.forNode()
  const loop = createStepLoop({ clock, port: createObservationPort(), onFault: () => undefined })
  clock.start(loop.enter)
  const turns = createTurns(loop, seededRandom(seed))
  const log: string[] = []
  const reader = (name: string, shares: number): Reader => {
    let left = shares
    return {
      readShare() {
        log.push(`${name} reads`)
        left--
        return left > 0
      },
      flush() {
        log.push(`${name} flushes`)
      },
    }
  }
  return { time, turns, log, reader }
}

test('who has more to read reads one share a turn, until nothing is left', () => {
  const { log, reader, time, turns } = startTurns()
  turns.wantsToRead(reader('a', 3))
  expect(log).toEqual([])
  time.settle()
  expect([log, turns.number]).toEqual([['a reads', 'a reads', 'a reads'], 3])
})

test('all read before anybody flushes, and each flushes once, however often it asked', () => {
  const { log, reader, time, turns } = startTurns()
  const one = reader('a', 1)
  turns.wantsToFlush(one)
  turns.wantsToFlush(one)
  turns.wantsToRead(one)
  time.settle()
  expect(log).toEqual(['a reads', 'a flushes'])
})

test('the order of readers is drawn, the same from one seed', () => {
  const orderOf = (seed: string): string => {
    const { log, reader, time, turns } = startTurns(seed)
    for (const name of 'abcdefgh') turns.wantsToRead(reader(name, 1))
    time.settle()
    return log.map(([name]) => name).join('')
  }
  expect(orderOf('one')).toBe(orderOf('one'))
  expect(new Set(['one', 'two', 'three', 'four'].map(orderOf)).size).toBeGreaterThan(1)
  expect([...orderOf('one')].sort().join('')).toBe('abcdefgh')
})

test('who has left is not asked', () => {
  const { log, reader, time, turns } = startTurns()
  const [one, other] = [reader('a', 9), reader('b', 1)]
  for (const each of [one, other]) {
    turns.wantsToRead(each)
    turns.wantsToFlush(each)
  }
  turns.leave(one)
  time.settle()
  expect(log).toEqual(['b reads', 'b flushes'])
})
