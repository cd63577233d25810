import { performance } from 'node:perf_hooks'
import { afterEach, describe, expect, onTestFinished, test, vi } from 'vitest'
import { systemClock } from '../../transport/clock.ts'
import type { ClockInput } from '../../world/clock.ts'
import { platformUntil, turn } from './support.ts'

afterEach(() => {
  vi.useRealTimers()
  vi.restoreAllMocks()
})

function startClock() {
  const clock = systemClock()
  const told: { readonly kind: ClockInput['kind']; readonly atMs: number }[] = []
  clock.start(({ kind }) => told.push({ kind, atMs: clock.monotonicMs() }))
  onTestFinished(() => clock.stop())
  return { clock, told, count: (kind: string) => told.filter((each) => each.kind === kind).length }
}

/** Node's timers in a test's hand. `early` is by how much they ring before their time. */
function startFakeClock({ earlyMs = 0 } = {}) {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'setImmediate', 'clearImmediate'] })
  let nowMs = 1_000
  vi.spyOn(performance, 'now').mockImplementation(() => nowMs)
  const advance = (ms: number): void => {
    nowMs += ms - earlyMs
    vi.advanceTimersByTime(ms)
  }
  return { ...startClock(), advance, runImmediates: () => vi.advanceTimersByTime(0) }
}

describe('on the platform', () => {
  test('time never goes back and has whole microseconds', () => {
    const { clock } = startClock()
    let last = clock.monotonicMs()
    for (let count = 0; count < 10_000; count++) {
      const now = clock.monotonicMs()
      expect(now).toBeGreaterThanOrEqual(last)
      expect(Math.abs(now * 1_000 - Math.round(now * 1_000))).toBeLessThan(1e-3)
      last = now
    }
    expect(Number.isInteger(clock.wallMs())).toBe(true)
    expect(Math.abs(clock.wallMs() - Date.now())).toBeLessThan(1_000)
  })

  test('an alarm rings once, never before its time, at once where that is past', async () => {
    const { clock, told } = startClock()
    for (const delayMs of [-5, 0, 0.3, 1.7, 5]) {
      const before = told.length
      const dueMs = clock.monotonicMs() + delayMs
      clock.setAlarm(dueMs)
      expect(told).toHaveLength(before)
      await platformUntil(() => told.length > before, 'the alarm')
      expect(told.at(-1)?.atMs).toBeGreaterThanOrEqual(dueMs)
      await turn()
      expect(told).toHaveLength(before + 1)
    }
  })

  test('the end of a turn comes after what the turn had to deliver, once for all that ask', async () => {
    const { clock, told } = startClock()
    const seen: string[] = []
    clock.askEndOfTurn()
    clock.askEndOfTurn()
    process.nextTick(() => seen.push(`tick ${told.length}`))
    await turn()
    await turn()
    expect(seen).toEqual(['tick 0'])
    expect(told.map(({ kind }) => kind)).toEqual(['clock.turn-ended'])
    clock.askEndOfTurn()
    await turn()
    expect(told).toHaveLength(2)
  })

  test('what is put off to the end of a turn runs before that is told, and what it asks for is in time', async () => {
    const { clock, told } = startClock()
    const seen: string[] = []
    const run = (name: string) => () => {
      seen.push(`${name} ${told.length}`)
      clock.askEndOfTurn()
    }
    clock.beforeTurnEnds(run('one'))
    clock.beforeTurnEnds(() => {
      run('two')()
      clock.beforeTurnEnds(run('of the next turn'))
    })
    await turn()
    expect([seen, told.length]).toEqual([['one 0', 'two 0'], 1])
    await turn()
    expect([seen.at(-1), told.length]).toEqual(['of the next turn 1', 2])
    // Nobody asked for the end of this one.
    clock.beforeTurnEnds(() => seen.push('alone'))
    await turn()
    expect([seen.at(-1), told.length]).toEqual(['alone', 2])
  })

  test('nothing is told after stop', async () => {
    const { clock, told } = startClock()
    const run = (): void => clock.askEndOfTurn()
    clock.setAlarm(clock.monotonicMs())
    clock.askEndOfTurn()
    clock.beforeTurnEnds(run)
    clock.stop()
    clock.setAlarm(clock.monotonicMs())
    clock.askEndOfTurn()
    clock.beforeTurnEnds(run)
    const watch = startClock()
    watch.clock.setAlarm(watch.clock.monotonicMs() + 5)
    await platformUntil(() => watch.told.length > 0, 'another alarm')
    expect(told).toEqual([])
  })
})

describe('with timers in hand', () => {
  test('a timer of the platform that comes early is set again', () => {
    const { clock, told, advance } = startFakeClock({ earlyMs: 0.4 })
    clock.setAlarm(1_010)
    advance(10)
    expect(told).toEqual([])
    advance(1)
    expect(told).toEqual([{ kind: 'clock.alarm', atMs: 1_010.2 }])
  })

  test('an alarm that is put off rings at its new time, and one brought forward as well', () => {
    const { clock, count, advance } = startFakeClock()
    clock.setAlarm(1_010)
    clock.setAlarm(1_050)
    advance(49)
    expect(count('clock.alarm')).toBe(0)
    advance(1)
    expect(count('clock.alarm')).toBe(1)

    clock.setAlarm(1_900)
    clock.setAlarm(1_060)
    advance(10)
    expect(count('clock.alarm')).toBe(2)
    advance(1_000)
    expect(count('clock.alarm')).toBe(2)
  })

  test('an alarm that is cleared never rings and leaves no timer', () => {
    const { clock, count, advance } = startFakeClock()
    clock.setAlarm(1_010)
    clock.setAlarm(undefined)
    expect(vi.getTimerCount()).toBe(0)
    advance(100)
    expect(count('clock.alarm')).toBe(0)
  })

  test('an alarm beyond the longest delay of the platform rings at its time', () => {
    const { clock, count, advance } = startFakeClock()
    const longestMs = 2 ** 31 - 1
    const set = vi.spyOn(globalThis, 'setTimeout')
    clock.setAlarm(1_000 + longestMs + 5_000)
    advance(longestMs)
    expect(set.mock.calls.map(([, delayMs]) => delayMs)).toEqual([longestMs, 5_000])
    expect(count('clock.alarm')).toBe(0)
    advance(4_999)
    expect(count('clock.alarm')).toBe(0)
    advance(1)
    expect(count('clock.alarm')).toBe(1)
  })

  test('stop leaves no timer', () => {
    const { clock } = startFakeClock()
    clock.setAlarm(1_010)
    clock.askEndOfTurn()
    clock.stop()
    expect(vi.getTimerCount()).toBe(0)
  })
})
