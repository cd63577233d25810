/**
 * Peerloom's public API: a supervised peer-to-peer node, over the platform's own world where the
 * application injects no other.
 * @module
 */
import type { ConnectionFactory } from './actors/connection-contract.ts'
import type { Protocol } from './actors/protocol.ts'
import type { JournalRecording } from './journal/recording.ts'
import type { ProtocolTypes } from './machines/session.ts'
import type { GivenLimits } from './supervisor/limits.ts'
import { CORE_LIMITS, NODE_LIMITS, nodeLimitsOf } from './supervisor/limits.ts'
import { PeerloomError } from './world/errors.ts'
import type { FlightOptions } from './supervisor/flight-contract.ts'
import { checkObject } from './supervisor/arguments.ts'
import { createSupervisorOver } from './supervisor/supervisor.ts'
import type { Supervisor } from './supervisor/supervisor-contract.ts'
import { createFlightRecorder } from './journal/flight-recorder.ts'
import { memoryStore } from './store/memory.ts'
import { systemClock } from './transport/clock.ts'
import { chooseCrypto } from './transport/crypto/choose.ts'
import { inlineJobs } from './transport/jobs.ts'
import { namesThrough, systemNames } from './transport/names.ts'
import { systemRandom } from './transport/random.ts'
import type { Datagrams } from './world/datagrams.ts'
import type { Store } from './world/store.ts'
import type { SocketAddress, Streams } from './world/streams.ts'
import type { CryptoBackend } from './world/crypto.ts'
import type { World } from './world/world.ts'

export interface SupervisorOptions<T extends ProtocolTypes> {
  readonly protocol: Protocol<T>
  /** Streams: `tcp()` of `peerloom/transport/tcp`, or others. Of this supervisor alone. */
  readonly transport: Streams
  /** For networks that speak datagrams: `udp()` of `peerloom/transport/udp`. */
  readonly datagrams?: Datagrams
  /** IP address and port, IPv6 in brackets; port 0 for any free one. Left out: nobody can come in. */
  readonly listen?: readonly string[]
  readonly peers?: {
    /** Addresses in the network's form, dialled from the start and for ever. */
    readonly bootstrap?: readonly string[]
  }
  /** Default: `memoryStore()`, which forgets with the process. Of this supervisor alone. */
  readonly store?: Store
  /** What is kept of each connection's last moments; false: nothing. Default: 64 entries, no payload. */
  readonly flight?: FlightOptions | false
  /** Stands in front of every name in events and explanations. Default: `node`. */
  readonly name?: string
  readonly limits?: GivenLimits
  /** Records the node from its start, for a replay: `fileJournal(path)` of `peerloom/journal/file`, or others. */
  readonly record?: JournalRecording
  /** What makes its connections: that of `recordConnections`. Left out: the core's own. */
  readonly connection?: ConnectionFactory<T>
  /**
   * Parts of the world that are not the platform's: a virtual clock, seeded chance. Names that are given
   * here are asked whatever the transport takes; see `namesThrough` of `peerloom/transport/names`.
   */
  readonly world?: Partial<Omit<World, 'streams' | 'datagrams' | 'store'>>
}

/** @throws {PeerloomError} `bad-argument`: an address that is none, or a part that belongs to another node */
export function createSupervisor<T extends ProtocolTypes>(
  options: SupervisorOptions<T>,
): Supervisor<T> {
  const { protocol, transport, datagrams, listen = [], peers = {}, world = {} } = options
  const { bootstrap = [] } = peers
  checkOptions({ protocol, transport }, { listen, 'peers.bootstrap': bootstrap })
  const crypto = world.crypto ?? chooseCrypto()
  if (bootstrap.length > CORE_LIMITS.listedMax) {
    throw new PeerloomError(
      'bad-argument',
      `more than ${CORE_LIMITS.listedMax} bootstrap addresses`,
    )
  }
  const parsed = bootstrap.map((text) => {
    const result = protocol.addresses.parse(text)
    if ('wrong' in result) throw new PeerloomError('bad-argument', `${text}: ${result.wrong}`)
    return result.address
  })
  // One list may be everybody's.
  const isOurs = (address: T['address']): boolean =>
    protocol.identity !== undefined && protocol.addresses.identity(address) === protocol.identity
  const others = parsed.filter((address) => !isOurs(address))
  const name = options.name ?? 'node'
  const listening = listen.map(parseListenAddress)
  const limits = nodeLimitsOf(options.limits)
  const random = world.random ?? systemRandom()
  if (options.record !== undefined && options.connection !== undefined) {
    throw new PeerloomError('bad-argument', 'a node is recorded, or single connections of it')
  }
  const recipe = options.record === undefined ? undefined : protocol.recipe?.()
  const recording = options.record?.begin({
    protocol: protocol.name,
    settings: recipe?.settings,
    secrets: recipe?.secrets ?? {},
    name,
    listen: listening,
    bootstrap: others.map(protocol.addresses.print),
    limits,
    speaksDatagrams: datagrams !== undefined,
    random,
    crypto,
  })
  const make = (): Supervisor<T> =>
    createSupervisorOver<T>({
      name,
      protocol,
      world: {
        ...timeAndJobs(world, crypto),
        crypto,
        names: world.names ?? namesThrough(transport, systemNames()),
        random: recording?.random ?? random,
        store: options.store ?? memoryStore(),
        streams: transport,
        ...(datagrams === undefined ? {} : { datagrams }),
      },
      listen: listening,
      bootstrap: others,
      limits,
      startFlight: (subject) => createFlightRecorder(subject, options.flight),
      ...(options.connection === undefined ? {} : { connection: options.connection }),
    })
  let supervisor: Supervisor<T>
  try {
    supervisor = make()
  } catch (error) {
    recording?.abandon()
    throw error
  }
  recording?.watch(supervisor.port)
  return supervisor
}

