import { sha256 } from '@noble/hashes/sha2.js'
import { describe, expect, test } from 'vitest'
import { NO_ADDRESS } from '../../codec/bitcoin/network-address.ts'
import { tunnelOf } from '../../codec/bitcoin/tunnels.ts'
import { encodeHex } from '../../codec/bytes.ts'
import { groupBytesOf, groupBytesOfName } from '../../protocols/bitcoin/netgroup.ts'
import { I2P, networkAddress, ONION } from './bitcoin-addresses-support.ts'

const groupOf = (text: string) => encodeHex(groupBytesOf(networkAddress(text)))

/** The pairs of Core's own unit tests, and one for each row of its table that they leave out. */
describe('the group of an address', () => {
  test.each([
    ['this machine', '127.0.0.1', '00'],
    ['this machine in IPv6', '[::1]', '00'],
    ['a house (RFC 1918)', '10.0.0.1', '00'],
    ['a link (RFC 3927)', '169.254.1.1', '00'],
    ['a house in IPv6', '[fd00::1]', '00'],
    ['an example', '[2001:db8::1]', '00'],
    ['IPv4', '1.2.3.4', '010102'],
    ['IPv4 by translation (RFC 6145)', '[::ffff:0:102:304]', '010102'],
    ['IPv4 by translation (RFC 6052)', '[64:ff9b::102:304]', '010102'],
    ['6to4 (RFC 3964)', '[2002:102:304:9999:9999:9999:9999:9999]', '010102'],
    ['Teredo (RFC 4380)', '[2001:0:9999:9999:9999:9999:fefd:fcfb]', '010102'],
    ['Hurricane Electric', '[2001:470:abcd:9999:9999:9999:9999:9999]', '0220010470af'],
    ['IPv6', '[2001:2001:9999:9999:9999:9999:9999:9999]', '0220012001'],
    ['Tor', ONION, '037f'],
    ['I2P', `${I2P}:0`, '04af'],
    ['CJDNS', '[fc12:3456::1]', '05fc1f'],
  ])('of %s', (_, text, group) => {
    expect(groupOf(text)).toBe(group)
  })

  test('of none, as of all that nobody can reach', () => {
    expect(encodeHex(groupBytesOf(NO_ADDRESS))).toBe('00')
  })

  test('a name has one for itself', () => {
    const group = groupBytesOfName('baz.net', (...parts) => sha256(parts[0] ?? new Uint8Array()))
    expect(encodeHex(group)).toBe('0612929400eb4607c4ac07')
  })
})

test('an address that stands for one of IPv4 says which', () => {
  const octetsOf = (text: string) => tunnelOf(networkAddress(text))?.octets.join('.')
  expect(octetsOf('[2002:102:304::1]')).toBe('1.2.3.4')
  expect(octetsOf('[2001:0:9999:9999:9999:9999:fefd:fcfb]')).toBe('1.2.3.4')
  expect(octetsOf('[64:ff9b::102:304]')).toBe('1.2.3.4')
  expect(octetsOf('[2001:1::1]')).toBeUndefined()
  expect(octetsOf('1.2.3.4')).toBeUndefined()
})
