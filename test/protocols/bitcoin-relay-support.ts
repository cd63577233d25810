/**
 * A node with the child that relays addresses, and puppets around it that say what a test wants and note
 * what they are told.
 * @module
 */
import type { ChildSpec, ChildTools, SlotKind } from '../../index.ts'
import type { AddressEntry } from '../../codec/bitcoin/addresses.ts'
import type { BitcoinMessage } from '../../codec/bitcoin/messages.ts'
import type { PeerNetwork } from '../../codec/bitcoin/network-address.ts'
import { ownedMessage } from '../../codec/bitcoin/owned-message.ts'
import { bitcoin } from '../../protocols/bitcoin.ts'
import type { BitcoinTypes } from '../../protocols/bitcoin.ts'
import { addressBookRules } from '../../protocols/bitcoin/address-book-rules.ts'
import { addressRelayChild } from '../../protocols/bitcoin/address-relay.ts'
import type {
  AddressRelayKept,
  AddressRelayOptions,
} from '../../protocols/bitcoin/address-relay-contract.ts'
import { createOwnAddresses } from '../../protocols/bitcoin/own-addresses.ts'
import type { VirtualWorld } from '../../testing/virtual-world.ts'
import { startNode, startVirtualWorld } from '../support/nodes.ts'
import { ALL_NETWORKS, networkAddress, PORT } from './bitcoin-addresses-support.ts'
import { rewriting } from '../support/wires.ts'
import type { BitcoinProtocol } from './bitcoin-support.ts'

export const SERVICES = 0xc09n
export const MINUTE_MS = 60_000
export const HOUR_MS = 60 * MINUTE_MS
export const DAY_MS = 24 * HOUR_MS
export const NODE_HOST = '20.1.1.1'
const NODE = { network: 'ipv4', host: NODE_HOST, port: PORT } as const
const FOREVER_MS = 1_000 * DAY_MS
const WALL_MS = 1_800_000_000_000

/** Whom the node dials is for the test to say. */
const byHand = (slots: readonly SlotKind[]): readonly SlotKind[] =>
  slots.map((kind) => (kind.role === 'dialler' ? { ...kind, takes: [] } : kind))

/** Over v1, and without pings: days of silence are short then. */
function quiet(
  transport: 'v1' | 'v2',
  reachable: ReadonlySet<PeerNetwork>,
  blocksOnly: boolean,
  ...children: readonly ChildSpec<BitcoinTypes>[]
): BitcoinProtocol {
  const services = ['network', 'witness', 'networkLimited'] as const
  const protocol = bitcoin({ services, transport, blocksOnly })
  const { deadlines, slots } = protocol
  return {
    ...protocol,
    addresses: { ...protocol.addresses, book: addressBookRules(reachable) },
    slots: byHand(slots),
    deadlines: { ...deadlines, progress: { ms: FOREVER_MS, detail: 'no-progress' } },
    children: [...(protocol.children ?? []).filter(({ name }) => name === 'conduct'), ...children],
  }
}

/** A child that lends what it is lent to the test. */
function borrower(hear?: (message: BitcoinMessage, tools: ChildTools<BitcoinTypes>) => void) {
  let lent: ChildTools<BitcoinTypes> | undefined
  const child: ChildSpec<BitcoinTypes> = {
    name: 'borrower',
    restart: 'permanent',
    keep: () => undefined,
    start(tools) {
      lent = tools
      for (const type of hear === undefined ? [] : (['addr', 'addrv2', 'getaddr'] as const)) {
        tools.feed(type, ({ message }) => {
          hear?.(ownedMessage(message), tools)
        })
      }
      return () => undefined
    },
  }
  const tools = (): ChildTools<BitcoinTypes> => {
    if (lent === undefined) throw new Error('the child was not started')
    return lent
  }
  return { child, tools }
}

export interface PuppetSetup {
  /** It does not say `sendaddrv2`. */
  readonly isOld?: boolean
  readonly transport?: 'v1' | 'v2'
}

interface Told {
  readonly atMs: number
  readonly message: BitcoinMessage
}

