/**
 * Addresses of the Bitcoin network for tests: from text, as messages have them and as the core does.
 * @module
 */
import { networkAddressOf, parseAddress } from '../../codec/bitcoin/address.ts'
import type { BitcoinAddress } from '../../codec/bitcoin/address.ts'
import type { NetworkAddress, PeerNetwork } from '../../codec/bitcoin/network-address.ts'

export const PORT = 8333
export const ONION = 'pg6mmjiyjmcrsslvykfwnntlaru7p5svn6y2ymmju6nubxndf4pscryd.onion'
export const I2P = 'ukeu3k5oycgaauneqgtnvselmt4yemvoilkln7jpvamvfx7dnkdq.b32.i2p'
export const ALL_NETWORKS: ReadonlySet<PeerNetwork> = new Set([
  'ipv4',
  'ipv6',
  'onion',
  'i2p',
  'cjdns',
])

/** @throws {Error} the test itself is wrong */
export function addressFrom(text: string): BitcoinAddress {
  const parsed = parseAddress(text, PORT)
  if ('wrong' in parsed) throw new Error(`${text}: ${parsed.wrong}`)
  return parsed.address
}

/** @throws {Error} the test itself is wrong */
export function networkAddress(text: string): NetworkAddress {
  const address = networkAddressOf(addressFrom(text))
  if (address === undefined) throw new Error(`${text} has no form in messages`)
  return address
}
