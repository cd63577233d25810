/**
 * Walks addresses of the network: each is dialled once, asked for others, and told of in a line. It is polite: so
 * many dials at once and a second, so long with each peer, so many addresses, and so long in all.
 *
 * What peers tell is dialled only where it is an address of the open internet that can be dialled; whatever else is
 * theirs to name.
 * @module
 */
import type { CommandNode, CommandRun } from '../../actors/tool-command.ts'
import type { ToolValues } from '../../actors/protocol-tools.ts'
import { waitOf } from '../../actors/written-times.ts'
import { addressOf, parseAddress, printAddress } from '../../codec/bitcoin/address.ts'
import { isRoutableAddress } from '../../codec/bitcoin/address-scope.ts'
import type { AddressEntry } from '../../codec/bitcoin/addresses.ts'
import type { NetworkAddress } from '../../codec/bitcoin/network-address.ts'
import type { BitcoinTypes } from '../../machines/handshakes/bitcoin/contract.ts'
import { describeConnection } from './description.ts'

export interface CrawlOptions {
  /** Where it begins. */
  readonly from: readonly string[]
  /** Addresses that are kept in mind, those that were seen among them. */
  readonly knownMax: number
  /** At once. */
  readonly dialsMax: number
  readonly dialsPerSecond: number
  /** From the dial on. A peer may well take half a minute to answer, so that it tells nobody's neighbours. */
  readonly peerMs: number
  readonly totalMs: number
}

/** An hour with one peer, and a week in all. */
const PATIENCE_MS_MAX = 3_600_000
const TOTAL_MS_MAX = 604_800_000

/**
 * Addresses that are heard of one by one from one peer: its own, and a few that it passes on meanwhile. Whoever
 * tells more of them so would fill what is known with what it likes.
 */
const ALONE_MAX = 10

/** Behind the end of a handshake: so long it may take until the peer is dialled once more, with v1. */
const REDIAL_MS = 500

/** How a visit ended that came to what it was for. */
const ANSWERED = 'answered'

interface Visit {
  readonly address: string
  readonly cancels: (() => void)[]
  /** What its line says of it. */
  seen: ReturnType<typeof describeConnection>['fields'] | undefined
  /** How many it told of. */
  told: number
  redials: number
  isRedialled: boolean
}

type Node = CommandNode<BitcoinTypes>

/** Undefined of an address that has no such text: with port 0, or in I2P with any other. */
function dialableText(address: NetworkAddress): string | undefined {
  const place = addressOf(address)
  if (place === undefined) return undefined
  const text = printAddress(place)
  return 'wrong' in parseAddress(text, place.port) ? undefined : text
}

