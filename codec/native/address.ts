/**
 * Where a node is: `node://<id>@host:port` (native protocol, section 1). Who dials has to
 * know the id, so the text has to have one; the address of a connection that came in has none.
 *
 * A host is an IP literal in its one canonical form, or a name. What a resolver would read as an IP
 * literal in disguise (`127.1`, `0x7f.1`) is refused: limits count by prefix.
 * @module
 */
import ipaddr from 'ipaddr.js'
import type { SocketAddress } from '../../world/streams.ts'
import { canonicalHost } from '../host.ts'
import { isNodeId } from './identity.ts'

/** Ours: the source of the protocol names none. */
export const DEFAULT_PORT = 9946

export interface NativeAddress {
  /** Undefined where the other side dialled: it is known once it has proven itself. */
  readonly id: string | undefined
  readonly host: string
  readonly port: number
}

const SCHEME = 'node://'
/** A host of 253 characters, the id, scheme, brackets and port are well under this. */
const CHARACTERS_MAX = 400
const PORT = /^[1-9][0-9]{0,4}$/
/** RFC 1123, section 2.1: letters, digits and hyphens, 63 a label, 253 in all. */
const HOST_NAME_CHARACTERS_MAX = 253
const HOST_LABEL = /^(?!-)[a-z0-9-]{1,63}(?<!-)$/
/** A last label like this makes resolvers read the whole as a number. */
const NUMBER_LABEL = /^(?:[0-9]+|0x[0-9a-f]*)$/

/** The address, or a sentence of what is wrong with the text. */
export function parseAddress(
  text: string,
): { readonly address: NativeAddress } | { readonly wrong: string } {
  if (text.length > CHARACTERS_MAX) return { wrong: 'the address is too long' }
  if (!text.startsWith(SCHEME)) return { wrong: 'the address does not start with node://' }
  const at = text.indexOf('@')
  const id = text.slice(SCHEME.length, Math.max(at, SCHEME.length))
  if (at < 0 || !isNodeId(id)) {
    return { wrong: 'before the @ belongs a node id: 64 lower-case hexadecimal digits' }
  }
  const place = parsePlace(text.slice(at + 1))
  return 'wrong' in place ? place : { address: { id, ...place } }
}

function parsePlace(text: string): SocketAddress | { readonly wrong: string } {
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
  if (colon < 0) return { host, port: DEFAULT_PORT }
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
  if (!text.includes(':') && canonicalHost(text) !== undefined) return text
  const name = text.toLowerCase()
  if (name.length > HOST_NAME_CHARACTERS_MAX) return undefined
  const labels = name.split('.')
  if (!labels.every((label) => HOST_LABEL.test(label))) return undefined
  return NUMBER_LABEL.test(labels.at(-1) ?? '') ? undefined : name
}

const printPlace = ({ host, port }: NativeAddress): string =>
  host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`

/** Always with the port. What has no id cannot be dialled, and is not printed as if it could. */
export const printAddress = (address: NativeAddress): string =>
  address.id === undefined ? printPlace(address) : `${SCHEME}${address.id}@${printPlace(address)}`

/**
 * What limits and bans count together (section 9): an IPv4 address, or the first 64 bits of an IPv6
 * address, because a single customer is given that many. A host name stands for itself.
 */
export function groupOf(host: string): string {
  if (!ipaddr.IPv6.isValid(host)) return host.toLowerCase()
  const address = ipaddr.IPv6.parse(host)
  if (address.isIPv4MappedAddress()) return address.toIPv4Address().toString()
  const prefix = [...address.parts.slice(0, 4), 0, 0, 0, 0]
  return `${new ipaddr.IPv6(prefix).toRFC5952String()}/64`
}
