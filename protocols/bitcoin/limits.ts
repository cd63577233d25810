/**
 * The numbers of the Bitcoin network: Core's, where they are no others. Whoever runs with others says so.
 * @module
 */
import type { ToolSlots } from '../../actors/protocol-tools.ts'

export const BITCOIN_LIMITS = {
  /** DEFAULT_CONNECT_TIMEOUT. */
  connectMs: 5_000,
  /**
   * Beside `connectMs`, where dials go through a proxy: Core gives a SOCKS5 proxy 20 s for an answer, in
   * which Tor builds a circuit. None does by default.
   */
  proxyMs: 0,
  /** -peertimeout: from the open stream to the peer's `verack`. */
  handshakeMs: 60_000,
  /** TIMEOUT_INTERVAL: so long nothing came, nothing could be sent, or a ping was not answered. */
  inactivityMs: 1_200_000,
  /** PING_INTERVAL, from one ping to the next. */
  pingIntervalMs: 120_000,
  flushMs: 1_000,

  /** MAX_OUTBOUND_FULL_RELAY_CONNECTIONS. */
  fullRelayMax: 8,
  /** MAX_BLOCK_RELAY_ONLY_CONNECTIONS. */
  blockRelayOnlyMax: 2,
  /** MAX_FEELER_CONNECTIONS. */
  feelerMax: 1,
  /** In Core they share the places of those that are dialled; here they have their own. */
  addressFetchMax: 2,
  /** MAX_ADDNODE_CONNECTIONS. */
  manualMax: 8,
  /** DEFAULT_MAX_PEER_CONNECTIONS of 125, less those that are dialled. */
  inboundMax: 114,
  /** Dials that are out: as many as there are places for them. */
  pendingOutboundMax: 21,
  /**
   * Ours: of one address, or of the first 64 bits of an IPv6 one. Core counts none and evicts; a service behind
   * one address, as a proxy is, has all places.
   */
  inboundPerGroupMax: 114,
  acceptedPerGroupMax: 1_000,
  acceptedPerGroupWithinMs: 60_000,
} as const satisfies Readonly<Record<string, number>>

export type BitcoinLimits = Readonly<Record<keyof typeof BITCOIN_LIMITS, number>>

/**
 * The limits of a node that is to have no more connections than these: places for everything go before
 * those for blocks alone, as in Core, and there are never more of either than Core has. Whoever dials nobody
 * looks at no address either.
 */
export function slotLimits({ inboundMax, outboundMax }: ToolSlots): Partial<BitcoinLimits> {
  const { blockRelayOnlyMax, fullRelayMax } = BITCOIN_LIMITS
  const full = Math.min(fullRelayMax, outboundMax ?? fullRelayMax)
  return {
    // A service behind one address has all places, as it has of the usual ones.
    ...(inboundMax === undefined ? {} : { inboundMax, inboundPerGroupMax: inboundMax }),
    ...(outboundMax === undefined
      ? {}
      : {
          fullRelayMax: full,
          blockRelayOnlyMax: Math.min(blockRelayOnlyMax, outboundMax - full),
          ...(outboundMax === 0 ? { feelerMax: 0, addressFetchMax: 0 } : {}),
        }),
  }
}
