/**
 * The Bitcoin network, as the core reads it: peers that say `version` and `verack` over v1 or v2 (BIP 324),
 * and that nobody knows by anything but their address. What Bitcoin Core does at this layer, this does.
 *
 * Blocks and transactions are read and written here, and are the application's to ask for and to judge.
 * @module
 */
import { areConnected } from '../actors/connected-nodes.ts'
import { networkLimits } from '../actors/network-limits.ts'
import type { AddressRules, DialAbout, Protocol } from '../actors/protocol.ts'
import type { ProtocolTools, ToolOption, ToolValues } from '../actors/protocol-tools.ts'
import {
  addressOfSocket,
  networkAddressOf,
  parseAddress,
  printAddress,
} from '../codec/bitcoin/address.ts'
import type { BitcoinAddress } from '../codec/bitcoin/address.ts'
import { isLocalAddress } from '../codec/bitcoin/address-scope.ts'
import type { BitcoinMessage } from '../codec/bitcoin/messages.ts'
import { ADDRESS_BYTES } from '../codec/bitcoin/network-address.ts'
import type { PeerNetwork } from '../codec/bitcoin/network-address.ts'
import { BITCOIN_NETWORKS } from '../codec/bitcoin/networks.ts'
import type { BitcoinNetwork, BitcoinNetworkName } from '../codec/bitcoin/networks.ts'
import { ownedMessage } from '../codec/bitcoin/owned-message.ts'
import { estimatePayloadBytes } from '../codec/bitcoin/payload-size.ts'
import { bitcoinWire } from '../codec/bitcoin/wire.ts'
import type { BitcoinTransport, SpokenTransports } from '../codec/bitcoin/wire.ts'
import { groupOf } from '../codec/place.ts'
import { bitcoinSession, NEGOTIATED } from '../machines/handshakes/bitcoin.ts'
import type { BitcoinTypes } from '../machines/handshakes/bitcoin/contract.ts'
import { estimateBytes, laneOf, wrongWith } from './bitcoin/app-messages.ts'
import { addressFetchChild } from './bitcoin/address-fetch.ts'
import { addressBookRules } from './bitcoin/address-book-rules.ts'
import { addressRelayChild } from './bitcoin/address-relay.ts'
import { onionDoor } from './bitcoin/bind.ts'
import { parseInterfaces } from './bitcoin/bound-addresses.ts'
import { conductChild } from './bitcoin/conduct.ts'
import { crawlCommand } from './bitcoin/crawl-command.ts'
import { describeConnection } from './bitcoin/description.ts'
import { BITCOIN_DETAILS } from './bitcoin/details.ts'
import { findingChildren, findingOf } from './bitcoin/finding.ts'
import { BITCOIN_LIMITS, slotLimits } from './bitcoin/limits.ts'
import type { BitcoinLimits } from './bitcoin/limits.ts'
import { isPeerNetwork, USUAL_NETWORKS } from './bitcoin/network-info.ts'
import { createNodePart } from './bitcoin/node-part.ts'
import { createOwnAddresses, PORT_LISTENED_AT } from './bitcoin/own-addresses.ts'
import type { OwnAddresses } from './bitcoin/own-addresses.ts'
import { networkThrough } from './bitcoin/peer-place.ts'
import { createPermissions } from './bitcoin/permissions.ts'
import type { PermissionGrant, PermissionName } from './bitcoin/permissions.ts'
import { grantsOf } from './bitcoin/permission-texts.ts'
import { pingChild } from './bitcoin/ping.ts'
import { checkOptions } from './bitcoin/options.ts'
import { optionsOf, recipeOf } from './bitcoin/recipe.ts'
import { redialOf } from './bitcoin/redial.ts'
import { BITCOIN_WORKLOAD, SIMULATED_OPTIONS } from './bitcoin/simulation.ts'
import { hasServices, SERVICES } from './bitcoin/services.ts'
import type { ServiceName } from './bitcoin/services.ts'
import { slotKinds, SLOTS } from './bitcoin/slots.ts'
import { userAgentOf } from './bitcoin/user-agent.ts'

export type { BitcoinMessage, BitcoinTypes }
export type { BitcoinNetwork, BitcoinNetworkName }
export type { PermissionGrant, PermissionName }
export { fixedSeedLines } from './bitcoin/fixed-seeds.ts'
export { networkInfo } from './bitcoin/network-info.ts'
export type { NetworkInfo } from './bitcoin/network-info.ts'

