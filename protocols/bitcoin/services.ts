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

/** As Core names them, and the letter that stands for each in a table. */
const PRINTED: readonly (readonly [service: bigint, name: string, initial: string])[] = [
  [SERVICES.network, 'NETWORK', 'n'],
  [SERVICES.bloom, 'BLOOM', 'b'],
  [SERVICES.witness, 'WITNESS', 'w'],
  [SERVICES.compactFilters, 'COMPACT_FILTERS', 'c'],
  [SERVICES.networkLimited, 'NETWORK_LIMITED', 'l'],
  [SERVICES.p2pV2, 'P2P_V2', '2'],
]
const SERVICE_BITS = 64

/** From the lowest bit on; a bit without a name by its number, as Core prints it. */
export const namesOf = (services: bigint): readonly string[] =>
  Array.from({ length: SERVICE_BITS }, (_, bit) => bit).flatMap((bit) => {
    const service = 1n << BigInt(bit)
    if (!hasServices(services, service)) return []
    const [, name = `UNKNOWN[2^${String(bit)}]`] = PRINTED.find(([one]) => one === service) ?? []
    return [name]
  })

/** What they offer that is known, in a few characters. */
export const initialsOf = (services: bigint): string =>
  PRINTED.filter(([service]) => hasServices(services, service))
    .map(([, , initial]) => initial)
    .join('')

export const hasServices = (services: bigint, wanted: bigint): boolean =>
  (services & wanted) === wanted

/** A tip so young leaves nothing to ask for that a pruned peer has not: 144 blocks. */
const FRESH_TIP_MS = 86_400_000

export const isFreshTip = (tip: { readonly unixMs: number } | undefined, wallMs: number): boolean =>
  tip !== undefined && wallMs - tip.unixMs < FRESH_TIP_MS

/**
 * Whether it can give us what we connect for. A pruned peer does where our own blocks are of today: it has
 * all that can be missing.
 */
export const isDesirable = (services: bigint, isTipFresh: boolean): boolean =>
  hasServices(services, SERVICES.network | SERVICES.witness) ||
  (isTipFresh && hasServices(services, SERVICES.networkLimited | SERVICES.witness))
