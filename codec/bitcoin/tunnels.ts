/**
 * IPv6 addresses that stand for an IPv4 one: whoever has that one has them all. So they count as close
 * to it, and as a poor way to whoever has better.
 * @module
 */
import type { NetworkAddress } from './network-address.ts'

/** `6to4`: RFC 3964; `teredo`: RFC 4380; `translated`: RFC 6052 and RFC 6145. */
export type TunnelKind = '6to4' | 'teredo' | 'translated'

export interface Tunnel {
  readonly kind: TunnelKind
  /** Of the IPv4 address. */
  readonly octets: Uint8Array
}

const IPV4_BYTES = 4

interface TunnelForm {
  readonly kind: TunnelKind
  readonly prefix: readonly number[]
  /** Where the IPv4 address begins. */
  readonly offset: number
}

const FORMS: readonly TunnelForm[] = [
  { kind: '6to4', prefix: [0x20, 0x02], offset: 2 },
  { kind: 'teredo', prefix: [0x20, 0x01, 0, 0], offset: 12 },
  { kind: 'translated', prefix: [0, 0x64, 0xff, 0x9b, 0, 0, 0, 0, 0, 0, 0, 0], offset: 12 },
  { kind: 'translated', prefix: [0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 0, 0], offset: 12 },
]

/** Undefined of whatever is no such address. */
export function tunnelOf({ bytes, network }: NetworkAddress): Tunnel | undefined {
  if (network !== 'ipv6') return undefined
  const form = FORMS.find(({ prefix }) => prefix.every((byte, index) => bytes[index] === byte))
  if (form === undefined) return undefined
  const octets = bytes.slice(form.offset, form.offset + IPV4_BYTES)
  // Teredo hides it from translators on the way, every bit turned over.
  return { kind: form.kind, octets: form.kind === 'teredo' ? octets.map((one) => ~one) : octets }
}
