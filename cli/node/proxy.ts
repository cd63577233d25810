/**
 * A node behind a SOCKS5 proxy: whatever it dials goes through the proxy, names and addresses of this
 * machine too, and nothing goes past it. Each stream has credentials of its own, made up here: none are
 * given on a command line, where every user of the machine can read them.
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

/** As much as Tor may take, and as Core gives it: networks add it to the time of a dial. */
const PROXY_MS = 20_000
/** But a proxy that is silent is to be told from a peer that is. */
const SILENCE_SHARE = 0.8

const UNIX = 'unix:'

/** @throws {CommandFault} it is none; the text is not repeated, which may hold a password */
export function parseProxy(text: string): SocketAddress | UnixPath {
  const path = text.slice(UNIX.length)
  if (text.startsWith(UNIX) && isSocketPath(path)) return { path }
  const place = parsePlace(text, 0)
  if ('wrong' in place || place.port === 0 || canonicalHost(place.host) === undefined) {
    throw new CommandFault(
      2,
      '--proxy takes an IP address and a port, such as 127.0.0.1:9050, or unix: and an absolute path',
    )
  }
  return place
}

/** What a network's manifest is told of it. */
export const wayThrough = (proxy: SocketAddress | UnixPath | undefined): ToolWay =>
  proxy === undefined ? {} : { proxyMs: PROXY_MS }

/** @param connectMs what the network gives a dial: the proxy's part ends before it does */
export const throughProxy = (at: SocketAddress | UnixPath, connectMs: number): Streams =>
  socks5({
    over: tcp(),
    ways: { otherwise: { at } },
    silenceMs: Math.min(PROXY_MS, SILENCE_SHARE * connectMs),
  })
