/**
 * Of which kind the next connection is that a node opens by itself: the first that is wanted, in Core's
 * order. What is there all the time comes first, what is there for a moment last.
 * @module
 */
import type { PeerNetwork } from '../../codec/bitcoin/network-address.ts'
import type { BitcoinLimits } from './limits.ts'
import type { Outbound } from './outbound.ts'
import { SLOTS } from './slots.ts'

export type OpeningKind =
  /** One that blocks came from before the node was stopped. */
  | { readonly kind: 'anchor' }
  | { readonly kind: 'full-relay' }
  | { readonly kind: 'block-relay-only' }
  /** One more, because our chain has not grown for long. */
  | { readonly kind: 'stale-tip' }
  /** One more, to see whether its chain is better. */
  | { readonly kind: 'extra-block-relay-only' }
  | { readonly kind: 'feeler' }
  /** One more, of a network that no other is of. */
  | { readonly kind: 'diversity'; readonly network: PeerNetwork }

export interface OpeningNeeds {
  readonly hasAnchors: boolean
  readonly isTipStale: boolean
  readonly isExtraBlockDue: boolean
  readonly isFeelerDue: boolean
  readonly isDiversityDue: boolean
  /** A network that could be reached and is not; asked only where it is the one thing left. */
  missingNetwork(): PeerNetwork | undefined
}

type Max = Pick<BitcoinLimits, 'fullRelayMax' | 'blockRelayOnlyMax' | 'feelerMax'>

/** Undefined: nothing is to be opened now. */
export function nextKind(
  outbound: Pick<Outbound, 'count'>,
  max: Max,
  needs: OpeningNeeds,
): OpeningKind | undefined {
  const fullRelay = outbound.count(SLOTS.fullRelay)
  const blockRelayOnly = outbound.count(SLOTS.blockRelayOnly)
  const all = fullRelay + blockRelayOnly + outbound.count(SLOTS.feeler)
  // What comes beyond the lasting ones shares the place of a feeler.
  if (all >= max.fullRelayMax + max.blockRelayOnlyMax + max.feelerMax) return undefined
  const lacksBlockRelay = blockRelayOnly < max.blockRelayOnlyMax
  if (needs.hasAnchors && lacksBlockRelay) return { kind: 'anchor' }
  if (fullRelay < max.fullRelayMax) return { kind: 'full-relay' }
  if (lacksBlockRelay) return { kind: 'block-relay-only' }
  if (needs.isTipStale) return { kind: 'stale-tip' }
  if (needs.isExtraBlockDue) return { kind: 'extra-block-relay-only' }
  if (needs.isFeelerDue) return { kind: 'feeler' }
  if (!needs.isDiversityDue || fullRelay !== max.fullRelayMax) return undefined
  const network = needs.missingNetwork()
  return network === undefined ? undefined : { kind: 'diversity', network }
}

export const slotFor = ({ kind }: OpeningKind): string => {
  switch (kind) {
    case 'feeler':
      return SLOTS.feeler
    case 'anchor':
    case 'block-relay-only':
    case 'extra-block-relay-only':
      return SLOTS.blockRelayOnly
    case 'full-relay':
    case 'stale-tip':
    case 'diversity':
      return SLOTS.fullRelay
  }
}
