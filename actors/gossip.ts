/**
 * Gossip by flooding: what a neighbour passes on is checked, remembered, shown to the application and
 * passed on, each once. What it is and when it is right is the network's adapter to say.
 *
 * Until a publication has its verdict it is pending: it is neither delivered nor passed on, and who
 * else sends it meanwhile is charged with it or spared it. Nothing is ever answered.
 * @module
 */
import type { ProtocolTypes } from '../machines/session.ts'
import type { CryptoJob, JobResult } from '../world/jobs.ts'
import type { ChildTools, PeerReference } from './child.ts'
import { mayHoldMore, partOf } from './fair-share.ts'
import { sourcesOf } from './forwarding.ts'
import type { Forwarding } from './forwarding.ts'
import { createPending } from './pending.ts'
import type { PendingEntry, PendingLimits, PendingTable } from './pending.ts'
import type { SeenCache } from './seen-cache.ts'
import type { Answered, Delivery, Validation } from './services.ts'
import { createWithheld } from './withheld.ts'

export interface GossipNames {
  /** Every receiver computes it. */
  readonly id: string
  /** An identity: who claims to have published it. */
  readonly origin: string
  /** One id alone may have it. */
  readonly claim: string
}

export interface GossipAdapter<Publication, Names extends GossipNames, Detail extends string> {
  namesOf(publication: Publication): Names
  /**
   * What the id does not cover and the check does, as a signature: two with one id may differ in it,
   * and the verdict on the one is none on the other.
   */
  variantOf(publication: Publication): string
  /** In memory of its own. */
  own(publication: Publication): Publication
  /** `invalid`: the neighbour is to blame. A job: what it says decides. */
  check(publication: Publication, names: Names): 'ignore' | 'invalid' | CryptoJob
  /** With a payload that is the receiver's own. */
  deliveryOf(publication: Publication, names: Names): Delivery
  /** As it leaves for the next neighbours; undefined: it has come far enough. */
  passOn(publication: Publication): Publication | undefined
  /** Its origin gave the claim to another publication before. It goes no further. */
  onContested(names: Names): void
  /**
   * No more ids of a neighbour can be remembered: until some are forgotten, what is new of it is dropped.
   * Said once, until something is taken again.
   */
  onFull(): void
  /** What a neighbour is charged with who passed on what is wrong. */
  readonly invalid: Detail
}

export interface GossipWaiting<Publication, Names> {
  readonly waitsFor: 'signature' | 'validation'
  readonly publication: Publication
  readonly names: Names
  readonly job: CryptoJob
  /** Who sent it first, by identity where it has one. */
  readonly source: string
}

/** What outlives an incarnation. */
export interface GossipKept<Publication, Names> {
  readonly seen: SeenCache
  readonly pending: PendingTable<GossipWaiting<Publication, Names>>
}

export interface GossipOptions<
  T extends ProtocolTypes,
  Publication extends T['message'],
  Names extends GossipNames,
> {
  readonly tools: ChildTools<T>
  readonly kept: GossipKept<Publication, Names>
  readonly adapter: GossipAdapter<Publication, Names, T['detail']>
  readonly forwarding: Pick<Forwarding<Publication>, 'passOn'>
  readonly limits: PendingLimits
}

export interface Gossip<Publication> {
  /** What came from a neighbour. It may hold views. */
  receive(publication: Publication, peer: Pick<PeerReference, 'connection' | 'identity'>): void
}

export function startGossip<
  T extends ProtocolTypes,
  Publication extends T['message'],
  Names extends GossipNames,
