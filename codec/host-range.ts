/**
 * Ranges of IP addresses in their one form (RFC 4632, RFC 4291): an address whose bits behind the prefix
 * are zero, a slash, and how many bits count. What only maps IPv4 addresses is a range of those, because
 * hosts are compared in that form.
 * @module
 */
import ipaddr from 'ipaddr.js'
import { canonicalHost } from './host.ts'

/** An address as a number of so many bits. */
export interface HostNumber {
  readonly width: 32 | 128
  readonly value: bigint
}

export interface HostRange {
  readonly width: HostNumber['width']
  /** From the highest on. */
  readonly bits: number
  /** Those bits, as a number. */
  readonly prefix: bigint
}

const BITS = /^(?:0|[1-9][0-9]{0,2})$/
/** In front of an IPv4 address in an IPv6 one that maps it. */
const MAPPED_BITS = 96

/** Undefined for a name. A zone is not a part of the number. */
export function hostNumber(host: string): HostNumber | undefined {
  const canonical = canonicalHost(host)
  if (canonical === undefined) return undefined
  const bytes = ipaddr.parse(canonical).toByteArray()
  const value = bytes.reduce((sum, byte) => (sum << 8n) | BigInt(byte), 0n)
  return { width: bytes.length === 4 ? 32 : 128, value }
}

/** The bits of an address that a range of so many is compared by. */
export const prefixOf = ({ value, width }: HostNumber, bits: number): bigint =>
  value >> BigInt(width - bits)

/** The range, or a sentence of what is wrong with the text. An address alone is a range of one. */
export function parseHostRange(text: string): HostRange | { readonly wrong: string } {
  const slash = text.indexOf('/')
  const host = slash < 0 ? text : text.slice(0, slash)
  const number = host.includes('%') ? undefined : hostNumber(host)
  if (number === undefined) return { wrong: `${host || 'nothing'} is no IP address` }
  const { width } = number
  const isMapped = width === 32 && host.includes(':')
  const written = slash < 0 ? undefined : text.slice(slash + 1)
  if (written !== undefined && !BITS.test(written)) {
    return { wrong: `behind the slash of ${text} stands no count of bits` }
  }
  const bits = written === undefined ? width : Number(written) - (isMapped ? MAPPED_BITS : 0)
  if (bits < 0 || bits > width) {
    return { wrong: `${text} has other bits than an address` }
  }
  return { width, bits, prefix: prefixOf(number, bits) }
}

const isOneHost = ({ bits, width }: HostRange): boolean => bits === width

/** An address alone where it is a range of one. */
export function printHostRange(range: HostRange): string {
  const { bits, prefix, width } = range
  const value = prefix << BigInt(width - bits)
  const bytes = Array.from({ length: width / 8 }, (_, index) =>
    Number((value >> BigInt(width - 8 * (index + 1))) & 0xffn),
  )
  const host =
    width === 32 ? new ipaddr.IPv4(bytes).toString() : new ipaddr.IPv6(bytes).toRFC5952String()
  return isOneHost(range) ? host : `${host}/${String(bits)}`
}

/** Of a text that is a range of several addresses in its one form; undefined for any other. */
export function canonicalRange(text: string): HostRange | undefined {
  const range = parseHostRange(text)
  if ('wrong' in range || isOneHost(range)) return undefined
  return printHostRange(range) === text ? range : undefined
}

export function isInRange(range: HostRange, host: string): boolean {
  const number = hostNumber(host)
  return number?.width === range.width && prefixOf(number, range.bits) === range.prefix
}
