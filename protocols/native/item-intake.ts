/**
 * Items of others, on their way in: checked, looked at by the application, written, and once they are
 * on the medium handed to the application and passed on.
 *
 * An item is known by its origin and number. The first one that passes is kept; another one with the
 * same number is proof that its origin says two things, and is told.
 * @module
 */
import type { ChildTools, PeerReference } from '../../actors/child.ts'
import type { Forwarding } from '../../actors/forwarding.ts'
import { createPending } from '../../actors/pending.ts'
import { runsHave } from '../../actors/runs.ts'
import type { Delivery } from '../../actors/services.ts'
import { encodeHex } from '../../codec/bytes.ts'
import type { ItemMessage } from '../../codec/native/messages.ts'
import { ownedPublication } from '../../codec/native/owned-message.ts'
import type { NativeTypes } from '../../machines/handshakes/native.ts'
import type { IgnoredNumbers } from './ignored-numbers.ts'
import type { Outcome } from './item-pulls.ts'
import type { ItemStore } from './item-store.ts'
import type { ItemSync } from './item-sync.ts'
import type { NativeLimits } from './limits.ts'
import { checkPublication, hasTooManyHops, namesOf } from './publication-checks.ts'
import type { CheckingPublications } from './publication-checks.ts'
import { createPublicationRates } from './publication-rates.ts'

export interface ItemIntakeOptions {
  readonly checking: CheckingPublications
  readonly limits: NativeLimits
  readonly store: ItemStore
  readonly ignored: IgnoredNumbers
  readonly forwarding: Pick<Forwarding<ItemMessage>, 'passOn'>
  readonly sync: Pick<ItemSync, 'onChange' | 'onGap' | 'onItem' | 'pause' | 'release' | 'settle'>
}

/** Conflicts that are remembered, the oldest go first: about 200 KB. */
const CONFLICTS_MAX = 1_024

interface Incoming {
  readonly item: ItemMessage
  readonly id: string
  readonly origin: string
  readonly by: 'gossip' | 'sync'
  /** Who sent it first. */
  readonly connection: string
  /** The same, by identity where it has one. */
  readonly source: string
}

