import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { jsonLine } from '../../cli/json.ts'

const roundTrip = (value: unknown): unknown =>
  (JSON.parse(jsonLine({ value })) as { readonly value?: unknown }).value

describe('a line of JSON', () => {
  test.each([
    ['bytes', Uint8Array.of(0, 255), '00ff'],
    ['bytes of the platform', Buffer.from('hi'), '6869'],
    ['a large integer', 2n ** 64n - 1n, '18446744073709551615'],
    ['an error', new RangeError('no'), { name: 'RangeError', message: 'no' }],
    [
      'an error with a code',
      Object.assign(new Error('no'), { code: 'ENO' }),
      { name: 'Error', message: 'no', code: 'ENO' },
    ],
    ['a number without an end', Infinity, 'Infinity'],
    ['a time finer than a clock', 1.000_000_4, 1],
    ['what JSON has nothing for', undefined, undefined],
    ['the same in a list', [undefined, () => 7], [null, null]],
    ['a map', new Map([['a', 1n]]), [['a', '1']]],
    ['a set', new Set([1]), [1]],
  ])('holds %s', (_, value, json) => {
    expect(roundTrip(value)).toEqual(json)
  })

  test('holds a value that holds itself', () => {
    const ring: Record<string, unknown> = { name: 'ring' }
    ring['self'] = ring
    expect(jsonLine({ ring })).toContain('"self":"..."')
  })

  test('leaves out a getter that throws', () => {
    const trap = {
      get value() {
        throw new Error('trap')
      },
    }
    expect(roundTrip([trap, 1])).toEqual(['...', 1])
  })

  test('of what holds itself a thousand times has an end', () => {
    const many: unknown[] = []
    for (let count = 0; count < 1_000; count++) many.push(many)
    expect(jsonLine({ many }).length).toBeLessThan(1_000_000)
  })

  test('is one line of JSON whatever it is made of', () => {
    fc.assert(
      fc.property(fc.anything({ withBigInt: true, withMap: true, withSet: true }), (value) => {
        const line = jsonLine({ value })
        expect(line).not.toContain('\n')
        JSON.parse(line)
      }),
    )
  })
})
