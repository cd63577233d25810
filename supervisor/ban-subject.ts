/**
 * Whom an operator means: an address in the network's form, an IP address, a range of those, or an
 * identity. What is none of them is refused where it is given, so that nobody believes in a ban that covers nobody.
 * @module
 */
import type { AddressRules } from '../actors/protocol.ts'
import { parseHostRange, printHostRange } from '../codec/host-range.ts'
import { canonicalHost } from '../codec/host.ts'
import type { BanKey } from './ban-records.ts'

const BRACKETED = /^\[(?<host>.*)\]$/

export function banKeyOf<Address>(
  subject: string,
  addresses: Pick<AddressRules<Address>, 'identity' | 'isIdentity' | 'parse' | 'socket'>,
): { readonly key: BanKey } | { readonly wrong: string } {
  const host = canonicalHost(BRACKETED.exec(subject)?.groups?.['host'] ?? subject)
  if (host !== undefined) return { key: { kind: 'address', host } }
  if (isMeantAsRange(subject)) return rangeKey(subject)
  const parsed = addresses.parse(subject)
  if ('address' in parsed) {
    const identity = addresses.identity(parsed.address)
    if (identity !== undefined) return { key: { kind: 'identity', identity } }
    const socket = addresses.socket(parsed.address)
    return { key: { kind: 'address', host: canonicalHost(socket.host) ?? socket.host } }
  }
  const isIdentity = addresses.isIdentity ?? ((text: string) => text !== '' && !/[\s:]/.test(text))
  if (isIdentity(subject)) return { key: { kind: 'identity', identity: subject } }
  return { wrong: `${subject || 'nothing'} is no address, no IP address and no identity` }
}

/** A key that was put together elsewhere, in the form in which hosts and ranges are compared. */
export function canonicalKey(key: BanKey): { readonly key: BanKey } | { readonly wrong: string } {
  if (key.kind === 'range') return rangeKey(key.range)
  return {
    key: key.kind === 'address' ? { ...key, host: canonicalHost(key.host) ?? key.host } : key,
  }
}

/** An identity may have a slash too. */
const isMeantAsRange = (subject: string): boolean =>
  subject.includes('/') && canonicalHost(subject.slice(0, subject.indexOf('/'))) !== undefined

function rangeKey(subject: string): { readonly key: BanKey } | { readonly wrong: string } {
  const range = parseHostRange(subject)
  if ('wrong' in range) return range
  const text = printHostRange(range)
  // Of one address there is one key.
  return {
    key: text.includes('/') ? { kind: 'range', range: text } : { kind: 'address', host: text },
  }
}
