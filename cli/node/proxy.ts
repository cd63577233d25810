/**
 * A node behind a SOCKS5 proxy: whatever it dials goes through the proxy, names and addresses of this
 * machine too, and nothing goes past it; onion services may have a proxy of their own. Each stream has
 * credentials of its own, made up here: none are given on a command line, where every user of the machine
 * can read them.
 * @module
 */
import type { ToolWay } from '../../actors/protocol-tools.ts'
import { canonicalHost } from '../../codec/host.ts'
import { parsePlace } from '../../codec/place.ts'
import { socks5 } from '../../transport/socks5.ts'
import type { UnixPath } from '../../transport/socks5.ts'
import { tcp } from '../../transport/tcp.ts'
import { isSocketPath } from '../../transport/unix-sockets.ts'
import type { SocketAddress, Streams } from '../../world/streams.ts'
import { CommandFault } from '../command-fault.ts'

export type ProxyPlace = SocketAddress | UnixPath

export interface Proxies {
  /** Of all that has none of its own; undefined: it is dialled directly. */
  readonly proxy: ProxyPlace | undefined
  /** Of onion services; undefined: that of all else. */
  readonly onionProxy: ProxyPlace | undefined
}

/** As much as Tor may take, and as Core gives it: networks add it to the time of a dial. */
const PROXY_MS = 20_000
/** But a proxy that is silent is to be told from a peer that is. */
const SILENCE_SHARE = 0.8

const UNIX = 'unix:'

/** @throws {CommandFault} it is none; the text is not repeated, which may hold a password */
export function parseProxy(text: string, option = '--proxy'): ProxyPlace {
  const path = text.slice(UNIX.length)
  if (text.startsWith(UNIX) && isSocketPath(path)) return { path }
  const place = parsePlace(text, 0)
  if ('wrong' in place || place.port === 0 || canonicalHost(place.host) === undefined) {
    throw new CommandFault(
      2,
      `${option} takes an IP address and a port, such as 127.0.0.1:9050, or unix: and an absolute path`,
    )
  }
  return place
}

/** What a network's manifest is told of it. */
export const wayThrough = ({ onionProxy, proxy }: Proxies): ToolWay =>
  proxy === undefined && onionProxy === undefined ? {} : { proxyMs: PROXY_MS }

/** @param connectMs what the network gives a dial: the proxy's part ends before it does */
export function throughProxies({ onionProxy, proxy }: Proxies, connectMs: number): Streams {
  if (proxy === undefined && onionProxy === undefined) return tcp()
  return socks5({
    over: tcp(),
    ways: {
      ...(onionProxy === undefined ? {} : { onion: { at: onionProxy } }),
      otherwise: proxy === undefined ? 'direct' : { at: proxy },
    },
    silenceMs: Math.min(PROXY_MS, SILENCE_SHARE * connectMs),
  })
}
