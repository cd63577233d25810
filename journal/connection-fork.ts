/**
 * A connection that leaves its recording: it has lived up to a step as it was recorded, and from there
 * on gets what a test gives it. Time goes on only as it is told; what it sends arrives nowhere, and is
 * taken at once, as by a peer that reads.
 * @module
 */
import type { ProtocolTypes } from '../machines/session.ts'
import type { CloseDetail } from '../machines/reasons.ts'
import type { SendOutcome } from '../actors/sending.ts'
import type { StreamInput } from '../world/streams.ts'
import type { Answer, Ask, ConnectionEntry, Deed, FinalState } from './connection-entries.ts'
import type { Player } from './connection-player.ts'
import { finalStateOf } from './connection-recorder.ts'
import type { Asked } from './connection-stub.ts'

/** Timers, jobs and turns that follow each other without anything from outside. */
const OWN_INPUTS_MAX = 100_000

export interface ForkOptions<T extends ProtocolTypes> {
  /** In place of the node part, which is not there. Left out: whoever asks it fails. */
  answer?(question: T['question']): T['answer']
}

/** What the connection did, and what it asked of the node or told it. */
export type ForkLine = Deed | Ask

export interface ConnectionFork<T extends ProtocolTypes> {
  readonly monotonicMs: number
  /** Each gives what the connection did in answer. */
  receive(bytes: Uint8Array): readonly ForkLine[]
  /** The far side's half ends. */
  end(): readonly ForkLine[]
  /** Time goes on; each timer rings at its time. @throws {RangeError} time does not go back */
  advance(ms: number): readonly ForkLine[]
  send(message: T['message']): {
    readonly outcome: SendOutcome
    readonly lines: readonly ForkLine[]
  }
  tell(news: T['news']): readonly ForkLine[]
  leave(detail: CloseDetail<T['detail']>): readonly ForkLine[]
  snapshot(): FinalState
}

export function forkOf<T extends ProtocolTypes>(
  player: Player<T>,
  last: ConnectionEntry<T> | undefined,
  { answer }: ForkOptions<T> = {},
): ConnectionFork<T> {
  const { connection } = player
  if (connection === undefined) throw new Error('the connection is not made yet')
  let time =
    last?.of === 'step'
      ? { monotonicMs: last.monotonicMs, wallMs: last.wallMs, stalledMs: last.stalledMs }
      : { monotonicMs: 0, wallMs: 0, stalledMs: 0 }
  let lines: ForkLine[] = []
  let isUntold = true
  let isMore = false

  const stub = player.letGo(
    (deed) => {
      if (deed.kind === 'stream.write' || deed.kind === 'stream.report') isUntold = true
      lines.push(deed)
    },
    (ask, about) => {
      lines.push(ask)
      return answerTo(ask, about)
    },
  )
  stub.setExhausted(false)

  function answerTo(ask: Ask, { question }: Asked<T>): Answer<T> | undefined {
    if (ask.kind !== 'question' && ask.kind !== 'finish') return undefined
    return answer && { kind: 'answered', answer: answer(question), slots: [] }
  }

  const writtenBytes = (): number => connection.counters.sentBytes

  const enter = (input: StreamInput): void => {
    stub.turnTo(time)
    stub.enter(input)
  }

  /** One input that follows from what was before; false: there is none. */
  const goOn = (): boolean => {
    const [request] = stub.jobsOut()
    if (request !== undefined) {
      stub.turnTo(time)
      stub.answerJob(request, 'done')
      return true
    }
    const { read, flush } = stub.takeWishes()
    if (read || flush || isMore) {
      stub.turnTo(time)
      stub.nextTurn()
      if (read || isMore) isMore = stub.read()
      if (flush) stub.flush()
      return true
    }
    if (!isUntold) return false
    isUntold = false
    enter({ kind: 'stream.sent', stream: 0, sentBytes: writtenBytes() })
    return true
  }

  const settle = (): readonly ForkLine[] => {
    for (let count = 0; goOn(); count++) {
      if (count > OWN_INPUTS_MAX) throw new Error('the connection asks itself for ever')
    }
    const taken = lines
    lines = []
    return taken
  }

  const does = (run: () => void): readonly ForkLine[] => {
    stub.turnTo(time)
    run()
    return settle()
  }

  return {
    get monotonicMs() {
      return time.monotonicMs
    },
    receive: (bytes) =>
      does(() => {
        stub.enter({ kind: 'stream.bytes', stream: 0, bytes })
      }),
    end: () =>
      does(() => {
        stub.enter({ kind: 'stream.ended', stream: 0 })
      }),
    advance(ms) {
      if (!(ms >= 0)) throw new RangeError(`time does not go on by ${ms} ms`)
      const untilMs = time.monotonicMs + ms
      const wallAheadMs = time.wallMs - time.monotonicMs
      const goTo = (timeMs: number): void => {
        const monotonicMs = Math.max(time.monotonicMs, timeMs)
        time = { ...time, monotonicMs, wallMs: Math.floor(monotonicMs + wallAheadMs) }
      }
      const all = [...settle()]
      for (let count = 0; count < OWN_INPUTS_MAX; count++) {
        const dueMs = stub.nextDueMs()
        if (dueMs === undefined || dueMs > untilMs) {
          goTo(untilMs)
          return all
        }
        goTo(dueMs)
        stub.turnTo(time)
        stub.takeDue()?.ring()
        all.push(...settle())
      }
      throw new Error('the timers of the connection have no end')
    },
    send(message) {
      stub.turnTo(time)
      const outcome = connection.send(message)
      return { outcome, lines: settle() }
    },
    tell: (news) =>
      does(() => {
        connection.tell(news)
      }),
    leave: (detail) =>
      does(() => {
        connection.leave(detail)
      }),
    snapshot: () => finalStateOf(connection),
  }
}
