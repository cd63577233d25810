import { describe, expect, test } from 'vitest'
import { createLooking } from '../../inspector/looking.ts'
import type { Query, TableQuery } from '../../inspector/messages.ts'
import { QUERIES_MAX } from '../../inspector/queries.ts'
import type { SourceMessage } from '../../inspector/source.ts'
import { INSPECTOR_LIMITS } from '../../inspector/limits.ts'
import { nativeOf, startWatchedPair } from './watched-pair.ts'
import { manualTiming } from './manual-timing.ts'

const PAGES = INSPECTOR_LIMITS.clientsMax
const TURN_MS = 2.5
/** Where a view is new. */
const FIRST_TURN_MS = 50
const MINUTE_MS = 60_000

const table = (filter: string | number): TableQuery => ({
  ...{ view: 'table', sort: 'name', descending: false, filter: String(filter) },
  ...{ offset: 0, limit: 10 },
})

/** A node whose tables take so long to be made, and to be told; how often each was made. */
function startLooking(makeMs: number, tellMs = 0) {
  const timing = manualTiming()
  const made = new Map<string, number>()
  /** When time was spent on looking, and how much. */
  const spent: { readonly atMs: number; readonly ms: number }[] = []
  const spend = (ms: number): void => {
    spent.push({ atMs: timing.nowMs(), ms })
    timing.spend(ms)
  }
  const looking = createLooking({
    timing,
    wallMs: timing.nowMs,
    open: (query) => ({
      read() {
        const name = 'filter' in query ? query.filter : query.view
        made.set(name, (made.get(name) ?? 0) + 1)
        spend(makeMs)
        const rows = { total: 0, matching: 0, states: [], columns: [], rows: [] }
        return { answer: { view: 'table', ...rows } }
      },
      close: () => undefined,
    }),
  })
  const openPage = (queries: readonly Query[]) => {
    const told: SourceMessage[] = []
    const session = looking.open((message) => {
      spend(tellMs)
      told.push(message)
    })
    queries.forEach((query, id) => {
      session.ask({ kind: 'ask', id, query })
    })
    return { session, told }
  }
  const spentMs = (fromMs = 0, toMs = Infinity): number =>
    spent.filter(({ atMs }) => atMs >= fromMs && atMs < toMs).reduce((sum, { ms }) => sum + ms, 0)
  return { timing, looking, made, openPage, spent, spentMs }
}

const sixteen = (first = 0): readonly TableQuery[] =>
  Array.from({ length: QUERIES_MAX }, (_, index) => table(first + index))

describe('pages that ask the same', () => {
  test('share what is made: sixteen pages cost as many readings as one', () => {
    const readings = (pages: number): readonly number[] => {
      const { made, openPage, timing } = startLooking(0)
      for (let page = 0; page < pages; page++) openPage(sixteen())
      timing.advance(MINUTE_MS)
      return [...made.values()]
    }
    expect(readings(PAGES)).toEqual(readings(1))
  })

  test('read the rows of a real node once a turn', () => {
    let described = 0
    const { meet, source, timing } = startWatchedPair(nativeOf, {
      describe() {
        described++
        return { columns: {} }
      },
    })
    meet()
    const told: SourceMessage[] = []
    for (let page = 0; page < PAGES; page++) {
      source.open((message) => told.push(message)).ask({ kind: 'ask', id: page, query: table('') })
    }
    timing.advance(10_000)
    expect(new Set(told.map(({ id }) => id)).size).toBe(PAGES)
    expect(described).toBe(told.length / PAGES)
  })

  test('are each told when it was made, and how long after what they were told before', () => {
    const { openPage, timing } = startLooking(1)
    const first = openPage([table('')])
    timing.advance(1_000)
    const late = openPage([table('')])
    timing.advance(2_000)
    const ofLate = late.told.flatMap((message) =>
      message.kind === 'answer' ? [message.sampled] : [],
    )
    const ofFirst = first.told.flatMap((message) =>
      message.kind === 'answer' ? [message.sampled] : [],
    )
    expect(ofLate[0]?.sinceMs).toBeNull()
    expect(ofFirst).toEqual(expect.arrayContaining(ofLate.slice(1)))
  })

  test('go on when one of them is closed; the last one closes it', () => {
    const { looking, made, openPage, timing } = startLooking(1)
    const [one, other] = [openPage([table('')]), openPage([table('')])]
    timing.advance(1_000)
    one.session.close()
    const count = other.told.length
    timing.advance(1_000)
    expect(other.told.length).toBeGreaterThan(count)
    other.session.close()
    const readings = made.get('')
    timing.advance(MINUTE_MS)
    expect(made.get('')).toBe(readings)
    expect(looking.everyMs).toBe(250)
  })
})

