/**
 * What a person or a program is shown of a connection of this network, beside what each network's connections
 * have. What can be compared with Core's `getpeerinfo` is written as Core writes it.
 *
 * What the peer said of itself is a claim, and its user agent is cut down to characters that harm nobody.
 * @module
 */
import type { ConnectionDescription, ToolConnection } from '../../actors/protocol-tools.ts'
import { isRoutableAddress } from '../../codec/bitcoin/address-scope.ts'
import { printableText } from '../../codec/bitcoin/negotiation.ts'
import type { BitcoinFacts, BitcoinPeer } from '../../machines/handshakes/bitcoin/contract.ts'
import { networkAddressIn } from './peer-place.ts'
import { initialsOf, namesOf } from './services.ts'
import { SLOTS } from './slots.ts'

const SESSION_DIGITS_SHOWN = 8
const AGENT_CHARACTERS_SHOWN = 24
const MESSAGES_SHOWN = 3
const CUT = '…'
const SERVICES_DIGITS = 16

/** In tables, where each character counts. */
const SHORT_TYPES: Readonly<Record<string, string>> = { [SLOTS.blockRelayOnly]: 'block-only' }

type Sums = Readonly<Record<string, number>>

/** As the session says them: no other facts are in a node of this network. */
const isFacts = (facts: unknown): facts is BitcoinFacts =>
  typeof facts === 'object' && facts !== null && 'transport' in facts && 'sessionId' in facts

/** Null: not known yet, or not said. */
const claimsOf = (peer: BitcoinPeer | undefined) => ({
  protocolVersion: peer?.protocolVersion ?? null,
  services: peer?.services.toString(16).padStart(SERVICES_DIGITS, '0') ?? null,
  serviceNames: peer === undefined ? [] : namesOf(peer.services),
  userAgent: peer === undefined ? null : printableText(peer.userAgent),
  height: peer?.height ?? null,
  relay: peer?.relay ?? null,
})

/** Of which network the peer's address is. Of a name that a proxy finds nobody here knows. */
function networkOf(text: string): string {
  const address = networkAddressIn(text)
  const isKnown = address !== undefined && isRoutableAddress(address)
  return isKnown ? address.network : 'not_publicly_routable'
}

const millisecondsOf = (value: unknown): number | null => (typeof value === 'number' ? value : null)

const namesIn = (value: unknown): readonly string[] =>
  typeof value === 'string' ? value.split(',') : []

const pingText = (ms: number | null): string => {
  if (ms === null) return ''
  return ms < 10 ? `${ms.toFixed(1)} ms` : `${String(Math.round(ms))} ms`
}

/** Seen to be cut: a version is not mistaken for another one. */
const cut = (text: string): string =>
  text.length <= AGENT_CHARACTERS_SHOWN ? text : text.slice(0, AGENT_CHARACTERS_SHOWN - 1) + CUT

/** The types that take the most bytes. */
const most = (sums: Sums): string =>
  Object.entries(sums)
    .toSorted(([, one], [, other]) => other - one)
    .slice(0, MESSAGES_SHOWN)
    .map(([type, bytes]) => `${type} ${String(bytes)}`)
    .join(' ')

export function describeConnection({
  about,
  address,
  facts,
  slot,
  traffic = { received: {}, sent: {} },
}: ToolConnection): ConnectionDescription {
  const { peer, sessionId = null, transport = null } = isFacts(facts) ? facts : {}
  const claims = claimsOf(peer)
  const pingMs = millisecondsOf(about['pingMs'])
  const minimumPingMs = millisecondsOf(about['minimumPingMs'])
  return {
    fields: {
      ...{ type: slot, network: networkOf(address), transport, sessionId },
      ...claims,
      ...{ pingMs, minimumPingMs, permissions: namesIn(about['permissions']) },
      ...{ receivedBytesByMessage: traffic.received, sentBytesByMessage: traffic.sent },
    },
    // What comes first is seen on narrow terminals, too.
    columns: {
      type: SHORT_TYPES[slot] ?? slot,
      via: transport ?? '',
      ping: pingText(pingMs),
      services: peer === undefined ? '' : initialsOf(peer.services),
      session: sessionId?.slice(0, SESSION_DIGITS_SHOWN) ?? '',
      'min ping': pingText(minimumPingMs),
      'user agent': cut(claims.userAgent ?? ''),
      'most bytes in': most(traffic.received),
      'most bytes out': most(traffic.sent),
    },
  }
}
