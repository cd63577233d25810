/**
 * Where a peer is, as messages write it, and through which network it came: what is told in one network
 * must not show who we are in another.
 * @module
 */
import { addressOfSocket, networkAddressOf, parseAddress } from '../../codec/bitcoin/address.ts'
import { isRoutableAddress } from '../../codec/bitcoin/address-scope.ts'
import { NO_ADDRESS } from '../../codec/bitcoin/network-address.ts'
import type { NetworkAddress } from '../../codec/bitcoin/network-address.ts'
import type { BitcoinConnectionView } from './address-relay-contract.ts'
import type { AddressAsker } from './own-addresses.ts'

/** Of a text that has its port. */
const PORT_LEFT_OUT = 0

/** Undefined: a name, or no address. */
export function networkAddressIn(text: string): NetworkAddress | undefined {
  const parsed = parseAddress(text, PORT_LEFT_OUT)
  return 'wrong' in parsed ? undefined : networkAddressOf(parsed.address)
}

export const placeOf = ({ remote, target }: BitcoinConnectionView): NetworkAddress =>
  (target && networkAddressOf(target)) ?? networkAddressOf(addressOfSocket(remote)) ?? NO_ADDRESS

/** That of its address; of one that not all can reach none: it is of this machine, or of this house. */
export function networkThrough(view: BitcoinConnectionView): AddressAsker['through'] {
  const place = placeOf(view)
  return place.network !== 'none' && isRoutableAddress(place) ? place.network : 'unroutable'
}

/** As what it says that it sees us; undefined where it says nothing that makes sense. */
export function seenAs({ facts }: BitcoinConnectionView): NetworkAddress | undefined {
  const text = facts?.peer?.seenAs
  return text === undefined ? undefined : networkAddressIn(text)
}
