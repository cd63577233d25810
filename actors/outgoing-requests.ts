/**
 * Requests of the application to peers. Each is sent once a connection of the peer that was asked, and
 * again, with the same id, on its next one, until it is answered or its time is over. On a connection
 * that lives it is not sent twice, unless the peer asked for that.
 *
 * Calls outlive an incarnation: the next one goes on with them.
 * @module
 */
import { encodeHex } from '../codec/bytes.ts'
import type { ProtocolTypes } from '../machines/session.ts'
import type { ChildTools } from './child.ts'
import type { ConnectionView } from './protocol.ts'
import type {
  ReceivedAnswer,
  RequestRates,
  RequestsAdapter,
  RequestsInbox,
  RequestsLimits,
} from './requests-contract.ts'
import type { Outcome, Requesting, Services } from './services.ts'

const MINUTE_MS = 60_000
/** Ours: a peer that says "again in a moment" is not asked in every step. */
const RETRY_MS_MIN = 100
/**
 * Ours: ids of calls of one peer that ended before their answer came. What is above it is forgotten,
 * oldest first, and its answer counts as one that nobody asked for.
 */
const LATE_MAX = 1_000

interface Call {
  readonly id: Uint8Array
  readonly key: string
  readonly asked: Requesting
  /** Who or what is dialled for it. */
  readonly way: string
  readonly remote: Remote
  readonly deadlineMs: number
  readonly settle: (outcome: Outcome<Uint8Array>) => void
  /** The connection that it left on last. */
  sentOn: string | undefined
  /** Answers that may come: it was sent more often than it was answered. */
  answersDue: number
  /** The peer asked for it to be sent again, and not before. */
  heldUntilMs: number
  cancelDeadline: () => void
  cancelHold: () => void
}

/** A peer that is asked. */
interface Remote {
  readonly identity: string
  readonly inFlight: Set<Call>
  readonly waiting: Set<Call>
  readonly held: Set<Call>
  /** Calls that ended before their answer came, by request id, and until when it is expected. */
  readonly late: Map<string, number>
  /** The peer has too much to do: until then nothing more is sent. */
  pausedUntilMs: number
  isPaused: boolean
}

export interface OutgoingKept {
  /** By request id. */
  readonly calls: Map<string, Call>
  /** By identity. */
  readonly remotes: Map<string, Remote>
  readonly unasked: RequestRates
  /** Who answered what nobody asked for. */
  readonly talkers: Set<string>
  /** The incarnation that lives now: a place is free. */
  pump: ((remote: Remote) => void) | undefined
}

export function keepOutgoing<T extends ProtocolTypes>(
  adapter: RequestsAdapter<T>,
  { unaskedPerMinuteMax }: RequestsLimits,
): OutgoingKept {
  return {
    calls: new Map(),
    remotes: new Map(),
    unasked: adapter.rates(MINUTE_MS, unaskedPerMinuteMax + 1),
    talkers: new Set(),
    pump: undefined,
  }
}

interface OutgoingOptions<T extends ProtocolTypes> {
  readonly adapter: RequestsAdapter<T>
  readonly limits: RequestsLimits
  /** There is something that has to be let go one day. */
  onKept(): void
}

export interface OutgoingRequests extends Pick<RequestsInbox, 'answered'> {
  readonly services: Required<Pick<Services, 'holds' | 'request'>>
  /** Lets go of what is over; whether there is more to let go later. */
  sweep(): boolean
  stop(): void
}