/** Who calls from JavaScript was told by no compiler: one address is easily given for a list of them. */
function checkOptions(
  parts: Readonly<Record<string, unknown>>,
  lists: Readonly<Record<string, readonly unknown[]>>,
): void {
  for (const [name, part] of Object.entries(parts)) checkObject(name, part)
  for (const [name, list] of Object.entries(lists)) {
    if (Array.isArray(list) && list.every((one) => typeof one === 'string')) continue
    throw new PeerloomError('bad-argument', `${name} is no list of texts`)
  }
}

/** What jobs bring about leaves in the turn in which they were done, where the clock says when that ends. */
function timeAndJobs(
  { clock, jobs }: Partial<Pick<World, 'clock' | 'jobs'>>,
  crypto: CryptoBackend,
): Pick<World, 'clock' | 'jobs'> {
  if (clock !== undefined) return { clock, jobs: jobs ?? inlineJobs(crypto) }
  const system = systemClock()
  return { clock: system, jobs: jobs ?? inlineJobs(crypto, { later: system.beforeTurnEnds }) }
}

const LISTEN_ADDRESS = /^(?:\[(?<v6>[0-9a-fA-F:.]+)\]|(?<v4>[0-9.]+)):(?<port>\d{1,5})$/

function parseListenAddress(text: string): SocketAddress {
  const groups = LISTEN_ADDRESS.exec(text)?.groups
  const host = groups?.['v6'] ?? groups?.['v4']
  const port = Number(groups?.['port'])
  if (host === undefined || !(port <= 65_535)) {
    throw new PeerloomError(
      'bad-argument',
      `${text} is no address to listen on: an IP address and a port, such as 127.0.0.1:9946 or [::1]:9946`,
    )
  }
  return { host, port }
}

export { CORE_LIMITS, NODE_LIMITS, PeerloomError }
export type { Supervisor }
export type {
  BanOptions,
  ConnectionInfo,
  HandleOptions,
  RequestContent,
} from './supervisor/supervisor-contract.ts'
export type { MessageOf, StopReport } from './supervisor/supervisor-contract.ts'
export type { Audit, NodeLimits, NodeState } from './supervisor/node-contract.ts'
export type { PeerloomErrorCode } from './world/errors.ts'
export type { SupervisorEvent } from './supervisor/events.ts'
export type { PeerView } from './supervisor/peers.ts'
export type * from './supervisor/flight-contract.ts'
export type { Explanation } from './supervisor/explanation.ts'
export type { Ban, BanKey } from './supervisor/ban-records.ts'
export type * from './actors/protocol.ts'
export type * from './actors/protocol-tools.ts'
export type * from './actors/child.ts'
export type * from './actors/lent-book.ts'
export type * from './actors/services.ts'
export type * from './actors/tool-command.ts'
export type * from './machines/reasons.ts'
export type * from './machines/session.ts'
export type * from './codec/wire.ts'
export { WireError } from './codec/wire-error.ts'
export { sessionActions, HOLDING } from './machines/session.ts'
export { asSlot } from './machines/slot.ts'
export { placeAddresses } from './actors/place-addresses.ts'
export { USUAL_LIMITS, USUAL_WAITS } from './actors/usual-limits.ts'
export type * from './world/clock.ts'
export type * from './world/crypto.ts'
export type * from './world/datagrams.ts'
export type * from './world/input.ts'
export type * from './world/jobs.ts'
export type * from './world/names.ts'
export type * from './world/observation.ts'
export type * from './world/random.ts'
export { shuffled } from './world/random.ts'
export type * from './world/store.ts'
export type * from './world/streams.ts'
export type * from './world/world.ts'
export { StoreError } from './world/store.ts'
export type { Counters, DropReason } from './actors/counters.ts'
export type { HistoryEntry } from './actors/connection-contract.ts'
export type * from './supervisor/totals.ts'
export type { NodeFault } from './machines/root.ts'
export type { WaitOptions } from './supervisor/waits.ts'
