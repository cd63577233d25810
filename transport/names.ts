/**
 * Name resolution. The system's own resolver (getaddrinfo) is asked, not DNS alone: it knows the
 * hosts file, the search domains and the resolvers of a VPN, which is what an operator who writes
 * `--connect name:port` means. Its price: a look-up cannot be called off and holds a thread of the
 * platform's pool of four, which the file system needs too. So that few run at once, and none for a name
 * that nobody waits for any more: it would take the time of one that somebody waits for.
 * @module
 */
import { lookup } from 'node:dns'
import type { LookupAddress } from 'node:dns'
import type { Names, NamesInput, RequestId } from '../world/names.ts'
import type { Streams, TransportFault } from '../world/streams.ts'
import { canonicalHost } from '../codec/host.ts'
import { faultOf } from './faults.ts'
import { enteredBy, notStarted } from './later.ts'
import type { Later } from './later.ts'

/** Half of libuv's default pool: a dead resolver leaves the other half to files. */
const LOOKUPS_AT_ONCE_MAX = 2
/** Far above the DNS seeds and named peers of a node; what comes on top is refused. */
const REQUESTS_WAITING_MAX = 256
/** The longest name that DNS can carry, in text (RFC 1035 section 2.3.4). */
const NAME_CHARACTERS_MAX = 253

export type Lookup = (
  host: string,
  answer: (error: Error | null, addresses: readonly LookupAddress[]) => void,
) => void

const systemLookup: Lookup = (host, answer) =>
  lookup(host, { all: true, order: 'verbatim' }, answer)

interface NameLookup {
  readonly host: string
  /** Who waits for it: nobody any more, where all were forgotten. */
  readonly requests: Set<RequestId>
  isAsked: boolean
}

export interface SystemNamesOptions {
  /** What is asked; replaced in tests. Default: getaddrinfo. */
  readonly lookup?: Lookup
}

function hostsOf(addresses: readonly LookupAddress[]): string[] {
  return [...new Set(addresses.map(({ address }) => canonicalHost(address) ?? address))]
}

const isName = (host: string): boolean =>
  host.length > 0 && host.length <= NAME_CHARACTERS_MAX && !host.includes('\0')

/** RFC 7686, section 2: a resolver that is asked for one tells the world whom we look for. */
const isOnionName = (host: string): boolean => /\.onion\.?$/i.test(host)

export function systemNames(options: SystemNamesOptions = {}): Names {
  const { lookup: ask = systemLookup } = options
  let enter: (input: NamesInput) => void = notStarted
  /** By name, in the order of asking. */
  const lookups = new Map<string, NameLookup>()
  /** The look-up that each request waits for. */
  const waiting = new Map<RequestId, NameLookup>()
  let asking = 0

  const answer = (request: RequestId, hosts: readonly string[], fault: TransportFault): void => {
    if (hosts.length > 0) enter({ kind: 'names.resolved', request, hosts })
    else enter({ kind: 'names.failed', request, fault })
  }

  const settle = (lookup: NameLookup, hosts: readonly string[], fault: TransportFault): void => {
    lookups.delete(lookup.host)
    for (const request of lookup.requests) {
      waiting.delete(request)
      answer(request, hosts, fault)
    }
  }

  const askNext = (): void => {
    if (asking >= LOOKUPS_AT_ONCE_MAX) return
    const next = [...lookups.values()].find(({ isAsked }) => !isAsked)
    if (next === undefined) return
    asking++
    next.isAsked = true
    ask(next.host, (error, addresses) => {
      asking--
      askNext()
      if (error) settle(next, [], faultOf(error))
      else settle(next, hostsOf(addresses), 'not-found')
    })
  }

  /** One look-up answers all who wait for its name. */
  const wait = (request: RequestId, host: string): void => {
    const lookup = lookups.get(host) ?? { host, requests: new Set(), isAsked: false }
    lookups.set(host, lookup)
    lookup.requests.add(request)
    waiting.set(request, lookup)
    askNext()
  }

  return {
    start(input) {
      enter = enteredBy(enter, input)
    },
    resolve(request, host) {
      const literal = canonicalHost(host)
      if (literal !== undefined) {
        setImmediate(() => answer(request, [literal], 'failed'))
      } else if (!isName(host)) {
        setImmediate(() => answer(request, [], 'bad-address'))
      } else if (isOnionName(host)) {
        setImmediate(() => answer(request, [], 'not-found'))
      } else if (waiting.size >= REQUESTS_WAITING_MAX) {
        setImmediate(() => answer(request, [], 'too-many-open'))
      } else {
        wait(request, host)
      }
    },
    forget(request) {
      const lookup = waiting.get(request)
      if (lookup === undefined) return
      waiting.delete(request)
      lookup.requests.delete(request)
      if (!lookup.isAsked && lookup.requests.size === 0) lookups.delete(lookup.host)
    },
  }
}

/**
 * The names of a node with these streams: what they take as a name is answered by itself and is not
 * resolved, so that no resolver hears what is to go through a proxy. The rest is asked of `names`.
 */
export function namesThrough(
  streams: Pick<Streams, 'takesName'>,
  names: Names,
  options: StaticNamesOptions = {},
): Names {
  const { later = setImmediate } = options
  let enter: (input: NamesInput) => void = notStarted
  return {
    start(input) {
      enter = enteredBy(enter, input)
      names.start(input)
    },
    resolve(request, host) {
      if (streams.takesName?.(host) !== true) return names.resolve(request, host)
      later(() => enter({ kind: 'names.resolved', request, hosts: [host] }))
    },
    forget: (request) => {
      names.forget(request)
    },
  }
}

export interface StaticNamesOptions {
  /** Default: `setImmediate`. */
  readonly later?: Later
}

/** Names from a table: hosts, or the fault that the name is answered with. Unknown: `not-found`. */
export function staticNames(
  table: Readonly<Record<string, readonly string[] | TransportFault>>,
  options: StaticNamesOptions = {},
): Names {
  const { later = setImmediate } = options
  const known = new Map(Object.entries(table))
  let enter: (input: NamesInput) => void = notStarted

  const entryOf = (host: string): readonly string[] | TransportFault => {
    const literal = canonicalHost(host)
    return literal === undefined ? (known.get(host) ?? 'not-found') : [literal]
  }

  return {
    start(input) {
      enter = enteredBy(enter, input)
    },
    resolve(request, host) {
      const entry = entryOf(host)
      later(() => {
        if (typeof entry === 'string') enter({ kind: 'names.failed', request, fault: entry })
        else enter({ kind: 'names.resolved', request, hosts: entry })
      })
    },
    // Each answer is under way already.
    forget: () => undefined,
  }
}
