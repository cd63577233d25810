/**
 * Addresses of sockets, checked and in the one form in which they are compared.
 * @module
 */
import { canonicalHost } from '../codec/host.ts'
import type { SocketAddress } from '../world/streams.ts'

/** Whether a canonical host is IPv6. */
export const isIPv6Host = (host: string): boolean => host.includes(':')

const isPort = (port: number, least: number): boolean =>
  Number.isInteger(port) && port >= least && port <= 65_535

/** What can be dialled or sent to: an IP literal and a port that is not 0. Undefined: it cannot. */
export function targetAddress({ host, port }: SocketAddress): SocketAddress | undefined {
  const canonical = canonicalHost(host)
  return canonical === undefined || !isPort(port, 1) ? undefined : { host: canonical, port }
}

/** What can be listened on or bound: as a target, and port 0 for any free one. */
export function localAddress({ host, port }: SocketAddress): SocketAddress | undefined {
  const canonical = canonicalHost(host)
  return canonical === undefined || !isPort(port, 0) ? undefined : { host: canonical, port }
}

/** What the platform printed, in our form; undefined where it had nothing to print. */
export function printedAddress(
  host: string | undefined,
  port: number | undefined,
): SocketAddress | undefined {
  if (host === undefined || port === undefined) return undefined
  return { host: canonicalHost(host) ?? host, port }
}
