import { describe, expect, test } from 'vitest'
import type { NativeMessage } from '../../protocols/native.ts'
import type { LocatorMessage } from '../../codec/native/messages.ts'
import { createIgnoredNumbers } from '../../protocols/native/ignored-numbers.ts'
import { createAnswers } from '../../protocols/native/item-answers.ts'
import { createLocators } from '../../protocols/native/item-locators.ts'
import { createPulls } from '../../protocols/native/item-pulls.ts'
import type { Wanted } from '../../protocols/native/item-pulls.ts'
import type { ChangedOrigin, ItemStore } from '../../protocols/native/item-store.ts'
import { identityOf, itemOf } from './native-items-support.ts'

/** Tools of a child whose time and lanes are the test's. */
function startTools() {
  let nowMs = 0
  let timers: { readonly atMs: number; readonly ring: () => void }[] = []
  const sent: NativeMessage[] = []
  const lane = { room: Infinity, outcome: 'full' as 'full' | 'gone' }
  return {
    sent,
    lane,
    tools: {
      isHeld: () => false,
      monotonicMs: () => nowMs,
      after(afterMs: number, ring: () => void) {
        const timer = { atMs: nowMs + afterMs, ring }
        timers.push(timer)
        return () => {
          timers = timers.filter((other) => other !== timer)
        }
      },
      send(_: string, message: NativeMessage) {
        if (lane.room <= 0) return lane.outcome
        lane.room--
        sent.push(message)
        return 'queued' as const
      },
    },
    waiting: () => timers.length,
    advance(ms: number) {
      const untilMs = nowMs + ms
      for (;;) {
        const [next] = timers.toSorted((one, other) => one.atMs - other.atMs)
        if (next === undefined || next.atMs > untilMs) break
        timers = timers.filter((timer) => timer !== next)
        nowMs = next.atMs
        next.ring()
      }
      nowMs = untilMs
    },
  }
}

describe('answering', () => {
  const { nodeId: originId } = identityOf('origin')
  const all = Array.from({ length: 100 }, (_, number) => itemOf('origin', BigInt(number), 'x'))
  const read: ItemStore['read'] = (_, first, last, max) => {
    const fitting = all.filter(({ number }) => number >= first && number <= last)
    const items = fitting.slice(0, max)
    const next = fitting.length > max ? (items.at(-1)?.number ?? 0n) + 1n : undefined
    return { items, next }
  }
  const range = { type: 'range', originId, first: 0n, last: 99n } as const
  const startAnswers = () => {
    const parts = startTools()
    const answers = createAnswers(parts.tools, { read }, { drainMs: 30_000, rangeItemsMax: 256 })
    const numbers = () => parts.sent.map((message) => 'number' in message && Number(message.number))
    return { ...parts, answers, numbers }
  }
  const inOrder = Array.from({ length: 100 }, (_, number) => number)

  test('goes on when a full lane has room again, without a gap', () => {
    const { advance, answers, lane, numbers } = startAnswers()
    lane.room = 5
    answers.onRange('peer', range)
    expect(numbers()).toEqual([0, 1, 2, 3, 4])
    for (let round = 0; round < 30; round++) {
      lane.room = 5
      advance(1_000)
    }
    expect(numbers()).toEqual(inOrder)
  })

  test('ends for a neighbour that takes nothing any more', () => {
    const { advance, answers, lane, numbers, waiting } = startAnswers()
    lane.room = 0
    answers.onRange('peer', range)
    advance(29_000)
    expect(waiting()).toBe(1)
    advance(2_000)
    expect(waiting()).toBe(0)
    lane.room = Infinity
    advance(10_000)
    expect(numbers()).toEqual([])
    answers.onRange('peer', range)
    advance(1_000)
    expect(numbers()).toEqual(inOrder)
  })

  test('ends for a neighbour that is gone', () => {
    const { advance, answers, lane, sent, waiting } = startAnswers()
    lane.room = 5
    answers.onRange('peer', range)
    answers.onGone('peer')
    lane.room = Infinity
    advance(1_000)
    expect(sent).toHaveLength(5)
    expect(waiting()).toBe(0)
  })

  test('takes one range after the other, and no more than a few at once', () => {
    const { advance, answers, numbers } = startAnswers()
    for (let asked = 0; asked < 50; asked++) answers.onRange('peer', range)
    advance(1_000)
    expect(numbers()).toEqual(Array.from({ length: 16 }, () => inOrder).flat())
  })
})

