/**
 * How far an address is good: for nothing, on this machine, in this house, or from everywhere. Only the
 * last kind is told to others and kept. The ranges are those of Core (and of the RFCs beside them).
 * @module
 */
import type { NetworkAddress } from './network-address.ts'

/** First bytes, and how many bits of them count. */
interface AddressRange {
  readonly bytes: readonly number[]
  readonly bits: number
}

const range = (bits: number, ...bytes: readonly number[]): AddressRange => ({ bytes, bits })

const IPV4_INVALID = [range(32, 0, 0, 0, 0), range(32, 255, 255, 255, 255)]
const IPV4_LOCAL = [range(8, 127), range(8, 0)]
const IPV4_UNROUTABLE = [
  range(8, 10), // RFC 1918
  range(12, 172, 16), // RFC 1918
  range(16, 192, 168), // RFC 1918
  range(15, 198, 18), // RFC 2544
  range(16, 169, 254), // RFC 3927
  range(10, 100, 64), // RFC 6598
  range(24, 192, 0, 2), // RFC 5737
  range(24, 198, 51, 100), // RFC 5737
  range(24, 203, 0, 113), // RFC 5737
]

const IPV6_INVALID = [
  range(128, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0),
  range(32, 0x20, 0x01, 0x0d, 0xb8), // RFC 3849
]
const IPV6_LOCAL = [range(128, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1)]
const IPV6_UNROUTABLE = [
  range(64, 0xfe, 0x80, 0, 0, 0, 0, 0, 0), // RFC 4862
  range(7, 0xfc), // RFC 4193; CJDNS, which lies within, is a network of its own
  range(28, 0x20, 0x01, 0x00, 0x10), // RFC 4843
  range(28, 0x20, 0x01, 0x00, 0x20), // RFC 7343
]

/** The bits of the last byte that count, from the highest on. */
const maskOf = (bits: number): number => (bits >= 8 ? 0xff : 0xff & (0xff << (8 - bits)))

function isIn({ bytes, bits }: AddressRange, address: Uint8Array): boolean {
  return bytes.every((byte, index) => {
    const mask = maskOf(bits - index * 8)
    return ((address[index] ?? 0) & mask) === (byte & mask)
  })
}

const isInAny = (ranges: readonly AddressRange[], { bytes }: NetworkAddress): boolean =>
  ranges.some((one) => isIn(one, bytes))

/** Whether it is an address at all, and not an example or a sign for one. */
export function isValidAddress(address: NetworkAddress): boolean {
  switch (address.network) {
    case 'none':
      return false
    case 'ipv4':
      return !isInAny(IPV4_INVALID, address)
    case 'ipv6':
      return !isInAny(IPV6_INVALID, address)
    case 'onion':
    case 'i2p':
    case 'cjdns':
      return true
  }
}

/** Whether it leads to the machine that dials it. */
export function isLocalAddress(address: NetworkAddress): boolean {
  if (address.network === 'ipv4') return isInAny(IPV4_LOCAL, address)
  return address.network === 'ipv6' && isInAny(IPV6_LOCAL, address)
}

/** Whether it leads to the same peer from everywhere. */
export function isRoutableAddress(address: NetworkAddress): boolean {
  if (!isValidAddress(address) || isLocalAddress(address)) return false
  if (address.network === 'ipv4') return !isInAny(IPV4_UNROUTABLE, address)
  return address.network !== 'ipv6' || !isInAny(IPV6_UNROUTABLE, address)
}
