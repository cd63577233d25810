/**
 * The numbers of the node network, with the specification's values. Whoever runs with others says so.
 * @module
 */

export const NATIVE_LIMITS = {
  /** Section 5: from dial or accept until verified, all in all. */
  handshakeMs: 30_000,
  /** Section 11: to open the stream, inside the time above. */
  connectMs: 10_000,
  /** Section 11: "message delivery". So long nothing has left though there was something to send. */
  drainMs: 30_000,
  /** Section 11: "close flush". */
  flushMs: 1_000,
  /**
   * Ours. A session may rest for hours, and the network has no sign of life of its own: who is gone
   * is found by what is sent (`drainMs`). A day bounds what neither finds.
   */
  progressMs: 86_400_000,

  /** Section 5, check 3: how far clocks may be apart, each way. */
  timestampToleranceMs: 30_000,
  /** Section 5, check 8. */
  noncesMax: 50_000,
  /** Section 5, check 8: twice the tolerance, and 5 s. */
  nonceMs: 65_000,

  /** Section 11: verified sessions. */
  inboundMax: 25,
  outboundMax: 25,
  /** Section 11: not yet verified. */
  pendingInboundMax: 25,
  pendingOutboundMax: 25,
  pendingPerGroupMax: 8,
  /** Ours: all that the other limits admit, since the specification sets no limit of its own. */
  inboundPerGroupMax: 50,
  /** Ours: two a second, well above a peer that comes back with backoff. */
  acceptedPerGroupPerMinuteMax: 120,
  /** Section 9: failed handshakes of one group within a minute; then it waits a minute. */
  failedPerGroupPerMinuteMax: 20,
  throttleMs: 60_000,
  /** Groups whose failures are remembered; the one that failed longest ago goes first. About 2 MB. */
  failingGroupsMax: 4_096,

  /**
   * Section 5: two sessions that become verified within so long are two dials that met; after it, the
   * newer one replaces the older one.
   */
  simultaneousMs: 5_000,

  /** Section 9. */
  strikes: 3,
  strikesWithinMs: 600_000,
  banMs: 300_000,
  banMsMax: 86_400_000,
} as const satisfies Readonly<Record<string, number>>

export type NativeLimits = Readonly<Record<keyof typeof NATIVE_LIMITS, number>>
