/**
 * Who a node has connections with: it puts together admission, slots, the dial governor, what is
 * remembered of peers, and bans. They decide; what follows is done here, in the step at hand.
 * @module
 */
import type { Connection } from '../actors/connection-contract.ts'
import type { NodePart, Protocol } from '../actors/protocol.ts'
import { canonicalHost } from '../codec/host.ts'
import { isNobodysFault, ruleOf, verdictOf } from '../machines/reasons.ts'
import type { Verdict } from '../machines/reasons.ts'
import type { ProtocolTypes } from '../machines/session.ts'
import type { Random } from '../world/random.ts'
import type { StepLoop } from '../world/step-loop.ts'
import type { StoreChange } from '../world/store.ts'
import type { Timer } from '../world/timers.ts'
import type { World } from '../world/world.ts'
import { createAdmission } from './admission.ts'
import { otherDialAfter, verdictAfter } from './after-end.ts'
import { coveredBy } from './ban-cover.ts'
import { printBanKey } from './ban-records.ts'
import { createBans } from './bans.ts'
import { createKnownAddresses } from './known-addresses.ts'
import type { Connections } from './connections.ts'
import { createConsequences } from './consequences.ts'
import { createDialGovernor } from './dial-governor.ts'
import { createDialView } from './dial-view.ts'
import { createExemption } from './exemption.ts'
import type { SupervisorEvent } from './events.ts'
import type { Peering } from './peering-contract.ts'
import { CORE_LIMITS } from './limits.ts'
import { createLearning } from './learning.ts'
import { createLettingIn } from './letting-in.ts'
import { createOpening } from './opening.ts'
import { createPeers } from './peers.ts'
import type { PeerAbout } from './peers.ts'
import { createSlots } from './slots.ts'
import { createUnwanted } from './unwanted.ts'

export interface PeeringOptions<T extends ProtocolTypes> {
  readonly node: string
  readonly protocol: Protocol<T>
  readonly world: World
  readonly loop: StepLoop
  readonly random: Random
  readonly connections: Connections<T>
  readonly bootstrap: readonly T['address'][]
  readonly nodePart: NodePart<T>
  tell(event: SupervisorEvent): void
  /** One batch of the store. */
  write(changes: readonly StoreChange[]): void
}

/** Expiry is looked at with each question; this is for memory alone. */
const SWEEP_MS = 60_000

