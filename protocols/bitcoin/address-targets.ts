/**
 * To whom an address is passed on: to the same one or two peers for a day, wherever it comes from, so that
 * it does not come back again and again; and to others on the next day. Which they are follows from a
 * secret. Each address has a day of its own, or all would change hands at one moment.
 * @module
 */
import { sipHash64, sipHashKeyOf } from '../../codec/bitcoin/siphash.ts'
import type { SipHashKey } from '../../codec/bitcoin/siphash.ts'
import type { NetworkAddress } from '../../codec/bitcoin/network-address.ts'
import { concatBytes, encodeUtf8 } from '../../codec/bytes.ts'
import { createWriter, writeU64le, writtenBytes } from '../../codec/writer.ts'
import { addressKeyBytes } from './address-book-rules.ts'

/** RANDOMIZER_ID_ADDRESS_RELAY: what is drawn for something else with the same secret is not this. */
const PURPOSE = 0x3cac_0035_b586_6b90n
/** ROTATE_ADDR_RELAY_DEST_INTERVAL. */
const DAY_SECONDS = 86_400n
const PEERS_MAX = 2

/** Everybody's: it says when an address's day begins, and hides nothing. */
const OPEN_KEY = sipHashKeyOf(new Uint8Array(16))

export interface RelayedAddress {
  readonly address: NetworkAddress
  /** Whether this node has a way to its network. One without goes to fewer: we cannot tell if it is good. */
  readonly isReachable: boolean
  readonly wallMs: number
}

/** @param peers names of those who may be told it */
export function relayTargets(
  key: SipHashKey,
  { address, isReachable, wallMs }: RelayedAddress,
  peers: readonly string[],
): readonly string[] {
  const hash = sipHash64(OPEN_KEY, addressKeyBytes(address))
  const seconds = BigInt(Math.max(0, Math.floor(wallMs / 1_000)))
  const day = BigInt.asUintN(64, seconds + hash) / DAY_SECONDS
  const writer = createWriter(3 * 8)
  for (const word of [PURPOSE, hash, day]) writeU64le(writer, word)
  const drawn = writtenBytes(writer)
  const count = isReachable || (sipHash64(key, drawn) & 1n) === 1n ? PEERS_MAX : 1
  return peers
    .map((peer) => ({ peer, rank: sipHash64(key, concatBytes(drawn, encodeUtf8(peer))) }))
    .toSorted((one, other) => (one.rank > other.rank ? -1 : 1))
    .slice(0, count)
    .map(({ peer }) => peer)
}
