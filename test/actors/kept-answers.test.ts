import { describe, expect, test } from 'vitest'
import fc from 'fast-check'
import { createKeptAnswers } from '../../actors/kept-answers.ts'
import { holds } from '../support/properties.ts'

const LIMITS = {
  ...{ answersKeptMs: 1_000, answeredKeptMs: 5_000 },
  ...{ answersPerPeerMax: 3, answersBytesMax: 10_000 },
}
const answerOf = (bytes: number) => ({ payload: new Uint8Array(bytes) })
const BUSY = { refusal: 'handler-failed' } as const
const TOO_LATE = { refusal: 'timed-out' }

describe('answers that are kept', () => {
  test('are found by peer and request, until their time is over', () => {
    const answers = createKeptAnswers(LIMITS)
    answers.keep('one', 'a', BUSY, 0)
    answers.keep('two', 'a', answerOf(1), 500)
    expect(answers.get('one', 'a', 999)).toBe(BUSY)
    expect(answers.get('one', 'b', 999)).toBeUndefined()
    expect(answers.get('one', 'a', 1_000)).toEqual(TOO_LATE)
    expect(answers.get('two', 'a', 1_000)).toEqual(answerOf(1))
  })

  test('are gone before it is forgotten that they were given', () => {
    const answers = createKeptAnswers(LIMITS)
    answers.keep('one', 'a', answerOf(1), 0)
    answers.sweep(1_000)
    expect(answers.get('one', 'a', 4_999)).toEqual(TOO_LATE)
    expect(answers.get('one', 'a', 5_000)).toBeUndefined()
  })

  test('are let go by a sweep once they are over, and nothing of them is left', () => {
    const answers = createKeptAnswers(LIMITS)
    answers.keep('one', 'a', answerOf(1_000), 0)
    answers.keep('one', 'b', answerOf(1_000), 500)
    const both = answers.bytes
    answers.sweep(1_000)
    expect([answers.size, answers.bytes]).toEqual([2, both - 1_000])
    answers.sweep(1_200)
    expect([answers.size, answers.bytes]).toEqual([2, both - 1_000])
    answers.sweep(5_000)
    expect(answers.size).toBe(1)
    answers.sweep(5_500)
    expect([answers.size, answers.bytes]).toEqual([0, 0])
  })

  test('of one peer are so many: its oldest goes, and no other peer’s', () => {
    const answers = createKeptAnswers(LIMITS)
    answers.keep('two', 'a', BUSY, 0)
    for (const id of ['a', 'b', 'c', 'd']) answers.keep('one', id, BUSY, 0)
    const kept = ['a', 'b', 'c', 'd'].filter((id) => answers.get('one', id, 0) !== undefined)
    expect(kept).toEqual(['b', 'c', 'd'])
    expect(answers.get('two', 'a', 0)).toBe(BUSY)
  })

  test('beyond the bytes of all go at the cost of whoever has most of them', () => {
    const answers = createKeptAnswers(LIMITS)
    answers.keep('small', 'a', answerOf(100), 0)
    for (const id of ['a', 'b', 'c']) answers.keep('large', id, answerOf(4_000), 1)
    expect(answers.get('small', 'a', 1)).toEqual(answerOf(100))
    expect(answers.get('large', 'a', 1)).toEqual(TOO_LATE)
    expect(answers.get('large', 'b', 1)).toEqual(answerOf(4_000))
    expect(answers.get('large', 'c', 1)).toEqual(answerOf(4_000))
    expect(answers.size).toBe(4)
  })

  test('that are too many bytes go, the oldest first, and that they were given does not', () => {
    const answers = createKeptAnswers(LIMITS)
    for (const id of ['a', 'b', 'c']) answers.keep('one', id, answerOf(9_000), 0)
    const found = ['a', 'b', 'c'].map((id) => answers.get('one', id, 4_999))
    expect(found).toEqual([TOO_LATE, TOO_LATE, TOO_LATE])
    expect(answers.get('one', 'c', 999)).toEqual(answerOf(9_000))
    expect(answers.size).toBe(3)
  })

  test('are not kept where one is larger than all may be; that it was given is', () => {
    const answers = createKeptAnswers(LIMITS)
    answers.keep('one', 'a', answerOf(10_001), 0)
    expect(answers.get('one', 'a', 0)).toEqual(TOO_LATE)
  })

  test('are forgotten to have been given only by whoever has most and no answer left', () => {
    const answers = createKeptAnswers({ ...LIMITS, answersPerPeerMax: 100 })
    answers.keep('small', 'a', answerOf(1), 0)
    for (let id = 0; id < 50; id++) answers.keep('large', String(id), BUSY, 0)
    const left = Array.from({ length: 50 }, (_, id) => answers.get('large', String(id), 0))
    // Ten thousand bytes hold 39 entries of 256 bytes, one of them not its own.
    expect(left.map((answer) => answer !== undefined)).toEqual([
      ...new Array<boolean>(12).fill(false),
      ...new Array<boolean>(38).fill(true),
    ])
    expect(answers.get('small', 'a', 0)).toEqual(answerOf(1))
  })

  test('never take more than they may, whatever is kept and whenever', () => {
    const anyStep = fc.record({
      peer: fc.constantFrom('one', 'two', 'three'),
      id: fc.constantFrom('a', 'b', 'c', 'd', 'e'),
      bytes: fc.nat({ max: 6_000 }),
      afterMs: fc.nat({ max: 600 }),
      sweeps: fc.boolean(),
    })
    holds(
      fc.property(fc.array(anyStep, { maxLength: 60 }), (steps) => {
        const answers = createKeptAnswers(LIMITS)
        let nowMs = 0
        for (const { afterMs, bytes, id, peer, sweeps } of steps) {
          nowMs += afterMs
          answers.keep(peer, id, answerOf(bytes), nowMs)
          expect(answers.bytes).toBeLessThanOrEqual(LIMITS.answersBytesMax)
          expect(answers.size).toBeLessThanOrEqual(3 * LIMITS.answersPerPeerMax)
          if (sweeps) answers.sweep(nowMs)
        }
        answers.sweep(nowMs + LIMITS.answeredKeptMs)
        expect([answers.size, answers.bytes]).toEqual([0, 0])
      }),
    )
  })
})
