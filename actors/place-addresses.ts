/**
 * The address rules of a network whose address is a host and a port, and nothing else: no identity
 * stands in it. Who is behind such an address is not known, so that limits, strikes and bans count its
 * host.
 * @module
 */
import { groupOf, parsePlace, printPlace } from '../codec/place.ts'
import type { SocketAddress } from '../world/streams.ts'
import type { AddressRules } from './protocol.ts'

/** `host:port`, IPv6 in brackets; without a port the network's own. */
export const placeAddresses = (defaultPort: number): AddressRules<SocketAddress> => ({
  parse(text) {
    const place = parsePlace(text, defaultPort)
    return 'wrong' in place ? place : { address: place }
  },
  print: printPlace,
  // A canonical host and a port in one form: equal text, same address.
  key: printPlace,
  socket: ({ host, port }) => ({ host, port }),
  fromSocket: ({ host, port }) => ({ host, port }),
  group: groupOf,
  identity: () => undefined,
})