export interface BitcoinOptions {
  /** Default: mainnet. */
  readonly network?: BitcoinNetworkName
  /**
   * `both`, the default: v2 is dialled, once more with v1 where not a byte came back, and whichever comes in
   * is taken.
   */
  readonly transport?: SpokenTransports
  /** What this node does for others; v2 is added where it is spoken. Default: nothing. */
  readonly services?: readonly ServiceName[]
  /** Transactions are wanted from nobody. */
  readonly blocksOnly?: boolean
  /** Whether peers are told that transactions can be reconciled with us (BIP 330). Default: no, as in Core. */
  readonly reconciliation?: boolean
  /** Behind our name in `version`. */
  readonly userAgentComments?: readonly string[]
  /** To which networks this node has a way: others are told of, and not dialled. Default: IPv4 and IPv6. */
  readonly networks?: readonly PeerNetwork[]
  /** Where others reach this node: told to peers. Without a port: with the one that the node listens at. */
  readonly externalAddresses?: readonly string[]
  /**
   * Whether more is told to peers of where this node is: what others see us as, at which addresses the
   * node listens, and `interfaceAddresses`. Default: where no `externalAddresses` are given, as in Core.
   */
  readonly discover?: boolean
  /** IP addresses of this machine: the node's own where it listens at all of them (0.0.0.0, ::). */
  readonly interfaceAddresses?: readonly string[]
  /** Nobody is dialled but whom the application names: the node finds no peers by itself. */
  readonly connectOnly?: boolean
  /** Peers to ask for addresses while too few are known: addresses, or names with a port. */
  readonly seedNodes?: readonly string[]
  /**
   * Whether names that the network is known by are asked for addresses, where others do not suffice;
   * `force`: at once. Default: yes.
   */
  readonly dnsSeeds?: boolean | 'force'
  /** Addresses to begin with where no other is known of their kind: see `fixedSeedLines`. */
  readonly fixedSeeds?: readonly string[]
  /** What peers may for where they are. Default: nothing beyond what all may. */
  readonly permissions?: readonly PermissionGrant[]
  /** What a grant allows that does not say it. Default: relay, mempool and noban. */
  readonly usualPermissions?: readonly PermissionName[]
  /**
   * Where our own onion service hands on who comes in: one of the addresses on which this node listens,
   * and nobody else comes in there.
   */
  readonly onionTarget?: string
  /** Other numbers than the usual ones. */
  readonly limits?: Partial<BitcoinLimits>
}

const addressRules = (
  { port }: BitcoinNetwork,
  reachable: ReadonlySet<PeerNetwork>,
  isThroughOnion: ReturnType<typeof onionDoor>,
): AddressRules<BitcoinAddress> => ({
  parse: (text) => parseAddress(text, port),
  print: printAddress,
  // One form of host, and always a port: equal text, same address.
  key: printAddress,
  socket: ({ host, port: dialled }) => ({ host, port: dialled }),
  fromSocket: addressOfSocket,
  group: groupOf,
  identity: () => undefined,
  // Nobody has one: what is no address here is mistyped, and a ban of it would cover nobody.
  isIdentity: () => false,
  book: addressBookRules(reachable),
  isShared(host, place) {
    // Wherever Tor runs: its host is that of all who come that way.
    if (isThroughOnion(place)) return true
    const address = networkAddressOf(addressOfSocket({ host, port: 0 }))
    return address !== undefined && isLocalAddress(address)
  },
})

/** The addresses of this node, as the application states them. @throws {RangeError} one that is none */
function statedAddresses(
  { discover, externalAddresses = [] }: BitcoinOptions,
  reachable: ReadonlySet<PeerNetwork>,
): OwnAddresses {
  // Whoever says where it is reached does not want others to be guessed.
  const isDiscovering = discover ?? externalAddresses.length === 0
  const own = createOwnAddresses({ reachable, isDiscovering })
  for (const text of externalAddresses) {
    const parsed = parseAddress(text, PORT_LISTENED_AT)
    const address = 'wrong' in parsed ? undefined : networkAddressOf(parsed.address)
    if (address === undefined || !own.add(address, 'stated')) {
      throw new RangeError(
        `${text} is no address at which others reach this node: an IP address, or the name of a service, that all can reach`,
      )
    }
  }
  return own
}

