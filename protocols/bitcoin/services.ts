/**
 * Service bits: what a node says that it does for others. Claims: nobody proves any, and bits that are not
 * known here are kept and told on as they are.
 * @module
 */

export const SERVICES = {
  /** All blocks. */
  network: 1n << 0n,
  /** BIP 37 and BIP 35. */
  bloom: 1n << 2n,
  /** BIP 144. */
  witness: 1n << 3n,
  /** BIP 157 and BIP 158. */
  compactFilters: 1n << 6n,
  /** BIP 159: the last 288 blocks. */
  networkLimited: 1n << 10n,
  /** BIP 324. */
  p2pV2: 1n << 11n,
} as const

export type ServiceName = keyof typeof SERVICES

export const hasServices = (services: bigint, wanted: bigint): boolean =>
  (services & wanted) === wanted

/**
 * Whether it can give us what we connect for. A pruned peer does where our own blocks are of today: it has
 * all that can be missing.
 */
export const isDesirable = (services: bigint, isTipFresh: boolean): boolean =>
  hasServices(services, SERVICES.network | SERVICES.witness) ||
  (isTipFresh && hasServices(services, SERVICES.networkLimited | SERVICES.witness))
