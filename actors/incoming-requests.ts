/**
 * Requests of peers, and the one answer that each of them gets. What repeats a request is given the
 * answer that it had, or is attached to the one that is being worked out: a handler runs once.
 *
 * What is owed and what was answered outlives an incarnation; a handler that answers while there is
 * none is heard by the next one.
 * @module
 */
import { encodeHex } from '../codec/bytes.ts'
import type { ProtocolTypes } from '../machines/session.ts'
import type { ChildTools, PeerReference } from './child.ts'
import { createKeptAnswers } from './kept-answers.ts'
import type { KeptAnswers } from './kept-answers.ts'
import type {
  Answer,
  RequestRates,
  RequestsAdapter,
  RequestsInbox,
  RequestsLimits,
} from './requests-contract.ts'
import type { Answered } from './services.ts'

/** One that the application works on. */
interface Owed {
  readonly identity: string
  readonly key: string
  readonly id: Uint8Array
  readonly untilMs: number
  /** Where it came last: there the answer goes. */
  connection: string
  /** What the application answered, until it is passed on. */
  answered: Answered<Uint8Array | undefined> | undefined
  cancelTimer: () => void
}

export interface IncomingKept {
  readonly answers: KeptAnswers
  readonly rates: RequestRates
  /** Whose rate is remembered. */
  readonly rated: Set<string>
  /** By identity, then by request id. */
  readonly owed: Map<string, Map<string, Owed>>
  /** The incarnation that lives now. */
  wake: ((owed: Owed) => void) | undefined
}

export function keepIncoming<T extends ProtocolTypes>(
  adapter: RequestsAdapter<T>,
  limits: RequestsLimits,
): IncomingKept {
  return {
    answers: createKeptAnswers(limits),
    rates: adapter.rates(limits.windowMs, limits.perWindowMax),
    rated: new Set(),
    owed: new Map(),
    wake: undefined,
  }
}

export interface IncomingRequests extends Pick<RequestsInbox, 'asked' | 'oversized'> {
  /** Lets go of what is over; whether there is more to let go later. */
  sweep(): boolean
  stop(): void
}

const EMPTY = new Uint8Array(0)

export function startIncoming<T extends ProtocolTypes>(
  tools: ChildTools<T>,
  kept: IncomingKept,
  { adapter, limits, onKept }: IncomingOptions<T>,
): IncomingRequests {
  const { answers, owed: owedTo, rated, rates } = kept

  const reply = (connection: string, id: Uint8Array, answer: Answer): void => {
    // Where the connection is gone the peer asks again on its next one, and finds what is kept. It leaves at the
    // end of the turn: the id may be a view of what came in.
    tools.send(connection, adapter.asAnswer(id.slice(), answer))
  }

  /** Counts what passes and not what is refused: else who asks too often would never pass again. */
  const passes = ({ connection }: PeerReference, identity: string, id: Uint8Array): boolean => {
    const nowMs = tools.monotonicMs()
    if (rates.count(identity, nowMs) >= limits.perWindowMax) {
      const retryAfterMs = Math.ceil(rates.freeMs(identity, nowMs))
      reply(connection, id, { refusal: 'rate-limited', retryAfterMs })
      return false
    }
    rates.note(identity, nowMs)
    rated.add(identity)
    onKept()
    return true
  }

  const answerOf = (answered: Answered<Uint8Array | undefined>): Answer => {
    if ('failed' in answered) {
      return { refusal: answered.failed === 'deadline' ? 'timed-out' : 'handler-failed' }
    }
    const { taken: payload = EMPTY } = answered
    return payload.length > limits.answerBytesMax ? { refusal: 'handler-failed' } : { payload }
  }

  const forget = ({ cancelTimer, identity, key }: Owed): void => {
    cancelTimer()
    const others = owedTo.get(identity)
    others?.delete(key)
    if (others?.size === 0) owedTo.delete(identity)
  }

  const conclude = (owed: Owed, answer: Answer): void => {
    // A handler may answer after its time is over, and a late one was answered for.
    if (owedTo.get(owed.identity)?.get(owed.key) !== owed) return
    forget(owed)
    answers.keep(owed.identity, owed.key, answer, tools.monotonicMs())
    onKept()
    reply(owed.connection, owed.id, answer)
  }

  const takeUp = (owed: Owed): void => {
    if (owed.answered !== undefined) {
      conclude(owed, answerOf(owed.answered))
      return
    }
    owed.cancelTimer = tools.after(Math.max(0, owed.untilMs - tools.monotonicMs()), () => {
      conclude(owed, { refusal: 'timed-out' })
    })
  }

  /** For what was asked for an earlier incarnation: it is not guarded as this one's own. */
  const wake = (owed: Owed): void => {
    tools.after(0, () => {
      takeUp(owed)
    })
  }
  kept.wake = wake
  for (const others of [...owedTo.values()]) for (const owed of [...others.values()]) takeUp(owed)

  return {
    asked(peer, id, { metadata, payload, protocol }) {
      const { connection, identity } = peer
      if (identity === undefined || !passes(peer, identity, id)) return
      const key = encodeHex(id)
      const before = answers.get(identity, key, tools.monotonicMs())
      if (before !== undefined) {
        reply(connection, id, before)
        return
      }
      const others = owedTo.get(identity) ?? new Map<string, Owed>()
      const running = others.get(key)
      if (running !== undefined) {
        running.connection = connection
        return
      }
      if (others.size >= limits.inFlightMax) {
        reply(connection, id, { refusal: 'busy' })
        return
      }

      const owed: Owed = {
        ...{ connection, identity, key, id: id.slice() },
        untilMs: tools.monotonicMs() + limits.handlerMs,
        answered: undefined,
        cancelTimer: () => undefined,
      }
      owedTo.set(identity, others.set(key, owed))
      const given = { peer, protocol, payload: payload.slice(), metadata: metadata?.slice() }
      const bytes = payload.length + protocol.length + (metadata?.length ?? 0)
      const isTaken = tools.application.ask(
        'answer',
        { key: protocol, given, connection, bytes, lasting: true },
        (answered) => {
          owed.answered = answered
          if (kept.wake === wake) takeUp(owed)
          else kept.wake?.(owed)
        },
      )
      if (isTaken) takeUp(owed)
      else {
        forget(owed)
        reply(connection, id, { refusal: 'no-handler' })
      }
    },
    oversized(peer, id) {
      const { connection, identity } = peer
      if (identity === undefined || !passes(peer, identity, id)) return
      reply(connection, id, { refusal: 'too-large' })
    },
    sweep() {
      const nowMs = tools.monotonicMs()
      answers.sweep(nowMs)
      for (const identity of [...rated]) {
        if (rates.count(identity, nowMs) > 0) continue
        rates.forget(identity)
        rated.delete(identity)
      }
      return answers.size + rated.size > 0
    },
    stop() {
      kept.wake = undefined
    },
  }
}

interface IncomingOptions<T extends ProtocolTypes> {
  readonly adapter: RequestsAdapter<T>
  readonly limits: RequestsLimits
  /** There is something that has to be let go one day. */
  onKept(): void
}
