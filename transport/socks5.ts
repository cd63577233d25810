/**
 * Streams through SOCKS5 proxies (RFC 1928 and 1929), around other streams: what is dialled is asked
 * of the proxy that its kind of host goes through, and is told as opened once the proxy has opened it.
 * Names go to the proxy as names. What is listened on passes through.
 *
 * Two failures are kept apart: `proxy-failed` is the proxy's own (it is away, does not let us in, or
 * talks nonsense) and says nothing of who was to be reached; every other fault is what the proxy says
 * of the target.
 * @module
 */
import { encodeHex } from '../codec/bytes.ts'
import type { Random } from '../world/random.ts'
import type {
  ListenerInput,
  SocketAddress,
  StreamId,
  StreamInput,
  Streams,
  StreamWay,
  TransportFault,
} from '../world/streams.ts'
import { targetAddress } from './address.ts'
import { enteredBy, notStarted, systemAfter } from './later.ts'
import type { After, Later } from './later.ts'
import { systemRandom } from './random.ts'
import { isSocketPath, unixSockets } from './unix-sockets.ts'
import { createExchange, wrongWithCredentials } from './socks5/exchange.ts'
import type { Socks5Credentials } from './socks5/exchange.ts'
import { startProxiedStream } from './socks5/stream.ts'
import type { ProxiedStream } from './socks5/stream.ts'
import { canonicalTarget, proxiedTarget, wayOfTable, withoutOnionLeaks } from './socks5/ways.ts'
import type { Socks5Proxy, Socks5Ways, WayOf } from './socks5/ways.ts'

export interface Socks5Options {
  /** What carries the streams to the proxies, those that are dialled directly, and those that come in. */
  readonly over: Streams
  /** Which hosts go which way: a table by kind of host, or a function. `{ otherwise: { at } }` is all of them. */
  readonly ways: Socks5Ways | WayOf
  /** So long a proxy may be silent while it opens a stream. Default: 20 s, in which Tor builds a circuit. */
  readonly silenceMs?: number
  /** What carries the streams to proxies at Unix sockets. Default: `unixSockets()`. */
  readonly overUnix?: Streams
  /** Where isolated credentials are drawn from. Default: the system. */
  readonly random?: Random
  /** Default: `setImmediate`. */
  readonly later?: Later
  /** Default: the platform's timers. */
  readonly after?: After
}

const SILENCE_MS = 20_000
/** 16 digits: nobody else who uses the proxy draws the same. */
const ISOLATION_BYTES = 8

function wrongWithProxy({ at, credentials }: Socks5Proxy): string | undefined {
  if ('path' in at) {
    if (!isSocketPath(at.path)) return 'the path of a proxy is absolute and has at most 103 bytes'
  } else if (targetAddress(at) === undefined) {
    return `a proxy is at an IP address and a port, not at ${at.host}:${at.port}`
  }
  return typeof credentials === 'object' ? wrongWithCredentials(credentials) : undefined
}

/** @throws {RangeError} a proxy of the table is at no address, or has credentials that cannot be said */
export function socks5(options: Socks5Options): Streams {
  const { after = systemAfter, later = setImmediate, over, silenceMs = SILENCE_MS } = options
  const { overUnix = unixSockets(), random = systemRandom(), ways } = options
  if (typeof ways !== 'function') {
    for (const way of [ways.ipv4, ways.ipv6, ways.onion, ways.names, ways.otherwise]) {
      const wrong = typeof way === 'object' ? wrongWithProxy(way) : undefined
      if (wrong !== undefined) throw new RangeError(wrong)
    }
  }
  const wayOf = withoutOnionLeaks(typeof ways === 'function' ? ways : wayOfTable(ways))
  const isolation = encodeHex(random.bytes(ISOLATION_BYTES))
  let isolated = 0
  const streams = new Map<StreamId, ProxiedStream>()
  /** Asked for and not to be had; the answer is on its way. */
  const refused = new Set<StreamId>()
  let enter: (input: StreamInput | ListenerInput) => void = notStarted

  const credentialsOf = (
    credentials: Socks5Proxy['credentials'],
  ): Socks5Credentials | undefined => {
    if (credentials === 'none') return undefined
    if (typeof credentials === 'object') return credentials
    const made = `${isolation}-${isolated++}`
    return { user: made, password: made }
  }

  const refuse = (stream: StreamId, fault: TransportFault): void => {
    refused.add(stream)
    later(() => {
      if (refused.delete(stream)) enter({ kind: 'stream.failed', stream, fault })
    })
  }

  const openThrough = (proxy: Socks5Proxy, stream: StreamId, target: SocketAddress): void => {
    const { at } = proxy
    const below = 'path' in at ? overUnix : over
    const proxied = startProxiedStream({
      ...{ after, later, over: below, silenceMs, stream, target },
      exchange: createExchange(target, credentialsOf(proxy.credentials)),
      tell: enter,
      onGone: () => {
        streams.delete(stream)
      },
    })
    streams.set(stream, proxied)
    below.open(stream, 'path' in at ? { host: at.path, port: 0 } : at)
  }

  const forward =
    (ask: 'end' | 'pause' | 'report' | 'resume') =>
    (stream: StreamId): void => {
      const proxied = streams.get(stream)
      if (proxied === undefined) over[ask](stream)
      else proxied[ask]()
    }

  return {
    start(input) {
      enter = enteredBy(enter, input)
      const take = (told: StreamInput | ListenerInput): void => {
        const proxied = 'listener' in told ? undefined : streams.get(told.stream)
        if (proxied !== undefined && !('listener' in told)) proxied.take(told)
        else enter(told)
      }
      over.start(take)
      overUnix.start(take)
    },
    open(stream, address) {
      const target = proxiedTarget(address)
      if (target === undefined) return refuse(stream, 'bad-address')
      const way = wayOf(target.host)
      if (way === 'direct') return over.open(stream, target)
      if (way === 'refused') return refuse(stream, 'unreachable')
      if (wrongWithProxy(way) !== undefined) return refuse(stream, 'proxy-failed')
      openThrough(way, stream, target)
    },
    takesName(name) {
      const host = canonicalTarget(name)
      if (host === undefined) return true
      return wayOf(host) === 'direct' ? (over.takesName?.(host) ?? false) : true
    },
    wayTo(name): StreamWay {
      const host = canonicalTarget(name)
      const way = host === undefined ? 'refused' : wayOf(host)
      if (way === 'direct') return over.wayTo?.(name) ?? way
      if (way === 'refused' || wrongWithProxy(way) !== undefined) return 'refused'
      const { at: proxy, credentials = 'isolated' } = way
      return { proxy, isIsolated: credentials === 'isolated' }
    },
    listen: over.listen,
    unlisten: over.unlisten,
    write(stream, bytes) {
      const proxied = streams.get(stream)
      if (proxied === undefined) over.write(stream, bytes)
      else proxied.write(bytes)
    },
    pause: forward('pause'),
    resume: forward('resume'),
    report: forward('report'),
    end: forward('end'),
    destroy(stream) {
      if (refused.delete(stream)) return
      const proxied = streams.get(stream)
      streams.delete(stream)
      if (proxied === undefined) over.destroy(stream)
      else proxied.destroy()
    },
    held() {
      const held = over.held()
      return { ...held, streams: held.streams + overUnix.held().streams }
    },
  }
}

export type { Socks5Credentials } from './socks5/exchange.ts'
export type { Socks5Proxy, Socks5Way, Socks5Ways, UnixPath, WayOf } from './socks5/ways.ts'
