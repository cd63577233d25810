/**
 * Addresses of our own on which a node listens, as an operator names them.
 * @module
 */
import type { PeerPlace } from '../../actors/protocol.ts'
import { canonicalHost } from '../../codec/host.ts'
import { parsePlace } from '../../codec/place.ts'
import type { SocketAddress } from '../../world/streams.ts'

/** @throws {RangeError} it is no IP address with a port */
export function parseBind(text: string, defaultPort: number): SocketAddress {
  const place = parsePlace(text, defaultPort)
  if ('wrong' in place) throw new RangeError(`the address ${text}: ${place.wrong}`)
  const host = canonicalHost(place.host)
  if (host === undefined) throw new RangeError(`the address ${text}: nothing listens at a name`)
  return { host, port: place.port }
}

/** Whether something that came in came in there. */
export function isAtBind({ host, port }: SocketAddress, local: SocketAddress | undefined): boolean {
  if (local === undefined || local.port !== port) return false
  const at = canonicalHost(local.host) ?? local.host
  return host === at || host === '::' || (host === '0.0.0.0' && !at.includes(':'))
}

/** Who came in at one of our addresses, if any is meant. @throws {RangeError} an address that is none */
export function onionDoor(
  target: string | undefined,
  defaultPort: number,
): (place: Pick<PeerPlace, 'local' | 'role'>) => boolean {
  if (target === undefined) return () => false
  const bind = parseBind(target, defaultPort)
  return ({ local, role }) => role === 'listener' && isAtBind(bind, local)
}
