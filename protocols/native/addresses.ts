/**
 * The address rules of the native network, put together for its manifest.
 * @module
 */
import { sha256 } from '@noble/hashes/sha2.js'
import ipaddr from 'ipaddr.js'
import type { AddressRules } from '../../actors/protocol.ts'
import { encodeUtf8 } from '../../codec/bytes.ts'
import { groupOf, isLoopback } from '../../codec/place.ts'
import { parseAddress, printAddress } from '../../codec/native/address.ts'
import type { NativeAddress } from '../../codec/native/address.ts'
import { isNodeId } from '../../codec/native/identity.ts'
import type { SocketAddress } from '../../world/streams.ts'

/** How far an address reaches: this machine, this link, this site, everywhere. */
const REACH: Readonly<Record<string, number>> = {
  unspecified: -1,
  broadcast: -1,
  multicast: -1,
  reserved: -1,
  loopback: 0,
  linkLocal: 1,
  private: 2,
  uniqueLocal: 2,
  carrierGradeNat: 2,
}
const EVERYWHERE = 3

function reachOf(host: string): number {
  if (host === 'localhost') return 0
  // A name is looked up by whoever dials it.
  return ipaddr.isValid(host) ? (REACH[ipaddr.process(host).range()] ?? EVERYWHERE) : EVERYWHERE
}

export const isUnspecified = (host: string): boolean =>
  ipaddr.isValid(host) && ipaddr.process(host).range() === 'unspecified'

/**
 * An address of this machine or site means somebody else to whoever is farther away: it is not told
 * there, and not believed from there.
 */
export const mayTell = ({ host }: NativeAddress, to: SocketAddress): boolean =>
  reachOf(host) >= reachOf(to.host)

/** Core's netgroups: two parts of an IPv4 address, four bytes of an IPv6 one; a name for itself. */
function netgroupOf({ host }: NativeAddress): Uint8Array {
  if (!ipaddr.isValid(host)) return encodeUtf8(host).slice(0, 255)
  const bytes = ipaddr.process(host).toByteArray()
  return Uint8Array.of(bytes.length, ...bytes.slice(0, bytes.length === 4 ? 2 : 4))
}

export const NATIVE_ADDRESSES: AddressRules<NativeAddress> = {
  parse: parseAddress,
  print: printAddress,
  // A port and a canonical host in one form: equal text, same address.
  key: printAddress,
  socket: ({ host, port }) => ({ host, port }),
  fromSocket: ({ host, port }) => ({ id: undefined, host, port }),
  group: groupOf,
  isShared: isLoopback,
  identity: ({ id }) => id,
  isIdentity: isNodeId,
  mayTell,
  book: {
    keyBytes: (address) => encodeUtf8(printAddress(address)),
    groupBytes: netgroupOf,
    digest: sha256,
    // A name leads wherever its owner says, to this very machine too, and is a group of its own.
    isStorable: ({ host, id }) => id !== undefined && ipaddr.isValid(host) && reachOf(host) >= 0,
  },
}
