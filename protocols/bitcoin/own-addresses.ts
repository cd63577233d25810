/**
 * Where this node can be reached, as far as it knows, and which of that a peer is told. An address is
 * believed by how it was learnt, and by how many peers saw us there. One of Tor or I2P is for peers of the
 * same network alone, and they are told no other: nobody may learn that both are one node.
 * @module
 */
import { isRoutableAddress } from '../../codec/bitcoin/address-scope.ts'
import type { NetworkAddress, PeerNetwork } from '../../codec/bitcoin/network-address.ts'
import { encodeHex } from '../../codec/bytes.ts'
import type { Random } from '../../world/random.ts'
import { reachability } from './reachability.ts'

/** Ours are a few; nobody else adds to them. */
const OWN_ADDRESSES_MAX = 64
/** Of an address that was stated without one: that at which the node listens. */
export const PORT_LISTENED_AT = 0

/** How an address of ours was learnt, and what that is worth, as in Core. */
const SCORES = {
  /** One of this machine's. */
  interface: 1,
  /** It was told to listen there. */
  bound: 2,
  /** A router opened a port. */
  mapped: 3,
  /** The operator said so, or a service of Tor or I2P was made for it. */
  stated: 4,
} as const

export type OwnAddressSource = keyof typeof SCORES

export interface OwnAddress {
  readonly address: NetworkAddress
  readonly score: number
}

/** A peer that wants to know where we are. */
export interface AddressAsker {
  readonly address: NetworkAddress
  /** The network that its connection came through. */
  readonly through: PeerNetwork | 'unroutable'
  readonly isInbound: boolean
  /** As what it sees us. */
  readonly seenAs: NetworkAddress | undefined
}

export interface OwnAddressesOptions {
  /** Networks to which this node has a way; it may change while the node runs. */
  readonly reachable: ReadonlySet<PeerNetwork>
  /** Whether more than what is stated counts: interfaces, and what peers say. */
  readonly isDiscovering: boolean
}

export interface OwnAddresses {
  /** Whether it is one of ours now. */
  add(address: NetworkAddress, source: OwnAddressSource): boolean
  /** It is given up, as a service of Tor with the connection that made it. */
  remove(address: NetworkAddress): void
  /** Somebody reached us there; without effect where it is none of ours. */
  vote(address: NetworkAddress): void
  /** Whether it is one of ours, under whatever port: it is not dialled. */
  has(address: NetworkAddress): boolean
  /** The one to tell this peer; undefined: none is fit for it. */
  offer(to: AddressAsker, listenPort: number, random: Random): NetworkAddress | undefined
  list(): readonly OwnAddress[]
}

const keyOf = ({ bytes, network }: NetworkAddress): string => `${network} ${encodeHex(bytes)}`

/** I2P has no ports: its 0 is one. */
const withPort = (address: NetworkAddress, listenPort: number): NetworkAddress =>
  address.port === PORT_LISTENED_AT && address.network !== 'i2p'
    ? { ...address, port: listenPort }
    : address

const isPrivate = (network: AddressAsker['through'] | NetworkAddress['network']): boolean =>
  network === 'onion' || network === 'i2p'

export function createOwnAddresses({
  isDiscovering,
  reachable,
}: OwnAddressesOptions): OwnAddresses {
  const table = new Map<string, OwnAddress>()

  const isReachable = ({ network }: NetworkAddress): boolean =>
    network !== 'none' && reachable.has(network)

  const bestFor = ({ address: peer, through }: AddressAsker): OwnAddress | undefined => {
    let best: OwnAddress | undefined
    let bestReach = -1
    for (const own of table.values()) {
      const { network } = own.address
      if (network !== through && (isPrivate(network) || isPrivate(through))) continue
      const reach = reachability(own.address, peer)
      if (reach < bestReach || (reach === bestReach && own.score <= (best?.score ?? 0))) continue
      best = own
      bestReach = reach
    }
    return best
  }

  /** Whether what the peer says is worth anything: both ends have to be of the world outside. */
  const isUseful = (address: NetworkAddress, peer: NetworkAddress): boolean =>
    isDiscovering && isRoutableAddress(peer) && isRoutableAddress(address) && isReachable(address)

  return {
    add(address, source) {
      const isStated = source === 'stated'
      if (!isRoutableAddress(address)) return false
      if (!isStated && !(isDiscovering && isReachable(address))) return false
      const key = keyOf(address)
      const known = table.get(key)
      if (known === undefined && table.size >= OWN_ADDRESSES_MAX) return false
      const score = SCORES[source]
      if (known === undefined) {
        table.set(key, { address: { ...address, bytes: address.bytes.slice() }, score })
      } else if (score >= known.score) {
        // Learnt twice is worth a vote; the port is the later one's.
        table.set(key, { address: { ...known.address, port: address.port }, score: score + 1 })
      }
      return true
    },
    remove(address) {
      table.delete(keyOf(address))
    },
    vote(address) {
      const key = keyOf(address)
      const known = table.get(key)
      if (known !== undefined) table.set(key, { ...known, score: known.score + 1 })
    },
    has: (address) => table.has(keyOf(address)),
    offer(to, listenPort, random) {
      const own = bestFor(to)
      const { isInbound, seenAs } = to
      const told = own === undefined ? undefined : withPort(own.address, listenPort)
      if (seenAs === undefined || !isUseful(seenAs, to.address)) return told
      // He may know better than we; the surer we are, the less often he is believed.
      const odds = (own?.score ?? 0) > SCORES.stated ? 8 : 2
      if (own !== undefined && random.below(odds) !== 0) return told
      // Whom we dialled sees a port that we do not listen on.
      const port = isInbound ? seenAs.port : (told?.port ?? listenPort)
      return { network: seenAs.network, bytes: seenAs.bytes.slice(), port }
    },
    list: () => [...table.values()],
  }
}
