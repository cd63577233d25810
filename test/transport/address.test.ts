import { describe, expect, test } from 'vitest'
import { canonicalHost } from '../../codec/host.ts'
import { localAddress, printedAddress, targetAddress } from '../../transport/address.ts'

describe('a host in canonical form', () => {
  test.each([
    ['127.0.0.1', '127.0.0.1'],
    ['255.255.255.255', '255.255.255.255'],
    ['::', '::'],
    ['0:0:0:0:0:0:0:1', '::1'],
    ['2001:0DB8:0000:0000:0001:0000:0000:0001', '2001:db8::1:0:0:1'],
    ['2001:db8:0:1:1:1:1:1', '2001:db8:0:1:1:1:1:1'],
    ['::ffff:192.0.2.1', '192.0.2.1'],
    ['::FFFF:c000:0201', '192.0.2.1'],
    ['fe80::1%eth0', 'fe80::1%eth0'],
  ])('of %s is %s', (host, canonical) => {
    expect(canonicalHost(host)).toBe(canonical)
    expect(canonicalHost(canonical)).toBe(canonical)
  })

  test.each([
    '',
    'localhost',
    'example.org',
    '127.1',
    '0x7f.0.0.1',
    '010.0.0.1',
    '256.0.0.1',
    '1.2.3.4.5',
    '2130706433',
    '[::1]',
    '::1::',
    ':1',
    '12345::',
    '::g',
    ' ::1',
    '127.0.0.1 ',
    '127.0.0.1\0',
    `::1%${'z'.repeat(64)}`,
  ])('is not there for %j', (host) => {
    expect(canonicalHost(host)).toBeUndefined()
  })
})

test('a target has a port, what is bound may leave it open', () => {
  expect(targetAddress({ host: '::ffff:192.0.2.1', port: 65_535 })).toEqual({
    host: '192.0.2.1',
    port: 65_535,
  })
  expect(targetAddress({ host: '192.0.2.1', port: 0 })).toBeUndefined()
  expect(localAddress({ host: '192.0.2.1', port: 0 })).toEqual({ host: '192.0.2.1', port: 0 })
  for (const port of [-1, 65_536, 0.5, Number.NaN, Infinity]) {
    expect(targetAddress({ host: '192.0.2.1', port })).toBeUndefined()
    expect(localAddress({ host: '192.0.2.1', port })).toBeUndefined()
  }
})

test('what the platform printed is there unless it printed nothing', () => {
  expect(printedAddress('::ffff:192.0.2.1', 1)).toEqual({ host: '192.0.2.1', port: 1 })
  expect(printedAddress(undefined, 1)).toBeUndefined()
  expect(printedAddress('::1', undefined)).toBeUndefined()
})
