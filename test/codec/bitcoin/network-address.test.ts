import { describe, expect, test } from 'vitest'
import { hasV1Form } from '../../../codec/bitcoin/network-address.ts'
import type { NetworkAddress } from '../../../codec/bitcoin/network-address.ts'
import { concatBytes, encodeHex } from '../../../codec/bytes.ts'
import { hex } from '../../support/hex.ts'
import { decode, encode, skips } from './encoding.ts'

const none = (port: number): NetworkAddress => ({ network: 'none', bytes: hex(''), port })

/** What one entry of an `addr` says, of 16 bytes in hexadecimal. */
function inV1(address: string): NetworkAddress | undefined {
  const payload = concatBytes(hex('01 00f15365 0900000000000000'), hex(address), hex('208d'))
  const message = decode('addr', payload)
  return message.type === 'addr' ? message.entries[0]?.address : undefined
}

/** What one entry of an `addrv2` says, from the network's number to the address. */
function inV2(address: string): NetworkAddress | undefined {
  const message = decode('addrv2', hex(`01 00f15365 09 ${address} 208d`))
  return message.type === 'addrv2' ? message.entries[0]?.address : undefined
}

const IPV6 = '20010db8000000000000000000000001'
const CJDNS = 'fc000001000200030004000500060007'
const ANY_32 = '000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f'

describe('the old form', () => {
  test.each([
    ['IPv4', '00000000000000000000ffff01020304', 'ipv4', '01020304'],
    ['IPv6', IPV6, 'ipv6', IPV6],
    ['the address of this machine', '00000000000000000000000000000001', 'ipv6', undefined],
    ['what is nearly IPv4', '00000000000000000000fffe01020304', 'ipv6', undefined],
    [
      'CJDNS, which it cannot tell from IPv6',
      'fc000000000000000000000000000001',
      'ipv6',
      undefined,
    ],
  ])('says %s', (_, address, network, bytes = address) => {
    expect(inV1(address)).toEqual({ network, bytes: hex(bytes), port: 8333 })
  })

  test.each([
    ['a Tor service of the second age', 'fd87d87eeb4301020304050607080910'],
    ['a name of Core’s own', 'fd6b88c0872401020304050607080910'],
    ['none', '00000000000000000000000000000000'],
  ])('says %s: an entry that counts, of no address', (_, address) => {
    expect(inV1(address)).toEqual(none(8333))
  })
})

describe('the form of BIP 155', () => {
  test.each([
    ['IPv4', '01 04 01020304', 'ipv4', '01020304'],
    ['IPv6', `02 10 ${IPV6}`, 'ipv6', IPV6],
    ['Tor', `04 20 ${ANY_32}`, 'onion', ANY_32],
    ['I2P', `05 20 ${ANY_32}`, 'i2p', ANY_32],
    ['CJDNS', `06 10 ${CJDNS}`, 'cjdns', CJDNS],
  ] as const)('says %s', (_, written, network, bytes) => {
    const address = { network, bytes: hex(bytes), port: 8333 }
    expect(inV2(written)).toEqual(address)
    const message = {
      type: 'addrv2',
      entries: [{ seenSeconds: 1, services: 0n, address }],
    } as const
    expect(encodeHex(encode(message))).toBe(encodeHex(hex(`01 01000000 00 ${written} 208d`)))
  })

  test.each([
    ['a Tor service of the second age', '03 0a 01020304050607080910'],
    ['Yggdrasil', `07 10 ${IPV6}`],
    ['a network to come', 'aa 04 01020304'],
    ['a network to come, of no bytes', 'aa 00'],
    ['a network to come, with the longest address', `aa fd0002 ${'07'.repeat(512)}`],
    ['number 0', '00 04 01020304'],
    ['IPv4 as IPv6', '02 10 00000000000000000000ffff01020304'],
    ['a Tor service as IPv6', '02 10 fd87d87eeb4301020304050607080910'],
    ['a name of Core’s own as IPv6', '02 10 fd6b88c0872401020304050607080910'],
    ['IPv6 without any', '02 10 00000000000000000000000000000000'],
    ['CJDNS that is none', '06 10 fd000001000200030004000500060007'],
  ])('says %s: an entry that counts, of no address', (_, written) => {
    expect(inV2(written)).toEqual(none(8333))
  })

  test.each([
    ['IPv4', '01 05 0102030405'],
    ['IPv4', '01 03 010203'],
    ['IPv6', `02 04 01020304`],
    ['Tor', `04 1f ${ANY_32.slice(2)}`],
    ['I2P', `05 21 ${ANY_32}ff`],
    ['CJDNS', '06 00'],
    ['a network to come', `aa fd0102 ${'07'.repeat(513)}`],
    ['a network to come in a long form', `aa fd0400 01020304`],
  ])('of another length for %s makes the whole message malformed', (_, written) => {
    expect(() => inV2(written)).toThrow(skips('malformed'))
  })

  test('is never taken for longer than it can be', () => {
    const message = decode('addrv2', hex(`14 ${'00000000 00 aa 00 0001'.repeat(20)}`))
    expect(message.type === 'addrv2' ? message.entries.length : 0).toBe(20)
  })

  test('goes on behind what it does not know', () => {
    const message = decode(
      'addrv2',
      hex(`03 00000000 00 aa 03 010203 0001  00000000 fdffff 01 04 01020304 0002
           01000000 ffffffffffffffffff 05 20 ${ANY_32} 0000`),
    )
    expect(message).toMatchObject({
      entries: [
        { services: 0n, address: none(1) },
        { services: 0xffffn, address: { network: 'ipv4', port: 2 } },
        { services: 2n ** 64n - 1n, address: { network: 'i2p', port: 0 } },
      ],
    })
  })
})

test('two of the networks have a place in addr', () => {
  const networks = ['ipv4', 'ipv6', 'onion', 'i2p', 'cjdns', 'none'] as const
  const fitting = networks.filter((network) => hasV1Form({ network, bytes: hex(''), port: 0 }))
  expect(fitting).toEqual(['ipv4', 'ipv6'])
})