export function createPeering<T extends ProtocolTypes>(options: PeeringOptions<T>): Peering<T> {
  const { connections, loop, nodePart, protocol, world } = options
  const { addresses } = protocol
  const bans = createBans()
  const slots = createSlots(protocol.slots)
  const peers = createPeers({ random: options.random.fork('peers'), strikes: protocol.strikes })
  const governor = createDialGovernor({
    ...{ peers, random: options.random.fork('rotation') },
    dialsMax: protocol.admission.pendingOutbound,
    // Its own deadlines end a dial; what they do not end is given up.
    overdueMs: Math.max(CORE_LIMITS.dialOverdueMs, 2 * protocol.deadlines.establish.ms),
    onForgotten(key) {
      if (!dialled.has(key)) known.delete(key)
    },
  })
  const book = createKnownAddresses<T['address']>({
    ...{ addresses, loop, ownIdentity: protocol.identity, write: options.write },
    random: options.random.fork('book'),
    isKeptOut: (host) => bans.isKeptOut(host, loop.step.wallMs),
  })
  const isHostBanned = (host: string): boolean =>
    bans.findAny({ host }, loop.step.wallMs) !== undefined
  const admission = createAdmission({
    limits: protocol.admission,
    isBanned: isHostBanned,
    isDiscouraged: bans.isDiscouraged,
    freeSlots: () => slots.free('listener'),
    mayEvict: () => lettingIn.evictee() !== undefined,
    receivedBytesOf: (name) => connections.get(name)?.counters.receivedBytes ?? 0,
  })
  /** What the governor's keys stand for. */
  const known = new Map<string, T['address']>()
  const unwanted = createUnwanted()
  /** The connection that each dialled address has, in any phase. */
  const dialled = new Map<string, string>()
  /** What takes back that the book counts a dial, by its connection. */
  const takeBacks = new Map<string, () => void>()
  let timer: Timer | undefined
  let running = false
  let paused = false
  let planning = false
  let planAgain = false
  let sweptMs = -Infinity

  const hostOf = (connection: Connection<T>): string => connection.view.remote.host

  const aboutOf = (connection: Connection<T>): PeerAbout => {
    const { identity, remote, role, target } = connection.view
    const address = addresses.key(target ?? addresses.fromSocket(remote))
    const { host } = remote
    return {
      role,
      address,
      host,
      group: addresses.group(host),
      identity,
      claim: connection.claim,
      manual: governor.sourceOf(address) === 'manual',
      exempt: exemption.ofConnection(connection),
      shared: addresses.isShared?.(host, connection.view) ?? false,
    }
  }

  const exemption = createExemption<T>({
    ...{ nodePart, tell: options.tell },
    isWanted: ({ view: { target } }) =>
      target !== undefined && governor.sourceOf(addresses.key(target)) === 'manual',
  })

  const persist = (): void => {
    options.write(bans.changes())
  }

  const { apply, ban: banKey } = createConsequences<T>({
    ...{ aboutOf, addresses, bans, connections, loop, peers, persist },
    isExempt: exemption.ofConnection,
    tell: options.tell,
  })

  // ---- dialling ----------------------------------------------------------------------------------

  const view = createDialView<T>({
    ...{ addresses, bans, connections, known, loop, slots },
    isDialled: (address) => dialled.has(address),
    isExempt: exemption.ofDial,
    sourceOf: (address) => governor.sourceOf(address),
    admits: (identity) => nodePart.admits?.(identity) ?? true,
  })

  const { learn, learnFromBook } = createLearning<T>({
    ...{ addresses, book, governor, known, loop, slots, unwanted, view },
    isDialled: (key) => dialled.has(key),
  })

  const setTimer = (nextMs: number | undefined): void => {
    if (timer !== undefined) loop.cancel(timer)
    timer = nextMs === undefined ? undefined : loop.at(nextMs, plan)
  }

  /** A connection that ends while a plan is carried out asks for another one, behind it. */
  function plan(): void {
    if (planning) {
      planAgain = true
      return
    }
    planning = true
    try {
      do {
        planAgain = false
        carryOutPlan()
      } while (planAgain)
    } finally {
      planning = false
    }
  }

  const planLater = (): void => {
    loop.atEndOfTurn(plan)
  }

  const carryOutPlan = (): void => {
    if (!running || paused) return
    const { monotonicMs, wallMs } = loop.step
    if (monotonicMs - sweptMs >= SWEEP_MS) {
      sweptMs = monotonicMs
      bans.sweep(wallMs)
      persist()
    }
    learnFromBook()
    const { dials, leave, nextMs, overdue } = governor.plan(monotonicMs, view())
    setTimer(nextMs)
    for (const { address, motive, slot } of dials) {
      const target = known.get(address)
      if (target === undefined) continue
      const marks = book?.marksOf(address) ?? 0n
      dialOut(address, target, slot, protocol.dial?.(target, { marks, motive, slot }), undefined)
    }
    for (const address of overdue) {
      const name = dialled.get(address)
      if (name !== undefined) connections.get(name)?.drop('connect-deadline')
    }
    for (const address of leave) {
      const name = dialled.get(address)
      if (governor.sourceOf(address) === 'learnt') governor.forget(address)
      if (name !== undefined) connections.get(name)?.leave('exchanged')
    }
  }

  /** A part of the network's threw while a connection was made: what it holds already is given back. */
  const unmake = (name: string, error: unknown): void => {
    options.tell({ type: 'fault', where: name, error })
    connections.get(name)?.drop('adapter-fault')
    admission.ended(name, loop.step.monotonicMs, 0)
    slots.giveBack(name)
  }

  /** `heir` of a connection that ended: it goes on in its slot. */
  const dialOut = (
    key: string,
    target: T['address'],
    slot: string,
    dialOptions: T['dial'] | undefined,
    heirOf: string | undefined,
  ): void => {
    const name = connections.newName('dialler')
    if (heirOf === undefined) slots.take(name, slot)
    else slots.handOver(heirOf, name)
    admission.dial(name)
    dialled.set(key, name)
    const takeBack = book?.dialled(target, slot, connections.views())
    if (takeBack !== undefined) takeBacks.set(name, takeBack)
    try {
      // Each try takes the next of a name's hosts: the first may be of a kind that leads nowhere here.
      opening.open({ name, target, slot, dial: dialOptions, tries: governor.triesOf(key) })
    } catch (error) {
      const wasMade = connections.get(name) !== undefined
      unmake(name, error)
      if (wasMade) return
      takeBacks.delete(name)
      dialled.delete(key)
      governor.ended(key, undefined)
    }
  }

  const begin = (connection: Connection<T>): void => {
    const { name, peer, view: seen } = connection
    options.tell({
      type: 'connection.started',
      connection: name,
      address: peer.address,
      role: seen.role,
      slot: seen.slot,
    })
    connection.start()
  }

  const opening = createOpening<T>({
    ...{ addresses, begin, connections, loop, names: world.names, streams: world.streams },
    isBanned: (connection) =>
      isHostBanned(hostOf(connection)) && !exemption.ofConnection(connection),
  })

  const lettingIn = createLettingIn<T>({
    ...{ admission, begin, connections, loop, nodePart, protocol, slots, unmake },
    tell: options.tell,
    random: options.random.fork('evictions'),
    ...{ crypto: world.crypto, isDiscouraged: bans.isDiscouraged, streams: world.streams },
    bannedMs: (host) => bans.restMs({ host }, loop.step.wallMs),
    exemption,
    isRunning: () => running,
    isPaused: () => paused,
  })

  // ---- ends --------------------------------------------------------------------------------------

  /** Dials once more in the slot of a connection that ended. */
  const dialAgain = (
    { name }: Connection<T>,
    key: string,
    dialOptions: T['dial'] | undefined,
  ): boolean => {
    const target = known.get(key)
    const slot = slots.kindOf(name)
    if (target === undefined || slot === undefined) return false
    if (!governor.redial(key, slot, loop.step.monotonicMs, view())) return false
    dialOut(key, target, slot, dialOptions, name)
    return true
  }

  const onClosed = (connection: Connection<T>): void => {
    const { name } = connection
    opening.ended(name)
    try {
      conclude(connection)
    } catch (error) {
      // A part of the network's threw: the dial is over all the same.
      for (const [key, holder] of dialled) if (holder === name) settleDial(key, undefined)
      options.tell({ type: 'fault', where: name, error })
    } finally {
      takeBacks.delete(name)
      admission.ended(name, loop.step.monotonicMs, connection.counters.receivedBytes)
      slots.giveBack(name)
    }
    plan()
  }

  const settleDial = (key: string, activeMs: number | undefined): void => {
    dialled.delete(key)
    governor.ended(key, activeMs)
    if (governor.sourceOf(key) === undefined) known.delete(key)
  }

  const conclude = (connection: Connection<T>): void => {
    const { counters, ending, name, view: seen } = connection
    const nowMs = loop.step.monotonicMs
    const about = aboutOf(connection)
    const wasActive = ending?.phase === 'active' && seen.readyMs !== undefined
    const activeMs = wasActive ? nowMs - (seen.readyMs ?? nowMs) : undefined
    const isDialled = dialled.get(about.address) === name
    if (wasActive && isDialled && seen.target !== undefined) book?.ended(seen.target, seen.slot)
    const isOurs = ending?.detail === 'paused' && !wasActive
    if (isDialled && (isOurs || isNobodysFault(ending?.detail))) {
      takeBacks.get(name)?.()
      governor.notTried(about.address)
    }
    peers.ended(about, activeMs, counters)
    // Before it is dialled again: the heir counts in its place.
    admission.ended(name, nowMs, counters.receivedBytes)
    let goesOn = false
    if (running && ending !== undefined) {
      const other = isDialled ? otherDialAfter(protocol, connection) : undefined
      const verdict: Verdict =
        other === undefined ? verdictAfter(protocol, ending) : { do: 'redial' }
      const asked = apply(connection, verdict, ending.detail, true)
      if (isDialled) dialled.delete(about.address)
      goesOn =
        isDialled &&
        asked &&
        !paused &&
        dialAgain(connection, about.address, other ?? connection.dial)
    }
    if (isDialled && !goesOn) settleDial(about.address, activeMs)
  }

  /** Where somebody was told to be, by an operator or by others. */
  const addressOf = (identity: string): T['address'] | undefined =>
    [...known.values()].find((address) => addresses.identity(address) === identity) ??
    book?.byIdentity(identity)

  const forgetKey = (key: string): void => {
    governor.forget(key)
    if (!dialled.has(key)) known.delete(key)
  }

  return {
    start(entries, bookEntries) {
      const unreadable = book?.load(bookEntries).skippedCount ?? 0
      if (unreadable > 0) options.tell({ type: 'addresses.unreadable', count: unreadable })
      const { skipped } = bans.load(entries, loop.step.wallMs)
      if (skipped.length > 0) options.tell({ type: 'bans.unreadable', count: skipped.length })
      persist()
      running = true
      for (const address of options.bootstrap) {
        const key = addresses.key(address)
        known.set(key, address)
        governor.addSeed({ address: key, identity: addresses.identity(address) })
      }
      plan()
    },
    stop() {
      if (running) book?.stop()
      running = false
      lettingIn.stop()
      setTimer(undefined)
    },
    pause() {
      if (paused) return
      paused = true
      setTimer(undefined)
      lettingIn.stop()
      for (const connection of connections.all()) connection.leave('paused')
      options.tell({ type: 'node.paused' })
    },
    resume() {
      if (!paused) return
      paused = false
      options.tell({ type: 'node.resumed' })
      plan()
    },
    get isPaused() {
      return paused
    },
    accept: lettingIn.accept,
    connect(address) {
      const key = addresses.key(address)
      const identity = addresses.identity(address)
      if (!governor.addManual({ address: key, identity })) return undefined
      known.set(key, address)
      unwanted.welcome(key, identity)
      peers.allow(key, identity)
      plan()
      return view().barredMs(key, identity ?? peers.identityAt(key))
    },
    dial(address, slot) {
      const key = addresses.key(address)
      const identity = addresses.identity(address)
      const candidate = { address: key, identity, slot }
      if (!running || paused || known.has(key) || unwanted.has(key, identity)) return false
      // Whether it is banned is asked of its host.
      known.set(key, address)
      if (governor.choose(candidate, loop.step.monotonicMs, view())) planLater()
      else known.delete(key)
      return known.has(key)
    },
    seek(peer, { again } = { again: false }) {
      if (connections.find(peer) !== undefined) return true
      const parsed = addresses.parse(peer)
      const address = 'address' in parsed ? parsed.address : addressOf(peer)
      if (address === undefined) return false
      const key = addresses.key(address)
      const identity = addresses.identity(address)
      if (again && unwanted.has(key, identity)) return false
      unwanted.welcome(key, identity)
      // Whom the node is just leaving is known here still, and to the governor no more.
      if (governor.sourceOf(key) === undefined && !learn(address)) return false
      governor.want(key)
      plan()
      return true
    },
    wantedCount: () => governor.counts().manual,
    book: book?.lend((key) => dialled.has(key), planLater),
    heard(connection, address, seenMs) {
      const isNew = book?.heard(address, connection.view, seenMs) ?? false
      if (isNew) planLater()
      return isNew
    },
    sample: (connection, max, percent) => book?.sample(connection.view, max, percent) ?? [],
    reconsider: plan,
    hasRoomFor: (address) =>
      governor.sourceOf(addresses.key(address)) === 'manual' ||
      governor.counts().manual < CORE_LIMITS.listedMax,
    forget(address) {
      const identity = addresses.identity(address)
      unwanted.add(identity ?? addresses.key(address))
      forgetKey(addresses.key(address))
    },
    forgetIdentity(identity) {
      unwanted.add(identity)
      const theirs = [...known].flatMap(([key, address]) => {
        const isNamed = addresses.identity(address) === identity
        // Who was met where no identity is named may be another one the next time.
        const wasMet = peers.identityAt(key) === identity && governor.sourceOf(key) !== 'seed'
        return isNamed || wasMet ? [key] : []
      })
      for (const key of theirs) forgetKey(key)
      return theirs
    },
    admit(connection) {
      const { identity } = connection.view
      const isExempt = exemption.ofConnection(connection)
      const host = isExempt ? undefined : hostOf(connection)
      const ban = bans.findAny({ host, identity }, loop.step.wallMs)
      return ban === undefined ? undefined : 'banned'
    },
    onActive(connection) {
      admission.activated(connection.name)
      const about = aboutOf(connection)
      peers.ready(about)
      if (dialled.get(about.address) !== connection.name) return
      governor.activated(about.address, loop.step.monotonicMs)
      const { slot, target } = connection.view
      if (target !== undefined) book?.active(target, slot)
    },
    onRefused(connection, detail) {
      const { phase } = connection.view
      if (phase === 'closed') return
      apply(connection, verdictOf(ruleOf(protocol.details, detail), phase), detail, false)
    },
    onClosed,
    ban(key, ms, why) {
      banKey(key, ms, why, true)
    },
    unban(key) {
      if (!bans.unban(key)) return
      peers.forgive(key)
      persist()
      options.tell({ type: 'peer.unbanned', subject: printBanKey(key), key })
      plan()
    },
    coversDial(key, address) {
      const remote = addresses.socket(address)
      const host = canonicalHost(remote.host)
      const identity = addresses.identity(address) ?? peers.identityAt(addresses.key(address))
      const group = host === undefined ? undefined : addresses.group(host)
      const isOfPlace = key.kind !== 'identity'
      if (isOfPlace && exemption.ofDial(remote, true)) return false
      return coveredBy(key)({ host: host ?? remote.host, group, identity, claim: identity })
    },
    bannedMs(identity, claimedFrom) {
      const { wallMs } = loop.step
      const subject =
        claimedFrom === undefined
          ? { identity }
          : { claim: { group: addresses.group(claimedFrom), identity } }
      return bans.restMs(subject, wallMs)
    },
    isBanned(remote, identity) {
      const host = exemption.ofArrival(remote) ? undefined : remote.host
      return bans.findAny({ host, identity }, loop.step.wallMs) !== undefined
    },
    bans: () => bans.list(world.clock.wallMs()),
    hasRoomForBan: (key) => bans.hasRoomFor(key, world.clock.wallMs()),
    strikes: (key) => peers.strikes(key, loop.step.monotonicMs),
    peers: peers.list,
    held: () => ({
      slots: Object.values(slots.counts()).reduce((sum, count) => sum + count, 0),
      pending: admission.pendingInbound + admission.pendingOutbound,
      dials: dialled.size + opening.pending,
    }),
    counts: () => ({
      bans: bans.size,
      discouraged: bans.discouragedCount,
      groups: admission.groups,
      addresses: known.size,
      unwanted: unwanted.size,
      booked: (book?.size.new ?? 0) + (book?.size.tried ?? 0),
      ...Object.fromEntries(
        Object.entries(peers.counts()).map(([name, count]) => [`peer-${name}`, count]),
      ),
    }),
  }
}
