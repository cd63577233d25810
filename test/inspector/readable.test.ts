import { describe, expect, test } from 'vitest'
import { readable } from '../../inspector/readable.ts'

describe('a value that a person can read', () => {
  test.each([
    ['bytes', Uint8Array.of(1, 255), '01ff'],
    ['a large integer', 12345678901234567890n, '12345678901234567890'],
    [
      'a map',
      new Map<unknown, unknown>([
        ['a', 1n],
        [2, Uint8Array.of(3)],
      ]),
      { a: '1', '2': '03' },
    ],
    ['a set', new Set([1, 'b']), [1, 'b']],
    ['what JSON has nothing for', [undefined, () => 1], [null, null]],
    ['fields of that kind', { left: undefined, out: () => 1, in: true }, { in: true }],
    ['no number', Number.NaN, 'NaN'],
    ['an error', new TypeError('no'), { name: 'TypeError', message: 'no' }],
    ['a long text', 'x'.repeat(300), `${'x'.repeat(256)}...`],
    ['many bytes', new Uint8Array(129), `${'00'.repeat(128)}...`],
    ['nothing', null, null],
  ])('%s', (_, value, plain) => {
    expect(readable(value)).toEqual(plain)
  })

  test('is bounded, whatever it is given', () => {
    const ring: Record<string, unknown> = {}
    ring['self'] = ring
    expect(JSON.stringify(readable(ring))).toBe(
      '{"self":{"self":{"self":{"self":{"self":{"self":"..."}}}}}}',
    )
    expect(JSON.stringify(readable(new Array(100_000).fill(1))).length).toBeLessThan(2_000)
    const hostile = {
      get bad(): number {
        throw new Error('no')
      },
    }
    expect(readable({ hostile })).toEqual({ hostile: '...' })
    expect(readable(undefined)).toBeUndefined()
  })
})