export function startItemIntake(
  tools: ChildTools<NativeTypes>,
  { checking, forwarding, ignored, limits, store, sync }: ItemIntakeOptions,
): void {
  const rates = createPublicationRates(tools, limits)
  /** Those that were not asked for: they leave no room to those that were, nor the other way. */
  let flooded = 0
  /** Ids of those that were told of: each once. */
  const conflicts = new Set<string>()
  const pending = createPending<Incoming>(
    new Map(),
    tools,
    // How many are asked for at a time is bounded where they are asked for.
    { pendingMax: Infinity, verdictMs: limits.validationMs },
    ({ content }) => {
      ignored.add(content.origin, content.item.number)
      end(content, false)
    },
  )

  const keyOf = (id: string, { signature }: ItemMessage): string => `${id} ${encodeHex(signature)}`

  const end = ({ by, connection, item, origin }: Incoming, isKept: boolean): void => {
    if (by === 'sync') {
      sync.settle(connection, origin, item, isKept ? 'kept' : 'not-kept')
      return
    }
    flooded--
    // An answer that came meanwhile waited with it.
    sync.release(origin, item.number)
  }

  /** The verdict is there; undefined: it came too late. */
  const take = ({ id, item }: Incoming) => pending.settle(keyOf(id, item))

  /** Who sent it; nobody where the verdict came too late. */
  const drop = (incoming: Incoming, isKept = false): ReadonlySet<string> => {
    const entry = take(incoming)
    if (entry === undefined) return new Set()
    end(entry.content, isKept)
    return entry.senders
  }

  /** Known by its number: the same, or another one with the number of the first. */
  const isOther = (origin: string, number: bigint, id: string): boolean => {
    const first = store.idOf(origin, number)
    return first !== undefined && first !== id
  }

  const noteConflict = ({ id, item, origin }: Incoming): void => {
    if (conflicts.has(id)) return
    tools.note('item-conflict', { origin, number: String(item.number), id })
    conflicts.add(id)
    for (const oldest of conflicts) {
      if (conflicts.size <= CONFLICTS_MAX) return
      conflicts.delete(oldest)
    }
  }

  function keep(incoming: Incoming): void {
    const entry = take(incoming)
    if (entry === undefined) return
    const { content, senders } = entry
    const { by, id, item, origin, source } = content
    const { number } = item
    // What was asked for displaces nobody: two neighbours could displace each other's for ever.
    if (!store.fits(origin, number, by === 'gossip')) {
      // Its origin has too many gaps, and is asked for when some are filled; or there are too many.
      end(content, false)
      return
    }
    const isGap = number > 0n && !store.has(origin, number - 1n)
    store.put(item, id, (outcome) => {
      end(content, outcome === 'durable')
      if (outcome === 'failed') {
        sync.pause()
        return
      }
      tools.application.deliver(deliveryOf(content))
      if (by === 'gossip' && item.hopsLeft > 0) {
        forwarding.passOn({ ...item, hopsLeft: item.hopsLeft - 1 }, { senders, source, origin })
      }
      sync.onChange()
      if (isGap && by === 'gossip') for (const sender of senders) sync.onGap(sender)
    })
  }

  /** Its signature is its origin's. */
  function look(incoming: Incoming): void {
    const { connection, id, item, origin } = incoming
    if (store.has(origin, item.number)) {
      if (isOther(origin, item.number, id)) noteConflict(incoming)
      drop(incoming, true)
      return
    }
    pending.time(keyOf(id, item))
    const isAsked = tools.application.ask(
      'validate',
      { key: item.topic, given: deliveryOf(incoming), connection, bytes: item.payload.length },
      (answered) => {
        judge(incoming, 'taken' in answered ? answered.taken : 'ignore')
      },
    )
    if (!isAsked) judge(incoming, 'accept')
  }

  function judge(incoming: Incoming, verdict: 'accept' | 'ignore' | 'reject'): void {
    const { by, origin } = incoming
    const { number } = incoming.item
    if (store.has(origin, number)) {
      // Another one with its number was accepted while this one was looked at.
      look(incoming)
      return
    }
    switch (verdict) {
      case 'accept':
        keep(incoming)
        return
      case 'ignore':
        if (drop(incoming).size > 0) ignored.add(origin, number)
        return
      case 'reject': {
        const senders = drop(incoming)
        if (senders.size === 0) return
        // An origin of which nothing was ever taken gets no place for what is not wanted of it.
        const isOrigin = store.known(origin).length > 0
        if (isOrigin && store.fits(origin, number)) store.pass(origin, number)
        else ignored.add(origin, number)
        sync.onChange()
        // Who was asked for it gave what it was asked for.
        if (by === 'sync') return
        for (const sender of senders) tools.report(sender, 'publication-invalid')
      }
    }
  }

  function receive(message: ItemMessage, peer: PeerReference, by: 'gossip' | 'sync'): void {
    const { connection, identity: source = connection } = peer
    const origin = encodeHex(message.originId)
    const { number } = message
    const leave = (outcome: Outcome): void => {
      if (by === 'sync') sync.settle(connection, origin, message, outcome)
    }
    if (hasTooManyHops(message, checking) || runsHave(ignored.of(origin), number)) {
      leave('not-kept')
      return
    }
    const { id, signed } = namesOf(message, checking)
    const key = keyOf(id, message)
    const isKnown = store.has(origin, number)
    if (isKnown && (conflicts.has(id) || !isOther(origin, number, id))) {
      leave('kept')
      return
    }
    // It is being looked at already: the verdict is about this sender as well.
    if (pending.attach(key, [connection])) {
      leave('attached')
      return
    }
    if (by === 'gossip' && flooded >= limits.pendingPublicationsMax) return
    const job = checkPublication(message, { id, origin, signed }, checking)
    if (typeof job === 'string') {
      leave('not-kept')
      if (job === 'invalid') tools.report(connection, 'publication-invalid')
      return
    }
    const item = ownedPublication(message)
    const incoming: Incoming = { item, id, origin, by, connection, source }
    if (by === 'gossip') flooded++
    // The time is the application's: until the signature is checked it is us who take it, and what waits
    // for that is not let go of, only to be asked for again.
    pending.hold(key, incoming, [connection], false)
    const { originPublicKey: publicKey, signature } = item
    tools.run({ operation: 'verify', message: signed, signature, publicKey }, (result) => {
      if (!pending.has(key)) return
      if (result === true) {
        look(incoming)
        return
      }
      const senders = drop(incoming)
      // Undefined: the work was not done, and nobody is to blame.
      if (result !== false) return
      for (const sender of senders) tools.report(sender, 'publication-invalid')
    })
  }

  tools.feed('item', ({ message, peer }) => {
    const origin = encodeHex(message.originId)
    const asked = sync.onItem(peer.connection, origin, message)
    if (asked === 'no-room' || (asked === 'unasked' && !rates.admit(peer))) return
    receive(message, peer, asked === 'asked' ? 'sync' : 'gossip')
  })
}

const deliveryOf = ({ by, id, item, origin }: Incoming): Delivery => ({
  ...{ topic: item.topic, id, origin, kind: 'item', number: item.number, by },
  payload: item.payload.slice(),
  timestampMs: Number(item.timestampMs),
})
