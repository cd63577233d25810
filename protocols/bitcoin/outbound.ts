/**
 * What a node has of connections that it dialled, as the choice of the next one needs it: how many of each
 * kind, and in which groups. Who comes in does not count: it costs an attacker nothing to come in.
 * @module
 */
import type { ConnectionView, HeldConnection } from '../../actors/protocol.ts'
import { addressOfSocket, networkAddressOf } from '../../codec/bitcoin/address.ts'
import type { BitcoinAddress } from '../../codec/bitcoin/address.ts'
import { encodeHex } from '../../codec/bytes.ts'
import type { BitcoinTypes } from '../../machines/handshakes/bitcoin/contract.ts'
import { groupBytesOf } from './netgroup.ts'
import { SLOTS } from './slots.ts'

type View = ConnectionView<BitcoinTypes>

/** Those that last; what is there for a moment says nothing of where our peers are. */
const LASTING: ReadonlySet<string> = new Set([SLOTS.manual, SLOTS.fullRelay, SLOTS.blockRelayOnly])

/** Their streams are open. */
const STANDING: ReadonlySet<string> = new Set(['handshaking', 'active'])

export interface Outbound {
  /** By kind, in any phase. */
  count(slot: string): number
  /** By kind, of those that are active. */
  activeCount(slot: string): number
  /** Whether a lasting one is close to that address; of IPv4 and IPv6 alone. */
  hasGroupOf(address: BitcoinAddress): boolean
  /** Whether there is one with that host, whoever dialled. */
  isConnected(host: string): boolean
  /** Full relay and manual ones with peers of that network. */
  relaysThrough(network: string): number
}

type Held = HeldConnection<BitcoinAddress>

/** Where it was dialled, and of a name where that led. */
const dialledAddressOf = ({ remote, target }: Pick<Held, 'remote' | 'target'>): BitcoinAddress =>
  target === undefined || target.network === 'name' ? addressOfSocket(remote) : target

/** Undefined: it is in no group that counts, because addresses of its network are free to make. */
function groupOf(address: BitcoinAddress): string | undefined {
  const { network } = address
  if (network !== 'ipv4' && network !== 'ipv6') return undefined
  const written = networkAddressOf(address)
  return written === undefined ? undefined : encodeHex(groupBytesOf(written))
}

const PRIVACY_NETWORKS: ReadonlySet<string> = new Set(['onion', 'i2p', 'cjdns'])

/** Of lasting connections that stand: in how many groups they are, each on a privacy network for itself. */
export function independentCount(held: readonly Held[]): number {
  const places = held
    .filter(({ phase, slot }) => LASTING.has(slot) && STANDING.has(phase))
    .map(dialledAddressOf)
  const groups = new Set(places.flatMap((place) => groupOf(place) ?? []))
  return groups.size + places.filter(({ network }) => PRIVACY_NETWORKS.has(network)).length
}

export function outboundOf(views: readonly View[]): Outbound {
  const living = views.filter(({ phase }) => phase !== 'closed')
  const dialled = living.filter(({ role }) => role === 'dialler')
  const lasting = dialled.filter(({ slot }) => LASTING.has(slot))
  const groups = new Set(lasting.map((view) => groupOf(dialledAddressOf(view))))
  const hosts = new Set(living.map(({ remote }) => remote.host))
  return {
    count: (slot) => dialled.filter((view) => view.slot === slot).length,
    activeCount: (slot) =>
      dialled.filter((view) => view.slot === slot && view.phase === 'active').length,
    hasGroupOf(address) {
      const group = groupOf(address)
      return group !== undefined && groups.has(group)
    },
    isConnected: (host) => hosts.has(host),
    relaysThrough: (network) =>
      lasting.filter(
        (view) => view.slot !== SLOTS.blockRelayOnly && dialledAddressOf(view).network === network,
      ).length,
  }
}
