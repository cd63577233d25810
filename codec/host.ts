/**
 * Hosts in the one form in which they are compared: RFC 5952 for IPv6, four decimal parts for IPv4,
 * and IPv4 where an IPv6 address only maps one (RFC 4291 section 2.5.5.2), because that is how the
 * same peer appears to a socket of its own family. Names are never resolved here.
 * @module
 */
import ipaddr from 'ipaddr.js'

/** The longest IPv6 literal has 45 characters (RFC 4291), a zone's name at most 16 on Linux. */
const HOST_CHARACTERS_MAX = 64

/** Undefined for whatever is not an IP literal. A zone is kept: it holds on this machine alone. */
export function canonicalHost(host: string): string | undefined {
  if (host.length > HOST_CHARACTERS_MAX) return undefined
  if (ipaddr.IPv4.isValidFourPartDecimal(host)) return host
  if (!host.includes(':') || !ipaddr.IPv6.isValid(host)) return undefined
  const address = ipaddr.IPv6.parse(host)
  if (address.isIPv4MappedAddress()) return address.toIPv4Address().toString()
  return address.toRFC5952String()
}
