/**
 * The numbers of the BOTD network. Whoever runs with others says so.
 * @module
 */

export const BOTD_LIMITS = {
  /** To open the stream. */
  connectMs: 10_000,
  /** For Init after the accept, for Ack after Init, for the first sealed message after the keys. */
  handshakePartMs: 10_000,
  /** All of it, with the time to open the stream and that of our own cryptography. */
  handshakeMs: 40_000,
  /** Ours: so long not a byte came. Pings find who is gone long before, where they are answered. */
  progressMs: 300_000,
  /** So long nothing has left though there was something to send. */
  drainMs: 30_000,
  flushMs: 1_000,

  /** Inits that were seen: for how long, and how many; the oldest go first. */
  initsMs: 600_000,
  initsMax: 10_000,

  /** At most one ping in so long; and by how much one may come early. */
  pingWindowMs: 30_000,
  pingToleranceMs: 0,
  /** The interval leaves room for a slow line. */
  pingIntervalMs: 35_000,
  pongMs: 10_000,
  /** Pongs that answer no ping, within a window; more end the connection. */
  wrongPongsMax: 3,
  /** Identities of which the times of pings are kept: as many as come and go within a window, and far more. */
  pingTimesMax: 10_000,

  /** Sessions that become ready within so long are dials that met; later, the newer one stays. */
  simultaneousMs: 5_000,

  /** Confirmed ones; those that are not yet have places of their own. */
  inboundMax: 50,
  outboundMax: 25,
  /** Handshakes in flight, of those that came in. */
  pendingInboundMax: 64,
  pendingOutboundMax: 25,
  /** Ours: one address is to leave room for others, however many keys it has; half of the places here. */
  pendingPerGroupMax: 8,
  inboundPerGroupMax: 25,
  /** Of one address, or of the first 64 bits of an IPv6 one; more are refused at the accept. */
  acceptedPerGroupMax: 10,
  acceptedPerGroupWithinMs: 10_000,

  /** Ours. */
  strikes: 3,
  strikesWithinMs: 600_000,
  banMs: 300_000,
  banMsMax: 86_400_000,
} as const satisfies Readonly<Record<string, number>>

export type BotdLimits = Readonly<Record<keyof typeof BOTD_LIMITS, number>>
