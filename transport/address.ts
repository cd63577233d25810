/**
 * Addresses of sockets in the one form in which they are compared: RFC 5952 for IPv6, four decimal
 * parts for IPv4, and IPv4 where an IPv6 address only maps one (RFC 4291 section 2.5.5.2), because
 * that is how the same peer appears to a socket of its own family. Names are never resolved here.
 * @module
 */
import ipaddr from 'ipaddr.js'
import type { SocketAddress } from '../world/streams.ts'

/** The longest IPv6 literal has 45 characters (RFC 4291), a zone's name at most 16 on Linux. */
const HOST_CHARACTERS_MAX = 64

/** Undefined for whatever is not an IP literal. */
export function canonicalHost(host: string): string | undefined {
  if (host.length > HOST_CHARACTERS_MAX) return undefined
  if (ipaddr.IPv4.isValidFourPartDecimal(host)) return host
  if (!host.includes(':') || !ipaddr.IPv6.isValid(host)) return undefined
  const address = ipaddr.IPv6.parse(host)
  if (address.isIPv4MappedAddress()) return address.toIPv4Address().toString()
  return address.toRFC5952String()
}

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
