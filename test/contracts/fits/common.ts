/**
 * What the stand-ins share: addresses that are only a host and a port, roomy limits, and the types
 * that a session's chart declares.
 * @module
 */
import type { AddressRules, AdmissionLimits, ProtocolTypes } from '../../../index.ts'
import type { SessionEvent, SessionInput, SessionSaid, Verdict } from '../../../index.ts'

export interface HostAddress {
  readonly host: string
  readonly port: number
}

/** `host:port`, IPv4 alone: the stand-ins live on one loopback. */
export const hostAddresses = (defaultPort: number): AddressRules<HostAddress> => ({
  parse(text) {
    const [host = '', port = String(defaultPort)] = text.split(':')
    const number = Number(port)
    if (!/^[0-9.]+$/.test(host) || !(number > 0 && number < 65_536)) {
      return { wrong: 'an address is an IPv4 host, a colon and a port' }
    }
    return { address: { host, port: number } }
  },
  print: ({ host, port }) => `${host}:${port}`,
  key: ({ host, port }) => `${host}:${port}`,
  socket: (address) => address,
  fromSocket: ({ host, port }) => ({ host, port }),
  group: (host) => host,
  identity: () => undefined,
})

export const ONE_STRIKE: Verdict = { do: 'strike', whom: 'address' }

export const ROOMY: AdmissionLimits = {
  pendingInbound: 25,
  pendingOutbound: 25,
  pendingPerGroup: 25,
  inboundPerGroup: 50,
  acceptedPerGroupPerMinute: 1_000,
}

/** What a session's chart puts into `types` of its `setup`. */
export interface ChartTypes<T extends ProtocolTypes, Context> {
  context: Context
  events: SessionEvent<T>
  input: SessionInput<T>
  emitted: SessionSaid<T>
  tags: 'holding'
}