export function startCrawl(options: CrawlOptions, node: Node): CommandRun<BitcoinTypes> {
  const { dialsMax, dialsPerSecond, from, knownMax, peerMs, totalMs } = options
  const known = new Set<string>()
  const waiting: string[] = []
  const visits = new Map<string, Visit>()
  const counts = { dialled: 0, reached: 0, answered: 0 }
  let isResting = false
  let isOver = false

  const learn = (address: string): void => {
    if (known.size >= knownMax || known.has(address)) return
    known.add(address)
    waiting.push(address)
  }

  const finish = (): void => {
    if (isOver) return
    isOver = true
    for (const visit of visits.values()) leave(visit, 'stopped')
    cancelTotal()
    node.tell({ event: 'summary', known: known.size, ...counts, notDialled: waiting.length })
    node.end()
  }

  const leave = (visit: Visit, ended: string): void => {
    const { address, cancels, seen, told } = visit
    if (!visits.delete(address)) return
    for (const cancel of cancels) cancel()
    node.letGo(address)
    if (seen !== undefined) counts.reached++
    if (ended === ANSWERED) counts.answered++
    const { height, protocolVersion, serviceNames, services, transport, userAgent } = seen ?? {}
    node.tell({
      ...{ event: 'peer', address, ended, transport: transport ?? null },
      ...{ services: services ?? null, serviceNames: serviceNames ?? [] },
      ...{ userAgent: userAgent ?? null, height: height ?? null },
      ...{ protocolVersion: protocolVersion ?? null, addressesTold: told },
    })
    goOn()
  }

  const goOn = (): void => {
    if (isOver) return
    if (waiting.length === 0 && visits.size === 0) {
      finish()
      return
    }
    if (isResting || visits.size >= dialsMax) return
    const address = waiting.shift()
    if (address === undefined) return
    visit(address)
    isResting = true
    node.after(1_000 / dialsPerSecond, () => {
      isResting = false
      goOn()
    })
  }

  const visit = (address: string): void => {
    const one: Visit = {
      ...{ address, cancels: [], seen: undefined, told: 0, redials: 0, isRedialled: false },
    }
    visits.set(address, one)
    counts.dialled++
    one.cancels.push(
      node.after(peerMs, () => {
        leave(one, one.seen === undefined ? 'no-handshake' : 'time-up')
      }),
    )
    node.dial(address)
  }

  const learnAll = (visit: Visit, entries: readonly AddressEntry[]): void => {
    for (const { address } of entries) {
      const text = isRoutableAddress(address) ? dialableText(address) : undefined
      if (text !== undefined) learn(text)
    }
    visit.told += entries.length
    // One alone is the peer's own; more are the answer.
    if (entries.length > 1 || visit.told >= ALONE_MAX) leave(visit, ANSWERED)
    else goOn()
  }

  const cancelTotal = node.after(totalMs, finish)
  for (const address of from) learn(address)
  goOn()

  return {
    started(address) {
      const visit = visits.get(address)
      if (visit !== undefined) visit.isRedialled = true
    },
    active(peer) {
      const visit = visits.get(peer.address)
      if (visit !== undefined) visit.seen = describeConnection(peer).fields
    },
    closed({ address, detail, phase }) {
      const visit = visits.get(address)
      if (visit === undefined) return
      if (phase !== 'handshaking' || visit.redials > 0) {
        leave(visit, detail)
        return
      }
      visit.redials++
      visit.isRedialled = false
      visit.cancels.push(
        node.after(REDIAL_MS, () => {
          if (!visit.isRedialled) leave(visit, detail)
        }),
      )
    },
    message(address, message) {
      const visit = visits.get(address)
      if (visit === undefined) return
      if (message.type === 'addr' || message.type === 'addrv2') learnAll(visit, message.entries)
    },
    stop: finish,
  }
}

function countIn(values: ToolValues, name: string, max: number): number {
  const count = Number(values[name])
  if (Number.isInteger(count) && count >= 1 && count <= max) return count
  throw new RangeError(`--${name} is a whole number from 1 to ${String(max)}`)
}

function timeIn(values: ToolValues, name: string, msMax: number): number {
  const text = values[name]
  const ms = typeof text === 'string' ? waitOf(text, msMax) : undefined
  if (ms !== undefined) return ms
  throw new RangeError(
    `--${name} is a time up to ${String(msMax / 1_000)} seconds, in seconds or as 90s, 10m, 1h`,
  )
}

/** As `peerloom crawl` is told. @throws {RangeError} */
export function crawlOptionsOf(values: ToolValues, defaultPort: number): CrawlOptions {
  const { connect } = values
  if (!Array.isArray(connect) || connect.length === 0) {
    throw new RangeError('--connect says where to begin')
  }
  const from = connect.map((text: string) => {
    const parsed = parseAddress(text, defaultPort)
    if ('wrong' in parsed) throw new RangeError(`${text}: ${parsed.wrong}`)
    return printAddress(parsed.address)
  })
  return {
    from,
    knownMax: countIn(values, 'known', 1_000_000),
    dialsMax: countIn(values, 'dials', 100),
    dialsPerSecond: countIn(values, 'rate', 100),
    peerMs: timeIn(values, 'patience', PATIENCE_MS_MAX),
    totalMs: timeIn(values, 'for', TOTAL_MS_MAX),
  }
}
