/**
 * Where a node of the BOTD network is: `botd://<public key>@host:port`. Who dials has to know the key,
 * so the text has to have it; the address of a connection that came in has none.
 *
 * A host is an IP literal in its one canonical form, or a name. What a resolver would read as an IP
 * literal in disguise (`127.1`, `0x7f.1`) is refused: limits count by prefix.
 * @module
 */
import ipaddr from 'ipaddr.js'
import { canonicalHost } from '../host.ts'

export const DEFAULT_PORT = 9945

export interface BotdAddress {
  /** The public key in hexadecimal. Undefined where the other side dialled. */
  readonly identity: string | undefined
  readonly host: string
  readonly port: number
}

/** 33 bytes, compressed. Whether they are on the curve is seen when it is dialled. */
export const isIdentity = (text: string): boolean => /^0[23][0-9a-f]{64}$/.test(text)

const SCHEME = 'botd://'
const CHARACTERS_MAX = 400
/** The parts of a place: a host in brackets or without a colon, and a port where there is one. */
const PLACE = /^(?:\[([0-9a-fA-F:.]+)\]|([^[\]:]+))(?::([1-9][0-9]{0,4}))?$/
/** RFC 1123, section 2.1: letters, digits and hyphens, 63 a label, 253 in all. */
const HOST_NAME_CHARACTERS_MAX = 253
const HOST_LABEL = /^(?!-)[a-z0-9-]{1,63}(?<!-)$/
/** A last label like this makes resolvers read the whole as a number. */
const NUMBER_LABEL = /^(?:[0-9]+|0x[0-9a-f]*)$/

/** The address, or a sentence of what is wrong with the text. The scheme may be left out. */
export function parseAddress(
  text: string,
): { readonly address: BotdAddress } | { readonly wrong: string } {
  if (text.length > CHARACTERS_MAX) return { wrong: 'the address is too long' }
  const rest = text.startsWith(SCHEME) ? text.slice(SCHEME.length) : text
  const at = rest.indexOf('@')
  const identity = rest.slice(0, Math.max(at, 0))
  if (!isIdentity(identity)) {
    return { wrong: 'before the @ belongs a public key: 66 lower-case hexadecimal digits' }
  }
  const [, bracketed, bare = '', digits = String(DEFAULT_PORT)] =
    PLACE.exec(rest.slice(at + 1)) ?? []
  const host = bracketed === undefined ? hostOf(bare) : ipv6Of(bracketed)
  const port = Number(digits)
  if (host === undefined || port > 0xffff) {
    return {
      wrong: 'behind the @ belongs a host name or an IP address (IPv6 in brackets), and a port',
    }
  }
  return { address: { identity, host, port } }
}

const ipv6Of = (text: string): string | undefined =>
  text.includes(':') ? canonicalHost(text) : undefined

function hostOf(text: string): string | undefined {
  if (canonicalHost(text) !== undefined) return text
  const name = text.toLowerCase()
  const labels = name.split('.')
  const isName =
    name.length <= HOST_NAME_CHARACTERS_MAX &&
    labels.every((label) => HOST_LABEL.test(label)) &&
    !NUMBER_LABEL.test(labels.at(-1) ?? '')
  return isName ? name : undefined
}

/** Always with the port. What has no key cannot be dialled, and is not printed as if it could. */
export function printAddress({ identity, host, port }: BotdAddress): string {
  const place = host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`
  return identity === undefined ? place : `${SCHEME}${identity}@${place}`
}

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
