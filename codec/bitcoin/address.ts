/**
 * Where a peer is, as text and as the core keeps it: an IP address, the host name of an onion or I2P
 * service, or a name that is resolved when it is dialled. Names of services are checked here, so that a
 * mistyped one is noticed where it was typed.
 * @module
 */
import { sha3_256 } from '@noble/hashes/sha3.js'
import ipaddr from 'ipaddr.js'
import type { SocketAddress } from '../../world/streams.ts'
import { concatBytes, encodeAscii, equalBytes } from '../bytes.ts'
import { canonicalHost } from '../host.ts'
import { parsePlace, printPlace } from '../place.ts'
import { decodeBase32, encodeBase32 } from './base32.ts'
import { ADDRESS_BYTES } from './network-address.ts'
import type { NetworkAddress, PeerNetwork } from './network-address.ts'

export interface BitcoinAddress {
  /** `name`: nobody knows of which network until it is resolved. */
  readonly network: PeerNetwork | 'name'
  /** In the one form in which it is compared. */
  readonly host: string
  readonly port: number
}

const ONION = '.onion'
const I2P = '.b32.i2p'
/** Of a service's name, as rend-spec-v3 section 6 has it; behind the key and the checksum. */
const ONION_VERSION = 3
const ONION_CHECKSUM_BYTES = 2
/** As SAM 3.1 has it: there are no ports. */
const I2P_PORT = 0
/** fc00::/8: within the unique local addresses, and CJDNS's own. */
const CJDNS_HOST = /^fc[0-9a-f]{2}:/

/** The address, or a sentence of what is wrong with the text. */
export function parseAddress(
  text: string,
  defaultPort: number,
): { readonly address: BitcoinAddress } | { readonly wrong: string } {
  // The one port of I2P, which no place has.
  const isZero = text.toLowerCase().endsWith(`${I2P}:${I2P_PORT}`)
  const place = parsePlace(isZero ? text.slice(0, text.lastIndexOf(':')) : text, defaultPort)
  if ('wrong' in place) return place
  const { host, port } = place
  const network = networkOfHost(host)
  if (network === undefined) return { wrong: `${host} is mistyped: it is no name of a service` }
  if (network !== 'i2p') return { address: { network, host, port } }
  return isZero || !text.includes(':')
    ? { address: { network, host, port: I2P_PORT } }
    : { wrong: 'an I2P address has no port, or port 0' }
}

/** Undefined for a name that only looks like that of a service. */
function networkOfHost(host: string): BitcoinAddress['network'] | undefined {
  if (host.includes(':')) return CJDNS_HOST.test(host) ? 'cjdns' : 'ipv6'
  if (host.endsWith(ONION)) return onionKey(host) === undefined ? undefined : 'onion'
  if (host.endsWith('.i2p')) return i2pHash(host) === undefined ? undefined : 'i2p'
  return canonicalHost(host) === undefined ? 'name' : 'ipv4'
}

/** Where a connection came from. A zone stays: it says on which of this machine's links. */
export function addressOfSocket({ host, port }: SocketAddress): BitcoinAddress {
  const canonical = canonicalHost(host) ?? host
  return { network: networkOfHost(canonical) ?? 'name', host: canonical, port }
}

/** Always with the port. */
export const printAddress = ({ host, port }: BitcoinAddress): string => printPlace({ host, port })

/** What was read from a message, as text; undefined of `none`. */
export function addressOf({ network, bytes, port }: NetworkAddress): BitcoinAddress | undefined {
  return network === 'none' ? undefined : { network, host: printHost(network, bytes), port }
}

function printHost(network: PeerNetwork, bytes: Uint8Array): string {
  switch (network) {
    case 'ipv4':
      return bytes.join('.')
    case 'ipv6':
    case 'cjdns':
      return new ipaddr.IPv6([...bytes]).toRFC5952String()
    case 'onion':
      return encodeBase32(concatBytes(bytes, onionChecksum(bytes), ONION_TAIL)) + ONION
    case 'i2p':
      return encodeBase32(bytes) + I2P
  }
}

const ONION_TAIL = Uint8Array.of(ONION_VERSION)
const ONION_LABEL = encodeAscii('.onion checksum')

const onionChecksum = (key: Uint8Array): Uint8Array =>
  sha3_256(concatBytes(ONION_LABEL, key, ONION_TAIL)).subarray(0, ONION_CHECKSUM_BYTES)

function onionKey(host: string): Uint8Array | undefined {
  const bytes = decodeBase32(host.slice(0, -ONION.length))
  const keyBytes = ADDRESS_BYTES.onion
  if (bytes?.length !== keyBytes + ONION_CHECKSUM_BYTES + 1) return undefined
  const key = bytes.subarray(0, keyBytes)
  return equalBytes(bytes.subarray(keyBytes), concatBytes(onionChecksum(key), ONION_TAIL))
    ? key
    : undefined
}

function i2pHash(host: string): Uint8Array | undefined {
  if (!host.endsWith(I2P)) return undefined
  const bytes = decodeBase32(host.slice(0, -I2P.length))
  return bytes?.length === ADDRESS_BYTES.i2p ? bytes : undefined
}

/** For messages; undefined of a name, and of a host that is none of its network's. */
export function networkAddressOf(address: BitcoinAddress): NetworkAddress | undefined {
  const { network, port } = address
  if (network === 'name') return undefined
  const bytes = hostBytes(network, address.host)
  return bytes?.length === ADDRESS_BYTES[network] ? { network, bytes, port } : undefined
}

function hostBytes(network: PeerNetwork, host: string): Uint8Array | undefined {
  switch (network) {
    case 'onion':
      return onionKey(host)
    case 'i2p':
      return i2pHash(host)
    case 'ipv4':
    case 'ipv6':
    case 'cjdns':
      return ipaddr.isValid(host) ? Uint8Array.from(ipaddr.parse(host).toByteArray()) : undefined
  }
}