export function startOutgoing<T extends ProtocolTypes>(
  tools: ChildTools<T>,
  kept: OutgoingKept,
  { adapter, limits, onKept }: OutgoingOptions<T>,
): OutgoingRequests {
  const { calls, remotes, talkers, unasked } = kept
  /** Connections that became active and are not gone, by name and by identity. */
  const byName = new Map<string, ConnectionView<T>>()
  const byIdentity = new Map<string, Set<ConnectionView<T>>>()

  const remoteOf = (identity: string): Remote => {
    const remote: Remote = remotes.get(identity) ?? {
      identity,
      inFlight: new Set(),
      waiting: new Set(),
      held: new Set(),
      late: new Map(),
      pausedUntilMs: -Infinity,
      isPaused: false,
    }
    remotes.set(identity, remote)
    return remote
  }

  const callsOf = ({ held, inFlight, waiting }: Remote): number =>
    inFlight.size + waiting.size + held.size

  /** Who is leaving takes nothing any more. */
  const activeOf = (identity: string): ConnectionView<T> | undefined =>
    [...(byIdentity.get(identity) ?? [])].filter(({ phase }) => phase === 'active').at(-1)

  const send = (call: Call, connection: string): void => {
    const outcome = tools.send(connection, adapter.asRequest(call.id, call.asked))
    if (outcome !== 'queued') return
    call.sentOn = connection
    call.answersDue++
  }

  /** Fills the places in flight, and sends what has not left on the connection that lives. */
  function pump(remote: Remote): void {
    for (const call of remote.waiting) {
      if (remote.inFlight.size >= limits.inFlightMax) break
      remote.waiting.delete(call)
      remote.inFlight.add(call)
    }
    if (remote.isPaused) return
    const connection = activeOf(remote.identity)?.name
    if (connection === undefined) return
    for (const call of remote.inFlight) if (call.sentOn !== connection) send(call, connection)
  }

  /** Nothing is left of it but an answer that may come. */
  const drop = (call: Call): void => {
    const { key, remote } = call
    calls.delete(key)
    call.cancelDeadline()
    call.cancelHold()
    for (const set of [remote.inFlight, remote.waiting, remote.held]) set.delete(call)
    if (call.answersDue > 0) {
      remote.late.set(key, tools.monotonicMs() + limits.answersKeptMs)
      const [oldest] = remote.late.keys()
      if (remote.late.size > LATE_MAX && oldest !== undefined) remote.late.delete(oldest)
      onKept()
    }
    prune(remote)
  }

  const prune = (remote: Remote): void => {
    if (callsOf(remote) + remote.late.size === 0 && !remote.isPaused) {
      remotes.delete(remote.identity)
    }
  }

  const finish = (call: Call, outcome: Outcome<Uint8Array>): void => {
    drop(call)
    call.settle(outcome)
    pump(call.remote)
  }

  const armDeadline = (call: Call): void => {
    const leftMs = Math.max(0, call.deadlineMs - tools.monotonicMs())
    call.cancelDeadline = tools.after(leftMs, () => {
      const message = `no answer came within ${String(call.asked.timeoutMs)} ms`
      finish(call, { fault: 'timed-out', message })
    })
  }

  const armHold = (call: Call): void => {
    const leftMs = Math.max(0, call.heldUntilMs - tools.monotonicMs())
    call.cancelHold = tools.after(leftMs, () => {
      call.remote.held.delete(call)
      call.remote.waiting.add(call)
      pump(call.remote)
    })
  }

  const armPause = (remote: Remote): void => {
    tools.after(Math.max(0, remote.pausedUntilMs - tools.monotonicMs()), () => {
      // It may have been paused for longer meanwhile.
      if (remote.pausedUntilMs > tools.monotonicMs()) {
        armPause(remote)
        return
      }
      remote.isPaused = false
      pump(remote)
      prune(remote)
    })
  }

  /**
   * The call waits for as long as the peer asked. The others would be told the same: they wait as
   * well, though not longer than a window, because one peer's word may not stop later calls for ever.
   */
  const hold = (call: Call, afterMs: number): void => {
    const { remote } = call
    const nowMs = tools.monotonicMs()
    remote.inFlight.delete(call)
    remote.held.add(call)
    call.sentOn = undefined
    call.heldUntilMs = nowMs + afterMs
    armHold(call)
    const pausedUntilMs = nowMs + Math.min(afterMs, limits.windowMs)
    remote.pausedUntilMs = Math.max(remote.pausedUntilMs, pausedUntilMs)
    if (!remote.isPaused) {
      remote.isPaused = true
      armPause(remote)
    }
    pump(remote)
  }

  const onUnasked = (identity: string, connection: string): void => {
    talkers.add(identity)
    onKept()
    if (unasked.note(identity, tools.monotonicMs()) <= limits.unaskedPerMinuteMax) return
    unasked.forget(identity)
    tools.report(connection, adapter.unaskedDetail)
  }

  const take = (call: Call, answer: ReceivedAnswer): void => {
    call.answersDue--
    if ('payload' in answer) {
      finish(call, { value: answer.payload.slice() })
      return
    }
    const { refused, retryAfterMs } = answer
    if (retryAfterMs !== undefined) {
      const afterMs = Math.max(RETRY_MS_MIN, retryAfterMs)
      if (tools.monotonicMs() + afterMs < call.deadlineMs) {
        if (call.remote.inFlight.has(call)) hold(call, afterMs)
        return
      }
    }
    finish(call, { fault: 'refused-by-peer', message: refused })
  }

  const request: NonNullable<Services['request']> = (asked, settle) => {
    const refuse = (outcome: Outcome<Uint8Array>): (() => void) => {
      settle(outcome)
      return () => undefined
    }
    const wrong = adapter.wrongWith(asked)
    if (wrong !== undefined) return refuse({ fault: 'bad-argument', message: wrong })
    const connected = byName.get(asked.peer)?.identity
    const identity = connected ?? adapter.identityOf(asked.peer)
    const way = connected ?? asked.peer
    if (identity === undefined || (activeOf(identity) === undefined && !tools.seek(way))) {
      return refuse({ fault: 'unknown-peer', message: `no way to ${asked.peer} is known` })
    }
    const remote = remoteOf(identity)
    if (callsOf(remote) >= limits.inFlightMax + limits.queuedMax) {
      const message = `${String(callsOf(remote))} calls of this peer wait already`
      return refuse({ fault: 'busy', message })
    }

    const id = tools.random.bytes(adapter.idBytes)
    const call: Call = {
      ...{ id, asked, way, remote, settle, key: encodeHex(id) },
      deadlineMs: tools.monotonicMs() + asked.timeoutMs,
      sentOn: undefined,
      answersDue: 0,
      heldUntilMs: -Infinity,
      cancelDeadline: () => undefined,
      cancelHold: () => undefined,
    }
    calls.set(call.key, call)
    remote.waiting.add(call)
    armDeadline(call)
    pump(remote)
    return () => {
      if (!calls.has(call.key)) return
      drop(call)
      kept.pump?.(remote)
    }
  }

  const add = (view: ConnectionView<T>): void => {
    if (view.identity === undefined) return
    byName.set(view.name, view)
    const others = byIdentity.get(view.identity) ?? new Set()
    byIdentity.set(view.identity, others.add(view))
  }

  const remove = (view: ConnectionView<T>): void => {
    byName.delete(view.name)
    if (view.identity === undefined) return
    const others = byIdentity.get(view.identity)
    others?.delete(view)
    if (others?.size === 0) byIdentity.delete(view.identity)
  }

  /** Somebody waits for that peer: it is dialled again, unless the application does not want it. */
  const seekAgain = ({ held, identity, inFlight, waiting }: Remote): void => {
    if (activeOf(identity) !== undefined) return
    const ways = new Set([...inFlight, ...waiting, ...held].map(({ way }) => way))
    for (const way of ways) if (tools.seek(way, { again: true })) return
  }

  const onConnections = (identity: string | undefined): void => {
    const remote = identity === undefined ? undefined : remotes.get(identity)
    if (remote === undefined) return
    pump(remote)
    seekAgain(remote)
  }

  kept.pump = pump
  for (const view of tools.connections()) if (view.phase === 'active') add(view)
  tools.watch({
    active(view) {
      add(view)
      onConnections(view.identity)
    },
    gone(view) {
      remove(view)
      onConnections(view.identity)
    },
  })
  for (const call of calls.values()) armDeadline(call)
  for (const remote of remotes.values()) {
    for (const call of remote.held) armHold(call)
    if (remote.isPaused) armPause(remote)
    pump(remote)
    seekAgain(remote)
  }
  /** Each is asked for once. */
  const settles = new Set([...calls.values()].map(({ settle }) => settle))

  return {
    services: { request, holds: (settle) => settles.delete(settle) },
    answered({ connection, identity }, id, answer) {
      if (identity === undefined) return
      const key = encodeHex(id)
      const call = calls.get(key)
      if (call?.remote.identity === identity) {
        take(call, answer)
        return
      }
      const remote = remotes.get(identity)
      if (remote?.late.delete(key) === true) prune(remote)
      else onUnasked(identity, connection)
    },
    sweep() {
      const nowMs = tools.monotonicMs()
      let isMore = false
      for (const remote of [...remotes.values()]) {
        for (const [key, untilMs] of remote.late) if (untilMs <= nowMs) remote.late.delete(key)
        prune(remote)
        isMore ||= remote.late.size > 0
      }
      for (const identity of [...talkers]) {
        if (unasked.count(identity, nowMs) > 0) continue
        unasked.forget(identity)
        talkers.delete(identity)
      }
      return isMore || talkers.size > 0
    },
    stop() {
      kept.pump = undefined
    },
  }
}
