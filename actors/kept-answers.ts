/**
 * Answers that were given, kept for a request that comes again: it gets the same answer, and nobody is
 * asked twice. Bounded in time, in number a peer, and in bytes of all together.
 *
 * An answer goes first, and what it answered is remembered for longer: bytes may wait in a stalled
 * stream until nobody expects them any more. A request that comes that late is told so.
 *
 * When the bytes of all are used up, whoever has most of them gives up its oldest answer, and where it
 * has none left, the oldest that it is remembered to have had: a peer that makes us keep much cannot
 * drive out what is kept for others, and no answer is so large that its request is handled twice.
 * @module
 */
import type { Answer, RequestsLimits } from './requests-contract.ts'

/** Of an answer beyond its payload: its entry, its key and its objects, about. */
const ENTRY_BYTES = 256

/** For who asks again when the answer is gone. */
const TOO_LATE: Answer = { refusal: 'timed-out' }

interface Kept {
  answer: Answer
  bytes: number
  readonly answerUntilMs: number
  readonly untilMs: number
}

interface OfPeer {
  /** By request id, the oldest first. */
  readonly answers: Map<string, Kept>
  bytes: number
}

export interface KeptAnswers {
  get(peer: string, id: string, nowMs: number): Answer | undefined
  keep(peer: string, id: string, answer: Answer, nowMs: number): void
  /** Lets go of what is over. */
  sweep(nowMs: number): void
  /** How many requests are remembered. */
  readonly size: number
  readonly bytes: number
}

type Limits = Pick<
  RequestsLimits,
  'answeredKeptMs' | 'answersBytesMax' | 'answersKeptMs' | 'answersPerPeerMax'
>

export function createKeptAnswers(limits: Limits): KeptAnswers {
  const peers = new Map<string, OfPeer>()
  let [size, bytes] = [0, 0]

  const drop = (peer: string, of: OfPeer, id: string): void => {
    const kept = of.answers.get(id)
    if (kept === undefined) return
    of.answers.delete(id)
    of.bytes -= kept.bytes
    bytes -= kept.bytes
    size--
    if (of.answers.size === 0) peers.delete(peer)
  }

  const dropAnswer = (of: OfPeer, kept: Kept): void => {
    const freed = kept.bytes - ENTRY_BYTES
    kept.answer = TOO_LATE
    kept.bytes -= freed
    of.bytes -= freed
    bytes -= freed
  }

  const dropOldestAnswer = (of: OfPeer): boolean => {
    for (const kept of of.answers.values()) {
      if (kept.bytes === ENTRY_BYTES) continue
      dropAnswer(of, kept)
      return true
    }
    return false
  }

  const dropOldest = (peer: string, of: OfPeer): void => {
    const [oldest] = of.answers.keys()
    if (oldest !== undefined) drop(peer, of, oldest)
  }

  const dropOfTheGreatest = (): void => {
    let greatest: readonly [peer: string, of: OfPeer] | undefined
    for (const entry of peers) {
      if (greatest === undefined || entry[1].bytes > greatest[1].bytes) greatest = entry
    }
    if (greatest === undefined) return
    const [peer, of] = greatest
    if (!dropOldestAnswer(of)) dropOldest(peer, of)
  }

  return {
    get(peer, id, nowMs) {
      const kept = peers.get(peer)?.answers.get(id)
      if (kept === undefined || kept.untilMs <= nowMs) return undefined
      return kept.answerUntilMs <= nowMs ? TOO_LATE : kept.answer
    },
    keep(peer, id, answer, nowMs) {
      const of = peers.get(peer) ?? { answers: new Map<string, Kept>(), bytes: 0 }
      drop(peer, of, id)
      peers.set(peer, of)
      const content = 'payload' in answer ? answer.payload.length : 0
      const kept: Kept = {
        ...{ answer, bytes: content + ENTRY_BYTES },
        answerUntilMs: nowMs + limits.answersKeptMs,
        untilMs: nowMs + limits.answeredKeptMs,
      }
      of.answers.set(id, kept)
      of.bytes += kept.bytes
      bytes += kept.bytes
      size++
      if (of.answers.size > limits.answersPerPeerMax) dropOldest(peer, of)
      while (bytes > limits.answersBytesMax) dropOfTheGreatest()
    },
    sweep(nowMs) {
      for (const [peer, of] of [...peers]) {
        for (const [id, kept] of [...of.answers]) {
          if (kept.answerUntilMs > nowMs) break
          if (kept.untilMs <= nowMs) drop(peer, of, id)
          else dropAnswer(of, kept)
        }
      }
    },
    get size() {
      return size
    },
    get bytes() {
      return bytes
    },
  }
}
