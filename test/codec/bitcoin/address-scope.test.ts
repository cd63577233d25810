import { describe, expect, test } from 'vitest'
import { networkAddressOf, parseAddress } from '../../../codec/bitcoin/address.ts'
import {
  isLocalAddress,
  isRoutableAddress,
  isValidAddress,
} from '../../../codec/bitcoin/address-scope.ts'
import { NO_ADDRESS } from '../../../codec/bitcoin/network-address.ts'
import type { NetworkAddress } from '../../../codec/bitcoin/network-address.ts'

function at(text: string): NetworkAddress {
  const parsed = parseAddress(text.includes(':') ? `[${text}]` : text, 8333)
  const address = 'address' in parsed ? networkAddressOf(parsed.address) : undefined
  if (address === undefined) throw new Error(`no address: ${text}`)
  return address
}

const each = (list: string) => list.split(' ').map((text) => [text] as const)
const ONION = 'pg6mmjiyjmcrsslvykfwnntlaru7p5svn6y2ymmju6nubxndf4pscryd.onion'
const I2P = 'ukeu3k5oycgaauneqgtnvselmt4yemvoilkln7jpvamvfx7dnkdq.b32.i2p'

describe('from everywhere the same peer is at', () => {
  test.each(
    each(
      '1.2.3.4 8.8.8.8 9.255.255.255 11.0.0.0 172.15.0.1 172.32.0.0 192.167.0.1 192.169.0.0 ' +
        '198.17.0.1 198.20.0.0 169.253.0.1 100.63.255.255 100.128.0.0 192.0.1.1 192.0.3.0 ' +
        '198.51.99.1 203.0.114.1 128.0.0.1 126.0.0.1 255.255.255.254 ' +
        '2001:470::1 2001:db9::1 2001:db7:ffff::1 fb00::1 fe00::1 fe80:0:0:1::1 ::2 ' +
        `2001:0::1 2001:30::1 2001:f::1 2002:102:304::1 fc00::1 ${ONION} ${I2P}`,
    ),
  )('%s', (text) => {
    expect(isRoutableAddress(at(text))).toBe(true)
    expect(isValidAddress(at(text))).toBe(true)
    expect(isLocalAddress(at(text))).toBe(false)
  })
})

describe('another one in each house is at', () => {
  test.each(
    each(
      '10.0.0.1 10.255.255.255 172.16.0.1 172.31.255.255 192.168.1.1 198.18.0.1 198.19.255.255 ' +
        '169.254.1.1 169.254.200.1 192.0.2.200 198.51.100.200 192.168.200.1 10.200.0.1 100.64.0.1 100.127.255.255 192.0.2.1 198.51.100.1 203.0.113.255 ' +
        'fe80::1 fd00::1 2001:10::1 2001:1f:ffff::1 2001:20::1 2001:2f::1',
    ),
  )('%s', (text) => {
    expect(isRoutableAddress(at(text))).toBe(false)
    expect(isValidAddress(at(text))).toBe(true)
    expect(isLocalAddress(at(text))).toBe(false)
  })
})

describe('on this machine is', () => {
  test.each(each('127.0.0.1 127.255.255.255 0.1.2.3 ::1'))('%s', (text) => {
    expect(isRoutableAddress(at(text))).toBe(false)
    expect(isValidAddress(at(text))).toBe(true)
    expect(isLocalAddress(at(text))).toBe(true)
  })
})

describe('nobody is at', () => {
  test.each(each('0.0.0.0 255.255.255.255 :: 2001:db8::1 2001:db8:ffff::'))('%s', (text) => {
    expect(isRoutableAddress(at(text))).toBe(false)
    expect(isValidAddress(at(text))).toBe(false)
  })

  test('what is no address', () => {
    expect(isRoutableAddress(NO_ADDRESS)).toBe(false)
    expect(isValidAddress(NO_ADDRESS)).toBe(false)
    expect(isLocalAddress(NO_ADDRESS)).toBe(false)
  })
})