/** Somebody at the far end, who dials the node or waits to be dialled. */
export function startPuppet(
  world: VirtualWorld,
  host: string,
  { isOld = false, transport = 'v1' }: PuppetSetup = {},
) {
  const told: Told[] = []
  const { child, tools } = borrower((message, { monotonicMs }) => {
    if (message.type !== 'getaddr') told.push({ atMs: monotonicMs(), message })
    else asked++
  })
  let asked = 0
  const protocol = quiet(transport, ALL_NETWORKS, false, child)
  const node = startNode(
    world,
    host,
    host,
    isOld ? rewriting(protocol, (one) => (one.type === 'sendaddrv2' ? undefined : one)) : protocol,
  )
  const entriesOf = ({ message }: Told): readonly AddressEntry[] =>
    message.type === 'addr' || message.type === 'addrv2' ? message.entries : []
  return {
    host,
    node,
    told,
    /** How often it got `getaddr`. */
    asked: () => asked,
    entries: () => told.flatMap(entriesOf),
    /** How many entries each message had. */
    lengths: () => told.map((one) => entriesOf(one).length),
    say(message: BitcoinMessage) {
      const [connection] = tools().connections()
      if (tools().send(connection?.name ?? '', message) !== 'queued') throw new Error('not sent')
      world.advance(1)
    },
    /** As one who wants blocks alone: it does not ask for addresses by itself. */
    dial(port: number = PORT) {
      if (!tools().dial({ ...NODE, port }, 'block-relay-only')) throw new Error('not dialled')
      world.advance(1_000)
    },
  }
}

export type Puppet = ReturnType<typeof startPuppet>

export interface RelaySetup {
  readonly own?: readonly string[]
  /** Whether what peers say counts. */
  readonly isDiscovering?: boolean
  readonly reachable?: readonly PeerNetwork[]
  readonly listen?: readonly string[]
  readonly options?: Partial<AddressRelayOptions>
  readonly transport?: 'v1' | 'v2'
  readonly blocksOnly?: boolean
}

/** A `pong` makes the child fail, as a fault of ours would. */
export function startRelay({ own = [], ...given }: RelaySetup = {}) {
  const { listen = [`${NODE_HOST}:${String(PORT)}`], transport = 'v1' } = given
  const { isDiscovering = false } = given
  const reachable = new Set(given.reachable ?? ALL_NETWORKS)
  const world = startVirtualWorld({ seed: 'relay', wallMs: WALL_MS })
  const addresses = createOwnAddresses({ reachable, isDiscovering })
  for (const text of own) addresses.add(networkAddress(text), 'stated')
  const relay = addressRelayChild({
    ...{ own: addresses, services: SERVICES, reachable },
    ...given.options,
  })
  const child: ChildSpec<BitcoinTypes, AddressRelayKept> = {
    ...relay,
    start(tools, state) {
      const stop = relay.start(tools, state)
      tools.feed('pong', () => {
        throw new Error('made to fail')
      })
      return stop
    },
  }
  const hands = borrower()
  const protocol = quiet(transport, reachable, given.blocksOnly ?? false, child, hands.child)
  const start = () => startNode(world, 'node', NODE_HOST, protocol, { listen })
  const node = start()

  const inbound = (host: string, setup: PuppetSetup = {}, port = PORT): Puppet => {
    const puppet = startPuppet(world, host, setup)
    puppet.dial(port)
    return puppet
  }
  return {
    addresses,
    inbound,
    node,
    world,
    /** Its process dies; what is started afterwards has what its store had kept. */
    kill() {
      world.kill('node')
      return start
    },
    /** The node dials a puppet, as one of that kind. */
    dialled(host: string, slot: string, setup: PuppetSetup = {}): Puppet {
      const puppet = startPuppet(world, host, setup)
      if (!hands.tools().dial({ ...NODE, host }, slot)) throw new Error('not dialled')
      world.advance(1_000)
      return puppet
    },
    /** A puppet dials the node, and shows at once that it wants addresses. */
    keen(host: string, setup: PuppetSetup = {}): Puppet {
      const puppet = inbound(host, setup)
      puppet.say({ type: 'addr', entries: [] })
      return puppet
    },
    book: () => {
      const { book } = hands.tools()
      if (book === undefined) throw new Error('there is no book')
      return book
    },
    tools: hands.tools,
    /** Of the world: a node knows the time of its last step. */
    nowSeconds: () => Math.floor((WALL_MS + world.clock.nowMs) / 1_000),
    /** What is shown of each connection. */
    figures: () => node.supervisor.connections().map(({ about }) => about),
  }
}

export const entryOf = (text: string, seenSeconds: number, services = SERVICES): AddressEntry => ({
  seenSeconds,
  services,
  address: networkAddress(text),
})

/** Each of a group of its own. */
export const textsOf = (count: number, first = 30): readonly string[] =>
  Array.from({ length: count }, (_, index) => `${first + (index >> 8)}.${index & 0xff}.1.1:8333`)
