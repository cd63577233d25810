/**
 * What the stand-ins share and none of them is about: what stands in most manifests, and the answer of
 * a network whose sessions ask nothing.
 * @module
 */
import type { ConnectionView, NodePart, Protocol, ProtocolTypes, Verdict } from '../../../index.ts'

export const NONE: Uint8Array = new Uint8Array(0)

/** Messages that are a type and bytes. */
export type BytesOf<Type extends string> = {
  [Each in Type]: { readonly type: Each; readonly payload: Uint8Array }
}[Type]

export const ONE_STRIKE: Verdict = { do: 'strike', whom: 'address' }
export const WAIT: Verdict = { do: 'wait' }

/** Of a manifest what no stand-in is about. */
export const USUAL = {
  strikes: { count: 3, withinMs: 600_000, banMs: 300_000, banMsMax: 86_400_000 },
  slots: [
    { name: 'inbound', role: 'listener', max: 8 },
    { name: 'outbound', role: 'dialler', max: 8 },
  ],
  admission: {
    pendingInbound: 25,
    pendingOutbound: 25,
    pendingPerGroup: 25,
    inboundPerGroup: 50,
    acceptedPerGroup: { count: 1_000, withinMs: 60_000 },
  },
} as const satisfies Partial<Protocol<ProtocolTypes>>

/** The times of a platform that answers, and of a peer that reads. */
export const USUAL_WAITS = { connectMs: 2_000, drainMs: 20_000, flushMs: 1_000 }

export const asksNothing = <T extends ProtocolTypes>(): NodePart<T> => ({
  answer() {
    throw new Error('this session asks nothing')
  },
})

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
