/**
 * Who has which address and port on one host of the memory network.
 * @module
 */
import type { SocketAddress } from '../../world/streams.ts'
import { isIPv6Host } from '../address.ts'

/** The ports for private use, from which a system takes those it chooses itself (RFC 6335 section 6). */
const FREE_PORT_MIN = 49_152
const FREE_PORT_MAX = 65_535

export interface PortBook {
  /** The next to be tried; they are handed out in order, so that each run hands out the same. */
  nextPort: number | undefined
}

const WILDCARDS: readonly string[] = ['0.0.0.0', '::']

const isWildcard = (host: string): boolean => WILDCARDS.includes(host)

export function isOwnHost(hosts: readonly string[], host: string): boolean {
  return hosts.includes(host) || isWildcard(host)
}

/** Whether what is bound there takes what is sent here. `::` takes both families. */
export function covers(bound: SocketAddress, target: SocketAddress): boolean {
  if (bound.port !== target.port) return false
  if (bound.host === target.host || bound.host === '::') return true
  return bound.host === '0.0.0.0' && !isIPv6Host(target.host)
}

const collides = (one: SocketAddress, other: SocketAddress): boolean =>
  covers(one, other) || covers(other, one)

/** A free port, from the next on; undefined where none is left. */
export function freePort(book: PortBook, isTaken: (port: number) => boolean): number | undefined {
  for (let tried = FREE_PORT_MIN; tried <= FREE_PORT_MAX; tried++) {
    const port = book.nextPort ?? FREE_PORT_MIN
    book.nextPort = port === FREE_PORT_MAX ? FREE_PORT_MIN : port + 1
    if (!isTaken(port)) return port
  }
  return undefined
}

/** The address with its port, a free one where 0 was asked; undefined where it is in use. */
export function bindPort(
  book: PortBook,
  asked: SocketAddress,
  bound: readonly SocketAddress[],
): SocketAddress | undefined {
  const isTaken = (port: number): boolean =>
    bound.some((other) => collides(other, { host: asked.host, port }))
  const port = asked.port === 0 ? freePort(book, isTaken) : asked.port
  return port === undefined || isTaken(port) ? undefined : { host: asked.host, port }
}

/** The host that a target sees us under: the one that was bound, else ours of its family. */
export function sourceHost(
  hosts: readonly string[],
  bound: string | undefined,
  target: string,
): string | undefined {
  if (bound !== undefined && !isWildcard(bound)) return bound
  return hosts.find((host) => isIPv6Host(host) === isIPv6Host(target))
}
