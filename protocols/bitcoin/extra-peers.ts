/**
 * Who is one too many among the connections that a node opened beyond the usual: whoever has shown least
 * of the chain. So that a node that looked for a better peer ends with it, and with as many as before.
 * @module
 */

/** In the order in which they were begun. Times are of the monotonic clock, -Infinity for never. */
export interface ChainPeer {
  readonly name: string
  readonly connectedMs: number
  /** When it last gave us a new block. */
  readonly lastBlockMs: number
  /** When it last told of a block that we had not heard of. */
  readonly lastAnnouncementMs: number
  /** It has shown a chain as good as ours, and is not left for being slow. */
  readonly isProtected: boolean
  /** It is the only one of its network. */
  readonly isOnlyOfNetwork: boolean
  /** Asked of it, and not here yet. */
  readonly blocksInFlight: number
}

/** MINIMUM_CONNECT_TIME: nobody shows anything sooner. */
const CONNECTED_MIN_MS = 30_000

/** The younger of the two youngest, or the other one where that has given us a block less lately. */
export function extraBlockRelayOnly(
  peers: readonly ChainPeer[],
  max: number,
  nowMs: number,
): string | undefined {
  if (peers.length <= max) return undefined
  const youngest = peers.at(-1)
  const next = peers.at(-2)
  const chosen =
    youngest !== undefined && next !== undefined && youngest.lastBlockMs > next.lastBlockMs
      ? next
      : youngest
  if (chosen === undefined || chosen.blocksInFlight > 0) return undefined
  return nowMs - chosen.connectedMs >= CONNECTED_MIN_MS ? chosen.name : undefined
}

/** The one whose last news of a block is oldest; of equals the youngest. */
export function extraFullRelay(
  peers: readonly ChainPeer[],
  max: number,
  nowMs: number,
): string | undefined {
  if (peers.length <= max) return undefined
  let chosen: ChainPeer | undefined
  for (const peer of peers) {
    if (peer.isProtected || peer.isOnlyOfNetwork) continue
    if (chosen === undefined || peer.lastAnnouncementMs <= chosen.lastAnnouncementMs) chosen = peer
  }
  if (chosen === undefined || chosen.blocksInFlight > 0) return undefined
  return nowMs - chosen.connectedMs > CONNECTED_MIN_MS ? chosen.name : undefined
}