/** For one node. @throws {RangeError} an option that is none, or whose value cannot be, by its name */
export function bitcoin(options: BitcoinOptions = {}): Protocol<BitcoinTypes> {
  checkOptions(options)
  const { blocksOnly = false, network = 'mainnet', transport = 'both' } = options
  const { reconciliation: reconciles = false } = options
  const limits = networkLimits(BITCOIN_LIMITS, options.limits)
  const chain = BITCOIN_NETWORKS[network]
  const services = [
    ...(options.services ?? []),
    ...(transport === 'v1' ? [] : (['p2pV2'] as const)),
  ]
    .map((name) => SERVICES[name])
    .reduce((all, one) => all | one, 0n)
  const userAgent = userAgentOf(options.userAgentComments)
  const reachable = new Set(options.networks ?? USUAL_NETWORKS)
  const own = statedAddresses(options, reachable)
  const interfaces = parseInterfaces(options.interfaceAddresses)
  const connectMs = limits.connectMs + limits.proxyMs
  const isThroughOnion = onionDoor(options.onionTarget, chain.port)
  const permissions = createPermissions(options, chain.port, isThroughOnion)
  const finding = findingChildren(options, { chain, limits, own, reachable })

  return {
    name: 'bitcoin',
    defaultPort: chain.port,
    addresses: addressRules(chain, reachable, isThroughOnion),
    node: (tools) =>
      createNodePart(tools, {
        ...{ blocksOnly, isThroughOnion, own, permissions, reconciles, services, userAgent },
      }),
    wire: (setup) => bitcoinWire({ magic: chain.magic, speaks: transport }, setup),
    session: bitcoinSession(limits.handshakeMs),
    control: NEGOTIATED,
    details: BITCOIN_DETAILS,
    deadlines: {
      connectMs,
      establish: { ms: connectMs + limits.handshakeMs, detail: 'handshake-timeout' },
      session: { handshakeMs: { ms: limits.handshakeMs, detail: 'handshake-timeout' } },
      progress: { ms: limits.inactivityMs, detail: 'no-progress' },
      drainMs: limits.inactivityMs,
      flushMs: limits.flushMs,
    },
    wrongWith,
    lane: laneOf,
    estimateBytes,
    own: ownedMessage,
    contentBytes: estimatePayloadBytes,
    // Nothing is a strike: see details.ts.
    strikes: { count: 1, withinMs: 1, banMs: BAN_MS, banMsMax: BAN_MS },
    banMs: BAN_MS,
    dial: (_, about) => transportFor(about, transport),
    redial: (ended) => (transport === 'both' ? redialOf(ended) : undefined),
    // Nobody proves who he is: two connections may well be two peers.
    duplicate: () => 'keep-both',
    slots: slotKinds(limits),
    admission: {
      pendingInbound: limits.inboundMax,
      pendingOutbound: limits.pendingOutboundMax,
      pendingPerGroup: limits.inboundMax,
      inboundPerGroup: limits.inboundPerGroupMax,
      acceptedPerGroup: {
        count: limits.acceptedPerGroupMax,
        withinMs: limits.acceptedPerGroupWithinMs,
      },
    },
    // One message of each peer, then the next peer's.
    unitsPerTurn: 1,
    children: [
      conductChild({ services, blocksOnly, permissions }),
      pingChild(limits),
      addressRelayChild({
        ...{ interfaces, own, reachable, services },
        isOnionTarget: (local) => isThroughOnion({ role: 'listener', local }),
        isTrusted: (view) => permissions.of(view).has('addr'),
        through: (view) => (isThroughOnion(view) ? 'onion' : networkThrough(view)),
      }),
      addressFetchChild(),
      ...finding,
    ],
    recipe: () => recipeOf(options),
  }
}

/** Found addresses say whether they speak v2. Whom somebody named is asked first, and knows best. */
function transportFor(
  { marks, motive, slot }: DialAbout,
  spoken: SpokenTransports,
): BitcoinTransport {
  if (spoken !== 'both') return spoken
  const isNamed = motive !== 'found' || slot === SLOTS.addressFetch
  return isNamed || hasServices(marks, SERVICES.p2pV2) ? 'v2' : 'v1'
}

/** DEFAULT_MISBEHAVING_BANTIME. */
const BAN_MS = 86_400_000

