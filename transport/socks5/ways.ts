/**
 * Which way leads to a host: through which proxy, directly, or none. What no way is given for is
 * refused, so that nothing leaves a machine past its proxy because somebody forgot a kind of host.
 * @module
 */
import { canonicalHost } from '../../codec/host.ts'
import { canonicalName } from '../../codec/place.ts'
import type { SocketAddress } from '../../world/streams.ts'
import { isIPv6Host, targetAddress } from '../address.ts'
import type { Socks5Credentials } from './exchange.ts'

export interface UnixPath {
  /** Absolute. */
  readonly path: string
}

export interface Socks5Proxy {
  /** Where it listens: an IP literal and a port, or a Unix socket. */
  readonly at: SocketAddress | UnixPath
  /**
   * `isolated`: each stream has its own, made up, so that whatever keeps streams apart by them (Tor:
   * circuits) keeps ours apart. `none`: the proxy is not offered any. Default: `isolated`.
   */
  readonly credentials?: Socks5Credentials | 'isolated' | 'none'
}

/** `direct`: as if there were no proxy; names are then resolved here. `refused`: it is not reached at all. */
export type Socks5Way = Socks5Proxy | 'direct' | 'refused'

/** By kind of host. */
export interface Socks5Ways {
  readonly ipv4?: Socks5Way
  readonly ipv6?: Socks5Way
  /** Names that end in `.onion`. They are never dialled directly: no resolver may hear them (RFC 7686). */
  readonly onion?: Exclude<Socks5Way, 'direct'>
  /** All other names. */
  readonly names?: Socks5Way
  /** For what is not given. Default: `refused`. */
  readonly otherwise?: Socks5Way
}

/** A host in canonical form: an IP literal without brackets, or a name in lower case. */
export type WayOf = (host: string) => Socks5Way

export const isOnion = (host: string): boolean => host.endsWith('.onion')

/** As it is asked of a proxy: undefined for what is no host. */
export const canonicalTarget = (host: string): string | undefined =>
  canonicalHost(host) ?? canonicalName(host)

/** What can be asked of a proxy; undefined: it cannot. */
export function proxiedTarget({ host, port }: SocketAddress): SocketAddress | undefined {
  const canonical = canonicalTarget(host)
  // The check of the port is that of any dial.
  if (canonical === undefined || targetAddress({ host: '0.0.0.0', port }) === undefined) {
    return undefined
  }
  return { host: canonical, port }
}

const kindOf = (host: string): Exclude<keyof Socks5Ways, 'otherwise'> => {
  if (canonicalHost(host) === undefined) return isOnion(host) ? 'onion' : 'names'
  return isIPv6Host(host) ? 'ipv6' : 'ipv4'
}

export function wayOfTable(ways: Socks5Ways): WayOf {
  const { otherwise = 'refused' } = ways
  return (host) => ways[kindOf(host)] ?? otherwise
}

/** Whatever way was given, an onion name does not go to a resolver. */
export const withoutOnionLeaks =
  (wayOf: WayOf): WayOf =>
  (host) => {
    const way = wayOf(host)
    return way === 'direct' && isOnion(host) ? 'refused' : way
  }
