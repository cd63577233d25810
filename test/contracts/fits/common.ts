/**
 * What the stand-ins share: addresses that are only a host and a port, roomy limits, and the types
 * that a session's chart declares.
 * @module
 */
import type {
  AddressRules,
  AdmissionLimits,
  ConnectionView,
  ProtocolTypes,
} from '../../../index.ts'
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

/** For a chart: ends the connection, with this detail of the network. */
export const end = <const Detail extends string>(detail: Detail) =>
  ({ type: 'end', params: { detail } }) as const

/** A guard of a session's chart: the unit is a message of this type. */
export const isMessage =
  <Message extends { readonly type: string }>() =>
  ({ event }: { event: { readonly type: string } }, type: Message['type']): boolean => {
    if (event.type !== 'unit' || !('message' in event)) return false
    const { message } = event
    return (
      typeof message === 'object' && message !== null && 'type' in message && message.type === type
    )
  }

/** Of two connections with one identity, the one whose dialler has the smaller key: both ends agree. */
export function smallerDiallerStays<T extends ProtocolTypes>(
  older: ConnectionView<T>,
  newer: ConnectionView<T>,
  own = '',
): 'close-older' | 'close-newer' {
  const dialler = ({ identity, role }: ConnectionView<T>) =>
    role === 'dialler' ? own : (identity ?? '')
  return dialler(older) <= dialler(newer) ? 'close-newer' : 'close-older'
}