const NETWORK_NAMES = Object.keys(BITCOIN_NETWORKS)
const TRANSPORTS: ReadonlyMap<unknown, SpokenTransports> = new Map([
  ['auto', 'both'],
  ['v1', 'v1'],
  ['v2', 'v2'],
])

/** Which network is spoken, and how. */
const NETWORK_OPTIONS: readonly ToolOption[] = [
  {
    flags: '--network <name>',
    description: `which network: ${NETWORK_NAMES.join(', ')}`,
    default: 'mainnet',
  },
  {
    flags: '--transport <name>',
    description: 'auto (v2, and v1 where that is not spoken), v1 or v2',
    default: 'auto',
  },
]

/** @throws {RangeError} what cannot be, in plain words */
function fromCommandLine(
  {
    blocksOnly,
    externalAddress = [],
    network,
    onionTarget,
    reaches,
    transport,
    userAgentComment = [],
    whitebind = [],
    whitelist = [],
    ...finding
  }: ToolValues,
  limits: Partial<BitcoinLimits> = {},
): Protocol<BitcoinTypes> {
  const spoken = TRANSPORTS.get(transport)
  if (spoken === undefined) throw new RangeError('the transport is auto, v1 or v2')
  if (!isNetworkName(network)) {
    throw new RangeError(`the network is one of ${NETWORK_NAMES.join(', ')}`)
  }
  if (!Array.isArray(userAgentComment)) throw new RangeError('a comment is a text')
  if (!Array.isArray(externalAddress)) throw new RangeError('an address is a text')
  if (reaches !== undefined && !(Array.isArray(reaches) && reaches.every(isPeerNetwork))) {
    throw new RangeError(`what a node reaches is of ${Object.keys(ADDRESS_BYTES).join(', ')}`)
  }
  return bitcoin({
    ...{ network, transport: spoken, blocksOnly: blocksOnly === true },
    ...{ externalAddresses: externalAddress, userAgentComments: userAgentComment },
    ...(reaches === undefined ? {} : { networks: reaches }),
    permissions: grantsOf({ whitebind, whitelist }),
    ...(typeof onionTarget === 'string' ? { onionTarget } : {}),
    ...findingOf(finding),
    limits,
  })
}

/** What the command line needs to start a node of this network. */
export const tools: ProtocolTools<BitcoinTypes> = {
  options: [
    ...NETWORK_OPTIONS,
    {
      flags: '--external-address <address...>',
      description: 'where others reach this node: told to peers',
    },
    {
      flags: '--reaches <kind...>',
      description: 'kinds of addresses that it dials by itself: ipv4, ipv6, onion, cjdns',
    },
    { flags: '--blocks-only', description: 'want no transactions from anybody' },
    {
      flags: '--user-agent-comment <text...>',
      description: 'say so behind our name in version',
    },
    {
      flags: '--whitelist <permissions@range...>',
      description: 'what peers of a range of addresses may: noban,addr@10.0.0.0/8',
    },
    {
      flags: '--whitebind <permissions@address...>',
      description: 'what who comes in at one of our addresses may: addr@127.0.0.1:8334',
    },
    {
      flags: '--onion-target <address>',
      description: 'where our onion service hands on who comes in',
    },
    { flags: '--connect-only', description: 'dial nobody but --connect and --bootstrap' },
    {
      flags: '--seed-node <address...>',
      description: 'peers to ask for addresses while too few are known',
    },
    { flags: '--dns-seeds <when>', description: 'ask names for addresses: auto, force or off' },
    {
      flags: '--fixed-seed <address...>',
      description: 'addresses to begin with where no other is known of their kind',
    },
  ],
  takesSlots: true,
  create: (values, { proxyMs = 0, ...slots }) =>
    fromCommandLine(values, { proxyMs, ...slotLimits(slots) }),
  remake: (recipe) => bitcoin(optionsOf(recipe)),
  messages: [{ type: 'getaddr' }],
  describe: describeConnection,
  commands: { crawl: crawlCommand(NETWORK_OPTIONS, fromCommandLine) },
  simulated: () => bitcoin(SIMULATED_OPTIONS),
  workload: BITCOIN_WORKLOAD,
  converged: areConnected,
}

const isNetworkName = (name: unknown): name is BitcoinNetworkName =>
  typeof name === 'string' && Object.hasOwn(BITCOIN_NETWORKS, name)
