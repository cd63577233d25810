/**
 * How good a way one of our addresses is for a peer: his own kind of network is the best, and what
 * leads through somebody's tunnel is a poor one. The order is Core's.
 * @module
 */
import { isRoutableAddress } from '../../codec/bitcoin/address-scope.ts'
import type { NetworkAddress, PeerNetwork } from '../../codec/bitcoin/network-address.ts'
import { tunnelOf } from '../../codec/bitcoin/tunnels.ts'

/** `tunnel`: IPv6 of one who has IPv4 alone, and no Teredo. */
type Kind = PeerNetwork | 'teredo' | 'tunnel'
/** Who comes from where nobody else can go: this machine, this house, a proxy. */
type PeerKind = PeerNetwork | 'teredo' | 'unroutable'

const NONE = 0
/** Some way or other. */
const SOME = 1

const RANKS: Readonly<Record<PeerKind, Partial<Readonly<Record<Kind, number>>>>> = {
  ipv4: { ipv4: 4 },
  ipv6: { teredo: 2, tunnel: 3, ipv4: 4, ipv6: 5 },
  teredo: { teredo: 2, tunnel: 3, ipv6: 3, ipv4: 4 },
  // Through Tor everybody reaches IPv4 as well.
  onion: { ipv4: 4, onion: 6 },
  i2p: { i2p: 6 },
  cjdns: { cjdns: 6 },
  unroutable: { teredo: 2, tunnel: 3, ipv6: 3, ipv4: 4, onion: 6 },
}

function kindOf(address: NetworkAddress): Kind | undefined {
  if (address.network === 'none' || !isRoutableAddress(address)) return undefined
  const tunnel = tunnelOf(address)
  if (tunnel === undefined) return address.network
  return tunnel.kind === 'teredo' ? 'teredo' : 'tunnel'
}

function peerKindOf(address: NetworkAddress): PeerKind {
  const kind = kindOf(address) ?? 'unroutable'
  return kind === 'tunnel' ? 'ipv6' : kind
}

/** From 0, no way, to 6: higher is better. */
export function reachability(own: NetworkAddress, peer: NetworkAddress): number {
  const kind = kindOf(own)
  return kind === undefined ? NONE : (RANKS[peerKindOf(peer)][kind] ?? SOME)
}