>({
  tools,
  kept: { pending: table, seen },
  adapter,
  forwarding,
  limits,
}: GossipOptions<T, Publication, Names>): Gossip<Publication> {
  type Waiting = GossipWaiting<Publication, Names>
  type Entry = PendingEntry<Waiting>

  const totals = { received: 0, duplicates: 0, refused: 0, delivered: 0, passedOn: 0 }
  tools.show(() => ({
    counts: { seen: seen.size, pending: table.size },
    totals: { ...totals },
  }))

  const left = [...table.values()]
  let isFull = false
  // They hold as much as what is pending does.
  const withheld = createWithheld<Publication>(limits.pendingMax)
  const pending = createPending(table, tools, limits, ({ content }) => {
    // Without a verdict it is as if the application had not wanted to say.
    if (content.waitsFor === 'validation') seen.forgetSooner(content.names.id)
  })

  const charge = (senders: Iterable<string>): void => {
    totals.refused++
    for (const sender of senders) tools.report(sender, adapter.invalid)
  }

  const firstOf = (senders: ReadonlySet<string>): string => {
    const [first = ''] = senders
    return first
  }

  /** @param delivery the application has not seen it yet: it owns what it gets */
  const accept = (
    { names, publication, source }: Waiting,
    senders: ReadonlySet<string>,
    delivery = adapter.deliveryOf(publication, names),
  ): void => {
    totals.delivered++
    tools.application.deliver(delivery)
    const message = adapter.passOn(publication)
    if (message === undefined) return
    totals.passedOn++
    const { id, origin } = names
    const { lacking } = forwarding.passOn(message, { senders, source, origin })
    withheld.note(id, { message, origin, lacking })
    if (lacking.size === 0) return
    // Whoever sent it too and is gone has no places: each of its connections would have its own.
    for (const { name, identity = name } of tools.connections()) {
      if (senders.has(name) && identity !== source) passOnAgain(id, name, identity)
    }
  }

  /** Whoever had no place for who sent it first may have one for this neighbour. */
  function passOnAgain(id: string, connection: string, source: string): void {
    const known = withheld.find(id)
    if (known === undefined) return
    const { lacking: only, message, origin } = known
    const passed = forwarding.passOn(message, {
      ...{ senders: new Set([connection]), source, origin, only },
    })
    withheld.note(id, { ...known, lacking: passed.lacking })
  }

  /** Made anew once somebody has come or left: it is asked for with each publication. */
  let sources: ReadonlySet<string> | undefined
  const forgetSources = (): void => {
    sources = undefined
  }
  tools.watch({ active: forgetSources, gone: forgetSources })
  const here = (): ReadonlySet<string> =>
    (sources ??= sourcesOf(tools.connections().filter(({ phase }) => phase === 'active')))

  /** What the application is slow to look at takes no place that another neighbour may come for. */
  const hasPlaceFor = (source: string): boolean => {
    // So few that nobody has used up its part.
    if (table.size < partOf(limits.pendingMax, here().size) && here().has(source)) return true
    const held = new Map<string, number>()
    for (const { content } of table.values()) {
      held.set(content.source, (held.get(content.source) ?? 0) + 1)
    }
    const places = { max: limits.pendingMax, taken: table.size, held, here: here() }
    return mayHoldMore(source, places)
  }

  const noteFull = (): void => {
    if (!isFull) adapter.onFull()
    isFull = true
  }

  // ---- what the application says -----------------------------------------------------------------

  const onValidated = (id: string, answered: Answered<Validation>): void => {
    const entry = pending.settle(id)
    if (entry === undefined) return
    const verdict = 'taken' in answered ? answered.taken : 'ignore'
    if (verdict === 'accept') accept(entry.content, entry.senders)
    else if (verdict === 'reject') charge(entry.senders)
    else seen.forgetSooner(id)
  }

  /** False where there is nobody to say: then nobody has seen what was given. */
  const askApplication = ({ names }: Waiting, connection: string, given: Delivery): boolean => {
    const { payload, topic } = given
    const about = { key: topic, given, connection, bytes: payload.length }
    return tools.application.ask('validate', about, (answered) => {
      onValidated(names.id, answered)
    })
  }

  const validate = (checked: Waiting, senders: ReadonlySet<string>): void => {
    const waiting: Waiting = { ...checked, waitsFor: 'validation' }
    const delivery = adapter.deliveryOf(waiting.publication, waiting.names)
    if (!askApplication(waiting, firstOf(senders), delivery)) accept(waiting, senders, delivery)
    // There is room: it just left the place in which it waited for its signature.
    else pending.hold(waiting.names.id, waiting, senders)
  }

  // ---- what the signature says -------------------------------------------------------------------

  const onChecked = (key: string, result: JobResult): void => {
    const entry = pending.settle(key)
    if (entry === undefined) return
    const { content, senders } = entry
    if (result === false) charge(senders)
    if (result !== true) return
    const { names, source } = content
    const { claim, id } = names
    switch (seen.note(id, tools.monotonicMs(), { claim, source, here: here() })) {
      case 'new':
        isFull = false
        validate(content, senders)
        return
      case 'seen':
        // The same with another signature, as right as this one, was first.
        pending.attach(id, senders)
        return
      case 'contested':
        adapter.onContested(names)
        return
      case 'full':
        noteFull()
        return
    }
  }

  const checkSignature = ({ content: { job }, key }: Entry): void => {
    tools.run(job, (result) => {
      onChecked(key, result)
    })
  }

  const resume = (entry: Entry): void => {
    const { content, key, senders } = entry
    if (content.waitsFor === 'signature') {
      checkSignature(entry)
      return
    }
    const delivery = adapter.deliveryOf(content.publication, content.names)
    if (askApplication(content, firstOf(senders), delivery)) return
    pending.settle(key)
    accept(content, senders, delivery)
  }
  for (const entry of left) resume(entry)

  return {
    receive(view, { connection, identity: source = connection }) {
      const names = adapter.namesOf(view)
      totals.received++
      if (seen.has(names.id, tools.monotonicMs())) {
        totals.duplicates++
        if (!pending.attach(names.id, [connection])) passOnAgain(names.id, connection, source)
        return
      }
      const key = `${names.id} ${adapter.variantOf(view)}`
      if (pending.attach(key, [connection])) return
      // It could not be remembered: its signature need not be checked.
      if (seen.isFull(tools.monotonicMs(), { source, here: here() })) {
        noteFull()
        return
      }
      // Best effort: a neighbour that sends it later may find a place.
      if (!hasPlaceFor(source)) return
      const publication = adapter.own(view)
      const job = adapter.check(publication, names)
      if (job === 'ignore') return
      if (job === 'invalid') {
        charge([connection])
        return
      }
      const waiting: Waiting = { waitsFor: 'signature', publication, names, job, source }
      const entry = pending.hold(key, waiting, [connection])
      if (entry !== undefined) checkSignature(entry)
    },
  }
}
