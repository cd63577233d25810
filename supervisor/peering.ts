/**
 * Who a node has connections with: whom it dials and when, whom it lets in, whom it strikes and bans.
 * It decides; the connections are made elsewhere.
 * @module
 */
import type { Connection } from '../actors/connection-contract.ts'
import { dial } from '../actors/dialler.ts'
import type { Accepted } from '../actors/listener.ts'
import type { Protocol } from '../actors/protocol.ts'
import { ruleOf, verdictOf } from '../machines/reasons.ts'
import type { Charged, CloseDetail, Verdict } from '../machines/reasons.ts'
import type { ProtocolTypes } from '../machines/session.ts'
import type { Random } from '../world/random.ts'
import { shuffled } from '../world/random.ts'
import type { StepLoop } from '../world/step-loop.ts'
import type { StoreChange } from '../world/store.ts'
import type { Timer } from '../world/timers.ts'
import type { World } from '../world/world.ts'
import { backoffMs } from './backoff.ts'
import { printBanKey } from './ban-records.ts'
import type { BanKey } from './ban-records.ts'
import { createBans } from './bans.ts'
import type { Connections } from './connections.ts'
import type { RefusalReason, SupervisorEvent } from './events.ts'
import { CORE_LIMITS } from './limits.ts'
import type { Peering } from './peering-contract.ts'
import { createPending } from './pending.ts'
import { createSlots } from './slots.ts'
import { createStrikes } from './strikes.ts'
import { createTokenBucket } from './token-bucket.ts'

export interface PeeringOptions<T extends ProtocolTypes> {
  readonly node: string
  readonly protocol: Protocol<T>
  readonly world: World
  readonly loop: StepLoop
  readonly random: Random
  readonly connections: Connections<T>
  readonly bootstrap: readonly T['address'][]
  tell(event: SupervisorEvent): void
  /** One batch of the store. */
  write(changes: readonly StoreChange[]): void
}

/** An address that we want to be connected with. */
interface Wanted<T extends ProtocolTypes> {
  readonly address: T['address']
  readonly key: string
  /** Until the application says otherwise; a bootstrap address is as dear. */
  manual: boolean
  failures: number
  /** Monotonic; not before. */
  dialMs: number
  /** Not until the application asks again. */
  refused: boolean
  /** The connection that has it. */
  connection: string | undefined
}

