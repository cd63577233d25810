/**
 * The numbers of the native network, with the specification's values. Whoever runs with others says so.
 * @module
 */

export const NATIVE_LIMITS = {
  /** Section 5: from dial or accept until verified, all in all. */
  handshakeMs: 30_000,
  /** Section 9: to open the stream, inside the time above. */
  connectMs: 10_000,
  /** Section 9: "message delivery". So long nothing has left though there was something to send. */
  drainMs: 30_000,
  /** Section 9: "close flush". */
  flushMs: 1_000,
  /**
   * Ours. Who is gone is found by pings (`pongMs`) and by what is sent (`drainMs`); a day bounds what
   * neither finds.
   */
  progressMs: 86_400_000,

  /** Section 5, check 3: how far clocks may be apart, each way. */
  timestampToleranceMs: 30_000,
  /** Section 5, check 8. */
  noncesMax: 50_000,
  /** Section 5, check 8: twice the tolerance, and 5 s. */
  nonceMs: 65_000,

  /** Section 9: verified sessions. */
  inboundMax: 25,
  outboundMax: 25,
  /**
   * Section 9: filled by the node itself. With as many dialled as let in, every node of a grown network
   * would be full for good; Bitcoin Core fills 8 as well (MAX_OUTBOUND_FULL_RELAY_CONNECTIONS).
   */
  outboundFill: 8,
  /** Section 9: not yet verified. */
  pendingInboundMax: 25,
  pendingOutboundMax: 25,
  pendingPerGroupMax: 8,
  /**
   * Ours: all that the other limits admit, verified or not, since the specification sets no limit of its
   * own. With the usual numbers it holds nobody back: behind an onion service everybody is one group. It
   * is there to be set lower, or reached where `inboundMax` is set higher.
   */
  inboundPerGroupMax: 50,
  /** Ours: two a second, well above a peer that comes back with backoff. */
  acceptedPerGroupPerMinuteMax: 120,
  /** Section 9: failed handshakes of one group within a minute; then it waits a minute. */
  failedPerGroupPerMinuteMax: 20,
  throttleMs: 60_000,
  /** Groups whose failures are remembered; the one that failed longest ago goes first. About 2 MB. */
  failingGroupsMax: 4_096,

  /**
   * Section 7: two sessions that become verified within so long are two dials that met; after it, the
   * newer one replaces the older one.
   */
  simultaneousMs: 5_000,

  /** Section 12: a handler that takes longer is answered for with 408. */
  handlerMs: 30_000,
  /** Section 12: directs of one peer within the window; more are answered with 429. */
  directsPerWindowMax: 100,
  directsWindowMs: 10_000,
  /** Section 12: a peer and direction. */
  directsInFlightMax: 50,
  /** Section 12: what waits for a place in flight, of a peer; more is refused. */
  directsQueuedMax: 1_000,
  /** Section 12: answers that are kept for a request that comes again: 2 x 30 s, of one peer, of all. */
  answersKeptMs: 60_000,
  /**
   * Ours: that a request was answered. Its bytes may wait in a stream for as long as TCP sends them again,
   * 924.6 s with Linux's `tcp_retries2`, and a call sends for 30 s; rounded up.
   */
  answeredKeptMs: 960_000,
  answersPerPeerMax: 1_000,
  answersBytesMax: 8 * 1024 * 1024,
  /** Section 12: responses and errors that nobody asked for, of one peer; more are a strike. */
  unaskedAnswersPerMinuteMax: 20,

  /** Section 13: with how many hops a publication leaves its origin, and with how many one is taken. */
  hops: 8,
  hopsMax: 16,
  /** Section 13: how old a broadcast may be, and how far in the future any publication. */
  broadcastAgeMs: 120_000,
  publicationFutureMs: 30_000,
  /** Section 13: ids that are remembered. Longer than age and future together. */
  seenMax: 10_000,
  seenMs: 300_000,
  /**
   * Section 13: a broadcast that the application ignored. Half of how long one is taken, so that it may
   * pass when it is sent again.
   */
  broadcastIgnoredMs: 60_000,
  /**
   * Section 13: publications of one neighbour within the window; more are dropped, far more a strike.
   * What is not dropped is never a strike, so that the second number is at least the first. No more than
   * the first number are sent to one either: it is taken to have the same limits.
   */
  publicationsPerWindowMax: 100,
  publicationsStrikeMax: 1_000,
  publicationsWindowMs: 10_000,
  /** Section 13: with more peers than this, so many of them get it. */
  forwardToAllMax: 50,
  forwardToSome: 8,
  /** How long the application may take to say whether a publication is valid; then it is ignored. */
  validationMs: 5_000,
  /** Publications that are being checked at once: a second's worth of twenty neighbours at their limit. */
  pendingPublicationsMax: 256,

  /** BOTD's ping: not more often than the window; the interval leaves room for a slow line. */
  pingIntervalMs: 35_000,
  pingWindowMs: 30_000,
  pongMs: 10_000,
  /** Pongs that answer no ping, within a window; more end the connection. */
  wrongPongsMax: 3,

  /** Entries of one `addresses`; and the part of the book that is told, in a hundred. */
  addressesMax: 1_000,
  addressesPercent: 23,
  /** A list so short is news and not an answer: it is passed on to so many. */
  addressNewsMax: 10,
  addressRelayPeers: 2,
  /** Addresses of one peer that are taken in, a second, and at once. */
  addressesPerSecond: 1,
  addressesBurst: 1_000,

  /** Items: of one origin, of all together, and of how many origins. The oldest bytes go first. */
  itemsPerOriginMax: 100_000,
  itemBytesPerOriginMax: 64 * 1024 * 1024,
  itemBytesMax: 256 * 1024 * 1024,
  itemOriginsMax: 10_000,
  /** Runs of numbers held of one origin: a number that would open another is refused. */
  runsPerOriginMax: 64,
  /** How often a locator goes out while it differs from the last one sent. */
  locatorEveryMs: 5_000,
  /** How long a peer may take for the next item of a range that it was asked for. */
  rangeMs: 10_000,
  /** Items that one range brings. */
  rangeItemsMax: 256,
  /**
   * Section 14: locators and ranges of one neighbour within the window; more are passed over, far more
   * a strike. Ten thousand origins are twenty locators, told twice within it, and again for gaps; of
   * ranges it is a hundred a second, each of one number, over a fast line.
   */
  locatorsPerWindowMax: 100,
  locatorsStrikeMax: 500,
  rangesPerWindowMax: 1_000,
  rangesStrikeMax: 5_000,
  syncWindowMs: 10_000,
  /** Ranges of one neighbour, with the one that is being answered. Ours come one at a time. */
  rangesQueuedMax: 16,

  /** Section 9. */
  strikes: 3,
  strikesWithinMs: 600_000,
  banMs: 300_000,
  banMsMax: 86_400_000,
} as const satisfies Readonly<Record<string, number>>

export type NativeLimits = Readonly<Record<keyof typeof NATIVE_LIMITS, number>>
