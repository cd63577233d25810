/**
 * The items of the native network: publications that are kept, flooded, and synchronised. What gossip
 * loses, whoever missed it asks for; a node that was away gets what it lacks, once.
 * @module
 */
import type { ChildSpec } from '../../actors/child.ts'
import { createForwarding } from '../../actors/forwarding.ts'
import type { NodeIdentity } from '../../codec/native/identity.ts'
import type { NativeTypes } from '../../machines/handshakes/native.ts'
import { createIgnoredNumbers } from './ignored-numbers.ts'
import { startItemIntake } from './item-intake.ts'
import { startItemListing } from './item-listing.ts'
import type { Wanted } from './item-pulls.ts'
import { startItemPublishing } from './item-publishing.ts'
import { shownItems } from './item-shown.ts'
import { createItemStore } from './item-store.ts'
import type { UnsettledItems } from './item-store.ts'
import { startItemSync } from './item-sync.ts'
import type { NativeLimits } from './limits.ts'
import { createPublicationQuota } from './publication-quota.ts'

/** The application's "not now", at most: as many as are asked for at a time. */
const IGNORED_MAX = 1_024

export interface ItemsChildOptions {
  readonly network: string
  readonly own: NodeIdentity
  readonly limits: NativeLimits
}

/** What is not in the store: what is on its way there, and what neighbours said that they hold. */
export interface ItemsKept {
  readonly unsettled: UnsettledItems
  readonly wanted: Map<string, Wanted>
}

export function itemsChild({
  limits,
  network,
  own,
}: ItemsChildOptions): ChildSpec<NativeTypes, ItemsKept> {
  return {
    name: 'items',
    restart: 'permanent',
    uses: ['topic', 'validate'],
    keep: () => ({
      unsettled: { writes: new Set(), settle: undefined },
      wanted: new Map(),
    }),
    start(lent, kept) {
      let isOver = false
      const tools: typeof lent = {
        ...lent,
        // A write may be settled when this incarnation is over: it starts no waits any more.
        after: (afterMs, ring) => (isOver ? () => undefined : lent.after(afterMs, ring)),
      }
      const { admits, banned, crypto, wallMs } = tools
      const store = createItemStore(tools, own.id, limits, kept.unsettled)
      const ignored = createIgnoredNumbers(tools, {
        ignoredMax: IGNORED_MAX,
        // Half of how long a publication is remembered, so that it may pass when it is sent again.
        ignoredMs: limits.seenMs / 2,
      })
      const sync = startItemSync(tools, {
        ...{ limits, store, wanted: kept.wanted },
        unwanted: ignored.of,
        takes: (origin) => origin !== own.id,
        isBarred: (origin) => !admits(origin) || banned(origin) !== undefined,
      })
      tools.show(() => shownItems({ store, pulls: sync, wanted: kept.wanted }))
      const checking = { crypto, network, ownId: own.id, limits, admits, wallMs, banned }
      const quota = createPublicationQuota(tools, limits)
      const forwarding = createForwarding(tools, { limits, quota })
      startItemIntake(tools, { checking, forwarding, ignored, limits, store, sync })
      startItemListing(tools, store)
      startItemPublishing(tools, {
        ...{ forwarding, limits, network, own, store },
        onKept: sync.onChange,
      })
      return () => {
        isOver = true
      }
    },
  }
}
