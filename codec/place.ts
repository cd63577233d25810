/**
 * Where something listens, as text: `host:port`, and what of a host counts together. A host is an IP
 * literal in its one canonical form, or a name. What a resolver would read as an IP literal in disguise
 * (`127.1`, `0x7f.1`) is refused: limits count by prefix.
 * @module
 */
import ipaddr from 'ipaddr.js'
import type { SocketAddress } from '../world/streams.ts'
import { canonicalHost } from './host.ts'

const PORT = /^[1-9][0-9]{0,4}$/
/** RFC 1123, section 2.1: letters, digits and hyphens, 63 a label, 253 in all. */
const HOST_NAME_CHARACTERS_MAX = 253
const HOST_LABEL = /^(?!-)[a-z0-9-]{1,63}(?<!-)$/
/** A last label like this makes resolvers read the whole as a number. */
const NUMBER_LABEL = /^(?:[0-9]+|0x[0-9a-f]*)$/

/** IPv6 in brackets; the port may be left out. Or a sentence of what is wrong with the text. */
export function parsePlace(
  text: string,
  defaultPort: number,
): SocketAddress | { readonly wrong: string } {
  const bracket = text.startsWith('[') ? text.indexOf(']') : -1
  const colon = text.indexOf(':', bracket + 1)
  const hostEnd = colon < 0 ? text.length : colon
  if (bracket >= 0 && hostEnd !== bracket + 1) {
    return { wrong: 'after the ] belongs a colon and a port, or nothing' }
  }
  const host =
    bracket >= 0 ? canonicalIpv6(text.slice(1, bracket)) : canonicalPlace(text.slice(0, hostEnd))
  if (host === undefined) {
    return { wrong: 'the host is neither an IP address (IPv6 in brackets) nor a host name' }
  }
  if (colon < 0) return { host, port: defaultPort }
  const digits = text.slice(colon + 1)
  const port = Number(digits)
  if (!PORT.test(digits) || port > 0xffff) return { wrong: 'the port is not from 1 to 65535' }
  return { host, port }
}

function canonicalIpv6(text: string): string | undefined {
  // A zone holds on one machine alone, and an address is told to others.
  return text.includes('%') || !text.includes(':') ? undefined : canonicalHost(text)
}

function canonicalPlace(text: string): string | undefined {
  return !text.includes(':') && canonicalHost(text) !== undefined ? text : canonicalName(text)
}

/** A host name in lower case; undefined for what is none, IP literals and their disguises among them. */
export function canonicalName(text: string): string | undefined {
  const name = text.toLowerCase()
  if (name.length > HOST_NAME_CHARACTERS_MAX) return undefined
  const labels = name.split('.')
  if (!labels.every((label) => HOST_LABEL.test(label))) return undefined
  return NUMBER_LABEL.test(labels.at(-1) ?? '') ? undefined : name
}

/** An IP literal of this machine alone. A name is none, whatever it leads to. */
export function isLoopback(host: string): boolean {
  const canonical = canonicalHost(host)
  return canonical !== undefined && ipaddr.parse(canonical).range() === 'loopback'
}

/** Always with the port. */
export const printPlace = ({ host, port }: SocketAddress): string =>
  host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`

/**
 * What limits and bans count together: an IPv4 address, or the first 64 bits of an IPv6 address, because
 * a single customer is given that many. A host name stands for itself.
 */
export function groupOf(host: string): string {
  if (!ipaddr.IPv6.isValid(host)) return host.toLowerCase()
  const address = ipaddr.IPv6.parse(host)
  if (address.isIPv4MappedAddress()) return address.toIPv4Address().toString()
  const prefix = [...address.parts.slice(0, 4), 0, 0, 0, 0]
  return `${new ipaddr.IPv6(prefix).toRFC5952String()}/64`
}