describe('looking takes a hundredth of the time', () => {
  test.each([
    ['cheap views', 1],
    ['views of a turn', TURN_MS],
    ['dear views', 40],
    ['views of a second', 1_000],
  ])('by %s of sixteen pages that each look at sixteen others', (_, makeMs) => {
    const { made, openPage, spentMs, timing } = startLooking(makeMs, 0.1)
    for (let page = 0; page < PAGES; page++) openPage(sixteen(page * QUERIES_MAX))
    const hour = 60 * MINUTE_MS
    timing.advance(hour)
    // The last turn may be paid for by the time behind it.
    expect(spentMs(0, timing.nowMs())).toBeLessThanOrEqual(
      timing.nowMs() / 100 + FIRST_TURN_MS + makeMs,
    )
    // None of it waits for another more than once.
    const counts = Array.from({ length: PAGES * QUERIES_MAX }, (__, name) =>
      Number(made.get(String(name)) ?? 0),
    )
    expect(Math.max(...counts) - Math.min(...counts)).toBeLessThanOrEqual(1)
  })

  test('and says how often that is', () => {
    const { looking, openPage, timing } = startLooking(40)
    const { told } = openPage([table(1), table(2)])
    timing.advance(MINUTE_MS)
    expect(looking.everyMs).toBe(2 * 40 * 100)
    expect(told.at(-1)).toMatchObject({ sampled: { everyMs: 8_000, sinceMs: 8_000 } })
  })

  test('and stands in the way of nothing else for longer than a turn and one view', () => {
    const { openPage, spent, timing } = startLooking(7, 0.5)
    for (let page = 0; page < PAGES; page++) openPage(sixteen())
    timing.advance(10 * MINUTE_MS)
    let [startMs, endMs] = [0, -Infinity]
    const turns: number[] = []
    for (const { atMs, ms } of spent) {
      if (atMs > endMs) {
        turns.push(endMs - startMs)
        startMs = atMs
      }
      endMs = atMs + ms
    }
    expect(Math.max(...turns)).toBeLessThanOrEqual(FIRST_TURN_MS + 7 + 0.5)
    // Once each was seen.
    expect(Math.max(...turns.slice(10))).toBeLessThanOrEqual(TURN_MS + 7 + 0.5)
  })

  test('and a page that opens is answered at once', () => {
    const { openPage, timing } = startLooking(8)
    const { told } = openPage([table(1), table(2), table(3), table(4), table(5)])
    timing.advance(100)
    expect(told.length).toBe(5)
  })

  test('and one who asks something new without end starves nobody', () => {
    const { made, openPage, spentMs, timing } = startLooking(TURN_MS)
    const quiet = openPage([table('quiet')])
    const { session } = openPage([])
    for (let count = 0; count < 6_000; count++) {
      session.ask({ kind: 'ask', id: count % QUERIES_MAX, query: table(count) })
      timing.advance(10)
    }
    expect(spentMs()).toBeLessThanOrEqual(timing.nowMs() / 100 + FIRST_TURN_MS + TURN_MS)
    // Each turn begins with whoever waits longest, and the longest turns are a hundred times so long apart.
    expect(made.get('quiet')).toBeGreaterThanOrEqual(
      MINUTE_MS / (100 * (FIRST_TURN_MS + TURN_MS)) / 2 - 1,
    )
    expect(quiet.told.length).toBe(made.get('quiet'))
  })
})
