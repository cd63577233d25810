/**
 * Addresses of peers as bytes: the old form of 16 bytes, which has room for IPv4 and IPv6 alone, and that
 * of BIP 155 with a network's number and a length.
 *
 * An entry whose address nobody can use is no fault of the message: it stays as one of the network `none`,
 * because limits count it like the others.
 * @module
 */
import { failReading, readBytes, readU16be, readU8, skipBytes } from '../reader.ts'
import type { Reader } from '../reader.ts'
import { readCompactSize, writeCompactSize } from '../varint.ts'
import { writeBytes, writeU16be, writeU8 } from '../writer.ts'
import type { Writer } from '../writer.ts'
import { checkLength } from './fields.ts'

/** Those of BIP 155 that can be dialled. */
export type PeerNetwork = 'ipv4' | 'ipv6' | 'onion' | 'i2p' | 'cjdns'

export interface NetworkAddress {
  /** `none`: Tor v2, networks that are not known here, addresses in the form of another network. */
  readonly network: PeerNetwork | 'none'
  /** A view: 4 of IPv4, 16 of IPv6 and CJDNS, 32 (a key, a hash) of Tor and I2P, none of `none`. */
  readonly bytes: Uint8Array
  readonly port: number
}

const NO_BYTES: Uint8Array = new Uint8Array(0)

/** What stands for no address: in ours always, where a node would tell its own. */
export const NO_ADDRESS: NetworkAddress = { network: 'none', bytes: NO_BYTES, port: 0 }

const IPV6_BYTES = 16
/** With the port. */
export const V1_ADDRESS_BYTES = IPV6_BYTES + 2
/** MAX_ADDRV2_SIZE: of networks that are not known yet. */
export const V2_ADDRESS_BYTES_MAX = 512

export const ADDRESS_BYTES: Readonly<Record<PeerNetwork, number>> = {
  ipv4: 4,
  ipv6: IPV6_BYTES,
  onion: 32,
  i2p: 32,
  cjdns: IPV6_BYTES,
}

const NETWORK_IDS: Readonly<Record<PeerNetwork, number>> = {
  ipv4: 1,
  ipv6: 2,
  onion: 4,
  i2p: 5,
  cjdns: 6,
}
const NETWORK_OF_ID: ReadonlyMap<number, PeerNetwork> = new Map([
  [NETWORK_IDS.ipv4, 'ipv4'],
  [NETWORK_IDS.ipv6, 'ipv6'],
  [NETWORK_IDS.onion, 'onion'],
  [NETWORK_IDS.i2p, 'i2p'],
  [NETWORK_IDS.cjdns, 'cjdns'],
])

/** RFC 4291, section 2.5.5.2. */
const IPV4_PREFIX = Uint8Array.of(0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff)
/** OnionCat's, where Tor v2 stood. */
const TOR_V2_PREFIX = Uint8Array.of(0xfd, 0x87, 0xd8, 0x7e, 0xeb, 0x43)
/** Core's names of seeds, in the form of addresses: never told to anybody. */
const INTERNAL_PREFIX = Uint8Array.of(0xfd, 0x6b, 0x88, 0xc0, 0x87, 0x24)
const CJDNS_FIRST = 0xfc

function startsWith(bytes: Uint8Array, prefix: Uint8Array): boolean {
  for (let index = 0; index < prefix.length; index++) {
    if (bytes[index] !== prefix[index]) return false
  }
  return true
}

const isZero = (bytes: Uint8Array): boolean => bytes.every((byte) => byte === 0)

/** 16 bytes and a port, big-endian. */
export function readV1Address(reader: Reader): NetworkAddress {
  const bytes = readBytes(reader, IPV6_BYTES)
  const port = readU16be(reader)
  if (startsWith(bytes, IPV4_PREFIX)) {
    return { network: 'ipv4', bytes: bytes.subarray(IPV4_PREFIX.length), port }
  }
  return isIpv6(bytes) ? { network: 'ipv6', bytes, port } : { ...NO_ADDRESS, port }
}

const isIpv6 = (bytes: Uint8Array): boolean =>
  !startsWith(bytes, TOR_V2_PREFIX) && !startsWith(bytes, INTERNAL_PREFIX) && !isZero(bytes)

/** What the old form has no room for stands in it as `none`, and belongs into no `addr`. */
export const hasV1Form = ({ network }: NetworkAddress): boolean =>
  network === 'ipv4' || network === 'ipv6'

export function writeV1Address(writer: Writer, { network, bytes, port }: NetworkAddress): void {
  if (network === 'ipv4') {
    writeBytes(writer, IPV4_PREFIX)
    writeBytes(writer, checkLength(bytes, ADDRESS_BYTES.ipv4))
  } else {
    const isExpressible = network === 'ipv6'
    writeBytes(writer, isExpressible ? checkLength(bytes, IPV6_BYTES) : new Uint8Array(IPV6_BYTES))
  }
  writeU16be(writer, port)
}

/**
 * BIP 155: a network's number, a length, as many bytes, a port.
 * @throws {WireError} a length that its network does not have, or none has
 */
export function readV2Address(reader: Reader): NetworkAddress {
  const network = readNetwork(reader)
  if (network === undefined) return { ...NO_ADDRESS, port: readU16be(reader) }
  const bytes = readBytes(reader, ADDRESS_BYTES[network])
  const port = readU16be(reader)
  return isAmiss(network, bytes) ? { ...NO_ADDRESS, port } : { network, bytes, port }
}

/** As `readV2Address`, where nobody wants to know it. */
export function skipV2Address(reader: Reader): void {
  const network = readNetwork(reader)
  skipBytes(reader, network === undefined ? 2 : ADDRESS_BYTES[network] + 2)
}

/** Stands behind the length afterwards; behind the bytes, where the number says nothing here. */
function readNetwork(reader: Reader): PeerNetwork | undefined {
  const network = NETWORK_OF_ID.get(readU8(reader))
  const length = readCompactSize(reader, V2_ADDRESS_BYTES_MAX)
  if (network === undefined) skipBytes(reader, length)
  else if (length !== ADDRESS_BYTES[network]) failReading(reader, 'short')
  return network
}

function isAmiss(network: PeerNetwork, bytes: Uint8Array): boolean {
  if (network === 'cjdns') return bytes[0] !== CJDNS_FIRST
  return network === 'ipv6' && (startsWith(bytes, IPV4_PREFIX) || !isIpv6(bytes))
}

/** @throws {RangeError} `none` has no number */
export function writeV2Address(writer: Writer, { network, bytes, port }: NetworkAddress): void {
  if (network === 'none') throw new RangeError('no address has no form')
  writeU8(writer, NETWORK_IDS[network])
  writeCompactSize(writer, ADDRESS_BYTES[network])
  writeBytes(writer, checkLength(bytes, ADDRESS_BYTES[network]))
  writeU16be(writer, port)
}
