import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { createSeenCache } from '../../actors/seen-cache.ts'

const LIMITS = { seenMax: 3, seenMs: 300, soonerMs: 100 }
const start = () => createSeenCache(LIMITS)

describe('an id', () => {
  test('is new once, and again when its time is over', () => {
    const seen = start()
    expect(seen.note('a', 0)).toBe('new')
    expect([seen.note('a', 0), seen.note('a', 299)]).toEqual(['seen', 'seen'])
    expect(seen.has('a', 299)).toBe(true)
    expect(seen.has('a', 300)).toBe(false)
    expect(seen.note('a', 300)).toBe('new')
  })

  test('is not remembered longer for being seen again', () => {
    const seen = start()
    seen.note('a', 0)
    seen.note('a', 200)
    expect(seen.has('a', 300)).toBe(false)
  })

  test('that is new is refused where all places are taken, and costs none of them', () => {
    const seen = start()
    for (const [nowMs, id] of ['a', 'b', 'c'].entries()) seen.note(id, nowMs)
    expect([seen.isFull(2), seen.note('d', 2), seen.note('a', 2)]).toEqual([true, 'full', 'seen'])
    expect([seen.has('d', 2), seen.size]).toEqual([false, 3])
    expect([seen.isFull(300), seen.note('d', 300), seen.note('e', 300)]).toEqual([
      ...[false, 'new', 'full'],
    ])
  })

  test('that is forgotten sooner is so after the time for that, since it was noted', () => {
    const seen = start()
    seen.note('a', 0)
    seen.note('b', 10)
    seen.forgetSooner('b')
    expect([seen.has('b', 109), seen.has('b', 110), seen.has('a', 110)]).toEqual([
      ...[true, false, true],
    ])
    expect(seen.size).toBe(1)
  })

  test('that is forgotten sooner twice is so no earlier', () => {
    const seen = start()
    seen.note('a', 0)
    seen.forgetSooner('a')
    seen.forgetSooner('a')
    expect([seen.has('a', 99), seen.has('a', 100)]).toEqual([true, false])
  })

  test('is forgotten on time behind one that came later and was forgotten sooner before it', () => {
    const seen = start()
    seen.note('a', 0)
    seen.note('b', 50)
    seen.forgetSooner('b')
    seen.forgetSooner('a')
    expect([seen.has('a', 99), seen.has('a', 100), seen.has('b', 149)]).toEqual([
      ...[true, false, true],
    ])
  })

  test('is remembered no longer for being forgotten sooner', () => {
    const seen = createSeenCache({ ...LIMITS, soonerMs: 301 })
    seen.note('a', 0)
    seen.forgetSooner('a')
    expect(seen.has('a', 300)).toBe(false)
  })

  test('that was never seen is nothing to forget', () => {
    const seen = start()
    seen.forgetSooner('a')
    expect([seen.size, seen.note('a', 0)]).toEqual([0, 'new'])
  })
})

