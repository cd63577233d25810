import { describe, expect, test } from 'vitest'
import { parseAddress, printAddress } from '../../../codec/botd/address.ts'
import { groupOf } from '../../../codec/place.ts'
import { VECTORS } from './vectors.ts'

const KEY = VECTORS.aliceKey

describe('an address', () => {
  test.each([
    ['an IPv4 address', `botd://${KEY}@192.0.2.1:7000`, '192.0.2.1', 7_000],
    ['an IPv6 address in any form', `botd://${KEY}@[2001:DB8:0::1]:1`, '2001:db8::1', 1],
    ['a host name', `botd://${KEY}@Node.example:65535`, 'node.example', 65_535],
    ['no scheme', `${KEY}@localhost`, 'localhost', 9_945],
  ])('may have %s', (_, text, host, port) => {
    const address = { identity: KEY, host, port }
    expect(parseAddress(text)).toEqual({ address })
    expect(parseAddress(printAddress(address))).toEqual({ address })
  })

  test.each([
    ['no key', '192.0.2.1:7000'],
    ['a key in capitals', `${KEY.toUpperCase()}@192.0.2.1`],
    ['a key with another prefix', `04${KEY.slice(2)}@192.0.2.1`],
    ['a key that is too short', `${KEY.slice(2)}@192.0.2.1`],
    ['another scheme', `node://${KEY}@192.0.2.1`],
    ['no host', `${KEY}@:7000`],
    ['port 0', `${KEY}@192.0.2.1:0`],
    ['a port above all', `${KEY}@192.0.2.1:65536`],
    ['an IPv4 address in disguise', `${KEY}@127.1`],
    ['another one', `${KEY}@0x7f.0x1`],
    ['an IPv6 address without brackets', `${KEY}@::1`],
    ['a zone', `${KEY}@[fe80::1%25eth0]`],
    ['more behind it', `${KEY}@192.0.2.1:7000/path`],
    ['more than anybody needs', `${KEY}@${'a.'.repeat(300)}a`],
  ])('with %s is refused', (_, text) => {
    expect(parseAddress(text)).toHaveProperty('wrong')
  })

  test('of who dialled us is printed without a key, and cannot be dialled', () => {
    const text = printAddress({ identity: undefined, host: '::1', port: 5 })
    expect(text).toBe('[::1]:5')
    expect(parseAddress(text)).toHaveProperty('wrong')
  })
})

test('one customer is one group', () => {
  expect(groupOf('192.0.2.1')).toBe('192.0.2.1')
  expect(groupOf('::ffff:192.0.2.1')).toBe('192.0.2.1')
  expect(groupOf('2001:db8:1:2:3::4')).toBe(groupOf('2001:db8:1:2:ffff::'))
  expect(groupOf('2001:db8:1:2::')).not.toBe(groupOf('2001:db8:1:3::'))
})
