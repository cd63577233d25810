import { describe, expect, test } from 'vitest'
import { virtualClock } from '../../transport/virtual-clock.ts'
import type { VirtualClock, VirtualNodeOptions } from '../../transport/virtual-clock.ts'
import type { Clock } from '../../world/clock.ts'

interface NodeHandle {
  readonly clock: Clock
  readonly name: string
}

/** A clock whose nodes write what they are told, with the time, into one list. */
function startTime() {
  const time = virtualClock()
  const told: string[] = []
  const node = (
    name: string,
    onAlarm: (clock: Clock) => void = () => undefined,
    onTurn: (clock: Clock) => void = () => undefined,
    options: VirtualNodeOptions = {},
  ): NodeHandle => {
    const clock = time.forNode(options)
    clock.start(({ kind }) => {
      told.push(`${time.nowMs} ${name} ${kind.slice('clock.'.length)}`)
      if (kind === 'clock.alarm') onAlarm(clock)
      else onTurn(clock)
    })
    return { clock, name }
  }
  const deliver = (what: string, then: () => void = () => undefined): void => {
    time.queue.later(() => {
      told.push(`${time.nowMs} ${what}`)
      then()
    })
  }
  return { time, told, node, deliver }
}

test('visits each of ten chained alarms at its own time, ten of ten, in one advance', () => {
  const { time, told, node } = startTime()
  const again = (clock: Clock): void => clock.setAlarm(clock.monotonicMs() + 1_000)
  const { clock } = node('a', again)
  clock.setAlarm(1_000)
  time.advance(10_000)
  expect(told).toEqual(Array.from({ length: 10 }, (_, index) => `${(index + 1) * 1_000} a alarm`))
  expect(time.nowMs).toBe(10_000)
})

test('rings the alarms of several nodes by due time, then in the order of asking', () => {
  const { time, told, node } = startTime()
  const [a, b, c] = [node('a'), node('b'), node('c')]
  c.clock.setAlarm(5)
  b.clock.setAlarm(5)
  a.clock.setAlarm(5)
  b.clock.setAlarm(4)
  b.clock.setAlarm(5)
  time.advance(4)
  expect(told).toEqual([])
  time.advance(1)
  expect(told).toEqual(['5 c alarm', '5 a alarm', '5 b alarm'])
})

test('delivers what was ready, then ends the turns that were asked for, then begins a new round', () => {
  const { time, told, node, deliver } = startTime()
  const b = node('b', undefined, () => deliver('from the end of a turn'))
  const a = node('a')
  b.clock.askEndOfTurn()
  deliver('one', () => {
    a.clock.askEndOfTurn()
    a.clock.askEndOfTurn()
    deliver('brought by one')
  })
  deliver('two')
  a.clock.setAlarm(0)
  time.settle()
  expect(told).toEqual([
    '0 one',
    '0 two',
    '0 b turn-ended',
    '0 a turn-ended',
    '0 brought by one',
    '0 from the end of a turn',
    '0 a alarm',
  ])
})

test('settles what one alarm brings before it rings the next at the same time', () => {
  const { time, told, node, deliver } = startTime()
  const a = node('a', () => deliver('brought by a'))
  const b = node('b')
  a.clock.setAlarm(3)
  b.clock.setAlarm(3)
  time.advance(3)
  expect(told).toEqual(['3 a alarm', '3 brought by a', '3 b alarm'])
})

test('takes one input a step, and says when there is none', () => {
  const { time, told, node, deliver } = startTime()
  const a = node('a')
  a.clock.askEndOfTurn()
  a.clock.setAlarm(0)
  deliver('one')
  for (let count = 1; count <= 3; count++) {
    expect(time.step()).toBe(true)
    expect(told).toHaveLength(count)
  }
  expect(time.step()).toBe(false)
})

test('clears, moves and rings an alarm that is past at the present time', () => {
  const { time, told, node } = startTime()
  const a = node('a')
  a.clock.setAlarm(5)
  a.clock.setAlarm(undefined)
  time.advance(10)
  expect(told).toEqual([])
  a.clock.setAlarm(3)
  expect(told).toEqual([])
  time.settle()
  expect(told).toEqual(['10 a alarm'])
})

test('never rings before a due time that falls between two microseconds', () => {
  const { time, node } = startTime()
  const seen: number[] = []
  const dueMs = 1.000_000_4
  const { clock } = node('a', () => seen.push(clock.monotonicMs()))
  clock.setAlarm(dueMs)
  time.advance(2)
  expect(seen).toEqual([1.001])
})

test('tells nothing to a node that was stopped, though it had asked', () => {
  const { time, told, node } = startTime()
  const a = node('a')
  a.clock.setAlarm(0)
  a.clock.askEndOfTurn()
  a.clock.stop()
  a.clock.setAlarm(0)
  a.clock.askEndOfTurn()
  time.advance(10)
  expect(told).toEqual([])
})

