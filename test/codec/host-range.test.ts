import fc from 'fast-check'
import ipaddr from 'ipaddr.js'
import { describe, expect, test } from 'vitest'
import { canonicalRange, isInRange, parseHostRange } from '../../codec/host-range.ts'
import { printHostRange } from '../../codec/host-range.ts'
import { holds } from '../support/properties.ts'

const printed = (text: string): string => {
  const range = parseHostRange(text)
  return 'wrong' in range ? `wrong: ${range.wrong}` : printHostRange(range)
}

describe('a range of addresses', () => {
  test.each([
    ['10.0.0.0/8', '10.0.0.0/8'],
    ['10.1.2.3/8', '10.0.0.0/8'],
    ['255.255.255.255/0', '0.0.0.0/0'],
    ['10.1.2.3/32', '10.1.2.3'],
    ['10.1.2.3', '10.1.2.3'],
    ['2001:DB8:0:0::1/32', '2001:db8::/32'],
    ['::1/128', '::1'],
    ['::/0', '::/0'],
    ['::ffff:10.1.2.3/104', '10.0.0.0/8'],
  ])('%s is %s in its one form', (text, form) => {
    expect(printed(text)).toBe(form)
    expect(printed(form)).toBe(form)
    expect(canonicalRange(text) !== undefined).toBe(text === form && text.includes('/'))
  })

  test.each([
    ...['', '/', '/8', 'a.example/8', '10.0.0.0/', '10.0.0.0/33', '10.0.0.0/-1', '10.0.0.0/08'],
    ...[
      '10.0.0.0/8/8',
      '10.0.0/8',
      '::/129',
      '::ffff:1.2.3.4/95',
      'fe80::1%eth0/64',
      '1.2.3.4/1e1',
    ],
    ...['10.0.0.0/255.0.0.0', ' 10.0.0.0/8', '10.0.0.0 /8', `${'1'.repeat(100_000)}/8`],
  ])('is not %j', (text) => {
    expect(parseHostRange(text)).toHaveProperty('wrong')
  })

  test('holds the addresses that the library says, and none of the other kind', () => {
    const bytes = (count: number) => fc.array(fc.nat(255), { minLength: count, maxLength: count })
    const pair = fc
      .constantFrom(4, 16)
      .chain((count) => fc.tuple(bytes(count), bytes(count), fc.nat(count * 8), fc.nat(count * 8)))
    holds(
      fc.property(pair, ([one, other, shared, bits]) => {
        // Random addresses have nothing in common: the second begins as the first.
        const near = other.map((byte, index) => {
          const mask = Math.max(0, Math.min(8, shared - index * 8))
          const keep = (0xff00 >> mask) & 0xff
          return ((one[index] ?? 0) & keep) | (byte & ~keep & 0xff)
        })
        const [first, second] = [ipaddr.fromByteArray(one), ipaddr.fromByteArray(near)]
        fc.pre(![first, second].some((a) => a instanceof ipaddr.IPv6 && a.isIPv4MappedAddress()))
        const range = parseHostRange(`${first.toString()}/${String(bits)}`)
        if ('wrong' in range) throw new Error(range.wrong)
        const expected =
          first instanceof ipaddr.IPv4 && second instanceof ipaddr.IPv4
            ? second.match(first, bits)
            : first instanceof ipaddr.IPv6 &&
              second instanceof ipaddr.IPv6 &&
              second.match(first, bits)
        expect(isInRange(range, second.toString())).toBe(expected)
        expect(printed(printHostRange(range))).toBe(printHostRange(range))
        expect(isInRange(range, 'a.example')).toBe(false)
      }),
      300,
    )
  })
})
