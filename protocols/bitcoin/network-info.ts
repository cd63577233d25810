/**
 * Which networks a node has a way to, and which way: what Core's `getnetworkinfo` says of them. The first is
 * what the network was told, the second what the streams do; both are the operator's to bring together.
 * @module
 */
import { ADDRESS_BYTES } from '../../codec/bitcoin/network-address.ts'
import type { PeerNetwork } from '../../codec/bitcoin/network-address.ts'
import type { Streams, StreamWay } from '../../world/streams.ts'
import type { BitcoinOptions } from '../bitcoin.ts'

/** To which a node has a way where nothing else is said. */
export const USUAL_NETWORKS: readonly PeerNetwork[] = ['ipv4', 'ipv6']

export interface NetworkInfo {
  readonly network: PeerNetwork
  /** Whether the node keeps its addresses and dials them by itself. Others it only tells of. */
  readonly isReachable: boolean
  /** How one of its addresses is dialled, whoever wants it dialled. */
  readonly way: StreamWay
}

/** One of each: the way is that of the kind. Over I2P nothing is dialled. */
const EXAMPLES: Readonly<Record<Exclude<PeerNetwork, 'i2p'>, string>> = {
  ipv4: '192.0.2.1',
  ipv6: '2001:db8::1',
  onion: `${'a'.repeat(56)}.onion`,
  cjdns: 'fc00::1',
}

export const isPeerNetwork = (name: unknown): name is PeerNetwork =>
  typeof name === 'string' && Object.hasOwn(ADDRESS_BYTES, name)

/** @param streams those of the node: what `createSupervisor` is given as `transport` */
export function networkInfo(
  { networks = USUAL_NETWORKS }: Pick<BitcoinOptions, 'networks'>,
  streams: Pick<Streams, 'wayTo'>,
): readonly NetworkInfo[] {
  const wayTo = (network: PeerNetwork): StreamWay => {
    if (network === 'i2p') return 'refused'
    const way = streams.wayTo?.(EXAMPLES[network]) ?? 'direct'
    // No resolver knows the name of a service.
    return network === 'onion' && way === 'direct' ? 'refused' : way
  }
  return Object.keys(ADDRESS_BYTES)
    .filter(isPeerNetwork)
    .map((network) => ({
      ...{ network, isReachable: networks.includes(network), way: wayTo(network) },
    }))
}
