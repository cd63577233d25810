/**
 * What simulated applications said and what they were handed. Each thing that is handed over is looked
 * up: was it said, to this node, as it came, and for the first time?
 * @module
 */
import type { Delivery } from '../../actors/services.ts'
import { decodePayload } from './payloads.ts'

/** Of one kind, as it was published. */
export interface Published {
  readonly number: number
  readonly kind: string
  readonly isKept: boolean
  readonly topic: string
  readonly publisher: number
  /** The publisher's identity. */
  readonly origin: string | undefined
  readonly bytes: number
  readonly publishedMs: number
  /** Nodes that were up besides the publisher. */
  readonly others: number
  /** Once its publisher was told that it is out: the network's name for it. */
  id: string | undefined
  delivered: number
}

/** Of one node. What is kept is handed over once in all its lives, the rest once in each. */
export interface HandedOver {
  readonly kept: Set<number>
  readonly thisLife: Set<number>
  readonly askedThisLife: Set<number>
  /** The last message that was heard on a connection: what is said later has a higher number. */
  readonly lastHeard: Map<string, number>
}

export interface Listener extends Pick<HandedOver, 'lastHeard'> {
  readonly index: number
}

export interface Answerer extends Pick<HandedOver, 'askedThisLife'> {
  readonly index: number
}

export interface Speaker {
  /** Of the one who hears it. */
  readonly connection: string
  /** Undefined: nobody of these nodes. */
  readonly index: number | undefined
}

export interface Ledger {
  publish(published: Omit<Published, 'delivered' | 'id' | 'number'>): Published
  /** A sentence of what is wrong with it. */
  delivered(delivery: Delivery, to: HandedOver, nowMs: number): string | undefined
  readonly published: readonly Published[]
  /** Of deliveries that came by gossip, in milliseconds. */
  readonly latenciesMs: readonly number[]
  /** The number of something said to one node. */
  say(from: number, to: number): number
  /** A sentence of what is wrong with it. */
  heard(payload: Uint8Array, from: Speaker, to: Listener): string | undefined
  /** The number of a request of one node. */
  ask(from: number, to: number): number
  /** A sentence of what is wrong with it. */
  asked(payload: Uint8Array, to: Answerer): string | undefined
  readonly deliveries: number
  readonly heardCount: number
  readonly askedCount: number
}

interface FromTo {
  readonly from: number
  readonly to: number
}

export const createHandedOver = (): HandedOver => ({
  kept: new Set(),
  thisLife: new Set(),
  askedThisLife: new Set(),
  lastHeard: new Map(),
})

export function createLedger(): Ledger {
  const published: Published[] = []
  const latenciesMs: number[] = []
  /** Said and not heard yet. */
  const said = new Map<number, FromTo>()
  /** Requests, for good: they may come again in another life. */
  const requested = new Map<number, FromTo>()
  let nextSaid = 1
  let deliveries = 0
  let heardCount = 0
  let askedCount = 0

  return {
    publish(given) {
      const entry: Published = { ...given, number: published.length, id: undefined, delivered: 0 }
      published.push(entry)
      return entry
    },
    delivered({ by, kind, origin, payload, topic }, { kept, thisLife }, nowMs) {
      deliveries++
      const number = decodePayload(payload)
      const entry = number === undefined ? undefined : published[number]
      if (entry === undefined) return `a ${kind} that nobody published`
      const what = `${kind} ${entry.number} of ${entry.topic}`
      const isSame = entry.kind === kind && entry.topic === topic && entry.bytes === payload.length
      if (!isSame || (entry.origin !== undefined && entry.origin !== origin)) {
        return `${what} came as another one`
      }
      const handed = entry.isKept ? kept : thisLife
      if (handed.has(entry.number)) return `${what} was handed over twice`
      handed.add(entry.number)
      entry.delivered++
      if (by !== 'sync') latenciesMs.push(nowMs - entry.publishedMs)
      return undefined
    },
    published,
    latenciesMs,
    say(from, to) {
      const number = nextSaid++
      said.set(number, { from, to })
      return number
    },
    heard(payload, { connection, index }, to) {
      heardCount++
      const number = decodePayload(payload)
      const entry = number === undefined ? undefined : said.get(number)
      if (number === undefined || entry === undefined) {
        return 'a message that nobody sent, or for the second time'
      }
      said.delete(number)
      if (entry.to !== to.index || entry.from !== index) {
        const sender = index === undefined ? 'nobody here' : `n${index}`
        return `a message of n${entry.from} to n${entry.to} came to n${to.index} from ${sender}`
      }
      const last = to.lastHeard.get(connection) ?? 0
      to.lastHeard.set(connection, number)
      return number > last ? undefined : `message ${number} came behind message ${last}`
    },
    ask(from, to) {
      const number = nextSaid++
      requested.set(number, { from, to })
      return number
    },
    asked(payload, { askedThisLife, index }) {
      askedCount++
      const number = decodePayload(payload)
      const entry = number === undefined ? undefined : requested.get(number)
      if (number === undefined || entry === undefined) return 'a request that nobody made'
      const { from, to } = entry
      if (to !== index) return `request ${number} of n${from} to n${to} came to n${index}`
      if (askedThisLife.has(number)) return `request ${number} was handed over twice`
      askedThisLife.add(number)
      return undefined
    },
    get deliveries() {
      return deliveries
    },
    get heardCount() {
      return heardCount
    },
    get askedCount() {
      return askedCount
    },
  }
}