export function createPeering<T extends ProtocolTypes>(options: PeeringOptions<T>): Peering<T> {
  const { connections, loop, protocol, random, world } = options
  const { addresses } = protocol
  const bans = createBans()
  const slots = createSlots(protocol.slots)
  const strikes = createStrikes(protocol.strikes)
  const pending = createPending(protocol.admission)
  const dials = createTokenBucket({
    perSecond: CORE_LIMITS.dialsPerSecond,
    burst: CORE_LIMITS.dialsBurst,
  })
  const wanted = new Map<string, Wanted<T>>()
  const callOffs = new Map<string, () => void>()
  let timer: Timer | undefined
  let running = false

  const hostOf = (connection: Connection<T>): string => connection.view.remote.host

  const persist = (): void => {
    options.write(bans.changes())
  }

  // ---- dialling ----------------------------------------------------------------------------------

  const want = (address: T['address'], manual: boolean): Wanted<T> => {
    const key = addresses.key(address)
    const known = wanted.get(key)
    if (known !== undefined) {
      known.manual ||= manual
      return known
    }
    const entry: Wanted<T> = {
      address,
      key,
      manual,
      failures: 0,
      dialMs: 0,
      refused: false,
      connection: undefined,
    }
    wanted.set(key, entry)
    return entry
  }

  const isConnectedWith = (entry: Wanted<T>): boolean => {
    if (entry.connection !== undefined) return true
    const identity = addresses.identity(entry.address)
    return identity !== undefined && connections.find(identity) !== undefined
  }

  const isKeptOut = (entry: Wanted<T>): boolean => {
    const { host } = addresses.socket(entry.address)
    const identity = addresses.identity(entry.address)
    return bans.findAny({ host, identity }, loop.step.wallMs) !== undefined
  }

  /** Dials whoever is due; sets the timer for the next one. */
  const plan = (): void => {
    if (timer !== undefined) loop.cancel(timer)
    timer = undefined
    if (!running) return
    const nowMs = loop.step.monotonicMs
    let nextMs = Infinity
    for (const entry of shuffled(random, [...wanted.values()])) {
      if (entry.refused || isConnectedWith(entry)) continue
      if (slots.free('dialler') === 0) break
      if (entry.dialMs > nowMs) {
        nextMs = Math.min(nextMs, entry.dialMs)
        continue
      }
      if (isKeptOut(entry)) {
        entry.dialMs = nowMs + CORE_LIMITS.backoffMaxMs
        nextMs = Math.min(nextMs, entry.dialMs)
        continue
      }
      if (pending.outbound >= protocol.admission.pendingOutbound) break
      if (!dials.take(nowMs)) {
        nextMs = Math.min(nextMs, dials.readyMs())
        break
      }
      dialOut(entry, undefined, undefined)
    }
    if (nextMs !== Infinity) timer = loop.after(Math.max(0, nextMs - nowMs), plan)
  }

  const dialOut = (
    entry: Wanted<T>,
    dialOptions: T['dial'] | undefined,
    heir: string | undefined,
  ): void => {
    const slot = heir === undefined ? undefined : slots.kindOf(heir)
    const kind = slot ?? slots.kinds('dialler').find(({ free }) => free > 0)?.name
    if (kind === undefined) return
    const remote = addresses.socket(entry.address)
    const stream = loop.nextStream()
    const connection = connections.create({
      role: 'dialler',
      stream,
      remote,
      slot: kind,
      target: entry.address,
      dial: dialOptions,
    })
    if (heir !== undefined) slots.handOver(heir, connection.name)
    else slots.take(connection.name, kind)
    entry.connection = connection.name
    pending.addOutbound(connection.name)
    begin(connection)
    const callOff = dial(
      { loop, names: world.names, streams: world.streams },
      stream,
      remote,
      () => {
        connection.drop('unresolved')
      },
    )
    callOffs.set(connection.name, callOff)
  }

  const begin = (connection: Connection<T>): void => {
    const { name, peer, view } = connection
    options.tell({
      type: 'connection.started',
      connection: name,
      address: peer.address,
      role: view.role,
      slot: view.slot,
    })
    connection.start()
  }

  // ---- letting in --------------------------------------------------------------------------------

  const refuse = (accepted: Accepted, why: RefusalReason): void => {
    world.streams.destroy(accepted.stream)
    options.tell({ type: 'connection.refused', remote: accepted.remote, why })
  }

  /** Makes room for a newcomer where the network says who goes. */
  const evict = (): boolean => {
    const candidates = connections
      .all()
      .filter(({ view }) => view.role === 'listener' && view.phase === 'active')
      .map(({ lastMessageMs, view }) => ({
        ...view,
        phase: view.phase,
        identity: view.identity,
        facts: view.facts,
        readyMs: view.readyMs,
        group: addresses.group(view.remote.host),
        lastMessageMs,
      }))
    const loser = protocol.evict?.(candidates, random)
    if (loser === undefined) return false
    connections.get(loser)?.drop('evicted')
    return true
  }

  const accept = (accepted: Accepted): void => {
    if (!running) {
      world.streams.destroy(accepted.stream)
      return
    }
    const { host } = accepted.remote
    const { monotonicMs, wallMs } = loop.step
    if (bans.findAny({ host }, wallMs) !== undefined) {
      refuse(accepted, 'banned')
      return
    }
    const group = addresses.group(host)
    const decision = pending.decide(group, monotonicMs, (name) => {
      const connection = connections.get(name)
      return connection === undefined
        ? undefined
        : { receivedBytes: connection.counters.receivedBytes, startedMs: connection.view.startedMs }
    })
    if (decision.refuse !== undefined) {
      refuse(accepted, decision.refuse)
      return
    }
    if (decision.displace !== undefined) connections.get(decision.displace)?.drop('displaced')
    if (slots.free('listener') === 0) {
      if (bans.isDiscouraged(host)) {
        refuse(accepted, 'discouraged')
        return
      }
      if (!evict()) {
        refuse(accepted, 'slots-full')
        return
      }
    }
    const kind = slots.kinds('listener').find(({ free }) => free > 0)?.name
    if (kind === undefined) {
      refuse(accepted, 'slots-full')
      return
    }
    const connection = connections.create({
      role: 'listener',
      stream: accepted.stream,
      remote: accepted.remote,
      slot: kind,
      target: undefined,
      dial: undefined,
    })
    slots.take(connection.name, kind)
    pending.addInbound(connection.name, group, monotonicMs)
    begin(connection)
  }

  // ---- verdicts ----------------------------------------------------------------------------------

  const keyOf = (connection: Connection<T>, whom: Charged): BanKey => {
    const host = hostOf(connection)
    const { identity } = connection.view
    if (whom === 'identity' && identity !== undefined) return { kind: 'identity', identity }
    if (whom === 'claim' && connection.claim !== undefined) {
      return { kind: 'claim', group: addresses.group(host), identity: connection.claim }
    }
    return { kind: 'address', host }
  }

  const matches = (connection: Connection<T>, key: BanKey): boolean => {
    switch (key.kind) {
      case 'identity':
        return connection.view.identity === key.identity
      case 'address':
        return hostOf(connection) === key.host
      case 'claim':
        return (
          connection.view.phase === 'handshaking' &&
          connection.claim === key.identity &&
          addresses.group(hostOf(connection)) === key.group
        )
    }
  }

  const closeAll = (key: BanKey, detail: CloseDetail<T['detail']>): void => {
    for (const connection of connections.all()) {
      if (matches(connection, key)) connection.leave(detail)
    }
  }

  /** Bans close, refuse, persist, and are told. */
  const banKey = (key: BanKey, ms: number | undefined, why: string, manual: boolean): void => {
    const { wallMs } = loop.step
    const untilMs = ms === undefined ? undefined : wallMs + ms
    const outcome =
      manual || untilMs === undefined
        ? bans.ban(key, { manual: true, reason: why, untilMs }, wallMs)
        : bans.ban(key, { manual: false, reason: why, untilMs }, wallMs)
    if ('refused' in outcome) return
    persist()
    options.tell({ type: 'peer.banned', subject: printBanKey(key), why, untilMs })
    closeAll(key, 'banned')
  }

  const strike = (key: BanKey, why: string): void => {
    const subject = printBanKey(key)
    const outcome = strikes.add(subject, loop.step.monotonicMs)
    options.tell({ type: 'peer.struck', subject, strikes: outcome.count })
    if (outcome.banMs !== undefined) banKey(key, outcome.banMs, why, false)
  }

  /** What follows beyond the connection itself. True: it is to be dialled again at once. */
  const apply = (connection: Connection<T>, verdict: Verdict, why: string): void => {
    switch (verdict.do) {
      case 'strike':
        strike(keyOf(connection, verdict.whom), why)
        return
      case 'ban':
        banKey(keyOf(connection, verdict.whom), verdict.ms, why, false)
        return
      case 'discourage':
        bans.discourage(hostOf(connection))
        closeAll({ kind: 'address', host: hostOf(connection) }, 'discouraged')
        return
      case 'nothing':
      case 'redial':
      case 'refuse':
      case 'wait':
        return
    }
  }

  /** When an address that we want is dialled next. */
  const reschedule = (entry: Wanted<T>, connection: Connection<T>, verdict: Verdict): void => {
    const nowMs = loop.step.monotonicMs
    const { readyMs } = connection.view
    if (readyMs !== undefined && nowMs - readyMs >= CORE_LIMITS.backoffResetMs) entry.failures = 0
    if (verdict.do === 'refuse') entry.refused = true
    if (verdict.do === 'wait' && verdict.ms !== undefined) {
      entry.dialMs = nowMs + verdict.ms
      return
    }
    if (verdict.do !== 'redial') entry.failures++
    entry.dialMs = nowMs + (verdict.do === 'redial' ? 0 : backoffMs(random, entry.failures))
  }

  const onClosed = (connection: Connection<T>): void => {
    const { ending, name, view } = connection
    callOffs.get(name)?.()
    callOffs.delete(name)
    pending.remove(name, loop.step.monotonicMs)
    if (ending === undefined) {
      slots.giveBack(name)
      return
    }
    const verdict = verdictOf(ruleOf(protocol.details, ending.detail), ending.phase)
    if (running) apply(connection, verdict, ending.detail)
    const entry = view.target === undefined ? undefined : wanted.get(addresses.key(view.target))
    if (entry?.connection === name) {
      entry.connection = undefined
      const again = running
        ? protocol.redial?.({
            role: view.role,
            phase: ending.phase,
            detail: ending.detail,
            dial: connection.dial,
            receivedBytes: connection.counters.receivedBytes,
            sentBytes: connection.counters.sentBytes,
          })
        : undefined
      if (again !== undefined) dialOut(entry, again, name)
      else reschedule(entry, connection, verdict)
    }
    slots.giveBack(name)
    plan()
  }

  /** An identity, an address in the network's form, or a bare host. */
  const keyOfSubject = (subject: string): BanKey => {
    const parsed = addresses.parse(subject)
    if ('wrong' in parsed) {
      const isHost = /^[0-9.]+$|:/.test(subject)
      return isHost ? { kind: 'address', host: subject } : { kind: 'identity', identity: subject }
    }
    const identity = addresses.identity(parsed.address)
    return identity === undefined
      ? { kind: 'address', host: addresses.socket(parsed.address).host }
      : { kind: 'identity', identity }
  }

  return {
    start(entries) {
      bans.load(entries, loop.step.wallMs)
      persist()
      running = true
      for (const address of options.bootstrap) want(address, true)
      plan()
    },
    stop() {
      running = false
      if (timer !== undefined) loop.cancel(timer)
      timer = undefined
    },
    accept,
    connect(address) {
      const entry = want(address, true)
      entry.refused = false
      entry.dialMs = 0
      plan()
    },
    forget(address) {
      wanted.delete(addresses.key(address))
    },
    admit(connection) {
      const { identity } = connection.view
      if (bans.findAny({ host: hostOf(connection), identity }, loop.step.wallMs) !== undefined) {
        return 'banned'
      }
      return undefined
    },
    onActive(connection) {
      pending.activate(connection.name)
    },
    onRefused(connection, detail) {
      const { phase } = connection.view
      if (phase === 'closed') return
      apply(connection, verdictOf(ruleOf(protocol.details, detail), phase), detail)
    },
    onClosed,
    ban(subject, ms, why) {
      banKey(keyOfSubject(subject), ms, why, true)
    },
    unban(subject) {
      const key = keyOfSubject(subject)
      if (!bans.unban(key)) return
      persist()
      options.tell({ type: 'peer.unbanned', subject: printBanKey(key) })
      plan()
    },
    bannedMs(identity) {
      const { wallMs } = loop.step
      const found = bans.find({ kind: 'identity', identity }, wallMs)
      if (found === undefined) return undefined
      return found.untilMs === undefined ? Infinity : found.untilMs - wallMs
    },
    isBanned: (host, identity) => bans.findAny({ host, identity }, loop.step.wallMs) !== undefined,
    bans: () => bans.list(loop.step.wallMs),
    counts: () => ({
      bans: bans.size,
      discouraged: bans.discouragedCount,
      struck: strikes.size,
      pending: pending.size,
      wanted: wanted.size,
    }),
  }
}