describe('telling', () => {
  const originIdOf = (index: number) => {
    const originId = new Uint8Array(32)
    new DataView(originId.buffer).setUint32(0, index)
    return originId
  }
  const startTelling = (count: number) => {
    const parts = startTools()
    const origins: ChangedOrigin[] = []
    const store = {
      get version() {
        return origins.at(-1)?.changed ?? 0
      },
      changedSince: (version: number) => origins.filter(({ changed }) => changed > version),
    }
    const change = (index: number) => {
      origins.push({ originId: originIdOf(index), runs: [0n, 0n], changed: store.version + 1 })
    }
    for (let index = 0; index < count; index++) change(index)
    const locators = createLocators(parts.tools, store, { locatorEveryMs: 5_000 })
    const told = () =>
      parts.sent
        .filter((message): message is LocatorMessage => message.type === 'locator')
        .map((message) => message.origins.length)
    return { ...parts, locators, change, told }
  }

  test('everything at first, in messages of a size, also where there is nothing', () => {
    const { locators, told } = startTelling(1_100)
    locators.onActive('peer')
    expect(told()).toEqual([512, 512, 76])
    const whole = startTelling(1_024)
    whole.locators.onActive('peer')
    expect(whole.told()).toEqual([512, 512])
    const empty = startTelling(0)
    empty.locators.onActive('peer')
    expect(empty.told()).toEqual([0])
  })

  test('then what changed, once, after a while', () => {
    const { advance, change, locators, told, waiting } = startTelling(3)
    locators.onActive('peer')
    for (const index of [3, 4]) {
      change(index)
      locators.onChange()
    }
    advance(4_999)
    expect(told()).toEqual([3])
    advance(1)
    expect(told()).toEqual([3, 2])
    advance(60_000)
    expect(told()).toEqual([3, 2])
    expect(waiting()).toBe(0)
  })

  test('what a full lane did not take leaves later, and nothing twice', () => {
    const { advance, lane, locators, sent, told } = startTelling(1_100)
    lane.room = 1
    locators.onActive('peer')
    expect(told()).toEqual([512])
    advance(10_000)
    lane.room = Infinity
    advance(5_000)
    expect(told()).toEqual([512, 512, 76])
    const ids = sent.flatMap((message) =>
      message.type === 'locator' ? message.origins.map(({ originId }) => originId.join()) : [],
    )
    expect(new Set(ids).size).toBe(1_100)
  })

  test('all of it again to who lacks it, but not soon', () => {
    const { advance, locators, told } = startTelling(3)
    locators.onActive('peer')
    locators.onLacking('peer')
    advance(59_000)
    locators.onLacking('peer')
    expect(told()).toEqual([3])
    advance(1_000)
    locators.onLacking('peer')
    locators.onLacking('peer')
    expect(told()).toEqual([3, 3])
  })

  test('at a gap at once, though not for each', () => {
    const { advance, change, locators, told } = startTelling(1)
    locators.onActive('peer')
    advance(1_000)
    for (const index of [1, 2, 3]) {
      change(index)
      locators.onGap('peer')
    }
    expect(told()).toEqual([1, 1])
    advance(5_000)
    expect(told()).toEqual([1, 1, 2])
  })
})

test('what is ignored is forgotten after its time, or when there is too much of it', () => {
  const { advance, tools } = startTools()
  const ignored = createIgnoredNumbers(tools, { ignoredMax: 3, ignoredMs: 1_000 })
  for (const number of [1n, 2n]) ignored.add('one', number)
  advance(500)
  ignored.add('other', 7n)
  expect([ignored.of('one'), ignored.of('other')]).toEqual([
    [1n, 2n],
    [7n, 7n],
  ])
  ignored.add('other', 9n)
  expect(ignored.of('one')).toEqual([2n, 2n])
  advance(500)
  expect([ignored.of('one'), ignored.of('other')]).toEqual([[], [7n, 7n, 9n, 9n]])
  advance(500)
  expect(ignored.of('other')).toEqual([])
})