test('keeps wall time beside it, for each node as far ahead as it was asked', () => {
  const time = virtualClock({ startMs: 500, wallMs: 1_000_000 })
  const one = time.forNode()
  const ahead = time.forNode({ wallAheadMs: 7_000 })
  time.advance(1.5)
  expect([one.monotonicMs(), one.wallMs(), ahead.wallMs()]).toEqual([501.5, 1_000_001, 1_007_001])
})

test('brings what is on its way at its time, in the order of asking, before the alarms of that time', () => {
  const { time, told, node, deliver } = startTime()
  const { clock } = node('a')
  clock.setAlarm(5)
  const arrive = (what: string): void => {
    told.push(`${time.nowMs} ${what}`)
    deliver(`behind ${what}`)
  }
  time.at(5, () => arrive('two'))
  time.at(5, () => arrive('three'))
  time.at(2.5, () => arrive('one'))
  time.at(-1, () => arrive('late'))
  expect(told).toEqual([])
  time.advance(10)
  expect(told).toEqual([
    '0 late',
    '0 behind late',
    '2.5 one',
    '2.5 behind one',
    '5 two',
    '5 behind two',
    '5 three',
    '5 behind three',
    '5 a alarm',
  ])
})

describe('runUntil', () => {
  const ticking = (): { readonly time: VirtualClock; readonly told: string[] } => {
    const { time, told, node } = startTime()
    const again = (clock: Clock): void => clock.setAlarm(clock.monotonicMs() + 10)
    node('a', again).clock.setAlarm(10)
    return { time, told }
  }

  test('stops at the input that made it so', () => {
    const { time, told } = ticking()
    expect(time.runUntil(() => told.length === 3, { withinMs: 1_000 })).toBe(true)
    expect([told.length, time.nowMs]).toEqual([3, 30])
  })

  test('gives up when the time is over, having visited all of it', () => {
    const { time, told } = ticking()
    expect(time.runUntil(() => false, { withinMs: 100 })).toBe(false)
    expect([told.length, time.nowMs]).toEqual([10, 100])
  })

  test('reaches the end of the time where nothing is left to happen', () => {
    const { time } = startTime()
    expect(time.runUntil(() => false, { withinMs: 100 })).toBe(false)
    expect(time.nowMs).toBe(100)
    expect(time.runUntil(() => true, { withinMs: 100 })).toBe(true)
    expect(time.nowMs).toBe(100)
  })
})

describe('what has no end', () => {
  test('a node that asks for the end of a turn at each end of a turn is found out', () => {
    const { time, node } = startTime()
    node('a', undefined, (clock) => clock.askEndOfTurn()).clock.askEndOfTurn()
    expect(() => time.settle()).toThrow('100000 alarms and turn ends in a row')
  })

  test('a node that sets its alarm for at once at each alarm is found out', () => {
    const { time, node } = startTime()
    node('a', (clock) => clock.setAlarm(clock.monotonicMs())).clock.setAlarm(5)
    expect(() => time.advance(10)).toThrow('stands at 5 ms')
  })

  test('a hundred thousand ends of turns at different times are none of it', () => {
    const { time, node } = startTime()
    let count = 0
    const { clock } = node('a', () => {
      count++
      clock.askEndOfTurn()
      clock.setAlarm(clock.monotonicMs() + 1)
    })
    clock.setAlarm(1)
    time.advance(100_000)
    expect(count).toBe(100_000)
  })
})

test('cannot be run from inside an input, nor backwards', () => {
  const { time, node } = startTime()
  const { clock } = node('a', () => time.advance(1))
  clock.setAlarm(1)
  expect(() => time.advance(1)).toThrow('from inside an input')
  expect(() => time.advance(-1)).toThrow(RangeError)
  expect(() => time.advance(Number.NaN)).toThrow(RangeError)
})

test('goes on after an input that threw', () => {
  const { time, told, node, deliver } = startTime()
  deliver('bad', () => {
    throw new Error('a transport')
  })
  node('a').clock.setAlarm(1)
  expect(() => time.settle()).toThrow('a transport')
  time.advance(1)
  expect(told).toEqual(['0 bad', '1 a alarm'])
})

// Times of which the next whole microsecond, as it is computed, comes out a digit too small.
test.each([2.2560000000000002, 2.7520000000000002, 4.3870000000000005])(
  'an alarm that is due at %d rings, and time goes on',
  (dueMs) => {
    const { time, told, node } = startTime()
    node('a').clock.setAlarm(dueMs)
    time.advance(10)
    expect(told).toHaveLength(1)
    expect(time.nowMs).toBe(10)
  },
)
