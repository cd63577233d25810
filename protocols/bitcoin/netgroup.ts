/**
 * Which addresses are likely in one hand (Core's net groups): the address book keeps them together, and of
 * the peers that a node dials by itself no two are of one group. Two parts of an IPv4 address, four bytes
 * of an IPv6 one; of networks whose addresses cost nothing, four bits.
 *
 * A map from prefixes to operators (asmap), which Core can use in place of the prefixes, is not read here.
 * @module
 */
import { isRoutableAddress } from '../../codec/bitcoin/address-scope.ts'
import type { NetworkAddress } from '../../codec/bitcoin/network-address.ts'
import { tunnelOf } from '../../codec/bitcoin/tunnels.ts'
import { encodeUtf8 } from '../../codec/bytes.ts'
import type { CryptoBackend } from '../../world/crypto.ts'

/** As Core numbers them: the number is the first byte of a group. */
const CLASS = { unroutable: 0, ipv4: 1, ipv6: 2, onion: 3, i2p: 4, cjdns: 5, name: 6 } as const

const UNROUTABLE = Uint8Array.of(CLASS.unroutable)

const IPV6_BITS = 32
/** Hurricane Electric gives its tunnels to anybody, 2001:470::/32 in all. */
const HURRICANE_PREFIX = [0x20, 0x01, 0x04, 0x70] as const
const HURRICANE_BITS = 36
/** Of a key or a hash, which whoever has it chose. */
const DRAWN_BITS = 4
/** The same, behind the byte that all of CJDNS begin with. */
const CJDNS_BITS = 12
/** Of a name's hash, as Core gives a name the form of an address. */
const NAME_BYTES = 10

/** The first bits, and ones up to the end of the last byte. */
function prefixOf(bytes: Uint8Array, bits: number): readonly number[] {
  const prefix = [...bytes.subarray(0, Math.ceil(bits / 8))]
  const rest = bits % 8
  return rest === 0 ? prefix : prefix.with(-1, (prefix.at(-1) ?? 0) | (0xff >> rest))
}

export function groupBytesOf(address: NetworkAddress): Uint8Array {
  if (address.network === 'none' || !isRoutableAddress(address)) return UNROUTABLE
  const { bytes, network } = address
  const octets = network === 'ipv4' ? bytes : tunnelOf(address)?.octets
  if (octets !== undefined) return Uint8Array.of(CLASS.ipv4, ...octets.subarray(0, 2))
  return Uint8Array.of(CLASS[network], ...prefixOf(bytes, bitsOf(network, bytes)))
}

function bitsOf(network: NetworkAddress['network'], bytes: Uint8Array): number {
  if (network === 'onion' || network === 'i2p') return DRAWN_BITS
  if (network === 'cjdns') return CJDNS_BITS
  return HURRICANE_PREFIX.every((byte, index) => bytes[index] === byte) ? HURRICANE_BITS : IPV6_BITS
}

/** A name that stands for many addresses, as a seed's does: a group of its own. */
export const groupBytesOfName = (name: string, sha256: CryptoBackend['sha256']): Uint8Array =>
  Uint8Array.of(CLASS.name, ...sha256(encodeUtf8(name)).subarray(0, NAME_BYTES))