describe('asking', () => {
  const startPulls = (store: Partial<Pick<ItemStore, 'fits' | 'known'>> = {}) => {
    const parts = startTools()
    const wanted = new Map<string, Wanted>()
    const limits = { locatorEveryMs: 5_000, rangeItemsMax: 256, rangeMs: 10_000 }
    const barred = new Set<string>()
    const pulls = createPulls(parts.tools, {
      ...{ limits, wanted, takes: () => true, unwanted: () => [] },
      isBarred: (origin) => barred.has(origin),
      store: { fits: () => true, known: () => [], ...store },
    })
    const asked = () =>
      parts.sent.flatMap((message) =>
        message.type === 'range' ? [[message.first, message.last]] : [],
      )
    return { ...parts, pulls, wanted, asked, barred }
  }
  const { id, nodeId: originId } = identityOf('origin')
  const says = (...runs: readonly bigint[]) => [{ originId, runs }]

  test('of all neighbours together no more is on its way than there is room for', () => {
    const { advance, asked, pulls } = startPulls()
    for (const peer of ['a', 'b', 'c', 'd', 'e']) {
      pulls.onActive(peer)
      pulls.onLocator(peer, says(0n, 9_999n))
    }
    const ranges = [
      [0n, 255n],
      [256n, 511n],
      [512n, 767n],
      [768n, 1_023n],
    ]
    expect(asked()).toEqual(ranges)
    expect(pulls.onItem('a', id, 0n)).toBe(true)
    pulls.settle('a', id, 0n, true)
    advance(0)
    expect(
      asked()
        .slice(4)
        .map(([first, last]) => [first, last]),
    ).toEqual([[0n, 0n]])
  })

  test('what one was asked for that is gone is asked of another', () => {
    const { asked, pulls } = startPulls()
    for (const peer of ['a', 'b']) {
      pulls.onActive(peer)
      pulls.onLocator(peer, says(0n, 9n))
    }
    expect(asked()).toEqual([[0n, 9n]])
    pulls.onGone('a')
    expect(asked()).toEqual([
      [0n, 9n],
      [0n, 9n],
    ])
  })

  test('silent ones keep no other waiting, however early they came', () => {
    const { advance, asked, pulls } = startPulls()
    for (const name of ['a', 'b', 'c', 'd']) {
      pulls.onActive(name)
      pulls.onLocator(name, says(0n, 1_000_000n))
    }
    expect(asked()).toHaveLength(4)
    pulls.onActive('honest')
    pulls.onLocator('honest', says(5_000_000n, 5_000_009n))
    advance(11_000)
    expect(asked()).toContainEqual([5_000_000n, 5_000_009n])
  })

  test('the longer a neighbour is silent the more is passed over', () => {
    const { advance, asked, pulls } = startPulls()
    pulls.onActive('a')
    pulls.onLocator('a', says(0n, 1_000_000n))
    advance(35_000)
    expect(asked().map(([first]) => first)).toEqual([0n, 256n, 768n, 1_792n])
  })

  test('what there is no room for is left out', () => {
    const { asked, pulls } = startPulls({ fits: (_, number) => number !== 5n })
    pulls.onActive('a')
    pulls.onLocator('a', says(5n, 5n, 9n, 9n))
    expect(asked()).toEqual([[9n, 9n]])
  })

  test('what a neighbour holds is remembered up to a bound', () => {
    const { pulls, wanted } = startPulls()
    pulls.onActive('a')
    for (let index = 0; index < 5_000; index++) {
      const other = new Uint8Array(32)
      new DataView(other.buffer).setUint32(0, index)
      pulls.onLocator('a', [{ originId: other, runs: [0n, 0n] }])
    }
    expect(wanted.get('a')?.size).toBe(4_096)
  })

  test('what an answer passed over is asked of others, not of the same neighbour', () => {
    const { advance, asked, pulls } = startPulls()
    pulls.onActive('a')
    pulls.onLocator('a', says(0n, 9n))
    pulls.onItem('a', id, 9n)
    advance(1_000)
    expect(asked()).toEqual([[0n, 9n]])
    pulls.onActive('b')
    pulls.onLocator('b', says(0n, 9n))
    expect(asked()).toEqual([
      [0n, 9n],
      [0n, 8n],
    ])
  })

  test('what is not taken now is asked for once it is, though nobody says again what it holds', () => {
    const { advance, asked, barred, pulls } = startPulls()
    barred.add(id)
    pulls.onActive('a')
    pulls.onLocator('a', says(0n, 9n))
    advance(60_000)
    expect(asked()).toEqual([])
    barred.clear()
    advance(5_000)
    expect(asked()).toEqual([[0n, 9n]])
  })

  test('a pause is kept, and ends', () => {
    const { advance, asked, pulls } = startPulls()
    pulls.onActive('a')
    pulls.pause()
    pulls.onLocator('a', says(0n, 9n))
    advance(4_999)
    expect(asked()).toEqual([])
    advance(5_000)
    expect(asked()).toEqual([[0n, 9n]])
  })
})
