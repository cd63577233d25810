/**
 * What the core's address book is told of Bitcoin's addresses: the bytes that are hashed for one, which of
 * them are close, which are kept. With Core's sizes, which are the book's own, an address has the places
 * that it has in Core under the same secret.
 * @module
 */
import { sha256 } from '@noble/hashes/sha2.js'
import type { BookRules } from '../../actors/protocol.ts'
import { isRoutableAddress } from '../../codec/bitcoin/address-scope.ts'
import { networkAddressOf } from '../../codec/bitcoin/address.ts'
import type { BitcoinAddress } from '../../codec/bitcoin/address.ts'
import { hasV1Form, V1_ADDRESS_BYTES, writeV1Address } from '../../codec/bitcoin/network-address.ts'
import type { NetworkAddress, PeerNetwork } from '../../codec/bitcoin/network-address.ts'
import { concatBytes, encodeUtf8 } from '../../codec/bytes.ts'
import { createWriter, writeU16be, writtenBytes } from '../../codec/writer.ts'
import { groupBytesOf, groupBytesOfName } from './netgroup.ts'
import { independentCount } from './outbound.ts'
import { SLOTS } from './slots.ts'

const PORT_BYTES = 2

/** The old form's 16 bytes where there is one, else those of the network; and the port. */
export function addressKeyBytes(address: NetworkAddress): Uint8Array {
  const writer = createWriter(V1_ADDRESS_BYTES)
  if (hasV1Form(address)) {
    writeV1Address(writer, address)
    return writtenBytes(writer)
  }
  const port = createWriter(PORT_BYTES)
  writeU16be(port, address.port)
  return concatBytes(address.bytes, writtenBytes(port))
}

/**
 * Whether it may be kept and dialled: from everywhere, and by us. Core keeps port 0 as well, to which
 * nobody can connect but in I2P.
 */
function isStorable(address: NetworkAddress, reachable: ReadonlySet<PeerNetwork>): boolean {
  const { network, port } = address
  if (network === 'none' || !reachable.has(network)) return false
  return (port !== 0 || network === 'i2p') && isRoutableAddress(address)
}

/**
 * Whoever asks for our addresses sees when each was seen last. Of peers that nobody is to know of that
 * time says nothing, and of others not when the connection began.
 */
const UNSEEN_SLOTS: ReadonlySet<string> = new Set([SLOTS.blockRelayOnly, SLOTS.feeler])

/** Whom somebody named is dialled again and again, and whom we only ask for addresses may be a name. */
const NAMED_SLOTS: ReadonlySet<string> = new Set([SLOTS.manual, SLOTS.addressFetch])

/**
 * With so many lasting connections that one hand hardly has, our own link is not what fails. Whoever makes
 * us believe so with one group of addresses cannot wear out the good ones in our book.
 */
const INDEPENDENT_MIN = 2

/** @param reachable networks to which this node has a way; it may change while the node runs */
export function addressBookRules(reachable: ReadonlySet<PeerNetwork>): BookRules<BitcoinAddress> {
  return {
    keyBytes(address) {
      const written = networkAddressOf(address)
      return written === undefined ? encodeUtf8(address.host) : addressKeyBytes(written)
    },
    groupBytes(address) {
      const written = networkAddressOf(address)
      return written === undefined ? groupBytesOfName(address.host, sha256) : groupBytesOf(written)
    },
    digest: (bytes) => sha256(sha256(bytes)),
    isStorable(address) {
      const written = networkAddressOf(address)
      return written !== undefined && isStorable(written, reachable)
    },
    countsFailure: (slot, held) =>
      !NAMED_SLOTS.has(slot) && independentCount(held) >= INDEPENDENT_MIN,
    marksSeen: (slot, moment) => moment === 'ended' && !UNSEEN_SLOTS.has(slot),
  }
}
