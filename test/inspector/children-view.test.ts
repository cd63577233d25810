import { expect, test } from 'vitest'
import { createChildrenView } from '../../inspector/children-view.ts'

const LOOK_MS = 250

/** A sub-protocol that has sent so many, and what is seen of it at a time. */
function startView() {
  let [nowMs, sent] = [0, 0]
  const child = {
    ...({ name: 'gossip', restart: 'permanent', restarts: 0, state: 'running' } as const),
    shown: () => ({ counts: { kept: 7 }, totals: { sent } }),
  }
  const inside = { children: () => [child] }
  const read = createChildrenView(
    inside,
    () => nowMs,
    () => LOOK_MS,
  )
  return (atMs: number, count: number): number | undefined => {
    ;[nowMs, sent] = [atMs, count]
    const [shown] = read().children
    expect(shown?.counts).toEqual({ kept: 7, sent: count })
    return shown?.perSecond['sent']
  }
}

test('a rate is counted over two seconds or more since the last look that counted', () => {
  const at = startView()
  expect(at(0, 5)).toBeUndefined()
  // One more, a quarter of a second later, is not four a second.
  expect(at(250, 6)).toBeUndefined()
  expect(at(2_000, 15)).toBe(5)
  expect(at(2_250, 16)).toBe(5)
  expect(at(4_000, 16)).toBe(0.5)
})

test('nothing is said of a time at which nobody looked, and nothing negative of a new start', () => {
  const at = startView()
  at(0, 5)
  expect(at(2_000, 15)).toBe(5)
  expect(at(60_000, 1_000)).toBeUndefined()
  expect(at(62_000, 3)).toBe(0)
})
