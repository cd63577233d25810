/**
 * What a manifest says of places, pressure and patience where its network has no numbers of its own: to
 * be spread into it. They suit a node of some dozens of peers on an open network.
 * @module
 */
import type { ProtocolTypes } from '../machines/session.ts'
import type { Deadlines, Protocol } from './protocol.ts'

export const USUAL_LIMITS = {
  /** Three faults within ten minutes: out for five minutes, and each time twice as long, up to a day. */
  strikes: { count: 3, withinMs: 600_000, banMs: 300_000, banMsMax: 86_400_000 },
  slots: [
    // Half is left to whom the application asks for. With as many filled as let in, all nodes of a grown
    // network would be full, and a newcomer would find no place.
    { name: 'outbound', role: 'dialler', max: 16, fill: 8 },
    { name: 'inbound', role: 'listener', max: 64 },
  ],
  admission: {
    /** Handshakes under way: as many as there are places to come in by. */
    pendingInbound: 64,
    pendingOutbound: 16,
    /** One host takes an eighth of them, and half of the places: others come in beside it. */
    pendingPerGroup: 8,
    inboundPerGroup: 32,
    /** One a second: who dials again and again is behind a backoff that is slower. */
    acceptedPerGroup: { count: 60, withinMs: 60_000 },
  },
} as const satisfies Partial<Protocol<ProtocolTypes>>

/** For `deadlines`: the times of a platform that answers, and of a peer that reads. */
export const USUAL_WAITS = {
  /** A dial that crosses the world, with a packet lost twice. */
  connectMs: 10_000,
  /** Not a byte has left though there is something to send. */
  drainMs: 30_000,
  /** What is still to be said when we close; who does not read does not keep us. */
  flushMs: 1_000,
} as const satisfies Partial<Deadlines<string>>