describe('sources', () => {
  const startLarge = () => createSeenCache({ ...LIMITS, seenMax: 100 })
  /** How many of so many new ones are remembered. */
  const fill = (seen: ReturnType<typeof start>, source: string, wanted: number, nowMs = 0) => {
    let taken = 0
    for (let index = 0; index < wanted; index++) {
      if (seen.isFull(nowMs, { source })) continue
      expect(seen.note(`${source} ${nowMs} ${index}`, nowMs, { source })).toBe('new')
      taken++
    }
    return taken
  }

  test('that come one after the other each find places, and none takes all', () => {
    const seen = startLarge()
    expect([fill(seen, 'a', 200), fill(seen, 'b', 200), fill(seen, 'c', 200)]).toEqual([90, 10, 0])
    expect([seen.isFull(0, { source: 'a' }), seen.note('of a', 0, { source: 'a' })]).toEqual([
      true,
      'full',
    ])
  })

  test('that want all get the same in the end, and leave something to one who wants little', () => {
    const seen = createSeenCache({ ...LIMITS, seenMax: 1_000 })
    const greedy = ['a', 'b', 'c', 'd', 'e']
    const counts = new Map<string, number[]>()
    for (let nowMs = 0; nowMs < 1_200; nowMs++) {
      for (const source of greedy) {
        counts.set(source, [...(counts.get(source) ?? []), fill(seen, source, 2, nowMs)])
      }
      // One in ten times, and a tenth of what each of the others asks for: it is always taken.
      if (nowMs % 10 === 0) expect(fill(seen, 'modest', 1, nowMs)).toBe(1)
    }
    const lastOf = (source: string) =>
      (counts.get(source) ?? []).slice(-300).reduce((sum, taken) => sum + taken, 0)
    for (const source of greedy) expect(Math.abs(lastOf(source) - lastOf('a'))).toBeLessThan(30)
  })

  test('are forgotten with what came from them', () => {
    const seen = startLarge()
    fill(seen, 'a', 200)
    seen.forgetSooner('a 0 0')
    expect([fill(seen, 'a', 200, 300), seen.size]).toEqual([90, 90])
  })
})

describe('a claim', () => {
  test('is the first id’s; the other is remembered all the same', () => {
    const seen = start()
    expect(seen.note('a', 0, { claim: 'origin 1' })).toBe('new')
    expect(seen.note('b', 1, { claim: 'origin 1' })).toBe('contested')
    expect([
      seen.note('b', 2, { claim: 'origin 1' }),
      seen.note('a', 2, { claim: 'origin 1' }),
    ]).toEqual([...['seen', 'seen']])
    expect(seen.note('c', 3, { claim: 'origin 2' })).toBe('new')
  })

  test('is free again with its id, and not with one that only wanted it', () => {
    const seen = createSeenCache({ ...LIMITS, seenMax: 9 })
    seen.note('a', 0, { claim: 'one' })
    seen.note('b', 0, { claim: 'one' })
    seen.forgetSooner('b')
    expect(seen.has('b', 200)).toBe(false)
    expect(seen.note('c', 200, { claim: 'one' })).toBe('contested')
    expect(seen.note('d', 300, { claim: 'one' })).toBe('new')
  })

  test('goes with an id that is forgotten sooner', () => {
    const seen = start()
    seen.note('a', 0, { claim: 'one' })
    seen.forgetSooner('a')
    expect([seen.note('b', 99, { claim: 'one' }), seen.note('c', 100, { claim: 'one' })]).toEqual([
      'contested',
      'new',
    ])
  })
})

test('whatever comes, it is what a plain list of ids and times says', () => {
  const id = fc.constantFrom('a', 'b', 'c', 'd', 'e')
  const act = fc.record({ id, waitMs: fc.nat(120), sooner: fc.boolean() })
  fc.assert(
    fc.property(fc.array(act, { maxLength: 60 }), (acts) => {
      const seen = start()
      let model: { id: string; untilMs: number; whole: boolean }[] = []
      let nowMs = 0
      for (const { id: one, sooner, waitMs } of acts) {
        nowMs += waitMs
        model = model.filter(({ untilMs }) => untilMs > nowMs)
        const known = model.find((entry) => entry.id === one)
        if (sooner) {
          // Of what is over nobody asks to forget it sooner.
          if (known === undefined) continue
          seen.forgetSooner(one)
          if (known.whole) known.untilMs -= LIMITS.seenMs - LIMITS.soonerMs
          known.whole = false
          continue
        }
        expect(seen.has(one, nowMs)).toBe(known !== undefined)
        const said = seen.note(one, nowMs)
        if (known !== undefined) expect(said).toBe('seen')
        else if (said === 'new') {
          model.push({ id: one, untilMs: nowMs + LIMITS.seenMs, whole: true })
        } else expect(seen.size).toBe(LIMITS.seenMax)
        expect(seen.size).toBeLessThanOrEqual(LIMITS.seenMax)
      }
    }),
  )
})
