/**
 * Which address of the book is dialled next: up to a hundred are drawn, and the first one passes that is
 * worth it. What speaks against one only a little is waived when nothing better was drawn.
 * @module
 */
import type { AddressView } from '../../actors/lent-book.ts'
import { networkAddressOf } from '../../codec/bitcoin/address.ts'
import type { BitcoinAddress } from '../../codec/bitcoin/address.ts'
import { isValidAddress } from '../../codec/bitcoin/address-scope.ts'
import { isBadPort } from './bad-ports.ts'
import { hasServices, isDesirable, SERVICES } from './services.ts'

const DRAWS_MAX = 100
/** One that was tried a moment ago is taken when so many were drawn. */
const TRIED_WAIVED_AFTER = 30
/** And one of another service's port when so many were. */
const PORT_WAIVED_AFTER = 50
const TRIED_LATELY_MS = 600_000

export type BookedAddress = AddressView<BitcoinAddress>

export interface CandidateRules {
  /** It is dialled to see whether it is there: its group does not matter, and it may serve less. */
  readonly isFeeler: boolean
  readonly wallMs: number
  /** Our own chain is of today: a pruned peer has all that we can need. */
  readonly isTipFresh: boolean
  /** Whether a lasting connection is close to it. */
  hasGroupOf(address: BitcoinAddress): boolean
  isReachable(address: BitcoinAddress): boolean
  isOwn(address: BitcoinAddress): boolean
  /** Banned, discouraged, or connected already. */
  isBarred(address: BitcoinAddress): boolean
}

const servesBlocks = (marks: bigint): boolean =>
  hasServices(marks, SERVICES.network) || hasServices(marks, SERVICES.networkLimited)

function isWorthIt(view: BookedAddress, draws: number, rules: CandidateRules): boolean {
  const { address, attemptedMs, marks } = view
  if (!rules.isReachable(address) || rules.isBarred(address)) return false
  if (rules.wallMs - attemptedMs < TRIED_LATELY_MS && draws < TRIED_WAIVED_AFTER) return false
  const serves = rules.isFeeler ? servesBlocks(marks) : isDesirable(marks, rules.isTipFresh)
  if (!serves) return false
  const isOfIp = address.network === 'ipv4' || address.network === 'ipv6'
  return draws >= PORT_WAIVED_AFTER || !isOfIp || !isBadPort(address.port)
}

/** @param draw the next address from the book; undefined: it has none */
export function pickCandidate(
  draw: () => BookedAddress | undefined,
  rules: CandidateRules,
): BookedAddress | undefined {
  for (let draws = 1; draws <= DRAWS_MAX; draws++) {
    const view = draw()
    if (view === undefined) return undefined
    if (!rules.isFeeler && rules.hasGroupOf(view.address)) continue
    const written = networkAddressOf(view.address)
    // The book keeps none of these; where one is drawn all the same, this is no time to go on.
    if (written === undefined || !isValidAddress(written) || rules.isOwn(view.address)) {
      return undefined
    }
    if (isWorthIt(view, draws, rules)) return view
  }
  return undefined
}
