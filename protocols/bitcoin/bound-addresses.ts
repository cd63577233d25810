/**
 * Which addresses of this machine are the node's own, from where it listens: an address that it was told to
 * listen at, and where it listens at every one, those of the machine. Nobody is asked what these are: no
 * recording could hold it. The application says it.
 * @module
 */
import { addressOfSocket, networkAddressOf } from '../../codec/bitcoin/address.ts'
import { canonicalHost } from '../../codec/host.ts'
import type { SocketAddress } from '../../world/streams.ts'
import type { OwnAddresses } from './own-addresses.ts'

/** At each of the machine's addresses of its kind. */
const ANY_IPV4 = '0.0.0.0'
const ANY_IPV6 = '::'

const isIpv6 = (host: string): boolean => host.includes(':')

/** As they are compared. @throws {RangeError} one that is no IP address */
export const parseInterfaces = (texts: readonly string[] = []): readonly string[] =>
  texts.map((text) => {
    const host = canonicalHost(text)
    if (host === undefined) throw new RangeError(`${text} is no IP address of an interface`)
    return host
  })

/** Those that all can reach become the node's own, unless they are already: see `own-addresses.ts`. */
export function addBoundAddresses(
  own: Pick<OwnAddresses, 'add' | 'has'>,
  listening: readonly SocketAddress[],
  interfaces: readonly string[],
): void {
  const add = (at: SocketAddress, source: 'bound' | 'interface'): void => {
    const address = networkAddressOf(addressOfSocket(at))
    if (address !== undefined && !own.has(address)) own.add(address, source)
  }
  for (const at of listening) {
    const { host, port } = at
    if (host === ANY_IPV4 || host === ANY_IPV6) {
      // What listens at :: takes IPv4 as well, as the platform has it.
      const fits = interfaces.filter((one) => host === ANY_IPV6 || !isIpv6(one))
      for (const one of fits) add({ host: one, port }, 'interface')
    } else add(at, 'bound')
  }
}
