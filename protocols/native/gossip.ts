/**
 * Broadcasts of the native network (native protocol, section 13): the child that publishes ours and floods
 * those of others. Best effort, and never answered, not even where a broadcast is wrong.
 * @module
 */
import type { ChildSpec, ChildTools, Routed } from '../../actors/child.ts'
import { createForwarding } from '../../actors/forwarding.ts'
import { startGossip } from '../../actors/gossip.ts'
import type { GossipAdapter, GossipKept } from '../../actors/gossip.ts'
import { createSeenCache } from '../../actors/seen-cache.ts'
import { encodeHex } from '../../codec/bytes.ts'
import type { NodeIdentity } from '../../codec/native/identity.ts'
import type { BroadcastMessage } from '../../codec/native/messages.ts'
import { ownedPublication } from '../../codec/native/owned-message.ts'
import type { NativeDetail, NativeTypes } from '../../machines/handshakes/native.ts'
import { startBroadcasting } from './broadcasting.ts'
import { createKnownPublications } from './known-publications.ts'
import type { KnownPublications } from './known-publications.ts'
import type { NativeLimits } from './limits.ts'
import { checkPublication, hasTooManyHops, namesOf } from './publication-checks.ts'
import type { CheckingPublications, PublicationNames } from './publication-checks.ts'
import { createPublicationQuota } from './publication-quota.ts'
import { createPublicationRates } from './publication-rates.ts'
import { keepSequence } from './sequence.ts'
import type { SequenceKept } from './sequence.ts'

export interface GossipChildOptions {
  readonly network: string
  readonly own: NodeIdentity
  readonly limits: NativeLimits
}

interface BroadcastNames extends PublicationNames {
  readonly claim: string
  readonly sequence: bigint
}

export interface GossipChildKept extends GossipKept<BroadcastMessage, BroadcastNames> {
  readonly sequence: SequenceKept
}

export function gossipChild({
  limits,
  network,
  own,
}: GossipChildOptions): ChildSpec<NativeTypes, GossipChildKept> {
  return {
    name: 'gossip',
    restart: 'permanent',
    uses: ['topic', 'validate'],
    keep: () => ({
      seen: createSeenCache({ ...limits, soonerMs: limits.broadcastIgnoredMs }),
      pending: new Map(),
      sequence: keepSequence(),
    }),
    start(tools, kept) {
      const { admits, banned, crypto, wallMs } = tools
      const checking = { crypto, network, ownId: own.id, limits, admits, wallMs, banned }
      const quota = createPublicationQuota(tools, limits)
      const forwarding = createForwarding(tools, { limits, quota })
      const gossip = startGossip({
        ...{ tools, kept, forwarding },
        adapter: adapterOf(checking, tools, createKnownPublications()),
        limits: { pendingMax: limits.pendingPublicationsMax, verdictMs: limits.validationMs },
      })
      const rates = createPublicationRates(tools, limits)
      const take = ({ message, peer }: Routed<BroadcastMessage>): void => {
        if (!rates.admit(peer)) return
        if (hasTooManyHops(message, checking)) return
        gossip.receive(message, peer)
      }
      tools.feed('broadcast', take)
      return startBroadcasting(tools, kept.sequence, { network, own, limits, forwarding })
    },
  }
}

const adapterOf = (
  checking: CheckingPublications,
  tools: ChildTools<NativeTypes>,
  known: KnownPublications<BroadcastNames>,
): GossipAdapter<BroadcastMessage, BroadcastNames, NativeDetail> => ({
  namesOf(message) {
    const found = known.find(message)
    if (found !== undefined) return found
    const { sequence } = message
    const names = namesOf(message, checking)
    return { ...names, sequence, claim: `${names.origin} ${sequence}` }
  },
  variantOf: ({ signature }) => encodeHex(signature),
  own: ownedPublication,
  check(message, names) {
    known.note(message, names)
    return checkPublication(message, names, checking)
  },
  deliveryOf: ({ payload, timestampMs, topic }, { id, origin }) => ({
    ...{ topic, id, origin, kind: 'broadcast' },
    payload: payload.slice(),
    timestampMs: Number(timestampMs),
  }),
  passOn: (message) =>
    message.hopsLeft === 0 ? undefined : { ...message, hopsLeft: message.hopsLeft - 1 },
  onContested({ origin, sequence }) {
    tools.note('equivocation', { origin, sequence: String(sequence) })
  },
  onFull() {
    tools.note('seen-full')
  },
  invalid: 'publication-invalid',
})
