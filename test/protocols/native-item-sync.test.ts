import { describe, expect, test } from 'vitest'
import type { NativeMessage } from '../../protocols/native.ts'
import type { LocatorMessage } from '../../codec/native/messages.ts'
import { encodeHex } from '../../codec/bytes.ts'
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
    const answers = createAnswers(
      parts.tools,
      { read },
      {
        ...{ drainMs: 30_000, rangeItemsMax: 256, rangesQueuedMax: 16 },
      },
    )
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
  const came = (number: bigint, bytes = 1) => ({
    ...{ number, hopsLeft: 0, payload: new Uint8Array(bytes) },
  })

  test('what comes is taken up to so many bytes, and asked for again when there is room', () => {
    const known: bigint[] = []
    const { advance, asked, pulls } = startPulls({ known: () => known })
    pulls.onActive('a')
    pulls.onLocator('a', says(0n, 9_999n))
    const item = (number: bigint) => came(number, 65_536)
    const taken: bigint[] = []
    let number = 0n
    for (; asked().length < 5; number++) {
      const outcome = pulls.onItem('a', id, item(number))
      if (outcome === 'asked') taken.push(number)
      else expect(outcome).toBe('no-room')
      if (number % 256n === 255n) {
        const before = asked().length
        advance(0)
        if (asked().length === before) break
      }
    }
    // 64 MiB, with what an item takes beside its payload.
    expect(taken).toHaveLength(1_009)
    expect(number).toBe(1_023n)
    known.push(0n, 0n)
    pulls.settle('a', id, item(0n), 'kept')
    advance(1_000)
    expect(asked().at(-1)).toEqual([1_009n, 1_264n])
  })

  test('no more is asked for while a thousand are being checked', () => {
    const { advance, asked, pulls } = startPulls()
    pulls.onActive('a')
    pulls.onLocator('a', says(1n, 9_999n))
    for (let number = 1n; number <= 1_024n; number++) {
      expect(pulls.onItem('a', id, came(number))).toBe('asked')
      if (number % 256n === 0n) advance(0)
    }
    expect(asked()).toHaveLength(4)
    pulls.settle('a', id, came(1n), 'attached')
    advance(0)
    expect(asked().at(-1)).toEqual([1_025n, 1_280n])
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

  test('who passed over what it was asked for is asked for all that follows', () => {
    let known: readonly bigint[] = []
    const { advance, asked, pulls } = startPulls({ known: () => known })
    pulls.onActive('a')
    pulls.onLocator('a', says(0n, 4_999n))
    advance(10_000)
    expect(asked()).toEqual([
      [0n, 255n],
      [256n, 4_999n],
    ])
    // What it holds begins there, and comes whole: 256 items, then it is asked from there on.
    for (let number = 4_000n; number < 4_256n; number++) {
      known = [4_000n, number]
      expect(pulls.onItem('a', id, came(number))).toBe('asked')
      pulls.settle('a', id, came(number), 'kept')
    }
    advance(0)
    expect(asked().at(-1)).toEqual([4_256n, 4_999n])
    // There is no gap any more: it is asked side by side with others again.
    expect(pulls.onItem('a', id, came(4_256n))).toBe('asked')
    pulls.onActive('b')
    pulls.onLocator('b', says(4_000n, 4_999n))
    expect(asked().at(-1)).toEqual([4_512n, 4_767n])
    for (let number = 4_257n; number < 4_512n; number++) pulls.onItem('a', id, came(number))
    advance(0)
    expect(asked().at(-1)).toEqual([4_768n, 4_999n])
  })

  test('what was not given is asked for again after a minute, behind all else', () => {
    const { advance, asked, pulls } = startPulls()
    pulls.onActive('a')
    pulls.onLocator('a', says(0n, 9n))
    advance(69_000)
    expect(asked()).toEqual([[0n, 9n]])
    pulls.onLocator('a', says(0n, 9n, 20n, 29n))
    expect(asked().at(-1)).toEqual([20n, 29n])
    pulls.onItem('a', id, came(29n))
    advance(5_000)
    expect(asked().slice(2)).toEqual([[0n, 9n]])
  })

  test('who gives nothing of an origin keeps little of it from the others', () => {
    const { advance, asked, pulls } = startPulls()
    for (const name of ['a', 'b']) pulls.onActive(name)
    pulls.onLocator('a', says(0n, 999n))
    advance(75_000)
    const before = asked().length
    pulls.onLocator('b', says(0n, 999n))
    // Two silences: a quarter of 256 numbers.
    expect(asked().slice(before)).toEqual([[64n, 319n]])
  })

  test('what is worth nothing is as silence, and what another gives at the same time is not', () => {
    const { pulls, asked, advance } = startPulls()
    for (const name of ['a', 'b']) pulls.onActive(name)
    pulls.onLocator('a', says(0n, 999n))
    for (const [number, outcome] of [
      [254n, 'not-kept'],
      [255n, 'attached'],
    ] as const) {
      pulls.onItem('a', id, came(number))
      pulls.settle('a', id, came(number), outcome)
    }
    advance(0)
    pulls.onLocator('b', says(256n, 999n))
    expect(asked().slice(1)).toEqual([
      [256n, 999n],
      [384n, 639n],
    ])
  })

  test('who gives now and then keeps nothing from the others for more than a minute', () => {
    const { advance, asked, pulls } = startPulls()
    for (const name of ['a', 'b']) pulls.onActive(name)
    pulls.onLocator('a', says(0n, 9n))
    pulls.onLocator('b', says(0n, 9n))
    for (let number = 0n; number < 6n; number++) {
      advance(9_900)
      pulls.onItem('a', id, came(number))
    }
    expect(asked()).toEqual([[0n, 9n]])
    advance(600)
    expect(asked().at(-1)).toEqual([6n, 9n])
    // It is heard all the same.
    expect(pulls.onItem('a', id, came(6n))).toBe('asked')
  })

  test('what is passed on is no answer', () => {
    const { pulls } = startPulls()
    pulls.onActive('a')
    pulls.onLocator('a', says(0n, 99n))
    expect(pulls.onItem('a', id, { ...came(99n), hopsLeft: 7 })).toBe('unasked')
    expect(pulls.onItem('a', id, came(0n))).toBe('asked')
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

  test('what there was no room for is told again once there is some', () => {
    const held = new Set<string>()
    const { advance, asked, pulls, sent } = startPulls({
      known: (origin) => (held.has(origin) ? [0n, 0n] : []),
    })
    const origins = Array.from({ length: 5_000 }, (_, index) => {
      const other = new Uint8Array(32)
      new DataView(other.buffer).setUint32(0, index)
      return other
    })
    const tell = () => {
      for (let at = 0; at < origins.length; at += 500) {
        const some = origins.slice(at, at + 500)
        pulls.onLocator(
          'a',
          some.map((other) => ({ originId: other, runs: [0n, 0n] })),
        )
      }
    }
    const give = () => {
      const range = sent.findLast((message) => message.type === 'range')
      if (range?.type !== 'range') return
      const origin = encodeHex(range.originId)
      held.add(origin)
      pulls.onItem('a', origin, came(0n))
      pulls.settle('a', origin, came(0n), 'kept')
      advance(20)
    }
    const toldAgain = () => sent.filter(({ type }) => type === 'locator')
    pulls.onActive('a')
    tell()
    while (held.size < 2_000) give()
    advance(5_000)
    expect(toldAgain()).toEqual([])
    while (held.size < 2_600) give()
    // A minute behind the last word of it, at the earliest.
    advance(5_000)
    expect(toldAgain()).toEqual([{ type: 'locator', origins: [] }])
    tell()
    while (held.size < 5_000) give()
    advance(120_000)
    expect(toldAgain()).toHaveLength(1)
    expect(asked()).toHaveLength(5_000)
  })

  test('what an answer passed over is asked of others, not of the same neighbour', () => {
    const { advance, asked, pulls } = startPulls()
    pulls.onActive('a')
    pulls.onLocator('a', says(0n, 9n))
    pulls.onItem('a', id, came(9n))
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
